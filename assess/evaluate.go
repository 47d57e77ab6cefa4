package assess

import (
	"math"
	"slices"
	"unsafe"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/assess/waive"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Forever is the instant until which holds what does not depend on time.
const Forever = math.MaxInt64

// Input is what a plan is evaluated over.
type Input struct {
	Merged  *merge.Merged
	Claims  []*pb.Claim
	Waivers []*pb.Waiver
	At      int64 // microseconds since 1970 UTC

	// Previous is an earlier evaluation of the same plan, or nil. Results of
	// rules that read one host alone, and no claims, are taken from it for every
	// host that is the very same message, if they still hold. Where Merged, claims
	// and waivers are the very same too, only what no longer holds is evaluated.
	Previous *Evaluation
}

// Result is the outcome of one rule for one subject.
type Result struct {
	Rule       int32 // index into Checklist.Rules
	Subject    int32 // index into Evaluation.Subjects; -1 for the rule as a whole
	State      score.State
	Exception  int8  // index of the exception by which it passes, -1 for none
	Waiver     int32 // index of the waiver that accepts it, -1 for none
	ValidUntil int64 // until when it holds if nothing is submitted
	facts      [2]int32
}

// Evaluation is the outcome of a plan over one inventory at one instant. It
// refers to the inventory and must not outlive a change of it.
type Evaluation struct {
	Plan       *Plan
	At         int64
	Results    []Result // by rule, then by subject
	Subjects   []Subject
	ValidUntil int64 // the least of the results', and of when a value becomes stale

	// HoldsUntil is ValidUntil with staleness left out.
	HoldsUntil int64

	in     Input
	claims *rule.Claims // those that answer what the checklist asks
	facts  []rule.FactRef
	ranges [][2]int32 // each rule's results
	scopes [numScopes]*subjects
	starts [numScopes]int32 // where a scope's subjects begin in Subjects
}

// InventoryDigest identifies the inventory that was evaluated, observed times
// left out.
func (e *Evaluation) InventoryDigest() digest.Digest { return digest.Of(e.in.Merged.Inventory) }

// Merged is the inventory that was evaluated.
func (e *Evaluation) Merged() *merge.Merged { return e.in.Merged }

// EvaluateInventory evaluates one inventory as it is, whoever says it.
func (p *Plan) EvaluateInventory(inv *pb.Inventory, claims []*pb.Claim, waivers []*pb.Waiver, at int64) *Evaluation {
	in := merge.Input{At: at, System: []merge.SystemView{{
		Source: fileSource, Inventory: &pb.Inventory{
			System: inv.System, Facilities: inv.Facilities, ReportedEmpty: inv.ReportedEmpty, Partial: inv.Partial,
		},
		Hosts: hostsField.Presence(shape.Ptr(inv)), Confirmed: at,
	}}}
	for _, h := range inv.Hosts {
		in.Hosts = append(in.Hosts, merge.HostView{Source: fileSource, Host: h, Confirmed: at, Reported: true})
	}
	m := merge.Merge(in)
	m.ValidUntil = Forever // a file's word does not become stale
	return p.Evaluate(Input{Merged: m, Claims: claims, Waivers: waivers, At: at})
}

// fileSource is the source of an inventory that is evaluated as it is.
const fileSource = "file"

// Evaluate runs every selected rule on every subject.
func (p *Plan) Evaluate(in Input) *Evaluation {
	if e := p.advance(in); e != nil {
		return e
	}
	e := &Evaluation{Plan: p, At: in.At, in: in, ValidUntil: Forever}
	e.claims = rule.NewClaims(p.checklist.answering(in.Claims))
	// Hosts of a plan are alike, so the last system's tell how much to expect.
	parts := len(in.Merged.Inventory.Hosts) + 1
	results, facts := p.spared()
	e.Results = slices.Grow(results, int(p.results.Load())*parts)
	run := newRun(e)
	run.m.Use(facts, int(p.facts.Load())*parts)
	e.ranges = make([][2]int32, len(p.checklist.rules))
	for i := 0; i < len(p.checklist.rules); {
		if n := run.abreast(i); n > 0 {
			i += n
			continue
		}
		from := int32(len(e.Results))
		run.rule(i, p.checklist.rules[i])
		e.ranges[i] = [2]int32{from, int32(len(e.Results))}
		i++
	}
	run.close()
	p.results.Store(int32((len(e.Results) + parts - 1) / parts))
	p.facts.Store(int32((len(e.facts) + parts - 1) / parts))
	e.bound()
	return e
}

// bound finds until when the evaluation holds.
func (e *Evaluation) bound() {
	e.ValidUntil = Forever
	for i := range e.Results {
		e.ValidUntil = min(e.ValidUntil, e.Results[i].ValidUntil)
	}
	e.HoldsUntil = e.ValidUntil
	e.ValidUntil = min(e.ValidUntil, e.in.Merged.ValidUntil)
	e.in.Previous = nil // it has served; holding it would chain all evaluations
}

// run is an evaluation under way.
type run struct {
	e      *Evaluation
	m      *rule.Machine
	waived *waive.Index // made for the first failure
	prev   *Evaluation
	paths  *fact.Paths               // made for the first pair
	hosts  map[string]unsafe.Pointer // by the key as paths write it; made for the first label of a pair
}

func newRun(e *Evaluation) *run {
	m, _ := e.Plan.machines.Get().(*rule.Machine)
	if m == nil {
		m = new(rule.Machine)
	}
	m.Reset(rule.Context{
		Inventory: e.in.Merged.Inventory, Values: e.Plan.values,
		Claims: e.claims, At: e.At,
	})
	r := &run{e: e, m: m}
	if prev := e.in.Previous; prev != nil && prev.Plan == e.Plan && prev.At <= e.At {
		r.prev = prev
	}
	return r
}

func (r *run) close() {
	r.e.facts = r.m.TakeFacts()
	r.e.Plan.machines.Put(r.m)
	r.m = nil
}

// single appends the one result of a rule that is not run on subjects.
func (r *run) single(rule int, s score.State) {
	r.e.Results = append(r.e.Results, Result{
		Rule: int32(rule), Subject: -1, State: s, Exception: -1, Waiver: -1, ValidUntil: Forever,
	})
}

// rule runs one rule, in XCCDF's order of decision.
func (r *run) rule(i int, c *compiledRule) {
	pr := &r.e.Plan.rules[i]
	switch {
	case !pr.selected:
		r.single(i, score.NotSelected)
		return
	case pr.role == unchecked:
		r.single(i, score.NotChecked)
		return
	}
	switch {
	case c.scope == pairScope && c.pair == nil:
		r.single(i, score.NotChecked)
		return
	case c.scope == pairScope:
		r.pairs(i, c)
		return
	}
	table, start := r.table(c.scope)
	if len(table.list) == 0 {
		r.single(i, score.NotApplicable)
		return
	}
	reuse := c.local && r.prev != nil
	for s := 0; s < len(table.list); s++ {
		if reuse {
			if n := r.reuse(i, c.scope, table, s, start); n > 0 {
				s += n - 1
				continue
			}
		}
		r.e.Results = append(r.e.Results, r.subject(i, c, &table.list[s], start+int32(s)))
	}
}

// table gives a scope's subjects, and where they begin in e.Subjects.
func (r *run) table(s scope) (*subjects, int32) {
	if t := r.e.scopes[s]; t != nil {
		return t, r.e.starts[s]
	}
	t := &subjects{}
	subjectsOf(r.e.in.Merged.Inventory, s, t)
	r.e.scopes[s], r.e.starts[s] = t, int32(len(r.e.Subjects))
	r.e.Subjects = append(r.e.Subjects, t.list...)
	return t, r.e.starts[s]
}

// subject runs a rule on one subject.
func (r *run) subject(i int, c *compiledRule, s *Subject, at int32) Result {
	if s.open() {
		return r.result(i, s, at, score.Unknown, -1)
	}
	r.m.Subject(s.elem, s.host)
	state, exception := r.state(c)
	return r.result(i, s, at, state, exception)
}

// state decides one result for the machine's subject.
func (r *run) state(c *compiledRule) (score.State, int8) {
	if c.applies != nil {
		switch c.applies.Bool(r.m) {
		case rule.False:
			return score.NotApplicable, -1
		case rule.Unknown:
			return score.Unknown, -1
		case rule.Error:
			return score.Error, -1
		}
	}
	if c.check == nil {
		return score.NotChecked, -1
	}
	v, exception := c.check.Bool(r.m), int8(-1)
	for x := range c.exceptions {
		if v == rule.True {
			break
		}
		w := c.exceptions[x].when.Bool(r.m)
		if w == rule.True {
			exception = int8(x)
		}
		v = rule.Or(v, w)
	}
	switch v {
	case rule.True:
		r.m.DropMissing()
		return score.Pass, exception
	case rule.False:
		r.m.DropMissing()
		return score.Fail, -1
	case rule.Error:
		return score.Error, -1
	}
	return score.Unknown, -1
}

func (r *run) append(i int, s *Subject, at int32, state score.State, exception int8) {
	r.e.Results = append(r.e.Results, r.result(i, s, at, state, exception))
}

// result is what a rule came to for the machine's subject.
func (r *run) result(i int, s *Subject, at int32, state score.State, exception int8) Result {
	from, to := r.m.FactRange()
	res := Result{
		Rule: int32(i), Subject: at, State: state, Exception: exception, Waiver: -1,
		ValidUntil: Forever, facts: [2]int32{from, to},
	}
	if !s.open() {
		res.ValidUntil = r.m.Horizon()
	} else {
		res.facts = [2]int32{}
	}
	if r.e.Plan.rules[i].role == unscored {
		switch state {
		case score.Pass, score.Fail, score.Error, score.Unknown:
			res.State = score.Informational
		}
	}
	if res.State == score.Fail {
		res.Waiver, res.ValidUntil = r.waive(i, s, res.ValidUntil)
	}
	return res
}

// reuse takes the previous evaluation's results of rule i for the host of
// subject s, where they still hold. It returns how many subjects it covered.
func (r *run) reuse(i int, sc scope, t *subjects, s int, start int32) int {
	host := t.list[s].host
	old := r.prev.scopes[sc]
	if host == nil || old == nil || t.list[s].open() {
		return 0
	}
	old.indexed.Do(old.index)
	span, ok := old.byHost[host]
	if !ok || s+span[1]-span[0] > len(t.list) {
		return 0
	}
	first := int(r.prev.ranges[i][0]) + span[0]
	results := r.prev.Results[first : first+span[1]-span[0]]
	for n := range results {
		if results[n].ValidUntil <= r.e.At || results[n].State == score.Fail && len(r.e.in.Waivers)+len(r.prev.in.Waivers) > 0 {
			return 0
		}
	}
	for n, res := range results {
		refs := r.prev.facts[res.facts[0]:res.facts[1]]
		res.facts = r.m.Adopt(refs)
		res.Subject = start + int32(s+n)
		r.e.Results = append(r.e.Results, res)
	}
	return len(results)
}

// index finds the range of each host's subjects.
func (t *subjects) index() {
	t.byHost = make(map[unsafe.Pointer][2]int, len(t.list))
	for i := 0; i < len(t.list); {
		h, n := t.list[i].host, i
		for n < len(t.list) && t.list[n].host == h {
			n++
		}
		if h != nil {
			t.byHost[h] = [2]int{i, n}
		}
		i = n
	}
}

// RuleState is a rule's combined state.
func (e *Evaluation) RuleState(id string) (score.State, bool) {
	i, ok := e.Plan.checklist.byID[id]
	if !ok {
		return 0, false
	}
	return e.combined(i), true
}

// combined joins a rule's results by XCCDF's AND.
func (e *Evaluation) combined(rule int) score.State {
	rg := e.ranges[rule]
	s := e.Results[rg[0]].State
	for _, r := range e.Results[rg[0]+1 : rg[1]] {
		s = score.And(s, r.State)
	}
	return s
}
