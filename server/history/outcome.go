package history

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/states"
)

// Estate is what histories are read from: an assessor.
type Estate interface {
	Timeline(ctx context.Context, system, series string, knownAt int64, f func(*past.Timeline) error) error
	Ahead(ctx context.Context, system, series string, until int64, f func(*past.Step) error) error
	PastAt(ctx context.Context, system, series, version string, w past.When) (*past.Past, error)
	PlanOf(series, version string, t *pb.Tailoring) (*assess.Plan, error)
}

// States in XCCDF's words.
const (
	pass    = "pass"
	fixed   = "fixed"
	fail    = "fail"
	failure = "error"
	unknown = "unknown"
)

// silent tells whether a state says that nothing was assessed; "" is no result.
func silent(state string) bool {
	switch state {
	case "", "notapplicable", "notselected", "notchecked":
		return true
	}
	return false
}

// differ tells whether two states are a difference to whoever is assessed. It
// is the negation of an equivalence, so that whatever differs from end to end of
// a chain differs at one of its steps.
func differ(a, b string) bool { return a != b && !(silent(a) && silent(b)) }

// outcome is a state's results by rule; nil is a state without any.
type outcome struct {
	rules []string
	first []int // where each rule's results begin, and where the last one's end
	rows  []result
	at    map[string]int // rules by id
}

type result struct{ subject, state string }

func newOutcome(rules []string) *outcome {
	o := &outcome{rules: rules, first: make([]int, len(rules)+1), at: make(map[string]int, len(rules))}
	for i, r := range rules {
		o.at[r] = i
	}
	return o
}

// add appends a result; they come by rule.
func (o *outcome) add(rule int, subject, state string) {
	o.rows = append(o.rows, result{subject, state})
	o.first[rule+1] = len(o.rows)
}

func (o *outcome) close() *outcome {
	for i := 1; i < len(o.first); i++ {
		o.first[i] = max(o.first[i], o.first[i-1])
	}
	return o
}

// of are a rule's results.
func (o *outcome) of(rule string) []result {
	if o == nil {
		return nil
	}
	i, ok := o.at[rule]
	if !ok {
		return nil
	}
	return o.rows[o.first[i]:o.first[i+1]]
}

func ofStep(s *past.Step) (*outcome, error) {
	o := newOutcome(s.Rules())
	err := s.Rows(func(r past.Row) { o.add(r.Rule, r.Subject, r.State) })
	return o.close(), err
}

func ofEvaluation(e *assess.Evaluation) *outcome {
	c := e.Plan.Checklist()
	rules := make([]string, c.RuleCount())
	for i := range rules {
		rules[i] = c.RuleID(i)
	}
	o := newOutcome(rules)
	o.rows = make([]result, 0, len(e.Results))
	names := make([]string, len(e.Subjects))
	for i := range e.Results {
		r := &e.Results[i]
		name := ""
		if r.Subject >= 0 {
			if names[r.Subject] == "" {
				names[r.Subject] = e.Subjects[r.Subject].ID()
			}
			name = names[r.Subject]
		}
		o.add(int(r.Rule), name, r.State.String())
	}
	return o.close()
}

// flip is a result that is another in one state than in another.
type flip struct{ rule, subject, before, after string }

// flips are the results that differ, in the order of the later checklist's
// rules, then of the subjects.
func flips(before, after *outcome) (out []flip) {
	var rules []string
	if after != nil {
		rules = after.rules
	}
	for _, r := range rules {
		out = flipsOf(out, r, before.of(r), after.of(r))
	}
	if before == nil {
		return out
	}
	for _, r := range before.rules {
		if after == nil {
			out = flipsOf(out, r, before.of(r), nil)
		} else if _, ok := after.at[r]; !ok {
			out = flipsOf(out, r, before.of(r), nil)
		}
	}
	return out
}

// flipsOf compares one rule's results. Mostly the subjects are the same ones in
// the same order; only where they are not is there something to look up.
func flipsOf(out []flip, rule string, before, after []result) []flip {
	if slices.EqualFunc(before, after, func(a, b result) bool { return a.subject == b.subject }) {
		for i, b := range before {
			if differ(b.state, after[i].state) {
				out = append(out, flip{rule, b.subject, b.state, after[i].state})
			}
		}
		return out
	}
	was := make(map[string]string, len(before))
	for _, b := range before {
		was[b.subject] = b.state
	}
	for _, a := range after {
		if differ(was[a.subject], a.state) {
			out = append(out, flip{rule, a.subject, was[a.subject], a.state})
		}
		delete(was, a.subject)
	}
	for _, b := range before {
		if state, gone := was[b.subject]; gone && differ(state, "") {
			out = append(out, flip{rule, b.subject, state, ""})
		}
	}
	return out
}

// byUrgency orders flips: new failures, then new unknowns, then the rest.
func byUrgency(list []flip) {
	urgency := func(state string) int {
		switch state {
		case fail, failure:
			return 0
		case unknown:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b flip) int { return urgency(a.after) - urgency(b.after) })
}

// standing is how a series stands.
func standing(version string, m *storev1.StateSummary) *pb.Standing {
	return &pb.Standing{
		ChecklistVersion: version, Score: m.Score, EffectiveScore: states.EffectiveScore(m), Coverage: m.Coverage,
		Counts: states.CountsOf(m.Counts),
	}
}

// span is the time that a request asks for, resolved.
type span struct {
	from, to int64 // half-open; what to leaves out is not known
	open     bool  // to is now: what holds now counts
}

// resolveSpan resolves the range of a request, 0 standing for what was left out.
func resolveSpan(t *past.Timeline, from, to int64) (span, error) {
	s := span{from: from, to: to}
	if to > t.Present+estate.MaxAhead {
		return s, fault.InvalidField("to", "lies in the future; Forecast says what will change if nobody acts")
	}
	if to == 0 || to > t.Now {
		s.to, s.open = t.Now, true
	}
	if from != 0 && from >= s.to {
		if to == 0 || to > s.to {
			return s, fault.InvalidField("from", "is not before now, or known_at")
		}
		return s, fault.InvalidField("to", "is not after from; the range is half-open and would be empty")
	}
	return s, nil
}

// end is before which instant breakpoints belong to the span.
func (s span) end() int64 {
	if s.open {
		return s.to + 1
	}
	return s.to
}

// duration is a span of microseconds, of any length.
func duration(micros int64) *durationpb.Duration {
	return &durationpb.Duration{Seconds: micros / 1e6, Nanos: int32(micros % 1e6 * int64(time.Microsecond))}
}
