package ask

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// hostsCommand is the family for hosts, which may belong to several systems.
func (a *app) hostsCommand() *cobra.Command {
	return cli.Family("hosts", "List, show and retire hosts", "  plumbline hosts list --system intranet\n  plumbline hosts get web1",
		a.hostsList(), a.hostsGet(), a.hostsRetire())
}

// hostsList lists hosts, with what each source last said of them: a host that is
// no longer reported is not clean, so that must be seen.
func (a *app) hostsList() *cobra.Command {
	var l cli.Limit
	var system string
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the hosts with their sources",
		Example: "  plumbline hosts list\n  plumbline hosts list --system intranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			parent := ""
			if system != "" {
				parent = cli.Resource("systems", system)
			}
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.HostRecord, string, error) {
				r, err := c.Inventory().ListHosts(ctx, &pb.ListHostsRequest{Parent: parent, PageSize: size, PageToken: token})
				return r.GetHosts(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListHostsResponse{Hosts: rows}, func(v *render.View) {
				var cells [][]string
				for _, h := range rows {
					cells = append(cells, []string{cli.ID(h.GetName()), h.GetState(), render.List(h.GetSystems(), 4), sources(h)})
				}
				v.Table([]string{"HOST", "STATE", "SYSTEMS", "SOURCES"}, cells, "no hosts")
			})
		}),
	})
	l.Flag(c, 0)
	c.Flags().StringVar(&system, "system", "", "only the hosts of this system")
	return c
}

// sources names a host's sources; what is no longer reported says so.
func sources(h *pb.HostRecord) string {
	var names []string
	for _, s := range h.GetSources() {
		name := s.GetSource()
		if s.GetState() != "reported" {
			name += " (" + s.GetState() + ")"
		}
		names = append(names, name)
	}
	return render.List(names, 6)
}

// hostsGet shows one host in short; its attributes are far too many for a table.
func (a *app) hostsGet() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "get HOST", Short: "Show one host: its attributes and sources", Args: cobra.ExactArgs(1),
		Long:    "Show one host: its sources, and what it is in short.\n\n--output yaml shows all of its attributes.",
		Example: "  plumbline hosts get web1\n  plumbline hosts get web1 --output yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			h, err := c.Inventory().GetHost(ctx, &pb.GetHostRequest{Name: cli.Resource("hosts", args[0])})
			if err != nil {
				return err
			}
			return a.printHost(h)
		}),
	})
}

// printHost prints a host record. Lists that nobody reported say so, and are not
// shown as empty.
func (a *app) printHost(r *pb.HostRecord) error {
	return a.Printer().Emit(r, func(v *render.View) {
		h := r.GetHost()
		v.Fields([2]string{"host", cli.ID(r.GetName())}, [2]string{"state", r.GetState()}, [2]string{"systems", render.List(r.GetSystems(), 8)},
			[2]string{"unit", h.GetUnit()}, [2]string{"fqdn", h.GetFqdn()}, [2]string{"zone", h.GetZone()}, [2]string{"facility", h.GetFacility()},
			[2]string{"os", h.GetOs().GetName()}, [2]string{"patched", v.When(h.GetOs().GetPatchedTime())},
			[2]string{"components", cli.Known(len(h.GetComponents()), "components", h.GetReportedEmpty())},
			[2]string{"endpoints", cli.Known(len(h.GetEndpoints()), "endpoints", h.GetReportedEmpty())})
		v.Title("Sources")
		var rows [][]string
		for _, s := range r.GetSources() {
			rows = append(rows, []string{s.GetSource(), s.GetState(), v.Age(s.GetConfirmedTime()), v.Age(s.GetStaleTime())})
		}
		v.Table([]string{"SOURCE", "STATE", "CONFIRMED", "STALE"}, rows, "no source reports it")
	})
}

// hostsRetire takes a host out of all its systems.
func (a *app) hostsRetire() *cobra.Command {
	var etag string
	c := cli.Command(cli.Spec{
		Use: "retire HOST", Short: "Take a host out of all its systems; its history stays", Args: cobra.ExactArgs(1),
		Example: "  plumbline hosts retire web1",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			h, err := c.Inventory().RetireHost(ctx, &pb.RetireHostRequest{Name: cli.Resource("hosts", args[0]), Etag: etag})
			if err != nil {
				return err
			}
			return a.printHost(h)
		}),
	})
	c.Flags().StringVar(&etag, "etag", "", "only if the host is as this etag says")
	return c
}
