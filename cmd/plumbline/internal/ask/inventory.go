package ask

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// inventoryCommand shows an inventory. What --bare prints can be submitted again
// and is then unchanged.
func (a *app) inventoryCommand() *cobra.Command {
	req := &pb.GetInventoryRequest{}
	var at cli.AsOf
	var bare bool
	c := cli.Command(cli.Spec{
		Use: "inventory SYSTEM", Short: "Show what is, or was, known of a system", Args: cobra.ExactArgs(1),
		Long: `Show the inventory of a system as all sources together tell it, or as one source
does. The table shows it in short; --output yaml shows all of it.

--bare prints the inventory alone, in the form that submit and assess read.`,
		Example: "  plumbline inventory intranet --as-of 2026-03-01\n  plumbline inventory intranet --provenance --output yaml\n  plumbline inventory intranet --source cmdb --bare --output yaml > intranet.yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
			if err != nil {
				return err
			}
			req.Name, req.AsOf, req.KnownAt = cli.Resource("systems", args[0])+"/inventory", ts[0], ts[1]
			inv, err := c.Inventory().GetInventory(ctx, req)
			if err != nil {
				return err
			}
			if bare {
				return a.Printer().Emit(inv.GetInventory(), func(v *render.View) { inventoryView(v, inv) })
			}
			return a.Printer().Emit(inv, func(v *render.View) { inventoryView(v, inv) })
		}),
	})
	at = a.AsOf(c)
	c.Flags().StringVar(&req.Source, "source", "", "only what this source says")
	c.Flags().BoolVar(&req.WithProvenance, "provenance", false, "list each value's source")
	c.Flags().BoolVar(&bare, "bare", false, "print the inventory without what is known about it")
	return c
}

// inventoryView shows an inventory in short, and all that makes it doubtful: what
// is stale, and which hosts are no longer reported.
func inventoryView(v *render.View, e *pb.EffectiveInventory) {
	inv := e.GetInventory()
	s := inv.GetSystem()
	v.Fields([2]string{"system", s.GetId()}, [2]string{"product", s.GetProduct()}, [2]string{"environment", s.GetEnvironment()},
		[2]string{"hosts", cli.Known(len(inv.GetHosts()), "hosts", inv.GetReportedEmpty())},
		[2]string{"facilities", cli.Known(len(inv.GetFacilities()), "facilities", inv.GetReportedEmpty())},
		[2]string{"zones", cli.Known(len(s.GetZones()), "zones", s.GetReportedEmpty())},
		[2]string{"boundaries", cli.Known(len(s.GetBoundaries()), "boundaries", s.GetReportedEmpty())},
		[2]string{"channels", cli.Known(len(s.GetChannels()), "channels", s.GetReportedEmpty())},
		[2]string{"disagreements", cli.Number(e.GetDisagreementCount())}, [2]string{"fresh until", v.When(e.GetValidUntil())}, [2]string{"digest", e.GetDigest()})
	v.Title("Hosts")
	var rows [][]string
	for _, h := range inv.GetHosts() {
		rows = append(rows, []string{
			h.GetId(), h.GetUnit(), h.GetZone(), h.GetOs().GetName(), render.Instant(h.GetOs().GetPatchedTime()),
			cli.Known(len(h.GetComponents()), "components", h.GetReportedEmpty()), cli.Known(len(h.GetEndpoints()), "endpoints", h.GetReportedEmpty()),
		})
	}
	v.Table([]string{"HOST", "UNIT", "ZONE", "OS", "PATCHED", "COMPONENTS", "ENDPOINTS"}, rows, "none")
	if len(e.GetProvenance()) > 0 {
		v.Title("Sources")
		valueSources(v, e.GetProvenance())
	}
	if len(e.GetStale()) > 0 {
		v.Title("Left out, since the source has been silent too long")
		valueSources(v, e.GetStale())
	}
	if len(e.GetNotReported()) > 0 {
		v.Title("Not reported any more")
		rows = nil
		for _, n := range e.GetNotReported() {
			rows = append(rows, []string{n.GetHost(), n.GetSource(), v.Age(n.GetConfirmedTime()), v.Age(n.GetStaleTime())})
		}
		v.Table([]string{"HOST", "SOURCE", "LAST", "STALE"}, rows, "none")
	}
}

// valueSources lists whose word each value is.
func valueSources(v *render.View, list []*pb.ValueSource) {
	var rows [][]string
	for _, s := range list {
		rows = append(rows, []string{s.GetPath(), s.GetSource(), v.Age(s.GetConfirmedTime())})
	}
	v.Table([]string{"FACT", "SOURCE", "CONFIRMED"}, rows, "none")
}

// disagreementsCommand lists disagreements, each with the value that holds first.
func (a *app) disagreementsCommand() *cobra.Command {
	var l cli.Limit
	var at cli.AsOf
	c := cli.Command(cli.Spec{
		Use: "disagreements SYSTEM", Short: "List the values on which sources disagree", Args: cobra.ExactArgs(1),
		Long:    "List the values on which sources disagree, the one that holds first. The policy\nsays which source is believed: plumbline policy get.",
		Example: "  plumbline disagreements intranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
			if err != nil {
				return err
			}
			req := &pb.ListDisagreementsRequest{Parent: cli.Resource("systems", args[0]), AsOf: ts[0], KnownAt: ts[1]}
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.Disagreement, string, error) {
				req.PageSize, req.PageToken = size, token
				r, err := c.Inventory().ListDisagreements(ctx, req)
				return r.GetDisagreements(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListDisagreementsResponse{Disagreements: rows}, func(v *render.View) {
				var cells [][]string
				for _, d := range rows {
					path := d.GetPath()
					for _, s := range d.GetValues() {
						cells = append(cells, []string{path, s.GetSource(), v.Age(s.GetConfirmedTime()), s.GetValue()})
						path = ""
					}
				}
				v.Table([]string{"FACT", "SOURCE", "CONFIRMED", "VALUE"}, cells, "the sources agree")
			})
		}),
	})
	l.Flag(c, 0)
	at = a.AsOf(c)
	return c
}
