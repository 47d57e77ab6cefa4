package fleet

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// label is the flag that asks about the systems with one value of a label.
type label string

func (l *label) flag(c *cobra.Command) {
	c.Flags().StringVar((*string)(l), "label", "", `of the systems with this label alone: tier=prod; tier= for those without it`)
}

// conditions are the label and other equalities, "field", "value", "field", ..., as
// a filter; empty values are left out.
func (l label) conditions(others ...string) (string, error) {
	var list []string
	if l != "" {
		key, value, ok := strings.Cut(string(l), "=")
		if !ok || key == "" {
			return "", fmt.Errorf("--label %q is not of the form KEY=VALUE, as in tier=prod", string(l))
		}
		list = append(list, "labels."+strconv.Quote(key)+" = "+strconv.Quote(value))
	}
	for i := 0; i+1 < len(others); i += 2 {
		if others[i+1] != "" {
			list = append(list, others[i]+" = "+strconv.Quote(others[i+1]))
		}
	}
	return strings.Join(list, " AND "), nil
}

// named writes a group's value.
func named(value string) string { return cli.Or(value, "(none)") }

// byCommand shows how systems stand by the values of a label.
func (a *app) byCommand() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "by KEY [SERIES]", Short: "Show how all systems stand by the values of a label, side by side", Args: cobra.RangeArgs(1, 2),
		Long: `Show how all systems stand by the values of a declared label, side by side.
Systems without the label stand in the row (none), and those with a value that
is not counted by itself in (other). plumbline fleet labels set declares labels.

` + seriesHelp,
		Example: "  plumbline fleet by tier\n  plumbline fleet by tier sharepoint-2007 --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name, err := series(ctx, c, args[1:])
			if err != nil {
				return err
			}
			m, err := c.History().ListFleetGroups(ctx, &pb.ListFleetGroupsRequest{Name: name, Label: args[0]})
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) {
				var rows [][]string
				for _, g := range m.GetGroups() {
					rows = append(rows, []string{
						named(g.GetValue()), cli.Number(g.GetSystems()), render.Score(g.Score), render.Score(g.EffectiveScore), render.Percent(g.Coverage),
						cli.Number(g.GetFail()), cli.Number(g.GetFailingCritical()), cli.Number(g.GetFailingHigh()), cli.Number(g.GetUnknown()),
					})
				}
				v.Table([]string{strings.ToUpper(m.GetLabel()), "SYSTEMS", "SCORE", "EFF. SCORE", "COVERAGE", "FAIL", "CRITICAL", "HIGH", "UNKNOWN"}, rows, "nothing was assessed")
			})
		}),
	})
}

// labelsCommand is the family for the labels by which systems are counted.
func (a *app) labelsCommand() *cobra.Command {
	return cli.Family("labels", "Show and set the labels by which systems are counted",
		"  plumbline fleet labels show\n  plumbline fleet labels set tier site\n  plumbline fleet labels clear",
		a.labelsShow(), a.labelsSet(), a.labelsClear())
}

func (a *app) labelsShow() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show", Short: "Show the labels by which systems are counted, and how far that is",
		Example: "  plumbline fleet labels show\n  plumbline fleet labels show --output yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			m, err := c.History().GetFleetLabels(ctx, &pb.GetFleetLabelsRequest{})
			if err != nil {
				return err
			}
			return a.printLabels(m)
		}),
	})
}

func (a *app) labelsSet() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "set KEY...", Short: "Count systems by these labels, four at the most, instead of those before", Args: cobra.MinimumNArgs(1),
		Long: `Count systems by these labels, four at the most, instead of those before. Every
system is assessed anew, by which it is counted by a new label; nothing is
answered by it before all are. Sums over time by a label begin now. Those of a
label that stays go on; those of one that goes are deleted.`,
		Example: "  plumbline fleet labels set tier site",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			return a.setLabels(ctx, c, args)
		}),
	})
}

func (a *app) labelsClear() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "clear", Short: "Count systems by no label any more", Example: "  plumbline fleet labels clear",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error { return a.setLabels(ctx, c, nil) }),
	})
}

func (a *app) setLabels(ctx context.Context, c *clients.Client, keys []string) error {
	m, err := c.History().UpdateFleetLabels(ctx, &pb.UpdateFleetLabelsRequest{FleetLabels: &pb.FleetLabels{Keys: keys}})
	if err != nil {
		return err
	}
	return a.printLabels(m)
}

func (a *app) printLabels(m *pb.FleetLabels) error {
	return a.Printer().Emit(m, func(v *render.View) {
		var rows [][]string
		for _, l := range m.GetLabels() {
			counted := "all"
			if !l.GetComplete() {
				counted = cli.Number(l.GetCounted()) + " of " + cli.Number(l.GetTotal())
			}
			rows = append(rows, []string{l.GetKey(), v.When(l.GetCountedSince()), counted, render.List(l.GetValues(), 8)})
		}
		v.Table([]string{"LABEL", "SINCE", "COUNTED", "VALUES"}, rows, "systems are counted by no label")
	})
}
