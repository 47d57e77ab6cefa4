package past

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
)

// timelineCommand shows the history of one result.
func (a *app) timelineCommand() *cobra.Command {
	req := &pb.GetFindingTimelineRequest{}
	from, to, knownAt := a.Instant(), a.Instant(), a.Instant()
	c := cli.Command(cli.Spec{
		Use: "timeline SYSTEM [SERIES]", Short: "Show the history of one result: since when it fails, how often it did, how long", Args: cobra.RangeArgs(1, 2),
		Long: `Show the spans during which the result of a rule for a subject stood in one
state, what began each, since when it fails, how often and how long it did, and
how long it took on the average until it passed again.

` + seriesHelp + ` The subject may be left out where the rule has had one.`,
		Example: "  plumbline timeline intranet --rule sps-12 --subject hosts/web1/endpoints/443\n  plumbline timeline intranet --rule sps-07 --from -90d --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			var err error
			if req.Name, err = series(ctx, c, args); err != nil {
				return err
			}
			ts, err := cli.Timestamps(from, to, knownAt)
			if err != nil {
				return err
			}
			req.From, req.To, req.KnownAt = ts[0], ts[1], ts[2]
			m, err := c.History().GetFindingTimeline(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) { timelineView(v, m) })
		}),
	})
	c.Flags().StringVar(&req.Rule, "rule", "", "the rule's id")
	c.Flags().StringVar(&req.Subject, "subject", "", "what the result is about, such as hosts/web1")
	c.Flags().Var(from, "from", "from this instant on "+cli.InstantHelp)
	c.Flags().Var(to, "to", "before this instant "+cli.InstantHelp)
	c.Flags().Var(knownAt, "known-at", "as it was known at this instant "+cli.InstantHelp)
	cli.Require(c, "rule")
	return c
}

func timelineView(v *render.View, m *pb.FindingTimeline) {
	v.Fields([2]string{"rule", m.GetRule()}, [2]string{"subject", m.GetSubject()}, [2]string{"open since", v.When(m.GetOpenSince())},
		[2]string{"failed", cli.Count(int(m.GetTimesFailed()), "time")}, [2]string{"failing in all", spanOf(m.GetFailingTime())},
		[2]string{"longest", spanOf(m.GetLongestFailing())}, [2]string{"mean time to remedy", spanOf(m.GetMeanTimeToRemedy())})
	v.Title("Spans")
	var rows [][]string
	for _, s := range m.GetSpans() {
		state, until := stateOr(v, s.GetState()), "it still is"
		if s.GetWaived() {
			state += ", accepted"
			if w := s.GetWaiver(); w != "" {
				state += " by waiver " + cli.ID(w)
			}
		}
		if s.GetEndTime() != nil {
			until = render.Exact(s.GetEndTime())
		}
		rows = append(rows, []string{render.Exact(s.GetStartTime()), until, state, s.GetCause()})
	}
	v.Table([]string{"FROM", "UNTIL", "STATE", "CAUSE"}, rows, "none")
	glance.Thinned(v, m.GetThinnedBefore())
}

func spanOf(d *durationpb.Duration) string {
	if d == nil {
		return ""
	}
	return render.Span(d.AsDuration())
}
