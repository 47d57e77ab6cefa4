package assess

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/waive"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// SubjectID is the id of a result's subject; for a rule that was not run on
// subjects it is the empty text.
func (e *Evaluation) SubjectID(r *Result) string {
	if r.Subject < 0 {
		return ""
	}
	return e.Subjects[r.Subject].ID()
}

// Finding makes a flat row of a result. Series, system and since are left to
// the caller. It runs the rule's message and, for an unknown result, the rule
// again, to name what is missing.
func (e *Evaluation) Finding(r *Result) *pb.Finding {
	return e.explainer().finding(r)
}

// Findings are all results as rows: failures first, then errors and unknowns,
// then the rest; within a state by severity, then in the checklist's order.
func (e *Evaluation) Findings() []*pb.Finding {
	order := make([]int, len(e.Results))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool {
		x, y := &e.Results[order[a]], &e.Results[order[b]]
		if u, v := urgency(x.State), urgency(y.State); u != v {
			return u < v
		}
		return SeverityRank(e.Plan.rules[x.Rule].severity) > SeverityRank(e.Plan.rules[y.Rule].severity)
	})
	x := e.explainer()
	out := make([]*pb.Finding, 0, len(order))
	for _, i := range order {
		out = append(out, x.finding(&e.Results[i]))
	}
	return out
}

// FindingsAfter yields the results as rows, in the order of the ids of rules and
// then of subjects, beginning with the first after a place. A row is made when
// its turn comes: who wants a page does not pay for the rest.
func (e *Evaluation) FindingsAfter(ruleID, subject string) iter.Seq[*pb.Finding] {
	return func(yield func(*pb.Finding) bool) {
		ids := make([]string, len(e.Subjects))
		for i := range e.Subjects {
			ids[i] = e.Subjects[i].ID()
		}
		subjectID := func(r *Result) string {
			if r.Subject < 0 {
				return ""
			}
			return ids[r.Subject]
		}
		compare := func(r *Result, rule, subject string) int {
			return cmp.Or(strings.Compare(e.Plan.checklist.RuleID(int(r.Rule)), rule), strings.Compare(subjectID(r), subject))
		}
		var order []*Result
		for i := range e.Results {
			if r := &e.Results[i]; compare(r, ruleID, subject) > 0 {
				order = append(order, r)
			}
		}
		slices.SortFunc(order, func(a, b *Result) int {
			return compare(a, e.Plan.checklist.RuleID(int(b.Rule)), subjectID(b))
		})
		x := e.explainer()
		for _, r := range order {
			if !yield(x.finding(r)) {
				return
			}
		}
	}
}

func urgency(s score.State) int {
	switch s {
	case score.Fail:
		return 0
	case score.Error:
		return 1
	case score.Unknown:
		return 2
	case score.Pass, score.Fixed:
		return 3
	}
	return 4
}

// SeverityRank orders severities: critical 5, high 4, medium 3, low 2, info 1.
func SeverityRank(s string) int {
	return 1 + strings.Index("info    low     medium  high    critical", s)/8
}

// explainer runs rules again, one by one, with a machine of its own.
type explainer struct {
	e       *Evaluation
	run     *run
	lost    map[string][]merge.Origin // who said what has become stale, by path; made when asked for
	sources map[string][]string       // who reports what, by pattern
}

func (e *Evaluation) explainer() *explainer {
	shadow := *e
	shadow.Results, shadow.facts = nil, nil
	return &explainer{e: e, run: newRun(&shadow)}
}

// replay runs the result's rule on its subject again, so that the machine
// holds the facts read and missing. The state is that of a rule that counts.
func (x *explainer) replay(r *Result) score.State {
	s := &x.e.Subjects[r.Subject]
	c := x.e.Plan.checklist.rules[r.Rule]
	x.bind(c, s)
	state, _ := x.run.state(c)
	return state
}

func (x *explainer) bind(c *compiledRule, s *Subject) {
	if c.scope == pairScope {
		x.run.m.Pair(s.left, s.right)
		return
	}
	x.run.m.Subject(s.elem, s.host)
}

// onSubject tells whether the rule was run for the result, on a subject.
func (x *explainer) onSubject(r *Result) bool {
	return r.Subject >= 0 && !x.e.Subjects[r.Subject].open()
}

func (x *explainer) finding(r *Result) *pb.Finding {
	c, pr := x.e.Plan.checklist, x.e.Plan.rules[r.Rule]
	cr := c.rules[r.Rule]
	f := &pb.Finding{
		Checklist: c.src.Id, ChecklistVersion: c.src.Version,
		Rule: cr.src.Id, Title: cr.src.Title, Area: cr.src.Area, Severity: pr.severity, Weight: pr.weight,
		Subject: x.e.SubjectID(r), State: r.State.String(),
		ValidUntil: timestamp(min(r.ValidUntil, x.e.in.Merged.ValidUntil)),
	}
	if r.Exception >= 0 {
		f.Exception = cr.exceptions[r.Exception].src.Id
	}
	if r.Waiver >= 0 {
		w := x.e.in.Waivers[r.Waiver]
		f.Waiver, f.AcceptedUntil = waive.Name(w), timestamp(waive.SpanOf(w).End)
	}
	switch r.State {
	case score.Fail:
		f.FailsUnless = x.failsUnless(cr, r)
	case score.Unknown:
		f.MissingFacts = x.missing(r)
	}
	f.Message = x.message(r)
	return f
}

// failsUnless are the exceptions that rest on a person's word and by which the
// result would not fail if that word were given. One that inventory excludes is
// none of them.
func (x *explainer) failsUnless(cr *compiledRule, r *Result) (out []string) {
	for i := range cr.exceptions {
		if ex := &cr.exceptions[i]; ex.claims && x.onSubject(r) && x.wordCounts(cr, ex, r) {
			out = append(out, "fails unless "+ex.src.Text)
		}
	}
	return out
}

// wordCounts tells whether an exception that is false would hold, or might, if
// a claim that it asks for were in force. Of several that must be so together it
// takes the word of those who have read the rule.
func (x *explainer) wordCounts(cr *compiledRule, ex *exception, r *Result) bool {
	m, s := x.run.m, &x.e.Subjects[r.Subject]
	m.RecordWanted()
	defer m.Suppose(rule.WantedClaim{})
	x.bind(cr, s)
	ex.when.Bool(m)
	wanted := m.Wanted()
	for _, claim := range wanted[:min(len(wanted), mostClaims)] {
		m.Suppose(claim)
		x.bind(cr, s)
		if ex.when.Bool(m) != rule.False || len(m.Wanted()) > 0 {
			return true
		}
	}
	return len(wanted) > mostClaims
}

// missing lists the paths of the facts that an unknown result lacks.
func (x *explainer) missing(r *Result) []string {
	if x.isOpenList(r) {
		return []string{strings.TrimSuffix(x.e.SubjectID(r), openSuffix)}
	}
	seen := map[string]bool{}
	var out []string
	for _, f := range fact.AppendDistinct(nil, x.lacks(r)) {
		if p := x.run.m.Path(f); !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	sort.Strings(out)
	return out
}

// isOpenList tells whether the result is about what a list may still have.
func (x *explainer) isOpenList(r *Result) bool {
	return r.Subject >= 0 && !x.onSubject(r) && x.e.Plan.checklist.rules[r.Rule].scope != pairScope
}

// lacks are the facts that an unknown result lacks, an open list's aside, with
// repetitions, and one ref for those that several subjects lack together.
func (x *explainer) lacks(r *Result) []rule.FactRef {
	switch c := x.e.Plan.checklist.rules[r.Rule]; {
	case r.Subject < 0:
		return nil
	case x.onSubject(r):
		x.replay(r)
		return x.run.m.MissingRefs()
	case c.scope == pairScope:
		x.run.side(c, true)
		refs := slices.Clone(x.run.m.MissingRefs())
		x.run.side(c, false)
		return append(refs, x.run.m.MissingRefs()...)
	}
	return nil
}

func (x *explainer) message(r *Result) string {
	cr, state := x.e.Plan.checklist.rules[r.Rule], r.State
	switch {
	case r.Subject < 0:
		return ""
	case !x.onSubject(r):
		return x.openMessage(cr, r)
	case state == score.Informational:
		state = x.replay(r)
	}
	switch state {
	case score.Unknown:
		return "Not known: facts are missing."
	case score.Error:
		x.replay(r)
		return fmt.Sprintf("Could not be evaluated: %v.", x.run.m.Err())
	case score.Fail:
		x.bind(cr, &x.e.Subjects[r.Subject])
		return cr.message.Render(x.run.m)
	}
	return ""
}

// openMessage is the message of a result about what may still be there.
func (x *explainer) openMessage(cr *compiledRule, r *Result) string {
	switch {
	case cr.scope != pairScope:
		return fmt.Sprintf("The list %s is not reported in full, so that there may be more to assess.",
			strings.TrimSuffix(x.e.SubjectID(r), openSuffix))
	case r.State == score.Error:
		return "The pairs could not be made: a list or a key could not be evaluated."
	}
	return "There may be more pairs: facts that make them are missing."
}
