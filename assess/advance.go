package assess

import (
	"slices"

	"github.com/plumbline/plumbline/assess/rule"
)

// What makes evaluating many hosts again and again cheaper than asking every
// rule of every subject in the order of the results.

// abreast runs neighbouring rules of one scope subject by subject, so that each
// subject is at hand while all of them are asked. It returns how many rules it
// has run: 0 where rule i is to be run by itself.
func (r *run) abreast(i int) int {
	rules := r.e.Plan.checklist.rules
	sc := rules[i].scope
	if r.prev != nil || sc == pairScope {
		return 0
	}
	n := 0
	for i+n < len(rules) && rules[i+n].scope == sc && r.e.Plan.rules[i+n].selected && r.e.Plan.rules[i+n].role != unchecked {
		n++
	}
	table, start := r.table(sc)
	if n < 2 || len(table.list) == 0 {
		return 0
	}
	e, from, each := r.e, len(r.e.Results), len(table.list)
	e.Results = slices.Grow(e.Results, n*each)[:from+n*each]
	for k := range n {
		e.ranges[i+k] = [2]int32{int32(from + k*each), int32(from + (k+1)*each)}
	}
	for s := range table.list {
		subject := &table.list[s]
		for k, c := range rules[i : i+n] {
			e.Results[from+k*each+s] = r.subject(i+k, c, subject, start+int32(s))
		}
	}
	return n
}

// advance evaluates what no longer holds of an earlier evaluation of the very
// same inventory, claims and waivers: all else is the same until the instant
// that it gives. It returns nil where there is no such evaluation, or where
// other subjects may have come up.
func (p *Plan) advance(in Input) *Evaluation {
	prev := in.Previous
	if prev == nil || prev.Plan != p || prev.At > in.At || prev.in.Merged != in.Merged ||
		!slices.Equal(prev.in.Claims, in.Claims) || !slices.Equal(prev.in.Waivers, in.Waivers) {
		return nil
	}
	for i, c := range p.checklist.rules {
		if c.scope == pairScope && slices.ContainsFunc(prev.Results[prev.ranges[i][0]:prev.ranges[i][1]], func(x Result) bool { return x.ValidUntil <= in.At }) {
			return nil
		}
	}
	results, facts := p.spared()
	e := &Evaluation{
		Plan: p, At: in.At, in: in, Results: append(results, prev.Results...), Subjects: prev.Subjects,
		claims: prev.claims, ranges: prev.ranges, scopes: prev.scopes, starts: prev.starts,
	}
	run := newRun(e)
	run.m.Use(facts, len(prev.facts))
	run.m.Adopt(prev.facts)
	for n := range e.Results {
		if old := &e.Results[n]; old.ValidUntil <= in.At {
			*old = run.subject(int(old.Rule), p.checklist.rules[old.Rule], &e.Subjects[old.Subject], old.Subject)
		}
	}
	run.close()
	e.bound()
	return e
}

// spare is memory of an evaluation that nobody needs any more.
type spare struct {
	results []Result
	facts   []rule.FactRef
}

// spareMost is how many results and facts are kept to be used again.
const spareMost = 1 << 18

// spared is memory for results and facts, empty.
func (p *Plan) spared() ([]Result, []rule.FactRef) {
	x, ok := p.spares.Get().(*spare)
	if !ok {
		return nil, nil
	}
	return x.results[:0], x.facts[:0]
}

// Recycle has the memory of the evaluation used again by later ones of its plan.
// Nobody may read it afterwards, nor pass it as Previous.
func (e *Evaluation) Recycle() {
	if cap(e.Results) > spareMost || cap(e.facts) > spareMost || cap(e.Results) == 0 {
		return
	}
	clear(e.facts) // they point into the inventory
	e.Plan.spares.Put(&spare{results: e.Results, facts: e.facts})
	*e = Evaluation{Plan: e.Plan, At: e.At}
}
