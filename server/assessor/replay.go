package assessor

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/store/ledger"
)

// maxSteps bounds how many instants one replay evaluates. A certificate a day
// for thirty years stays below; what needs more is a defect, not an estate.
const maxSteps = 100_000

// seriesState is one series in a plan.
type seriesState struct {
	entry   *storev1.SeriesEntry
	head    *storev1.SeriesHead // as stored; nil for a new series
	track   *track              // of states
	current *storev1.State      // the state just before the instant under way
	active  bool                // an assignment makes it at the instant under way
	rules   []string            // ids of current's rules
	staged  int                 // how many states were staged
	eval    *assess.Evaluation  // the newest
	stored  *storev1.State      // the newest as it was stored; nil for a new series
	events  []events.Type       // of what has changed since
	indexes []*stateIndex       // of the states built last, and before that, unpacked
}

// metrics is told of evaluations; it must be quick and safe for concurrent use.
type metrics interface {
	Assessment(cause string, changed bool, took time.Duration)
}

// replay evaluates a system from an instant to now and stages what differs
// from what is stored.
type replay struct {
	keeper  *guides.Keeper // of checklists
	metrics metrics        // told nothing where nil
	engine  string         // its version
	sys     *system
	now     int64
	late    bool             // something later than the first instant is stored already
	causes  map[int64]uint32 // of the instants that the plan names
	cause   uint32           // of the instant under way
	last    int64            // the last instant evaluated
	series  []*seriesState
	cache   *replayCache
	guides  *guides.History
	said    *statements.Set
	merged  *merge.Merged // the newest

	mergedAt int64         // the instant for which it was made
	policy   digest.Digest // under which

	until int64 // from when another attestation holds than in merged
	steps int
	since since
}

// run walks from an instant to now: from one instant at which something may
// change to the next.
func (r *replay) run(from int64) error {
	var err error
	r.guides = r.keeper.History()
	if r.said, err = r.sys.statementsOf(); err != nil {
		return err
	}
	if err := r.openSeries(from); err != nil {
		return err
	}
	marks, err := r.marks(from)
	if err != nil {
		return err
	}
	var stand func()
	for t := from; ; {
		r.cause, r.last = r.causeAt(t), t
		next, err := r.step(t)
		if err != nil {
			return err
		}
		mark := int64(assess.Forever)
		if i, _ := slices.BinarySearch(marks, t+1); i < len(marks) {
			mark = marks[i]
		}
		if next = min(next, mark); next > r.now {
			// What is known to begin later, since it was observed by a clock
			// that is ahead, or recorded by one that has been set back.
			if next = mark; stand == nil {
				stand = r.stand()
			}
			if mark == assess.Forever {
				stand()
				return nil
			}
		}
		if r.steps++; r.steps > maxSteps {
			return fmt.Errorf("assessor: system %s changes more than %d times between %d and %d", r.sys.id, maxSteps, from, r.now)
		}
		t = max(next, t+1)
	}
}

// stand keeps how things stand at the instant under way; what it returns puts
// them back.
func (r *replay) stand() func() {
	merged, at, policy, until := r.merged, r.mergedAt, r.policy, r.until
	entries := make([]*storev1.SeriesEntry, 0, len(r.series))
	for _, s := range r.series {
		entries = append(entries, &storev1.SeriesEntry{Assignment: s.entry.Assignment, HoldsUntil: s.entry.HoldsUntil})
	}
	return func() {
		r.merged, r.mergedAt, r.policy, r.until = merged, at, policy, until
		for i, e := range entries {
			r.series[i].entry.Assignment, r.series[i].entry.HoldsUntil = e.Assignment, e.HoldsUntil
		}
	}
}

// summarize puts what the newest states show into the system's head.
func (r *replay) summarize() {
	for _, s := range r.series {
		if v := s.track.newest(); v != nil && v.staged {
			st := v.msg.(*storev1.State)
			s.entry.Version, s.entry.Summary = st.Version, st.Summary
		}
	}
}

// causeAt is the cause of a breakpoint at an instant.
func (r *replay) causeAt(t int64) uint32 {
	if c := r.causes[t]; c != causeDerived {
		return c
	}
	at, before := r.guides.At(t), r.guides.At(t-1)
	switch {
	case at != before && at.PolicyDigest != before.PolicyDigest:
		return causePolicy
	case at != before && !slices.Equal(at.Labels, before.Labels):
		return causeLabels
	case at != before:
		return causeGuidance
	case r.late && r.viewAt(t):
		return causeInventory
	}
	if k := r.said.Boundary(t); k != statements.None {
		return causeOf(k)
	}
	return causeTime
}

// causeOfSeries refines the cause for one series: where guidance changed, but
// not the checklist, it is the tailoring.
func (r *replay) causeOfSeries(as *guides.Assignment, t int64) uint32 {
	if r.cause != causeGuidance {
		return r.cause
	}
	was := r.guides.At(t-1).Series(as.Series, r.sys.id, r.merged.Inventory.System)
	if was != nil && was.Checklist().Digest() == as.Plan.Checklist().Digest() && was.TailoringDigest() != as.Plan.TailoringDigest() {
		return causeTailoring
	}
	return r.cause
}

// viewAt tells whether a view takes effect at an instant.
func (r *replay) viewAt(t int64) bool {
	for _, st := range r.sys.sources {
		if v := st.track.find(t); v != nil && v.effective == t {
			return true
		}
	}
	for _, h := range r.sys.hosts {
		for _, tr := range h.tracks {
			if v := tr.find(t); v != nil && v.effective == t {
				return true
			}
		}
	}
	return false
}

// marks are the instants after from that must be visited although no horizon
// leads there: guidance and policy coming into force, views that are stored
// already, and breakpoints that are stored already and may fall away.
func (r *replay) marks(from int64) ([]int64, error) {
	var out []int64
	for t := r.guides.Next(from); t <= r.now; t = r.guides.Next(t) {
		out = append(out, t)
	}
	for t := range r.causes {
		if t > from {
			out = append(out, t)
		}
	}
	if !r.late {
		slices.Sort(out)
		return slices.Compact(out), nil
	}
	add := func(t *track) error {
		if err := t.loadAll(r.sys.tx); err != nil {
			return err
		}
		for _, v := range t.versions {
			if v.effective > from {
				out = append(out, v.effective)
			}
		}
		return nil
	}
	for _, st := range r.sys.sources {
		if err := add(st.track); err != nil {
			return nil, err
		}
	}
	hosts, err := r.sys.allHosts()
	if err != nil {
		return nil, err
	}
	for _, h := range hosts {
		for _, t := range h.tracks {
			if err := add(t); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range r.series {
		if err := add(s.track); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// openSeries reads the heads of the system's series.
func (r *replay) openSeries(from int64) error {
	for _, e := range r.sys.head.Series {
		if _, err := r.open(e, from); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) open(e *storev1.SeriesEntry, from int64) (*seriesState, error) {
	s := &seriesState{entry: e, track: r.sys.newTrack(&e.Stream, envelope.RecordState)}
	r.series = append(r.series, s)
	if e.Stream == 0 {
		s.track.complete = true
		return s, nil
	}
	h, _, err := envelope.Head[storev1.SeriesHead](r.sys.tx, envelope.SpaceSeries, e.Stream)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, fmt.Errorf("%w: series %s of system %s has no head", ledger.ErrCorrupt, e.Id, r.sys.id)
	}
	s.head = h
	st, err := envelope.Decode[storev1.State](h.State)
	if err != nil {
		return nil, err
	}
	s.stored = st
	s.track.versions = []*version{{
		entry:     ledger.Entry{Stream: e.Stream, Effective: h.Effective, Addr: addrOf(h.Address)},
		effective: h.Effective, confirmed: h.Effective, depth: int(h.Address.GetDepth()),
		msg: st, payload: h.State,
	}}
	return s, r.before(s, from)
}

// before sets the state that held just before an instant.
func (r *replay) before(s *seriesState, from int64) error {
	v, err := s.track.at(r.sys.tx, from-1)
	if err != nil || v == nil {
		return err
	}
	m, err := s.track.load(r.sys.tx, v)
	if err != nil {
		return err
	}
	return r.setCurrent(s, m.(*storev1.State))
}

func (r *replay) setCurrent(s *seriesState, st *storev1.State) error {
	s.current = st
	if st.Ended {
		s.rules = nil
		return nil
	}
	var err error
	s.rules, err = r.keeper.RuleIDs(seriesChecklist(s.entry.Id), st.Version)
	return err
}

// step evaluates every series at an instant, stages what differs, and returns
// the next instant at which something may change by itself.
func (r *replay) step(t int64) (int64, error) {
	g := r.guides.At(t)
	if !r.same(g, t) {
		if err := r.merge(g, t); err != nil {
			return 0, err
		}
	}
	next := min(r.until, r.merged.ValidUntil)
	r.since.look(r, t)
	r.since.stale = next
	for _, s := range r.series {
		s.active = false
	}
	if !r.sys.retiredAt(t, ledger.MaxInstant) {
		for _, as := range g.Assignments {
			if !guides.Selects(as.Source.Selector, r.sys.id, r.merged.Inventory.System) {
				continue
			}
			until, err := r.evaluate(as, t)
			if err != nil {
				return 0, err
			}
			next = min(next, until)
		}
	}
	r.since.seen = t
	return next, r.end(t)
}

// merge makes the inventory of an instant.
func (r *replay) merge(g *guides.Guide, t int64) error {
	in, err := r.sys.views(g.Policy, t)
	if err != nil {
		return err
	}
	r.until, err = r.sys.attested(&in, ledger.MaxInstant)
	if err != nil {
		return err
	}
	r.merged, r.mergedAt, r.policy = r.sys.merge(in), t, g.PolicyDigest
	return nil
}

// same tells whether the inventory of an instant is the one that was merged for
// an earlier one: nothing became stale between, and nothing was said.
func (r *replay) same(g *guides.Guide, t int64) bool {
	return r.merged != nil && t >= r.mergedAt && t < min(r.until, r.merged.ValidUntil) &&
		g.PolicyDigest == r.policy && r.sys.saidBy(r.mergedAt)
}

// retiredAt tells whether the system was retired at an instant, as known at
// another: it is retired at the instant at which that is recorded.
func (s *system) retiredAt(t, knownAt int64) bool {
	h := s.head
	for i := 0; i+1 < len(h.Retirements); i += 2 {
		if h.Retirements[i] <= min(t, knownAt) && t < h.Retirements[i+1] {
			return true
		}
	}
	return h.Retired != 0 && min(t, knownAt) >= h.Retired
}

// evaluate evaluates the series that an assignment makes.
func (r *replay) evaluate(as *guides.Assignment, t int64) (int64, error) {
	s, err := r.find(as, t)
	if err != nil || s.active {
		return assess.Forever, err // two assignments may make the same series
	}
	s.active = true
	s.entry.Assignment = as.ID
	start := time.Now()
	ev := as.Plan.Evaluate(assess.Input{
		Merged: r.merged, Claims: r.said.Claims(ledger.MaxInstant), Waivers: r.said.Waivers(ledger.MaxInstant),
		At: t, Previous: r.cache.previous(s, as.Plan),
	})
	took := time.Since(start)
	s.eval = ev
	held := s.entry.HoldsUntil
	s.entry.HoldsUntil = ev.HoldsUntil
	r.cache.keep(s, ev)
	if r.since.still && t < held && r.stood(s, as) && stands(ev, s.current) {
		if m := r.metrics; m != nil {
			m.Assessment(causeName(r.cause), false, took)
		}
		return ev.HoldsUntil, nil
	}
	is, was, err := buildIndexed(r.engine, ev, s.current, s.rules, t)
	if err != nil {
		return 0, err
	}
	st := is.state
	s.indexes = append(s.indexes[:0], is, was)
	st.Labels = rollup.PackLabels(r.guides.At(t).Labels, r.merged.Inventory.System)
	before, cause := s.staged, r.causeOfSeries(as, t)
	if cause == causeTime && r.since.fresh && t < held && s.current != nil && s.current.Engine != r.engine {
		cause = causeEngine // time would have changed nothing
	}
	err = r.observe(s, st, t, cause)
	if m := r.metrics; m != nil {
		m.Assessment(causeName(cause), s.staged > before, took)
	}
	return ev.HoldsUntil, err
}

func (r *replay) find(as *guides.Assignment, t int64) (*seriesState, error) {
	for _, s := range r.series {
		if s.entry.Id == as.Series {
			return s, nil
		}
	}
	e := &storev1.SeriesEntry{Id: as.Series, Assignment: as.ID}
	r.sys.head.Series = append(r.sys.head.Series, e)
	return r.open(e, t)
}

// end ends the series that no assignment makes any more.
func (r *replay) end(t int64) error {
	for _, s := range r.series {
		if s.active {
			continue
		}
		s.entry.Assignment = ""
		held, err := r.held(s, t)
		if err != nil {
			return err
		}
		if held == nil || held.Ended {
			s.current, s.rules = held, nil
			continue
		}
		st := &storev1.State{
			Schema: envelope.Schema, Version: held.Version, Engine: r.engine, Ended: true,
			HoldsUntil: assess.Forever, Summary: &storev1.StateSummary{},
		}
		if err := r.observe(s, st, t, r.cause); err != nil {
			return err
		}
	}
	return nil
}

// observe stages a state where it is another than the one that would hold.
// Without late data that is the state before; with late data it is the one
// that is stored for the instant, which a new record then corrects.
func (r *replay) observe(s *seriesState, st *storev1.State, t int64, cause uint32) error {
	held, err := r.held(s, t)
	if err != nil {
		return err
	}
	if sameState(st, held) && proto.Equal(st.Summary, held.Summary) && !s.unmarked(t, cause) {
		return r.setCurrent(s, held)
	}
	if v := s.track.find(t); cause == causeTime && held != nil && held.Cause == causeEngine && v != nil && v.effective == t {
		cause = causeEngine // as was what is corrected
	}
	st.Cause, st.Correction = cause, s.head != nil && s.head.Effective >= t
	if s.current == nil {
		st.Cause = causeFirst
	}
	s.track.insert(&version{effective: t, confirmed: t, msg: st, staged: true})
	s.staged++
	return r.setCurrent(s, st)
}

// held is the state that holds at an instant as far as it was known; nil before
// the first.
func (r *replay) held(s *seriesState, t int64) (*storev1.State, error) {
	if !r.late {
		return s.current, nil
	}
	v, err := s.track.at(r.sys.tx, t)
	if err != nil || v == nil {
		return nil, err
	}
	m, err := s.track.load(r.sys.tx, v)
	if err != nil {
		return nil, err
	}
	return m.(*storev1.State), nil
}

// unmarked tells whether another tailoring comes into force at an instant at
// which no breakpoint stands. It is one even where no result changes: what the
// results weigh may.
func (s *seriesState) unmarked(t int64, cause uint32) bool {
	if cause != causeTailoring {
		return false
	}
	v := s.track.find(t)
	return v == nil || v.effective != t
}

// replayCache keeps the newest evaluation of each series of large systems, so
// that one host's change does not evaluate all hosts again.
type replayCache struct {
	evals map[string]*assess.Evaluation
}

func (c *replayCache) previous(s *seriesState, p *assess.Plan) *assess.Evaluation {
	if c == nil {
		return nil
	}
	if ev := c.evals[s.entry.Id]; ev != nil && ev.Plan == p {
		return ev
	}
	return nil
}

func (c *replayCache) keep(s *seriesState, ev *assess.Evaluation) {
	if c == nil {
		return
	}
	if old := c.evals[s.entry.Id]; old != nil {
		old.Recycle()
	}
	c.evals[s.entry.Id] = ev
}
