package ask

import (
	"context"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// explainCommand explains one result.
func (a *app) explainCommand() *cobra.Command {
	var series string
	var at cli.AsOf
	c := cli.Command(cli.Spec{
		Use: "explain SYSTEM RULE [SUBJECT]", Short: "Say why a result is what it is, and what would make it pass", Args: cobra.RangeArgs(2, 3),
		Long: `Say why one result is what it is: the rule's version, the facts it read with
their sources, what is missing, which exception or claim holds, since when, and
what would make it pass. SUBJECT may be left out where the rule has one.`,
		Example: "  plumbline explain intranet sps-07\n  plumbline explain intranet sps-12 hosts/web1/endpoints/443",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name, err := cli.PickSeries(ctx, c, args[0], series)
			if err != nil {
				return err
			}
			ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
			if err != nil {
				return err
			}
			req := &pb.ExplainResultRequest{Name: name, Rule: args[1], AsOf: ts[0], KnownAt: ts[1]}
			if len(args) > 2 {
				req.Subject = args[2]
			}
			x, err := c.Assessment().ExplainResult(ctx, req)
			if err != nil {
				return err
			}
			return a.Printer().Emit(x, func(v *render.View) { explainView(v, x) })
		}),
	})
	at = a.AsOf(c)
	c.Flags().StringVar(&series, "series", "", "the series' id, or its checklist; needed where a system has several")
	return c
}

// explainView lays an explanation out in the order in which people ask: what is
// it, why, on whose word, what is missing, and what to do.
func explainView(v *render.View, x *pb.Explanation) {
	f := x.GetFinding()
	v.Fields([2]string{"rule", f.GetRule() + ": " + f.GetTitle()}, [2]string{"subject", f.GetSubject()}, [2]string{"state", glance.StateWord(v, f)},
		[2]string{"since", v.When(f.GetSinceTime())}, [2]string{"holds until", v.When(f.GetValidUntil())},
		[2]string{"checklist", f.GetChecklist() + "@" + f.GetChecklistVersion() + " " + x.GetChecklistDigest()},
		[2]string{"means", glance.FindingText(f)}, [2]string{"claim", x.GetClaim()}, [2]string{"error", x.GetError()})
	v.Title("Condition")
	v.Fields([2]string{"applies", condition(x.GetApplies(), x.GetAppliesValue())}, [2]string{"check", condition(x.GetCheck(), x.GetCheckValue())})
	v.Title("Facts read")
	var rows [][]string
	for _, r := range x.GetFacts() {
		rows = append(rows, []string{r.GetPath(), r.GetSource(), v.Age(r.GetConfirmedTime()), r.GetValue()})
	}
	v.Table([]string{"FACT", "SOURCE", "CONFIRMED", "VALUE"}, rows, "none")
	if len(x.GetMissing()) > 0 {
		v.Title("Facts missing")
		rows = nil
		for _, m := range x.GetMissing() {
			why := "never reported"
			if m.GetStaleSource() != "" {
				why = "stale: " + m.GetStaleSource() + " confirmed it " + v.Age(m.GetStaleConfirmedTime())
			}
			rows = append(rows, []string{m.GetPath(), why, m.GetQuestion()})
		}
		v.Table([]string{"FACT", "WHY", "QUESTION"}, rows, "none")
	}
	for _, part := range [][2]string{{"Why it matters", x.GetRationale()}, {"What makes it pass", x.GetRemediation()}, {"References", strings.Join(x.GetReferences(), "\n")}} {
		if s := strings.TrimSpace(part[1]); s != "" {
			v.Title("%s", part[0])
			v.Line("%s", s)
		}
	}
	glance.Thinned(v, x.GetThinnedBefore())
}

// condition writes an expression in one line with its value.
func condition(cel, value string) string {
	cel = strings.Join(strings.Fields(cel), " ")
	if cel == "" {
		return ""
	}
	if value == "" {
		return cel
	}
	return value + ": " + cel
}
