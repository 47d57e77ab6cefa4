package fleet

import (
	"context"
	"fmt"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// trendCommand shows averages over all systems.
func (a *app) trendCommand() *cobra.Command {
	var of label
	var t *times
	c := cli.Command(cli.Spec{
		Use: "trend [SERIES]", Short: "Show how all systems together went, as exact averages", Args: cobra.MaximumNArgs(1),
		Long: `Show the averages over all systems, over spans of time. They are exact: each
state of each system weighs as long as it held, and data that arrived late
counts. Spans are whole hours in UTC; the hour that runs counts whole.

` + seriesHelp,
		Example: "  plumbline fleet trend\n  plumbline fleet trend --from -90d --each 7d --output json\n  plumbline fleet trend --from -2d --each 1h",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			req := &pb.GetFleetTrendRequest{}
			var err error
			if req.Filter, err = of.conditions(); err != nil {
				return err
			}
			if req.From, req.To, req.Resolution, err = t.read(a.Now()); err != nil {
				return err
			}
			if req.Name, err = series(ctx, c, args); err != nil {
				return err
			}
			m, err := c.History().GetFleetTrend(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) { trendView(v, m) })
		}),
	})
	of.flag(c)
	t = a.times(c, "the length of a span, in whole hours (1d, 12h)")
	return c
}

func trendView(v *render.View, m *pb.Trend) {
	var rows [][]string
	for _, s := range m.GetSpans() {
		var kinds []string
		for _, k := range s.GetFailingBySeverity() {
			if k.GetValue() > 0 {
				kinds = append(kinds, fmt.Sprintf("%s %s", k.GetKey(), average(k.GetValue())))
			}
		}
		rows = append(rows, []string{
			render.Exact(s.GetStartTime()), average(s.GetScored()), render.Score(s.Score), render.Score(s.EffectiveScore), render.Percent(s.Coverage),
			average(s.GetFailing()), average(s.GetUnknown()), render.List(kinds, 5),
		})
	}
	v.Table([]string{"FROM", "SYSTEMS", "SCORE", "EFF. SCORE", "COVERAGE", "FAIL", "UNKNOWN", "FAILING"}, rows, "nothing in that time")
}

// ruleTimelineCommand shows how many results of a rule failed over time.
func (a *app) ruleTimelineCommand() *cobra.Command {
	var of label
	var t *times
	c := cli.Command(cli.Spec{
		Use: "rule-timeline RULE [SERIES]", Short: "Show how many results of a rule failed over time, in all systems", Args: cobra.RangeArgs(1, 2),
		Long: `Show how many results of a rule failed in all systems, as exact averages over
spans of whole days in UTC; today counts whole.

` + seriesHelp,
		Example: "  plumbline fleet rule-timeline sps-05-static-addresses\n  plumbline fleet rule-timeline sps-05-static-addresses --from -365d --each 30d",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			req := &pb.GetRuleTimelineRequest{}
			var err error
			if req.Filter, err = of.conditions(); err != nil {
				return err
			}
			if req.From, req.To, req.Resolution, err = t.read(a.Now()); err != nil {
				return err
			}
			if req.Name, err = series(ctx, c, args[1:]); err != nil {
				return err
			}
			req.Name += "/rules/" + args[0]
			m, err := c.History().GetRuleTimeline(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) {
				var rows [][]string
				for _, s := range m.GetSpans() {
					rows = append(rows, []string{render.Exact(s.GetStartTime()), average(s.GetFailing()), average(s.GetUnknown()), average(s.GetPassing())})
				}
				v.Table([]string{"FROM", "FAIL", "UNKNOWN", "PASS"}, rows, "nothing in that time")
			})
		}),
	})
	of.flag(c)
	t = a.times(c, "the length of a span, in whole days (1d, 30d)")
	return c
}
