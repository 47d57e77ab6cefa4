package manage

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retentionCommand is the family for what is kept of history.
func (a *app) retentionCommand() *cobra.Command {
	return cli.Family("retention", "Show and set how much of history is kept, and thin it",
		"  plumbline retention set --keep-all 365d --keep-daily 730d --dry-run\n  plumbline retention show",
		a.retentionShow(), a.retentionSet(), a.retentionRun(), a.holdCommand())
}

func (a *app) retentionShow() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show", Short: "Show what is kept, how far history is thinned, and what goes on", Example: "  plumbline retention show",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			r, err := c.Admin().GetRetention(ctx, &pb.GetRetentionRequest{})
			if err != nil {
				return err
			}
			return a.printRetention(r)
		}),
	})
}

// retentionSet replaces the policy, or with --dry-run says what that would thin.
func (a *app) retentionSet() *cobra.Command {
	req := &pb.UpdateRetentionRequest{Policy: &pb.RetentionPolicy{}}
	var all, daily cli.Span
	var forever bool
	c := cli.Command(cli.Spec{
		Use: "set", Short: "Set how much of history is kept",
		Long: `Set for how long every breakpoint is kept, then for how long one state a day,
after which it is one a month. Without --keep-daily one a day is kept for ever.

What is thinned does not come back, and nothing can be submitted any more that
was observed before it: look first with --dry-run. The present, what waivers
refer to, and what holds keep, always stay.`,
		Example: "  plumbline retention set --keep-all 365d --keep-daily 730d --dry-run\n  plumbline retention set --forever",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			if forever == (all.Duration != 0) {
				return fmt.Errorf("give either --keep-all or --forever")
			}
			if all.Duration != 0 {
				req.Policy.KeepAll = durationpb.New(all.Duration)
			}
			if daily.Duration != 0 {
				req.Policy.KeepDaily = durationpb.New(daily.Duration)
			}
			r, err := c.Admin().UpdateRetention(ctx, req)
			if err != nil {
				return err
			}
			return a.printRetention(r)
		}),
	})
	c.Flags().Var(&all, "keep-all", "for how long every breakpoint is kept, 30d at the least")
	c.Flags().Var(&daily, "keep-daily", "for how long after that one state a day is kept")
	c.Flags().BoolVar(&forever, "forever", false, "thin nothing any more")
	c.Flags().StringVar(&req.Etag, "etag", "", "refuse if the policy is another than the one with this etag")
	c.Flags().BoolVar(&req.ValidateOnly, "dry-run", false, "say what would be thinned, and change nothing")
	return c
}

// retentionRun has a pass begin, and waits for its end if asked to.
func (a *app) retentionRun() *cobra.Command {
	var wait bool
	c := cli.Command(cli.Spec{
		Use: "run", Short: "Thin now what the policy says, instead of within the hour", Example: "  plumbline retention run --wait",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			r, err := c.Admin().RunRetention(ctx, &pb.RunRetentionRequest{})
			for err == nil && wait && (r.State == "thinning" || r.State == "sweeping") {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Second):
				}
				r, err = c.Admin().GetRetention(ctx, &pb.GetRetentionRequest{})
			}
			if err != nil {
				return err
			}
			return a.printRetention(r)
		}),
	})
	c.Flags().BoolVar(&wait, "wait", false, "until it is done")
	return c
}

// printRetention prints what is kept in words.
func (a *app) printRetention(r *pb.Retention) error {
	return a.Printer().Emit(r, func(v *render.View) {
		state := r.GetState()
		if r.GetWaiting() != "" {
			state += ": " + r.GetWaiting()
		}
		p := r.GetPolicy()
		fields := [][2]string{
			{"every breakpoint is kept", keptFor(p.GetKeepAll())}, {"then one a day", keptFor(p.GetKeepDaily())},
			{"in force since", v.When(p.GetCreateTime())}, {"set by", p.GetActor()}, {"etag", r.GetEtag()}, {"state", state},
			{"thinned before", v.When(r.GetThinnedBefore())}, {"one a month before", v.When(r.GetMonthlyBefore())},
			{"to be thinned before", v.When(r.GetNextThinnedBefore())},
		}
		if x := r.GetPass(); x != nil {
			end := "under way, at " + cli.Or(x.GetCursor(), "the beginning")
			if x.GetEndTime() != nil {
				end = v.When(x.GetEndTime())
			}
			fields = append(fields, [2]string{"last pass began", v.When(x.GetStartTime())}, [2]string{"ended", end},
				[2]string{"systems and hosts", cli.Number(x.GetLookedAt())}, [2]string{"states thinned out", strconv.FormatInt(x.GetStates(), 10)},
				[2]string{"views thinned out", strconv.FormatInt(x.GetViews(), 10)}, [2]string{"bytes freed", strconv.FormatInt(x.GetFreedBytes(), 10)})
		}
		v.Fields(fields...)
	})
}

func keptFor(d *durationpb.Duration) string {
	if d == nil {
		return "for ever"
	}
	return fmt.Sprintf("%.0f days", d.AsDuration().Hours()/24)
}

// holdCommand is the family for instants that stay.
func (a *app) holdCommand() *cobra.Command {
	return cli.Family("hold", "Keep a system's history of one instant from being thinned",
		"  plumbline retention hold create audit-2026 intranet --as-of 2026-03-01 --reason 'evidence for the audit'\n  plumbline retention hold list",
		a.holdCreate(), a.holdList(), a.holdDelete())
}

func (a *app) holdCreate() *cobra.Command {
	h := &pb.Hold{}
	var at cli.AsOf
	c := cli.Command(cli.Spec{
		Use: "create ID SYSTEM", Short: "Keep a system's states of an instant, and what they rest on", Args: cobra.ExactArgs(2),
		Example: "  plumbline retention hold create audit-2026 intranet --as-of 2026-03-01 --reason 'evidence for the audit'",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
			if err != nil {
				return err
			}
			h.System, h.AsOf, h.KnownAt = cli.ID(args[1]), ts[0], ts[1]
			made, err := c.Admin().CreateHold(ctx, &pb.CreateHoldRequest{HoldId: args[0], Hold: h})
			if err != nil {
				return err
			}
			return a.printHolds(made, []*pb.Hold{made})
		}),
	})
	at = a.AsOf(c)
	c.Flags().StringVar(&h.Reason, "reason", "", "why it is kept")
	cli.Require(c, "reason")
	return c
}

func (a *app) holdList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the holds", Example: "  plumbline retention hold list",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.Hold, string, error) {
				r, err := c.Admin().ListHolds(ctx, &pb.ListHoldsRequest{PageSize: size, PageToken: token})
				return r.GetHolds(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.printHolds(&pb.ListHoldsResponse{Holds: rows}, rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

func (a *app) holdDelete() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "delete ID", Short: "Let what a hold keeps be thinned", Args: cobra.ExactArgs(1), Example: "  plumbline retention hold delete audit-2026",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name := "holds/" + cli.ID(args[0])
			if _, err := c.Admin().DeleteHold(ctx, &pb.DeleteHoldRequest{Name: name}); err != nil {
				return err
			}
			a.Note("deleted %s", name)
			return nil
		}),
	})
}

func (a *app) printHolds(m proto.Message, list []*pb.Hold) error {
	return a.Printer().Emit(m, func(v *render.View) {
		var rows [][]string
		for _, h := range list {
			rows = append(rows, []string{
				cli.ID(h.GetName()), h.GetSystem(), render.Exact(h.GetAsOf()), render.Exact(h.GetKnownAt()), v.Age(h.GetCreateTime()), h.GetActor(), h.GetReason(),
			})
		}
		v.Table([]string{"HOLD", "SYSTEM", "AS OF", "KNOWN AT", "MADE", "BY", "WHY"}, rows, "no holds")
	})
}
