package past

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
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// Recomputing goes through a system's records in the order in which they were
// appended. Before each state it has learned just what the write path knew when
// it made that state: a commit appends a system's views before its states, and
// makes a plan anew that did not see what another system's plan wrote before it.
// Confirmations are kept in place, so a view may be known as confirmed later
// than it was then. That changes no state: a word that comes after its view may
// have become stale is never a confirmation, but a view of its own (package change).

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
		s, err := estate.Stored(tx, system, ledger.Latest)
		if err != nil {
			return err
		}
		lags = estate.LagsBehind(s.Head, a.engine)
		for _, e := range s.Head.Series {
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
		s, err := estate.Stored(tx, system, ledger.Latest)
		if err != nil {
			return err
		}
		r := &recomputing{a: a, sys: s, guides: a.History(), series: map[uint32]*replay.Series{}}
		if r.said, err = s.Said(); err != nil {
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
	sys    *estate.System
	guides *guides.History
	said   *statements.Set
	tracks []*estate.Track
	views  []learned // in the order in which they were recorded
	next   int       // of views, the first that is not known yet
	states []ledger.Entry
	series map[uint32]*replay.Series // by stream
	last   *lastMerge                // the newest merge
	line   *retention.Line
	pins   []retention.Pin
	fresh  int // versions learned since decoded ones were let go
}

// learned is a version of a view that comes to be known.
type learned struct {
	track *estate.Track
	v     *estate.Version
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
	s.Known = ledger.Latest - 1 // heads say what is known now: look into the records
	s.Foreign = map[string]*estate.System{}
	hosts, err := s.AllHosts()
	if err != nil {
		return err
	}
	r.learnLater(s)
	for _, h := range hosts {
		for _, t := range h.Tracks {
			r.list(t)
		}
		for _, id := range h.Head.Systems {
			if _, ok := s.Foreign[id]; ok || id == s.ID {
				continue
			}
			o, err := estate.OpenIn(s.Arena, s.Tx, id, s.Known)
			if err != nil {
				return err
			}
			s.Foreign[id] = o
			r.learnLater(o)
		}
	}
	slices.SortFunc(r.views, func(a, b learned) int { return a.v.Entry.Addr.Compare(b.v.Entry.Addr) })
	for _, e := range s.Head.Series {
		if e.Stream == 0 || !want(e.Id) {
			continue
		}
		t := s.NewTrack(&e.Stream, envelope.RecordState)
		t.Complete = true
		r.series[e.Stream] = &replay.Series{Entry: e, Track: t}
		r.states = slices.AppendSeq(r.states, s.Tx.Entries(e.Stream, ledger.MinInstant, ledger.MaxInstant, ledger.Latest))
	}
	slices.SortFunc(r.states, func(a, b ledger.Entry) int { return a.Addr.Compare(b.Addr) })
	return nil
}

func (r *recomputing) learnLater(s *estate.System) {
	for _, st := range s.Sources {
		r.list(st.Track)
	}
}

// list empties a track, and lists its versions to be learned.
func (r *recomputing) list(t *estate.Track) {
	newest := t.Versions
	t.Versions, t.Complete = nil, true
	r.tracks = append(r.tracks, t)
	if *t.Stream == 0 {
		return
	}
	for e := range r.sys.Tx.Entries(*t.Stream, ledger.MinInstant, ledger.MaxInstant, ledger.Latest) {
		v := &estate.Version{Entry: e, Effective: e.Effective, Confirmed: max(e.Confirmed, e.Effective)}
		for _, h := range newest {
			if h.Entry.Addr == e.Addr { // what the head knows of it
				v.Confirmed = max(v.Confirmed, h.Confirmed)
			}
		}
		r.views = append(r.views, learned{t, v})
	}
}

// learn makes known what was recorded before a record.
func (r *recomputing) learn(before ledger.Addr) {
	for ; r.next < len(r.views) && r.views[r.next].v.Entry.Addr.Compare(before) < 0; r.next++ {
		r.views[r.next].track.Insert(r.views[r.next].v)
		r.fresh++
	}
	if r.fresh > 2048+2*len(r.tracks) { // bounds what is in memory by what holds, twice
		for _, t := range r.tracks {
			for i := 1; i < len(t.Versions); i++ {
				t.Versions[i].Msg, t.Versions[i].Payload, t.Versions[i].Corrects = nil, nil, nil
			}
		}
		r.sys.Arena = new(wire.Arena) // the old one would hold them
		for _, o := range r.sys.Foreign {
			if o != nil {
				o.Arena = r.sys.Arena
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
	v := &estate.Version{Entry: e, Effective: e.Effective, Confirmed: e.Effective}
	defer func() {
		v.Corrects = nil
		s.Track.Insert(v)
		if i := keptStates; i < len(s.Track.Versions) {
			s.Track.Versions[i].Msg = nil
		}
	}()
	if !picked {
		return nil, nil
	}
	out := &Recomputed{System: r.sys.ID, Series: s.Entry.Id, Effective: e.Effective, Corrected: e.Shadowed}
	rec, err := r.sys.Tx.LoadEntry(e)
	if err != nil {
		return out, out.fail(err)
	}
	out.Recorded = rec.Recorded
	st, err := envelope.Decode[storev1.State](rec.Payload)
	if err != nil {
		return out, out.fail(err)
	}
	v.Msg = st
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
		v.Msg = out.Computed.state // so that what follows is not blamed for it
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
func (r *recomputing) compute(s *replay.Series, out *Recomputed) error {
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
	return states.Same(a, b) && proto.Equal(a.Summary, b.Summary) && a.HoldsUntil == b.HoldsUntil
}

// before sets the state that held just before an instant.
func (r *recomputing) before(s *replay.Series, at int64) error {
	v := s.Track.Find(at - 1)
	s.Current, s.Rules = nil, nil
	if v == nil {
		return nil
	}
	m, err := s.Track.Load(r.sys.Tx, v)
	if err != nil {
		return err
	}
	v.Payload = nil
	s.Current = m.(*storev1.State)
	if !s.Current.Ended {
		s.Rules, err = r.a.RuleIDs(guides.ChecklistOf(s.Entry.Id), s.Current.Version)
	}
	return err
}

// under computes a state under a guide; nil where there would have been none.
func (r *recomputing) under(g *guides.Guide, s *replay.Series, out *Recomputed) (*storev1.State, error) {
	m, err := r.merge(g, out.Effective, out.Recorded)
	if err != nil {
		return nil, err
	}
	var as *guides.Assignment
	if !r.sys.RetiredAt(out.Effective, out.Recorded) && !(out.Stored.Ended && r.stillRetired(out.Effective, out.Recorded)) {
		as = assignmentOf(g, s.Entry.Id, r.sys.ID, m)
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
	st, err := states.Build(r.a.engine, ev, s.Current, s.Rules, out.Effective)
	if err == nil {
		st.Labels = rollup.PackLabels(g.Labels, m.Inventory.System)
	}
	return st, err
}

// stillRetired tells whether a retirement that ended before an instant was not
// known to have ended: what ends one may come late, and says when, but no record
// says when it came. The system's own views tell.
func (r *recomputing) stillRetired(t, knownAt int64) bool {
	list := r.sys.Head.Retirements
	for i := 0; i+1 < len(list); i += 2 {
		if list[i] > min(t, knownAt) || list[i+1] > t {
			continue
		}
		back := false
		for _, st := range r.sys.Sources {
			v := st.Track.Newest()
			back = back || v != nil && v.Effective >= list[i+1]
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
		if t.Find(at) != nil {
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
	in, err := r.sys.Views(g.Policy, at)
	if err != nil {
		return nil, err
	}
	estate.AddAttested(r.sys.ID, &in, list)
	m := r.sys.Merge(in)
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
		for _, v := range t.Versions {
			if v.Effective <= at {
				break
			}
			next = min(next, v.Effective)
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
		s, err := estate.Stored(tx, system, ledger.Latest)
		if err != nil {
			return err
		}
		now := max(tx.Last().Recorded, s.Head.Latest)
		if pending = a.pendingFrom(s.Head); pending <= now {
			now = pending - 1
		} else {
			pending = assess.Forever
		}
		first, err := firstView(s)
		if first = max(first, a.wall.Line().Before); err != nil || first > now {
			return err
		}
		r := &replay.Walk{Keeper: a.Keeper, Engine: a.engine, System: s, Now: now, Late: true, Causes: map[int64]uint32{}}
		if err := r.Run(first); err != nil {
			return err
		}
		for _, x := range r.Series {
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
	from := min(estate.ValidUntil(h), a.History().After(h.ConfigEpoch))
	if h.ReplayFrom != 0 {
		from = min(from, h.ReplayFrom)
	}
	return from
}

// retraced tells what a replay staged of a series.
func (a *Archive) retraced(tx *ledger.Tx, s *replay.Series, now int64, f func(series string, stored, computed *Step) error) error {
	var held *estate.Version // what is stored of the instant
	for _, v := range slices.Backward(s.Track.Versions) {
		if !v.Staged {
			held = v
		}
		if !v.Staged || v.Effective > now {
			continue
		}
		computed, err := a.newStep(s.Entry.Id, v.Effective, 0, v.Msg.(*storev1.State))
		if err != nil {
			return err
		}
		if v.Corrects != nil {
			held = v.Corrects
		}
		var stored *Step
		if held != nil {
			if stored, err = a.loadStep(tx, s.Entry.Id, held.Entry); err != nil {
				return err
			}
			if stored.Engine != a.engine {
				return nil // its engine said otherwise, and what is stored later follows from that
			}
			if v.Corrects == nil {
				stored = nil
			}
		}
		if err := f(s.Entry.Id, stored, computed); err != nil {
			return err
		}
	}
	return nil
}

// firstView is the first instant of which a source said anything of a system or
// of a host as one of it; assess.Forever where none did.
func firstView(s *estate.System) (int64, error) {
	hosts, err := s.AllHosts()
	if err != nil {
		return 0, err
	}
	first := int64(assess.Forever)
	look := func(t *estate.Track, counts func(proto.Message) bool) error {
		if err := t.LoadAll(s.Tx); err != nil {
			return err
		}
		for _, v := range slices.Backward(t.Versions) {
			if v.Effective >= first {
				return nil
			}
			m, err := t.Load(s.Tx, v)
			if err != nil {
				return err
			}
			if counts(m) {
				first = v.Effective
			}
		}
		return nil
	}
	for _, st := range s.Sources {
		if err := look(st.Track, func(proto.Message) bool { return true }); err != nil {
			return 0, err
		}
	}
	member := func(m proto.Message) bool { return estate.MemberOf(m.(*storev1.HostView).Members, s.ID) != nil }
	for _, h := range hosts {
		for _, t := range h.Tracks {
			if err := look(t, member); err != nil {
				return 0, err
			}
		}
	}
	return first, nil
}
