// Package glance shows an assessment so that a person understands it at once:
// score and coverage, what fails and why, what is unknown and what to report to
// decide it, and what changes by itself and when.
package glance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Glance is an assessment with what a person wants to see of it at once: score
// and coverage, what fails and why, what is unknown and what to report to decide
// it, and what changes by itself.
type Glance struct {
	Assessment *pb.Assessment
	Findings   []*pb.Finding
	// Questions are the checklist's questions for declared facts, by name.
	Questions map[string]string
	Changes   []Change
}

// Change is a result that becomes another without anybody doing anything.
type Change struct {
	at            time.Time
	rule, subject string
	from, to      string
}

// Evaluator assesses the same inventory at another instant.
type Evaluator func(ctx context.Context, at time.Time) (*pb.AssessInventoryResponse, error)

// How far ahead changes are looked for.
const (
	aheadTime  = 400 * 24 * time.Hour
	aheadSteps = 12
)

// Ahead finds the next changes. It goes from one instant at which a state stops
// holding to the next, which is exact: between two of them nothing changes.
func Ahead(ctx context.Context, now *pb.AssessInventoryResponse, from time.Time, evaluate Evaluator) ([]Change, error) {
	var out []Change
	current := now
	for range aheadSteps {
		until := current.GetAssessment().GetValidUntil()
		if until == nil || until.AsTime().After(from.Add(aheadTime)) {
			break
		}
		next, err := evaluate(ctx, until.AsTime())
		if err != nil {
			return nil, err
		}
		out = append(out, differences(until.AsTime(), current.GetFindings(), next.GetFindings())...)
		current = next
	}
	return out, nil
}

func differences(at time.Time, before, after []*pb.Finding) []Change {
	was := map[[2]string]string{}
	for _, f := range before {
		was[[2]string{f.GetRule(), f.GetSubject()}] = f.GetState()
	}
	var out []Change
	for _, f := range after {
		if s, ok := was[[2]string{f.GetRule(), f.GetSubject()}]; ok && s != f.GetState() {
			out = append(out, Change{at, f.GetRule(), f.GetSubject(), s, f.GetState()})
		}
	}
	return out
}

// View lays it out.
func (g *Glance) View(v *render.View) {
	ScoreLines(v, g.Assessment)
	v.Title("Fails")
	g.failing(v)
	v.Title("Unknown, and what would decide it")
	g.unknown(v)
	v.Title("Will change by itself")
	var rows [][]string
	for _, c := range g.Changes {
		rows = append(rows, []string{render.InstantOf(c.at), v.Until(c.at), c.rule, c.subject, v.Word(c.from) + " → " + v.Word(c.to)})
	}
	v.Table([]string{"WHEN", "", "RULE", "SUBJECT", "STATE"}, rows, fmt.Sprintf("nothing in the next %d days, if nothing is submitted", int(aheadTime.Hours()/24)))
	for _, w := range g.Assessment.GetWarnings() {
		v.Line("warning: %s", w)
	}
}

// Thinned says where history is thinned, if what is shown reaches there.
func Thinned(v *render.View, before *timestamppb.Timestamp) {
	if before != nil {
		v.Line("before %s history is thinned to one state a day or a month, and --known-at is not exact", render.Exact(before))
	}
}

// ScoreLines says what was assessed, by what, and how it came out.
func ScoreLines(v *render.View, a *pb.Assessment) {
	name := strings.TrimPrefix(a.GetName(), "systems/")
	if system, _, ok := strings.Cut(name, "/series/"); ok {
		name = system
	}
	score := render.Score(cli.DefaultScore(a.GetRaw()))
	if s := render.Score(cli.DefaultScore(a.GetEffective())); s != score {
		score += " (" + s + " without accepted failures)"
	}
	if score != "none" {
		score += " of 100"
	}
	c := a.GetRaw().GetCounts()
	v.Fields([2]string{"system", name},
		[2]string{"checklist", a.GetChecklist() + "@" + a.GetChecklistVersion() + ", profile " + a.GetProfile()},
		[2]string{"score", score}, [2]string{"coverage", render.Percent(a.Coverage) + " of what applies is decided"},
		[2]string{"results", fmt.Sprintf("%d pass, %d fail, %d unknown, %d error, %d not applicable", c.GetPass(), c.GetFail(), c.GetUnknown(), c.GetError(), c.GetNotapplicable())},
		[2]string{"as of", render.Instant(a.GetEffectiveTime())}, [2]string{"recorded", render.Instant(a.GetRecordedTime())}, [2]string{"cause", a.GetCause()},
		[2]string{"holds until", v.When(a.GetValidUntil())})
	Thinned(v, a.GetThinnedBefore())
}

// RuleTable lists the rules that apply, with their combined states.
func RuleTable(v *render.View, a *pb.Assessment) {
	var rows [][]string
	for _, r := range a.GetRules() {
		if r.GetState() == "notselected" {
			continue
		}
		c := r.GetCounts()
		rows = append(rows, []string{r.GetRule(), v.Word(r.GetSeverity()), v.Word(r.GetState()), cli.Number(c.GetPass()), cli.Number(c.GetFail()), cli.Number(c.GetUnknown()), r.GetTitle()})
	}
	v.Table([]string{"RULE", "SEVERITY", "STATE", "PASS", "FAIL", "UNKNOWN", "TITLE"}, rows, "no rules")
}

// How much of a long list is shown.
const (
	mostReasons = 3
	mostFacts   = 12
)

// failing lists the rules that fail, or went wrong, the gravest first: on how
// many subjects, why, and what the source of the guidance would let them off for.
func (g *Glance) failing(v *render.View) {
	var rules []string
	byRule := map[string][]*pb.Finding{}
	subjects := map[string]int{}
	for _, f := range g.Findings {
		if f.GetState() != "notapplicable" && f.GetState() != "notselected" {
			subjects[f.GetRule()]++
		}
		if f.GetState() != "fail" && f.GetState() != "error" {
			continue
		}
		if byRule[f.GetRule()] == nil {
			rules = append(rules, f.GetRule())
		}
		byRule[f.GetRule()] = append(byRule[f.GetRule()], f)
	}
	slices.SortStableFunc(rules, func(a, b string) int {
		return assess.SeverityRank(byRule[b][0].GetSeverity()) - assess.SeverityRank(byRule[a][0].GetSeverity())
	})
	var rows [][]string
	for _, rule := range rules {
		list := byRule[rule]
		rows = append(rows, []string{v.Word(list[0].GetSeverity()), rule, fmt.Sprintf("%d of %d", len(list), subjects[rule]), reasons(v, list)})
	}
	v.Table([]string{"SEVERITY", "RULE", "FAILS", "WHY"}, rows, "nothing")
}

// reasons are the messages of a rule's failures, which name their subjects.
func reasons(v *render.View, list []*pb.Finding) string {
	var lines []string
	for _, f := range list {
		text := cli.Or(strings.TrimSpace(f.GetMessage()), f.GetSubject()+": "+f.GetTitle())
		if f.GetState() == "error" || f.GetAcceptedUntil() != nil {
			text = StateWord(v, f) + ": " + text
		}
		lines = append(lines, text)
	}
	out := render.Lines(lines, mostReasons)
	for _, u := range list[0].GetFailsUnless() {
		out += "\n(" + u + ")"
	}
	return out
}

// unknown lists what is missing: a row for each fact, with the rules that wait
// for it, those that decide most first.
func (g *Glance) unknown(v *render.View) {
	waiting := map[string][]string{}
	var facts []string
	for _, f := range g.Findings {
		if f.GetState() != "unknown" {
			continue
		}
		for _, m := range f.GetMissingFacts() {
			if waiting[m] == nil {
				facts = append(facts, m)
			}
			if !slices.Contains(waiting[m], f.GetRule()) {
				waiting[m] = append(waiting[m], f.GetRule())
			}
		}
	}
	slices.SortStableFunc(facts, func(a, b string) int { return len(waiting[b]) - len(waiting[a]) })
	var rows [][]string
	for _, fact := range facts[:min(len(facts), mostFacts)] {
		decides := render.List(waiting[fact], 3)
		if q := g.question(fact); q != "" {
			decides = q + " (" + decides + ")"
		}
		rows = append(rows, []string{fact, decides})
	}
	v.Table([]string{"REPORT", "TO DECIDE"}, rows, "nothing")
	if n := len(facts) - mostFacts; n > 0 {
		v.Line("and %d more", n)
	}
}

// question is what to ask a person for a declared fact.
func (g *Glance) question(path string) string {
	if i := strings.LastIndex(path, "/facts/"); i >= 0 {
		return g.Questions[path[i+len("/facts/"):]]
	}
	return ""
}

// Questions gives a checklist's questions by fact.
func Questions(c *pb.Checklist) map[string]string {
	out := map[string]string{}
	for _, f := range c.GetFacts() {
		out[f.GetName()] = f.GetQuestion()
	}
	return out
}

// StateWord says a finding's state; a waived failure stays one.
func StateWord(v *render.View, f *pb.Finding) string {
	s := v.Word(f.GetState())
	if f.GetAcceptedUntil() != nil {
		s += ", accepted until " + render.Instant(f.GetAcceptedUntil())
	}
	return s
}

// FindingText says what a result means: its message, what is missing, and by
// which exception it would pass or passes.
func FindingText(f *pb.Finding) string {
	var parts []string
	if m := strings.TrimSpace(f.GetMessage()); m != "" && f.GetState() != "pass" {
		parts = append(parts, m)
	}
	if len(f.GetMissingFacts()) > 0 {
		parts = append(parts, "missing: "+render.List(f.GetMissingFacts(), 4))
	}
	parts = append(parts, f.GetFailsUnless()...)
	if f.GetException() != "" {
		parts = append(parts, "passes by the exception "+f.GetException())
	}
	return strings.Join(parts, "; ")
}
