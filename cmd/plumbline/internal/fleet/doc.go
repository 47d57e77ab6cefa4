// Package fleet has the commands that ask how all systems stand together, and
// how that went: fleet, and below it trend, worst, rules, rule-timeline, new, by and
// labels. What they ask for are sums that the server keeps, so they cost the same
// for ten systems and for a million.
package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command {
	a := &app{run}
	c := a.fleetCommand()
	c.AddCommand(a.trendCommand(), a.worstCommand(), a.rulesCommand(), a.ruleTimelineCommand(),
		a.newCommand(), a.byCommand(), a.labelsCommand())
	return []*cobra.Command{c}
}

// seriesHelp is the part of a command's help that says how series are named.
const seriesHelp = `SERIES is the id that the series of all systems have, as plumbline systems list
shows it, or its checklist; it may be left out where there is one.`

// lookAt is how many systems are looked at to find out which series there are.
const lookAt = 100

// series gives the name of the fleet's series that an argument names: by its id,
// by its checklist, or as the only one.
func series(ctx context.Context, c *clients.Client, args []string) (string, error) {
	wanted := ""
	if len(args) > 0 {
		wanted = cli.ID(args[0])
	}
	if strings.Contains(wanted, "~") {
		return "fleet/" + wanted, nil
	}
	r, err := c.Inventory().ListSystems(ctx, &pb.ListSystemsRequest{PageSize: lookAt})
	if err != nil {
		return "", err
	}
	var all, found []string
	for _, s := range r.GetSystems() {
		for _, x := range s.GetAssessments() {
			id := cli.ID(x.GetSeries())
			if slices.Contains(all, id) {
				continue
			}
			all = append(all, id)
			if checklist, _, _ := strings.Cut(id, "~"); wanted == "" || checklist == wanted {
				found = append(found, id)
			}
		}
	}
	slices.Sort(all)
	switch {
	case len(found) == 1:
		return "fleet/" + found[0], nil
	case len(all) == 0:
		return "", fmt.Errorf("no system has a series: submit systems, and make an assignment by plumbline assign create")
	}
	return "", fmt.Errorf("name one series: %s", strings.Join(all, ", "))
}

// times are the flags of a range of time.
type times struct {
	from, to *cli.Instant
	each     cli.Span
}

func (a *app) times(c *cobra.Command, each string) *times {
	t := &times{from: a.Instant(), to: a.Instant(), each: cli.Span{Duration: 24 * time.Hour}}
	c.Flags().Var(t.from, "from", "from this instant on, 30 days ago where it is left out "+cli.InstantHelp)
	c.Flags().Var(t.to, "to", "before this instant "+cli.InstantHelp)
	c.Flags().Var(&t.each, "each", each)
	return t
}

// read gives the range. Where no beginning is given it is a midnight, so that
// spans of days are days.
func (t *times) read(now time.Time) (from, to *timestamppb.Timestamp, each *durationpb.Duration, err error) {
	ts, err := cli.Timestamps(t.from, t.to)
	if err != nil {
		return nil, nil, nil, err
	}
	if ts[0] == nil {
		ts[0] = timestamppb.New(now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -29))
	}
	return ts[0], ts[1], durationpb.New(t.each.Duration), nil
}

// average writes a number of results on the average.
func average(v float64) string {
	if v == float64(int64(v)) {
		return cli.Number(int64(v))
	}
	return fmt.Sprintf("%.2f", v)
}
