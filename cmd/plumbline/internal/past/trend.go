package past

import (
	"context"
	"fmt"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// trendCommand shows averages over time.
func (a *app) trendCommand() *cobra.Command {
	req := &pb.GetTrendRequest{}
	from, to, knownAt := a.Instant(), a.Instant(), a.Instant()
	each := cli.Span{Duration: 24 * time.Hour}
	c := cli.Command(cli.Spec{
		Use: "trend SYSTEM [SERIES]", Short: "Show how a system's score, coverage and failures went, as exact averages", Args: cobra.RangeArgs(1, 2),
		Long: `Show the averages of a series over spans of time. They are exact: each state
weighs as long as it held, and data that arrived late counts.

` + seriesHelp,
		Example: "  plumbline trend intranet\n  plumbline trend intranet --from -90d --each 7d --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			var err error
			if req.Name, err = series(ctx, c, args); err != nil {
				return err
			}
			ts, err := cli.Timestamps(from, to, knownAt)
			if err != nil {
				return err
			}
			req.From, req.To, req.KnownAt, req.Resolution = ts[0], ts[1], ts[2], durationpb.New(each.Duration)
			if req.To == nil {
				req.To = a.wholeSpans(req.From.AsTime(), each.Duration)
			}
			m, err := c.History().GetTrend(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) { trendView(v, req.Name, m) })
		}),
	})
	if err := from.Set("-30d"); err != nil {
		panic(err) // a mistake in this program
	}
	c.Flags().Var(from, "from", "from this instant on "+cli.InstantHelp)
	c.Flags().Var(to, "to", "before this instant "+cli.InstantHelp)
	c.Flags().Var(&each, "each", "the length of a span, a minute at least (1d, 12h)")
	c.Flags().Var(knownAt, "known-at", "as it was known at this instant "+cli.InstantHelp)
	return c
}

// wholeSpans leaves out the sliver of a span that would be last because "-30d"
// was counted some milliseconds before the server's now; nil where there is none.
func (a *app) wholeSpans(from time.Time, each time.Duration) *timestamppb.Timestamp {
	past := a.Now().Sub(from)
	if each <= 0 || past < each || past%each > time.Minute {
		return nil
	}
	return timestamppb.New(from.Add(past / each * each))
}

func trendView(v *render.View, name string, m *pb.Trend) {
	v.Line("%s", name)
	var rows [][]string
	for _, s := range m.GetSpans() {
		kinds := make([]string, 0, len(s.GetFailingBySeverity()))
		for _, k := range s.GetFailingBySeverity() {
			if k.GetValue() > 0 {
				kinds = append(kinds, fmt.Sprintf("%s %.3g", k.GetKey(), k.GetValue()))
			}
		}
		scored := s.GetScored()
		rows = append(rows, []string{
			render.Exact(s.GetStartTime()), render.Score(s.Score), render.Score(s.EffectiveScore), render.Percent(s.Coverage), render.Percent(&scored),
			fmt.Sprintf("%.3g", s.GetFailing()), fmt.Sprintf("%.3g", s.GetUnknown()), render.List(kinds, 5),
		})
	}
	v.Table([]string{"FROM", "SCORE", "EFF. SCORE", "COVERAGE", "SCORED", "FAIL", "UNKNOWN", "FAILING"}, rows, "nothing in that time")
	glance.Thinned(v, m.GetThinnedBefore())
}
