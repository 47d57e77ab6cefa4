// Package past has the commands that ask how things came to stand as they do,
// and how they will stand if nobody acts: timeline, trend, compare, forecast.
// There is a file for each.
package past

import (
	"context"
	"fmt"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.timelineCommand(), a.trendCommand(), a.exportCommand(), a.compareCommand(), a.forecastCommand()}
}

// seriesHelp is the part of a command's help that says how series are named.
const seriesHelp = `SERIES is the series' id, or its checklist; it may be left out where the system
has one.`

// series gives the name of the series that the first two arguments name.
func series(ctx context.Context, c *clients.Client, args []string) (string, error) {
	wanted := ""
	if len(args) > 1 {
		wanted = args[1]
	}
	return cli.PickSeries(ctx, c, args[0], wanted)
}

// points writes by how much a score changed; the sign is always there.
func points(v *float64, unit float64, sign string) string {
	if v == nil {
		return ""
	}
	text := fmt.Sprintf("%+.1f%s", *v*unit, sign)
	if text == "-0.0"+sign || text == "+0.0"+sign {
		return "0" + sign
	}
	return text
}

// standingRow is how a series stands, in the columns of standingHeader.
func standingRow(s *pb.Standing) []string {
	return []string{
		render.Score(s.Score), render.Score(s.EffectiveScore), render.Percent(s.Coverage),
		cli.Number(s.GetCounts().GetFail()), cli.Number(s.GetCounts().GetUnknown()), s.GetChecklistVersion(),
	}
}

var standingHeader = []string{"SCORE", "EFF. SCORE", "COVERAGE", "FAIL", "UNKNOWN", "VERSION"}

// stateOr writes a state, or that there is no such result.
func stateOr(v *render.View, state string) string {
	if state == "" {
		return "no result"
	}
	return v.Word(state)
}
