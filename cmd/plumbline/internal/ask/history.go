package ask

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// historyCommand shows breakpoints, or with --as-of the state at one instant: both
// are questions about the same series, and they take the same two times.
func (a *app) historyCommand() *cobra.Command {
	var l cli.Limit
	var series string
	var all bool
	from, to := a.Instant(), a.Instant()
	var at cli.AsOf
	c := cli.Command(cli.Spec{
		Use: "history SYSTEM", Short: "Show when and why a system's state changed, or the state at one instant", Args: cobra.ExactArgs(1),
		Long: `Show the instants at which the state of one series of a system changed, newest
first, with what made it change. Between two of them the state was the same.

With --as-of the state at that instant is shown. --known-at goes back to what
was recorded then: data that arrived late changes the past, and this tells what
was known at the time.`,
		Example: "  plumbline history intranet\n  plumbline history intranet --as-of 2026-03-01 --known-at 2026-03-02\n  plumbline history intranet --from -90d --all",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name, err := cli.PickSeries(ctx, c, args[0], series)
			if err != nil {
				return err
			}
			if at.AsOf.Given() {
				return a.stateAt(ctx, c, name, at)
			}
			return a.breakpoints(ctx, c, &pb.ListBreakpointsRequest{Parent: name, ShowCorrected: all}, from, to, at.KnownAt, l)
		}),
	})
	l.Flag(c, 50)
	at = a.AsOf(c)
	c.Flags().StringVar(&series, "series", "", "the series' id, or its checklist; needed where a system has several")
	c.Flags().Var(from, "from", "only changes at or after this instant "+cli.InstantHelp)
	c.Flags().Var(to, "to", "only changes before this instant "+cli.InstantHelp)
	c.Flags().BoolVar(&all, "all", false, "also those that were corrected later")
	return c
}

// breakpoints lists the instants at which the state changed. Instants are written
// exactly, so that they can be given to --as-of and --known-at.
func (a *app) breakpoints(ctx context.Context, c *clients.Client, req *pb.ListBreakpointsRequest, from, to, knownAt *cli.Instant, l cli.Limit) error {
	ts, err := cli.Timestamps(from, to, knownAt)
	if err != nil {
		return err
	}
	req.From, req.To, req.KnownAt = ts[0], ts[1], ts[2]
	var thinned *timestamppb.Timestamp
	list, err := cli.Pages(l, func(size int32, token string) ([]*pb.Breakpoint, string, error) {
		req.PageSize, req.PageToken = size, token
		r, err := c.Assessment().ListBreakpoints(ctx, req)
		thinned = r.GetThinnedBefore()
		return r.GetBreakpoints(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	return a.Printer().Emit(&pb.ListBreakpointsResponse{Breakpoints: list, ThinnedBefore: thinned}, func(v *render.View) {
		v.Line("%s", req.GetParent())
		var rows [][]string
		for _, b := range list {
			cause := b.GetCause()
			if b.GetCorrection() {
				cause += ", correction"
			}
			rows = append(rows, []string{
				render.Exact(b.GetEffectiveTime()), render.Exact(b.GetRecordedTime()), render.Score(b.Score), render.Score(b.EffectiveScore),
				render.Percent(b.Coverage), cli.Number(b.GetCounts().GetFail()), cli.Number(b.GetCounts().GetUnknown()), cli.Number(b.GetChanged()),
				b.GetChecklistVersion(), cause,
			})
		}
		v.Table([]string{"EFFECTIVE", "RECORDED", "SCORE", "EFF. SCORE", "COVERAGE", "FAIL", "UNKNOWN", "CHANGED", "VERSION", "CAUSE"}, rows, "nothing was recorded")
		glance.Thinned(v, thinned)
	})
}

// stateAt shows the state at one instant, as known at another, with every rule.
func (a *app) stateAt(ctx context.Context, c *clients.Client, series string, at cli.AsOf) error {
	ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
	if err != nil {
		return err
	}
	as, err := c.Assessment().GetAssessment(ctx, &pb.GetAssessmentRequest{Name: series, AsOf: ts[0], KnownAt: ts[1]})
	if err != nil {
		return err
	}
	return a.Printer().Emit(as, func(v *render.View) {
		glance.ScoreLines(v, as)
		v.Title("Rules")
		glance.RuleTable(v, as)
	})
}
