package assessor

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/store/ledger"
)

// Recomputing goes through a system's records in the order in which they were
// appended. Before each state it has learned just what the write path knew when
// it made that state: a commit appends a system's views before its states, and
// makes a plan anew that did not see what another system's plan wrote before it.
// Confirmations are kept in place, so a view may be known as confirmed later
// than it was then. That changes no state: a word that comes after its view may
// have become stale is never a confirmation, but a view of its own (plan.gap).

// Recomputed is one recorded state beside the one that its inputs give.
type Recomputed struct {
	System, Series string
	Effective      int64
	Recorded       int64
	Corrected      bool  // a later record has its place
	Stored         *Step // nil where it cannot be read
	Computed       *Step // nil where it cannot be computed
	Same           bool  // the two say the same, and hold equally long
	Err            error // why one of them is not there
	NoInputs       bool  // nothing is stored any more of what it was made of
}

// State is the state as it is stored, or as it would be.
func (s *Step) State() *storev1.State { return s.state }

// Records counts the recorded states of a system's series that are wanted, and
// tells whether another version of the engine evaluated the system last.
func (a *Archive) Records(ctx context.Context, system string, want func(series string) bool) (n int, lags bool, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		n = 0
		s, err := storedSystem(tx, system, ledger.Latest)
		if err != nil {
			return err
		}
		lags = lagsBehind(s.head, a.engine)
		for _, e := range s.head.Series {
			h, _, err := envelope.Head[storev1.SeriesHead](tx, envelope.SpaceSeries, e.Stream)
			if err != nil {
				return err
			}
			if h != nil && want(e.Id) {
				n += int(h.Breakpoints)
			}
		}
		return nil
	})
	return n, lags, err
}

// Recompute computes the recorded states of a system's series that are wanted
// from what was known when each was recorded, corrected ones included, and calls
// f with each in the order in which they were recorded. pick says of each,
// counted from 0, whether it is to be computed; nil means all. It runs in one
// View and keeps the system's views in memory. The error is of the store or
// f's: what is wrong with one state is told with it.
func (a *Archive) Recompute(ctx context.Context, system string, want func(series string) bool, pick func(n int) bool, f func(*Recomputed) error) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		s, err := storedSystem(tx, system, ledger.Latest)
		if err != nil {
			return err
		}
		r := &recomputing{a: a, sys: s, guides: a.History(), series: map[uint32]*seriesState{}}
		if r.said, err = s.statementsOf(); err != nil {
			return err
		}
		if err := r.open(want); err != nil {
			return err
		}
		if r.line, r.pins, err = a.wall.Kept(tx, system); err != nil {
			return err
		}
		for n, e := range r.states {
			if err := ctx.Err(); err != nil {
				return err
			}
			out, err := r.entry(e, pick == nil || pick(n))
			if err != nil {
				return err
			}
			if out == nil {
				continue
			}
			if err := f(out); err != nil {
				return err
			}
		}
		return nil
	})
}

// recomputing is one system on the way through its records.
type recomputing struct {
	a      *Archive
	sys    *system
	guides *guides.History
	said   *statements.Set
	tracks []*track
	views  []learned // in the order in which they were recorded
	next   int       // of views, the first that is not known yet
	states []ledger.Entry
	series map[uint32]*seriesState // by stream
	last   *lastMerge              // the newest merge
	line   *retention.Line
	pins   []retention.Pin
	fresh  int // versions learned since decoded ones were let go
}

// learned is a version of a view that comes to be known.
type learned struct {
	track *track
	v     *version
}

// lastMerge is a merged inventory, and what it was made of.
type lastMerge struct {
	at, until int64
	next      int // of recomputing.views
	policy    digest.Digest
	attested  []statements.Attested
	merged    *merge.Merged
}

// open lists what was recorded of the system: views, those of the systems whose
// views confirm its hosts, and states.
func (r *recomputing) open(want func(string) bool) error {
	s := r.sys
	s.known = ledger.Latest - 1 // heads say what is known now: look into the records
	s.foreign = map[string]*system{}
	hosts, err := s.allHosts()
	if err != nil {
		return err
	}
	r.learnLater(s)
	for _, h := range hosts {
		for _, t := range h.tracks {
			r.list(t)
		}
		for _, id := range h.head.Systems {
			if _, ok := s.foreign[id]; ok || id == s.id {
				continue
			}
			o, err := openSystemIn(s.arena, s.tx, id, s.known)
			if err != nil {
				return err
			}
			s.foreign[id] = o
			r.learnLater(o)
		}
	}
	slices.SortFunc(r.views, func(a, b learned) int { return a.v.entry.Addr.Compare(b.v.entry.Addr) })
	for _, e := range s.head.Series {
		if e.Stream == 0 || !want(e.Id) {
			continue
		}
		t := s.newTrack(&e.Stream, envelope.RecordState)
		t.complete = true
		r.series[e.Stream] = &seriesState{entry: e, track: t}
		r.states = slices.AppendSeq(r.states, s.tx.Entries(e.Stream, ledger.MinInstant, ledger.MaxInstant, ledger.Latest))
	}
	slices.SortFunc(r.states, func(a, b ledger.Entry) int { return a.Addr.Compare(b.Addr) })
	return nil
}

func (r *recomputing) learnLater(s *system) {
	for _, st := range s.sources {
		r.list(st.track)
	}
}

// list empties a track, and lists its versions to be learned.
func (r *recomputing) list(t *track) {
	newest := t.versions
	t.versions, t.complete = nil, true
	r.tracks = append(r.tracks, t)
	if *t.stream == 0 {
		return
	}
	for e := range r.sys.tx.Entries(*t.stream, ledger.MinInstant, ledger.MaxInstant, ledger.Latest) {
		v := &version{entry: e, effective: e.Effective, confirmed: max(e.Confirmed, e.Effective)}
		for _, h := range newest {
			if h.entry.Addr == e.Addr { // what the head knows of it
				v.confirmed = max(v.confirmed, h.confirmed)
			}
		}
		r.views = append(r.views, learned{t, v})
	}
}

// learn makes known what was recorded before a record.
func (r *recomputing) learn(before ledger.Addr) {
	for ; r.next < len(r.views) && r.views[r.next].v.entry.Addr.Compare(before) < 0; r.next++ {
		r.views[r.next].track.insert(r.views[r.next].v)
		r.fresh++
	}
	if r.fresh > 2048+2*len(r.tracks) { // bounds what is in memory by what holds, twice
		for _, t := range r.tracks {
			for i := 1; i < len(t.versions); i++ {
				t.versions[i].msg, t.versions[i].payload, t.versions[i].corrects = nil, nil, nil
			}
		}
		r.sys.arena = new(wire.Arena) // the old one would hold them
		for _, o := range r.sys.foreign {
			if o != nil {
				o.arena = r.sys.arena
			}
		}
		r.fresh = 0
	}
}

// keptStates is how many states of a series stay decoded: late data seldom
// corrects more at once.
const keptStates = 64

// entry reads a recorded state and computes it; nil where it is not picked.
func (r *recomputing) entry(e ledger.Entry, picked bool) (*Recomputed, error) {
	s := r.series[e.Stream]
	r.learn(e.Addr)
	v := &version{entry: e, effective: e.Effective, confirmed: e.Effective}
	defer func() {
		v.corrects = nil
		s.track.insert(v)
		if i := keptStates; i < len(s.track.versions) {
			s.track.versions[i].msg = nil
		}
	}()
	if !picked {
		return nil, nil
	}
	out := &Recomputed{System: r.sys.id, Series: s.entry.Id, Effective: e.Effective, Corrected: e.Shadowed}
	rec, err := r.sys.tx.LoadEntry(e)
	if err != nil {
		return out, out.fail(err)
	}
	out.Recorded = rec.Recorded
	st, err := envelope.Decode[storev1.State](rec.Payload)
	if err != nil {
		return out, out.fail(err)
	}
	v.msg = st
	if out.Stored, err = r.a.newStep(out.Series, out.Effective, out.Recorded, st); err != nil {
		return out, out.fail(err)
	}
	if e.Effective < r.line.Before {
		return out, out.fail(r.thinned(s, e, out))
	}
	if err := r.compute(s, out); err != nil {
		return out, out.fail(err)
	}
	if out.Computed != nil && !out.Same && st.Engine == r.a.engine {
		v.msg = out.Computed.state // so that what follows is not blamed for it
	}
	return out, nil
}

// fail tells with a state what is wrong with it; what ends the whole is
// returned.
func (x *Recomputed) fail(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	x.Err = err
	return nil
}

// compute computes a state under the guidance of its instant. A state that was
// made about when guidance changed may have been made just before.
func (r *recomputing) compute(s *seriesState, out *Recomputed) error {
	if err := r.before(s, out.Effective); err != nil {
		return err
	}
	g := r.guides.At(out.Effective)
	st, err := r.under(g, s, out)
	if err != nil {
		return err
	}
	for t := g.From - 1; !agree(out.Stored.state, st) && t >= out.Recorded-besideGuides; t = g.From - 1 {
		g = r.guides.At(t)
		other, err := r.under(g, s, out)
		if err != nil {
			return err
		}
		if agree(out.Stored.state, other) {
			st = other
		}
		if g.From == ledger.MinInstant {
			break
		}
	}
	out.Same = agree(out.Stored.state, st)
	if st == nil {
		return nil
	}
	out.Computed, err = r.a.newStep(out.Series, out.Effective, out.Recorded, st)
	return err
}

// besideGuides is how long before a state was recorded guidance may have changed
// that it was made without, in microseconds.
const besideGuides = 60 * 1e6

// agree tells whether two states say the same and hold equally long. An ended
// series says nothing.
func agree(a, b *storev1.State) bool {
	switch {
	case a == nil || b == nil:
		return false
	case a.Engine != b.Engine || a.Ended && b.Ended:
		return a.Engine == b.Engine
	}
	return sameState(a, b) && proto.Equal(a.Summary, b.Summary) && a.HoldsUntil == b.HoldsUntil
}

// before sets the state that held just before an instant.
func (r *recomputing) before(s *seriesState, at int64) error {
	v := s.track.find(at - 1)
	s.current, s.rules = nil, nil
	if v == nil {
		return nil
	}
	m, err := s.track.load(r.sys.tx, v)
	if err != nil {
		return err
	}
	v.payload = nil
	s.current = m.(*storev1.State)
	if !s.current.Ended {
		s.rules, err = r.a.RuleIDs(seriesChecklist(s.entry.Id), s.current.Version)
	}
	return err
}

// under computes a state under a guide; nil where there would have been none.
func (r *recomputing) under(g *guides.Guide, s *seriesState, out *Recomputed) (*storev1.State, error) {
	m, err := r.merge(g, out.Effective, out.Recorded)
	if err != nil {
		return nil, err
	}
	var as *guides.Assignment
	if !r.sys.retiredAt(out.Effective, out.Recorded) && !(out.Stored.Ended && r.stillRetired(out.Effective, out.Recorded)) {
		as = assignmentOf(g, s.entry.Id, r.sys.id, m)
	}
	if as == nil {
		out.NoInputs = !r.anything(out.Effective)
		return &storev1.State{
			Schema: envelope.Schema, Version: out.Stored.Version, Engine: r.a.engine, Ended: true, Summary: &storev1.StateSummary{},
		}, nil
	}
	ev := as.Plan.Evaluate(assess.Input{
		Merged: m, Claims: r.said.Claims(out.Recorded), Waivers: r.said.Waivers(out.Recorded), At: out.Effective,
	})
	st, err := buildState(r.a.engine, ev, s.current, s.rules, out.Effective)
	if err == nil {
		st.Labels = rollup.PackLabels(g.Labels, m.Inventory.System)
	}
	return st, err
}

// stillRetired tells whether a retirement that ended before an instant was not
// known to have ended: what ends one may come late, and says when, but no record
// says when it came. The system's own views tell.
func (r *recomputing) stillRetired(t, knownAt int64) bool {
	list := r.sys.head.Retirements
	for i := 0; i+1 < len(list); i += 2 {
		if list[i] > min(t, knownAt) || list[i+1] > t {
			continue
		}
		back := false
		for _, st := range r.sys.sources {
			v := st.track.newest()
			back = back || v != nil && v.effective >= list[i+1]
		}
		if !back {
			return true
		}
	}
	return false
}

// anything tells whether any view is stored of an instant.
func (r *recomputing) anything(at int64) bool {
	for _, t := range r.tracks {
		if t.find(at) != nil {
			return true
		}
	}
	return false
}

// merge makes the inventory of an instant of what is known, or finds that it is
// the one made last.
func (r *recomputing) merge(g *guides.Guide, at, knownAt int64) (*merge.Merged, error) {
	list, next := r.said.Attested(at, knownAt)
	if k := r.last; k != nil && k.next == r.next && k.at <= at && at < k.until && k.policy == g.PolicyDigest && slices.Equal(k.attested, list) {
		return k.merged, nil
	}
	in, err := r.sys.views(g.Policy, at)
	if err != nil {
		return nil, err
	}
	addAttested(r.sys.id, &in, list)
	m := r.sys.merge(in)
	r.last = &lastMerge{
		at: at, until: min(next, m.ValidUntil, r.nextView(at)), next: r.next,
		policy: g.PolicyDigest, attested: list, merged: m,
	}
	return m, nil
}

// nextView is the first instant after another at which a view that is known
// takes effect.
func (r *recomputing) nextView(at int64) int64 {
	next := int64(assess.Forever)
	for _, t := range r.tracks {
		for _, v := range t.versions {
			if v.effective <= at {
				break
			}
			next = min(next, v.effective)
		}
	}
	return next
}

// Retrace evaluates a system anew from its first view to the present, as the
// write path does it for late data, and calls f with each state that is another
// than the stored one (nil for none) as all is known now. Nothing is written.
// pending is the instant from which the system has yet to be evaluated, since
// something is due; assess.Forever where nothing is.
func (a *Archive) Retrace(ctx context.Context, system string, f func(series string, stored, computed *Step) error) (pending int64, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		s, err := storedSystem(tx, system, ledger.Latest)
		if err != nil {
			return err
		}
		now := max(tx.Last().Recorded, s.head.Latest)
		if pending = a.pendingFrom(s.head); pending <= now {
			now = pending - 1
		} else {
			pending = assess.Forever
		}
		first, err := firstView(s)
		if first = max(first, a.wall.Line().Before); err != nil || first > now {
			return err
		}
		r := &replay{keeper: a.Keeper, engine: a.engine, sys: s, now: now, late: true, causes: map[int64]uint32{}}
		if err := r.run(first); err != nil {
			return err
		}
		for _, x := range r.series {
			if err := a.retraced(tx, x, now, f); err != nil {
				return err
			}
		}
		return nil
	})
	return pending, err
}

// pendingFrom is the instant from which a system is to be evaluated anew.
func (a *Archive) pendingFrom(h *storev1.SystemHead) int64 {
	from := min(validUntil(h), a.History().After(h.ConfigEpoch))
	if h.ReplayFrom != 0 {
		from = min(from, h.ReplayFrom)
	}
	return from
}

// retraced tells what a replay staged of a series.
func (a *Archive) retraced(tx *ledger.Tx, s *seriesState, now int64, f func(series string, stored, computed *Step) error) error {
	var held *version // what is stored of the instant
	for _, v := range slices.Backward(s.track.versions) {
		if !v.staged {
			held = v
		}
		if !v.staged || v.effective > now {
			continue
		}
		computed, err := a.newStep(s.entry.Id, v.effective, 0, v.msg.(*storev1.State))
		if err != nil {
			return err
		}
		if v.corrects != nil {
			held = v.corrects
		}
		var stored *Step
		if held != nil {
			if stored, err = a.loadStep(tx, s.entry.Id, held.entry); err != nil {
				return err
			}
			if stored.Engine != a.engine {
				return nil // its engine said otherwise, and what is stored later follows from that
			}
			if v.corrects == nil {
				stored = nil
			}
		}
		if err := f(s.entry.Id, stored, computed); err != nil {
			return err
		}
	}
	return nil
}

// firstView is the first instant of which a source said anything of a system or
// of a host as one of it; assess.Forever where none did.
func firstView(s *system) (int64, error) {
	hosts, err := s.allHosts()
	if err != nil {
		return 0, err
	}
	first := int64(assess.Forever)
	look := func(t *track, counts func(proto.Message) bool) error {
		if err := t.loadAll(s.tx); err != nil {
			return err
		}
		for _, v := range slices.Backward(t.versions) {
			if v.effective >= first {
				return nil
			}
			m, err := t.load(s.tx, v)
			if err != nil {
				return err
			}
			if counts(m) {
				first = v.effective
			}
		}
		return nil
	}
	for _, st := range s.sources {
		if err := look(st.track, func(proto.Message) bool { return true }); err != nil {
			return 0, err
		}
	}
	member := func(m proto.Message) bool { return memberOf(m.(*storev1.HostView).Members, s.id) != nil }
	for _, h := range hosts {
		for _, t := range h.tracks {
			if err := look(t, member); err != nil {
				return 0, err
			}
		}
	}
	return first, nil
}
