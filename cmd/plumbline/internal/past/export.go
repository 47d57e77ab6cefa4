package past

import (
	"context"
	"fmt"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// exportCommand writes a state as evidence, and has it kept.
func (a *app) exportCommand() *cobra.Command {
	req := &pb.CreateHoldRequest{Hold: &pb.Hold{}}
	var at cli.AsOf
	c := cli.Command(cli.Spec{
		Use: "export SYSTEM [SERIES]", Short: "Write a state with its digests and its inventory, and keep what it rests on", Args: cobra.RangeArgs(1, 2),
		Long: `Write the state of a series at an instant, with the digests of all its inputs and
the inventory that was assessed, and make a hold, so that retention does not thin
what it rests on: it can be asked for and computed again at any time.

` + seriesHelp,
		Example: "  plumbline export intranet --as-of 2026-03-01 --reason 'audit of the first quarter' --output json > evidence.json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			m, err := a.export(ctx, c, args, req, at)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) {
				glance.ScoreLines(v, m.Assessment)
				v.Fields([2]string{"digest", m.Assessment.GetDigest()}, [2]string{"inventory", m.Inventory.GetDigest()},
					[2]string{"exported as of", render.Exact(m.Hold.GetAsOf())}, [2]string{"as known at", render.Exact(m.Hold.GetKnownAt())},
					[2]string{"kept by", m.Hold.GetName()})
				v.Line("give --output json or yaml for the evidence itself")
			})
		}),
	})
	at = a.AsOf(c)
	c.Flags().StringVar(&req.Hold.Reason, "reason", "", "what it is for")
	c.Flags().StringVar(&req.HoldId, "hold", "", "the id of the hold; made of the instant where left out")
	cli.Require(c, "reason")
	return c
}

// export makes the hold, and reads what it keeps.
func (a *app) export(ctx context.Context, c *clients.Client, args []string, req *pb.CreateHoldRequest, at cli.AsOf) (*pb.Export, error) {
	name, err := series(ctx, c, args)
	if err != nil {
		return nil, err
	}
	ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
	if err != nil {
		return nil, err
	}
	if req.HoldId == "" {
		now := a.Now().UTC()
		req.HoldId = fmt.Sprintf("export-%s-%06d", now.Format("20060102t150405"), now.Nanosecond()/1000)
	}
	system := cli.ID(args[0])
	req.Hold.System, req.Hold.AsOf, req.Hold.KnownAt = system, ts[0], ts[1]
	out := &pb.Export{}
	if out.Hold, err = c.Admin().CreateHold(ctx, req); err != nil {
		return nil, err
	}
	h := out.Hold
	if out.Assessment, err = c.Assessment().GetAssessment(ctx, &pb.GetAssessmentRequest{Name: name, AsOf: h.AsOf, KnownAt: h.KnownAt}); err != nil {
		return nil, err
	}
	out.Inventory, err = c.Inventory().GetInventory(ctx, &pb.GetInventoryRequest{
		Name: cli.Resource("systems", system) + "/inventory", AsOf: h.AsOf, KnownAt: h.KnownAt, WithProvenance: true,
	})
	return out, err
}
