package past

import (
	"context"
	"fmt"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// comparison is the flags of compare.
type comparison struct {
	with                              string
	before, after, beforeKnown, known *cli.Instant
	beforeVersion, version            string
	limit                             int32
}

// compareCommand says what differs between two states, and why.
func (a *app) compareCommand() *cobra.Command {
	f := &comparison{before: a.Instant(), after: a.Instant(), beforeKnown: a.Instant(), known: a.Instant()}
	c := cli.Command(cli.Spec{
		Use: "compare SYSTEM [SERIES]", Short: "Say what differs between two states, and because of what", Args: cobra.RangeArgs(1, 2),
		Long: `Say what differs between two states of a series, and because of what: new
guidance, another tailoring or policy, inventory, attestations, claims, waivers,
or time alone. The change of the score is split over the causes by exchanging
them one after the other, in the order in which they are printed, so that the
parts add up to the whole.

With --with the state is compared with that of another system, and with
--before-version or --version with what another version of the checklist makes
of it. Before and after are now where they are left out.

` + seriesHelp,
		Example: "  plumbline compare intranet --before -7d\n  plumbline compare intranet --before 2026-03-01 --after 2026-04-01 --output json\n" +
			"  plumbline compare intranet --before-version 1.0.0\n  plumbline compare intranet --with extranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			req, err := f.request(ctx, c, args)
			if err != nil {
				return err
			}
			m, err := c.History().CompareAssessments(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(m, func(v *render.View) { compareView(v, req, m) })
		}),
	})
	c.Flags().StringVar(&f.with, "with", "", "compare with this system instead of with another state of the same")
	c.Flags().Var(f.before, "before", "the state compared with "+cli.InstantHelp)
	c.Flags().Var(f.after, "after", "the other state "+cli.InstantHelp)
	c.Flags().Var(f.beforeKnown, "before-known-at", "the state compared with, as it was known at this instant "+cli.InstantHelp)
	c.Flags().Var(f.known, "known-at", "the other state, as it was known at this instant "+cli.InstantHelp)
	c.Flags().StringVar(&f.beforeVersion, "before-version", "", "evaluate the state compared with under this version of the checklist")
	c.Flags().StringVar(&f.version, "version", "", "evaluate the other state under this version of the checklist")
	c.Flags().Int32Var(&f.limit, "limit", 100, "how many results are listed at the most")
	return c
}

func (f *comparison) request(ctx context.Context, c *clients.Client, args []string) (*pb.CompareAssessmentsRequest, error) {
	name, err := series(ctx, c, args)
	if err != nil {
		return nil, err
	}
	before := name
	if f.with != "" {
		before = cli.Resource("systems", f.with) + "/series/" + cli.ID(name)
	}
	ts, err := cli.Timestamps(f.before, f.beforeKnown, f.after, f.known)
	if err != nil {
		return nil, err
	}
	return &pb.CompareAssessmentsRequest{
		Before: &pb.AssessmentRef{Name: before, AsOf: ts[0], KnownAt: ts[1], ChecklistVersion: f.beforeVersion},
		After:  &pb.AssessmentRef{Name: name, AsOf: ts[2], KnownAt: ts[3], ChecklistVersion: f.version},
		Limit:  f.limit,
	}, nil
}

func compareView(v *render.View, req *pb.CompareAssessmentsRequest, m *pb.Comparison) {
	rows := [][]string{
		append([]string{"before", req.GetBefore().GetName(), instantOf(req.GetBefore())}, standingRow(m.GetBefore())...),
		append([]string{"after", req.GetAfter().GetName(), instantOf(req.GetAfter())}, standingRow(m.GetAfter())...),
	}
	v.Table(append([]string{"", "SERIES", "AS OF"}, standingHeader...), rows, "")
	if len(m.GetAttribution()) > 0 {
		v.Title("Because of")
		rows = nil
		for _, p := range m.GetAttribution() {
			if quiet := (&pb.Attribution{Cause: p.GetCause(), Score: proto.Float64(0), EffectiveScore: proto.Float64(0), Coverage: proto.Float64(0)}); !proto.Equal(p, quiet) {
				rows = append(rows, []string{p.GetCause(), points(p.Score, 1, ""), points(p.EffectiveScore, 1, ""), points(p.Coverage, 100, " %"), cli.Number(p.GetFlipped())})
			}
		}
		v.Table([]string{"CAUSE", "SCORE", "EFF. SCORE", "COVERAGE", "CHANGED"}, rows, "nothing changed")
	}
	v.Title("%s", cli.Count(int(m.GetFlipped()), "result")+" differ")
	rows = nil
	for _, f := range m.GetFlips() {
		facts := make([]string, 0, len(f.GetFacts()))
		for _, x := range f.GetFacts() {
			facts = append(facts, fmt.Sprintf("%s: %s, was %s (%s)", x.GetPath(), known(x.GetAfter()), known(x.GetBefore()), x.GetSource()))
		}
		rows = append(rows, []string{f.GetRule(), f.GetSubject(), stateOr(v, f.GetBefore()), stateOr(v, f.GetAfter()), f.GetCause(), render.Lines(facts, 3)})
	}
	v.Table([]string{"RULE", "SUBJECT", "BEFORE", "AFTER", "CAUSE", "FACTS"}, rows, "none")
	glance.Thinned(v, m.GetThinnedBefore())
}

func instantOf(r *pb.AssessmentRef) string {
	if r.GetAsOf() == nil {
		return "now"
	}
	return render.Exact(r.GetAsOf())
}

func known(value string) string {
	if value == "" {
		return "unknown"
	}
	return value
}
