package fleet

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// fleetCommand shows how all systems stand together.
func (a *app) fleetCommand() *cobra.Command {
	var of label
	c := cli.Command(cli.Spec{
		Use: "fleet [SERIES]", Short: "Show how all systems stand together", Args: cobra.MaximumNArgs(1),
		Long: `Show how the series of one id stand in all systems together: the means of their
scores and coverage, and their results by state, severity and area.

` + seriesHelp,
		Example: "  plumbline fleet\n  plumbline fleet sharepoint-2007 --label tier=prod\n  plumbline fleet by tier\n  plumbline fleet new --since -7d\n  plumbline fleet trend --from -90d --each 7d",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			filter, err := of.conditions()
			if err != nil {
				return err
			}
			name, err := series(ctx, c, args)
			if err != nil {
				return err
			}
			m, err := c.History().GetFleet(ctx, &pb.GetFleetRequest{Name: name, Filter: filter})
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) { fleetView(v, m) })
		}),
	})
	of.flag(c)
	return c
}

func fleetView(v *render.View, m *pb.Fleet) {
	s, n := m.GetStanding(), m.GetStanding().GetCounts()
	v.Fields(
		[2]string{"series", m.GetSeries()}, [2]string{"version", s.GetChecklistVersion()}, [2]string{"systems", cli.Number(m.GetSystems())},
		[2]string{"score", render.Score(s.Score)}, [2]string{"eff. score", render.Score(s.EffectiveScore)}, [2]string{"coverage", render.Percent(s.Coverage)},
		[2]string{"pass", cli.Number(n.GetPass())}, [2]string{"fail", cli.Number(n.GetFail())}, [2]string{"unknown", cli.Number(n.GetUnknown())},
	)
	table := func(title string, list []*pb.CountBy) {
		var rows [][]string
		for _, x := range list {
			if x.GetValue() > 0 {
				rows = append(rows, []string{x.GetKey(), cli.Number(x.GetValue())})
			}
		}
		if len(rows) > 0 {
			v.Title("Failing by %s", title)
			v.Table([]string{"KEY", "FAIL"}, rows, "")
		}
	}
	table("severity", m.GetFailingBySeverity())
	table("area", m.GetFailingByArea())
}

// worstCommand lists the systems with the least scores.
func (a *app) worstCommand() *cobra.Command {
	var of label
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "worst [SERIES]", Short: "List the systems with the lowest scores", Args: cobra.MaximumNArgs(1),
		Long:    "List the systems with the lowest scores first. Those without a score are\nleft out.\n\n" + seriesHelp,
		Example: "  plumbline fleet worst --limit 10\n  plumbline fleet worst sharepoint-2007 --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			filter, err := of.conditions()
			if err != nil {
				return err
			}
			name, err := series(ctx, c, args)
			if err != nil {
				return err
			}
			list, err := cli.Pages(l, func(size int32, token string) ([]*pb.SystemStanding, string, error) {
				r, err := c.History().ListWorstSystems(ctx, &pb.ListWorstSystemsRequest{Name: name, Filter: filter, PageSize: size, PageToken: token})
				return r.GetSystems(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListWorstSystemsResponse{Systems: list}, func(v *render.View) {
				var rows [][]string
				for _, x := range list {
					s := x.GetStanding()
					rows = append(rows, []string{
						x.GetSystem(), render.Score(s.Score), render.Score(s.EffectiveScore), render.Percent(s.Coverage),
						cli.Number(s.GetCounts().GetFail()), cli.Number(s.GetCounts().GetUnknown()), s.GetChecklistVersion(),
					})
				}
				v.Table([]string{"SYSTEM", "SCORE", "EFF. SCORE", "COVERAGE", "FAIL", "UNKNOWN", "VERSION"}, rows, "no system has a score")
			})
		}),
	})
	of.flag(c)
	l.Flag(c, 20)
	return c
}

// rulesCommand lists the rules by how many of their results fail.
func (a *app) rulesCommand() *cobra.Command {
	var of label
	since := a.Instant()
	c := cli.Command(cli.Spec{
		Use: "rules [SERIES]", Short: "List the rules by how many of their results fail, in all systems", Args: cobra.MaximumNArgs(1),
		Long:    "List the rules by how many of their results fail in all systems, most\nfailures first, with how many began to fail or to be unknown lately.\n\n" + seriesHelp,
		Example: "  plumbline fleet rules\n  plumbline fleet rules --new-since -7d --label tier=prod\n  plumbline fleet rules sharepoint-2007 --output yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			req := &pb.ListFailingRulesRequest{}
			var err error
			if req.Filter, err = of.conditions(); err != nil {
				return err
			}
			if req.NewSince, err = since.Timestamp(); err != nil {
				return err
			}
			if req.Name, err = series(ctx, c, args); err != nil {
				return err
			}
			m, err := c.History().ListFailingRules(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) {
				var rows [][]string
				for _, r := range m.GetRules() {
					rows = append(rows, []string{
						r.GetRule(), v.Word(r.GetSeverity()), r.GetArea(), cli.Number(r.GetFail()), cli.Number(r.GetSystemsFailing()),
						cli.Number(r.GetNewlyFailing()), cli.Number(r.GetUnknown()), cli.Number(r.GetNewlyUnknown()), cli.Number(r.GetPass()), r.GetTitle(),
					})
				}
				v.Table([]string{"RULE", "SEVERITY", "AREA", "FAIL", "SYSTEMS", "NEW", "UNKNOWN", "NEW", "PASS", "TITLE"}, rows, "nothing was assessed")
			})
		}),
	})
	c.Flags().Var(since, "new-since", "new is what began since this instant, in whole hours; a day ago where it is left out "+cli.InstantHelp)
	of.flag(c)
	return c
}
