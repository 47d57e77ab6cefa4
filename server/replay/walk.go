package replay

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
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// MaxSteps bounds how many instants one replay evaluates. A certificate a day
// for thirty years stays below; what needs more is a defect, not an estate.
const MaxSteps = 100_000

// Series is one series in a plan.
type Series struct {
	Entry   *storev1.SeriesEntry
	Head    *storev1.SeriesHead // as stored; nil for a new series
	Track   *estate.Track       // of states
	Current *storev1.State      // the state just before the instant under way
	active  bool                // an assignment makes it at the instant under way
	Rules   []string            // ids of current's rules
	Staged  int                 // how many states were staged
	Eval    *assess.Evaluation  // the newest
	stored  *storev1.State      // the newest as it was stored; nil for a new series
	Events  []events.Type       // of what has changed since
	indexes []*states.Index     // of the states built last, and before that, unpacked
}

// Metrics is told of evaluations; it must be quick and safe for concurrent use.
type Metrics interface {
	Assessment(cause string, changed bool, took time.Duration)
}

// Walk evaluates a system from an instant to now and stages what differs
// from what is stored.
type Walk struct {
	Keeper  *guides.Keeper // of checklists
	Metrics Metrics        // told nothing where nil
	Engine  string         // its version
	System  *estate.System
	Now     int64
	Late    bool             // something later than the first instant is stored already
	Causes  map[int64]uint32 // of the instants that the plan names
	Cause   uint32           // of the instant under way
	Last    int64            // the last instant evaluated
	Series  []*Series
	Cache   *Cache
	Guides  *guides.History
	Said    *statements.Set
	Merged  *merge.Merged // the newest

	mergedAt int64         // the instant for which it was made
	policy   digest.Digest // under which

	Until int64 // from when another attestation holds than in merged
	steps int
	Since Since
}

// Run walks from an instant to now: from one instant at which something may
// change to the next.
func (r *Walk) Run(from int64) error {
	var err error
	r.Guides = r.Keeper.History()
	if r.Said, err = r.System.Said(); err != nil {
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
		r.Cause, r.Last = r.CauseAt(t), t
		next, err := r.step(t)
		if err != nil {
			return err
		}
		mark := int64(assess.Forever)
		if i, _ := slices.BinarySearch(marks, t+1); i < len(marks) {
			mark = marks[i]
		}
		if next = min(next, mark); next > r.Now {
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
		if r.steps++; r.steps > MaxSteps {
			return fmt.Errorf("assessor: system %s changes more than %d times between %d and %d", r.System.ID, MaxSteps, from, r.Now)
		}
		t = max(next, t+1)
	}
}

// stand keeps how things stand at the instant under way; what it returns puts
// them back.
func (r *Walk) stand() func() {
	merged, at, policy, until := r.Merged, r.mergedAt, r.policy, r.Until
	entries := make([]*storev1.SeriesEntry, 0, len(r.Series))
	for _, s := range r.Series {
		entries = append(entries, &storev1.SeriesEntry{Assignment: s.Entry.Assignment, HoldsUntil: s.Entry.HoldsUntil})
	}
	return func() {
		r.Merged, r.mergedAt, r.policy, r.Until = merged, at, policy, until
		for i, e := range entries {
			r.Series[i].Entry.Assignment, r.Series[i].Entry.HoldsUntil = e.Assignment, e.HoldsUntil
		}
	}
}

// Summarize puts what the newest states show into the system's head.
func (r *Walk) Summarize() {
	for _, s := range r.Series {
		if v := s.Track.Newest(); v != nil && v.Staged {
			st := v.Msg.(*storev1.State)
			s.Entry.Version, s.Entry.Summary = st.Version, st.Summary
		}
	}
}

// CauseAt is the cause of a breakpoint at an instant.
func (r *Walk) CauseAt(t int64) uint32 {
	if c := r.Causes[t]; c != states.CauseDerived {
		return c
	}
	at, before := r.Guides.At(t), r.Guides.At(t-1)
	switch {
	case at != before && at.PolicyDigest != before.PolicyDigest:
		return states.CausePolicy
	case at != before && !slices.Equal(at.Labels, before.Labels):
		return states.CauseLabels
	case at != before:
		return states.CauseGuidance
	case r.Late && r.viewAt(t):
		return states.CauseInventory
	}
	if k := r.Said.Boundary(t); k != statements.None {
		return CauseOf(k)
	}
	return states.CauseTime
}

// CauseOfSeries refines the cause for one series: where guidance changed, but
// not the checklist, it is the tailoring.
func (r *Walk) CauseOfSeries(as *guides.Assignment, t int64) uint32 {
	if r.Cause != states.CauseGuidance {
		return r.Cause
	}
	was := r.Guides.At(t-1).Series(as.Series, r.System.ID, r.Merged.Inventory.System)
	if was != nil && was.Checklist().Digest() == as.Plan.Checklist().Digest() && was.TailoringDigest() != as.Plan.TailoringDigest() {
		return states.CauseTailoring
	}
	return r.Cause
}

// viewAt tells whether a view takes effect at an instant.
func (r *Walk) viewAt(t int64) bool {
	for _, st := range r.System.Sources {
		if v := st.Track.Find(t); v != nil && v.Effective == t {
			return true
		}
	}
	for _, h := range r.System.Hosts {
		for _, tr := range h.Tracks {
			if v := tr.Find(t); v != nil && v.Effective == t {
				return true
			}
		}
	}
	return false
}

// marks are the instants after from that must be visited although no horizon
// leads there: guidance and policy coming into force, views that are stored
// already, and breakpoints that are stored already and may fall away.
func (r *Walk) marks(from int64) ([]int64, error) {
	var out []int64
	for t := r.Guides.Next(from); t <= r.Now; t = r.Guides.Next(t) {
		out = append(out, t)
	}
	for t := range r.Causes {
		if t > from {
			out = append(out, t)
		}
	}
	if !r.Late {
		slices.Sort(out)
		return slices.Compact(out), nil
	}
	add := func(t *estate.Track) error {
		if err := t.LoadAll(r.System.Tx); err != nil {
			return err
		}
		for _, v := range t.Versions {
			if v.Effective > from {
				out = append(out, v.Effective)
			}
		}
		return nil
	}
	for _, st := range r.System.Sources {
		if err := add(st.Track); err != nil {
			return nil, err
		}
	}
	hosts, err := r.System.AllHosts()
	if err != nil {
		return nil, err
	}
	for _, h := range hosts {
		for _, t := range h.Tracks {
			if err := add(t); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range r.Series {
		if err := add(s.Track); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// openSeries reads the heads of the system's series.
func (r *Walk) openSeries(from int64) error {
	for _, e := range r.System.Head.Series {
		if _, err := r.open(e, from); err != nil {
			return err
		}
	}
	return nil
}

func (r *Walk) open(e *storev1.SeriesEntry, from int64) (*Series, error) {
	s := &Series{Entry: e, Track: r.System.NewTrack(&e.Stream, envelope.RecordState)}
	r.Series = append(r.Series, s)
	if e.Stream == 0 {
		s.Track.Complete = true
		return s, nil
	}
	h, _, err := envelope.Head[storev1.SeriesHead](r.System.Tx, envelope.SpaceSeries, e.Stream)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, fmt.Errorf("%w: series %s of system %s has no head", ledger.ErrCorrupt, e.Id, r.System.ID)
	}
	s.Head = h
	st, err := envelope.Decode[storev1.State](h.State)
	if err != nil {
		return nil, err
	}
	s.stored = st
	s.Track.Versions = []*estate.Version{{
		Entry:     ledger.Entry{Stream: e.Stream, Effective: h.Effective, Addr: estate.AddrOf(h.Address)},
		Effective: h.Effective, Confirmed: h.Effective, Depth: int(h.Address.GetDepth()),
		Msg: st, Payload: h.State,
	}}
	return s, r.before(s, from)
}

// before sets the state that held just before an instant.
func (r *Walk) before(s *Series, from int64) error {
	v, err := s.Track.At(r.System.Tx, from-1)
	if err != nil || v == nil {
		return err
	}
	m, err := s.Track.Load(r.System.Tx, v)
	if err != nil {
		return err
	}
	return r.setCurrent(s, m.(*storev1.State))
}

func (r *Walk) setCurrent(s *Series, st *storev1.State) error {
	s.Current = st
	if st.Ended {
		s.Rules = nil
		return nil
	}
	var err error
	s.Rules, err = r.Keeper.RuleIDs(guides.ChecklistOf(s.Entry.Id), st.Version)
	return err
}

// step evaluates every series at an instant, stages what differs, and returns
// the next instant at which something may change by itself.
func (r *Walk) step(t int64) (int64, error) {
	g := r.Guides.At(t)
	if !r.same(g, t) {
		if err := r.merge(g, t); err != nil {
			return 0, err
		}
	}
	next := min(r.Until, r.Merged.ValidUntil)
	r.Since.look(r, t)
	r.Since.Stale = next
	for _, s := range r.Series {
		s.active = false
	}
	if !r.System.RetiredAt(t, ledger.MaxInstant) {
		for _, as := range g.Assignments {
			if !guides.Selects(as.Source.Selector, r.System.ID, r.Merged.Inventory.System) {
				continue
			}
			until, err := r.evaluate(as, t)
			if err != nil {
				return 0, err
			}
			next = min(next, until)
		}
	}
	r.Since.Seen = t
	return next, r.end(t)
}

// merge makes the inventory of an instant.
func (r *Walk) merge(g *guides.Guide, t int64) error {
	in, err := r.System.Views(g.Policy, t)
	if err != nil {
		return err
	}
	r.Until, err = r.System.Attested(&in, ledger.MaxInstant)
	if err != nil {
		return err
	}
	r.Merged, r.mergedAt, r.policy = r.System.Merge(in), t, g.PolicyDigest
	return nil
}

// same tells whether the inventory of an instant is the one that was merged for
// an earlier one: nothing became stale between, and nothing was said.
func (r *Walk) same(g *guides.Guide, t int64) bool {
	return r.Merged != nil && t >= r.mergedAt && t < min(r.Until, r.Merged.ValidUntil) &&
		g.PolicyDigest == r.policy && r.System.SaidBy(r.mergedAt)
}

// evaluate evaluates the series that an assignment makes.
func (r *Walk) evaluate(as *guides.Assignment, t int64) (int64, error) {
	s, err := r.find(as, t)
	if err != nil || s.active {
		return assess.Forever, err // two assignments may make the same series
	}
	s.active = true
	s.Entry.Assignment = as.ID
	start := time.Now()
	ev := as.Plan.Evaluate(assess.Input{
		Merged: r.Merged, Claims: r.Said.Claims(ledger.MaxInstant), Waivers: r.Said.Waivers(ledger.MaxInstant),
		At: t, Previous: r.Cache.previous(s, as.Plan),
	})
	took := time.Since(start)
	s.Eval = ev
	held := s.Entry.HoldsUntil
	s.Entry.HoldsUntil = ev.HoldsUntil
	r.Cache.keep(s, ev)
	if r.Since.still && t < held && r.stood(s, as) && states.Stands(ev, s.Current) {
		if m := r.Metrics; m != nil {
			m.Assessment(states.CauseName(r.Cause), false, took)
		}
		return ev.HoldsUntil, nil
	}
	is, was, err := states.BuildIndexed(r.Engine, ev, s.Current, s.Rules, t)
	if err != nil {
		return 0, err
	}
	st := is.State
	s.forget()
	s.indexes = append(s.indexes, is, was)
	st.Labels = rollup.PackLabels(r.Guides.At(t).Labels, r.Merged.Inventory.System)
	before, cause := s.Staged, r.CauseOfSeries(as, t)
	if cause == states.CauseTime && r.Since.fresh && t < held && s.Current != nil && s.Current.Engine != r.Engine {
		cause = states.CauseEngine // time would have changed nothing
	}
	err = r.observe(s, st, t, cause)
	if m := r.Metrics; m != nil {
		m.Assessment(states.CauseName(cause), s.Staged > before, took)
	}
	return ev.HoldsUntil, err
}

func (r *Walk) find(as *guides.Assignment, t int64) (*Series, error) {
	for _, s := range r.Series {
		if s.Entry.Id == as.Series {
			return s, nil
		}
	}
	e := &storev1.SeriesEntry{Id: as.Series, Assignment: as.ID}
	r.System.Head.Series = append(r.System.Head.Series, e)
	return r.open(e, t)
}

// end ends the series that no assignment makes any more.
func (r *Walk) end(t int64) error {
	for _, s := range r.Series {
		if s.active {
			continue
		}
		s.Entry.Assignment = ""
		held, err := r.held(s, t)
		if err != nil {
			return err
		}
		if held == nil || held.Ended {
			s.Current, s.Rules = held, nil
			continue
		}
		st := &storev1.State{
			Schema: envelope.Schema, Version: held.Version, Engine: r.Engine, Ended: true,
			HoldsUntil: assess.Forever, Summary: &storev1.StateSummary{},
		}
		if err := r.observe(s, st, t, r.Cause); err != nil {
			return err
		}
	}
	return nil
}

// observe stages a state where it is another than the one that would hold.
// Without late data that is the state before; with late data it is the one
// that is stored for the instant, which a new record then corrects.
func (r *Walk) observe(s *Series, st *storev1.State, t int64, cause uint32) error {
	held, err := r.held(s, t)
	if err != nil {
		return err
	}
	if states.Same(st, held) && proto.Equal(st.Summary, held.Summary) && !s.unmarked(t, cause) {
		return r.setCurrent(s, held)
	}
	if v := s.Track.Find(t); cause == states.CauseTime && held != nil && held.Cause == states.CauseEngine && v != nil && v.Effective == t {
		cause = states.CauseEngine // as was what is corrected
	}
	st.Cause, st.Correction = cause, s.Head != nil && s.Head.Effective >= t
	if s.Current == nil {
		st.Cause = states.CauseFirst
	}
	s.Track.Insert(&estate.Version{Effective: t, Confirmed: t, Msg: st, Staged: true})
	s.Staged++
	return r.setCurrent(s, st)
}

// held is the state that holds at an instant as far as it was known; nil before
// the first.
func (r *Walk) held(s *Series, t int64) (*storev1.State, error) {
	if !r.Late {
		return s.Current, nil
	}
	v, err := s.Track.At(r.System.Tx, t)
	if err != nil || v == nil {
		return nil, err
	}
	m, err := s.Track.Load(r.System.Tx, v)
	if err != nil {
		return nil, err
	}
	return m.(*storev1.State), nil
}

// unmarked tells whether another tailoring comes into force at an instant at
// which no breakpoint stands. It is one even where no result changes: what the
// results weigh may.
func (s *Series) unmarked(t int64, cause uint32) bool {
	if cause != states.CauseTailoring {
		return false
	}
	v := s.Track.Find(t)
	return v == nil || v.Effective != t
}

// Cache keeps the newest evaluation of each series of large systems, so
// that one host's change does not evaluate all hosts again.
type Cache struct {
	Evals map[string]*assess.Evaluation
}

func (c *Cache) previous(s *Series, p *assess.Plan) *assess.Evaluation {
	if c == nil {
		return nil
	}
	if ev := c.Evals[s.Entry.Id]; ev != nil && ev.Plan == p {
		return ev
	}
	return nil
}

func (c *Cache) keep(s *Series, ev *assess.Evaluation) {
	if c == nil {
		return
	}
	if old := c.Evals[s.Entry.Id]; old != nil {
		old.Recycle()
	}
	c.Evals[s.Entry.Id] = ev
}

// CauseOf is the cause of a breakpoint at which a statement begins or ends.
func CauseOf(k statements.Kind) uint32 {
	switch k {
	case statements.ClaimKind:
		return states.CauseClaim
	case statements.WaiverKind:
		return states.CauseWaiver
	case statements.AttestationKind:
		return states.CauseAttestation
	}
	return states.CauseDerived
}
