package past

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// forecastCommand says what will change if nobody acts.
func (a *app) forecastCommand() *cobra.Command {
	req := &pb.ForecastRequest{}
	until := a.End()
	c := cli.Command(cli.Spec{
		Use: "forecast SYSTEM [SERIES]", Short: "Say what will change of a system if nobody acts", Args: cobra.RangeArgs(1, 2),
		Long: `Say what will change of a series if nobody acts: certificates expire, patches
age, claims, waivers and attestations end, guidance that was activated for later
comes into force. Sources are taken to go on confirming what they confirm now.

` + seriesHelp,
		Example: "  plumbline forecast intranet\n  plumbline forecast intranet --until 90d\n  plumbline forecast intranet sharepoint-2007 --until 2027-01-01 --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			var err error
			if req.Name, err = series(ctx, c, args); err != nil {
				return err
			}
			if req.Until, err = until.Timestamp(); err != nil {
				return err
			}
			m, err := c.History().Forecast(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) { forecastView(v, req.Name, m) })
		}),
	})
	c.Flags().Var(until, "until", "how far to look, 30 days where it is left out "+cli.EndHelp)
	c.Flags().Int32Var(&req.FlipsPerBreakpoint, "flips", 20, "how many results are listed for an instant at the most")
	return c
}

func forecastView(v *render.View, name string, m *pb.ForecastResponse) {
	v.Line("%s until %s, if nobody acts", name, render.Exact(m.GetUntil()))
	rows := [][]string{append([]string{"now", ""}, append(standingRow(m.GetNow()), "")...)}
	for _, b := range m.GetBreakpoints() {
		rows = append(rows, append([]string{render.Exact(b.GetEffectiveTime()), b.GetCause()}, append(standingRow(b.GetStanding()), cli.Number(b.GetFlipped()))...))
	}
	v.Table(append([]string{"FROM", "CAUSE"}, append(standingHeader, "CHANGED")...), rows, "")
	if len(m.GetBreakpoints()) == 0 {
		v.Line("nothing will change")
		return
	}
	v.Title("Results")
	rows = nil
	for _, b := range m.GetBreakpoints() {
		for _, f := range b.GetFlips() {
			rows = append(rows, []string{render.Exact(b.GetEffectiveTime()), f.GetRule(), stateOr(v, f.GetBefore()), stateOr(v, f.GetAfter()), f.GetSubject()})
		}
		if more := int(b.GetFlipped()) - len(b.GetFlips()); more > 0 {
			rows = append(rows, []string{render.Exact(b.GetEffectiveTime()), "", "", "", cli.Count(more, "more result")})
		}
	}
	v.Table([]string{"FROM", "RULE", "BEFORE", "AFTER", "SUBJECT"}, rows, "none changes, only what is accepted or what they rest on")
}
