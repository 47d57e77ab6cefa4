package change

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/events/silence"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/server/submission"
	"github.com/plumbline/plumbline/store/ledger"
)

// ErrConflict says that what a plan was made of has changed since.
var ErrConflict = errors.New("assessor: another commit came between")

// facility number → system numbers

func asFault(err error, target **fault.Error) bool { return errors.As(err, target) }

// Apply carries a plan out in a batch, after recheck, and adds to sums what it
// changes of roll-ups. It may run twice: what a run changed in the plan's heads
// is undone before the next.
func (p *Plan) Apply(b *ledger.Batch, sums *rollup.Pending) error {
	for _, f := range p.undo {
		f()
	}
	p.undo = p.undo[:0]
	w := &writer{p: p, b: b, sums: sums}
	s := p.sys
	if p.changed || p.confirmed || p.from != 0 {
		s.Number = b.Intern(envelope.NameSystem, s.ID)
		if s.Head.Created == 0 {
			s.Head.Created = b.Commit().Recorded
		}
		w.systemViews()
		if err := w.hosts(); err != nil {
			return err
		}
		w.links()
		if err := w.states(); err != nil {
			return err
		}
		w.due()
		p.raw = envelope.Encode(s.Head)
		b.PutHead(envelope.SpaceSystem, s.Number, p.raw)
		w.neighbours()
	}
	p.MakeReceipts()
	w.requests()
	w.parts()
	w.heard()
	for _, rec := range p.audits {
		w.audit(rec)
	}
	return b.Err()
}

// Recheck tells whether the heads that the plan was made of still stand.
func (p *Plan) Recheck(b *ledger.Batch) error {
	s := p.sys
	if p.line != p.planner.wall.Line() {
		return ErrConflict // what it rests on may have been thinned
	}
	if p.Replay != nil && !p.planner.Settled(p.Replay.Guides) {
		return ErrConflict // guidance changed meanwhile, perhaps for an instant that was evaluated
	}
	n, ok := b.Number(envelope.NameSystem, s.ID)
	if ok {
		raw, err := b.Head(envelope.SpaceSystem, n)
		if err != nil {
			return err
		}
		if !bytes.Equal(raw, s.Raw) {
			return ErrConflict
		}
	} else if s.Raw != nil {
		return ErrConflict
	}
	for _, h := range s.Hosts {
		if !h.Changed {
			continue
		}
		var raw []byte
		if n, ok := b.Number(envelope.NameHost, h.ID); ok {
			var err error
			if raw, err = b.Head(envelope.SpaceHost, n); err != nil {
				return err
			}
		}
		if !bytes.Equal(raw, h.Raw) {
			return ErrConflict
		}
	}
	return b.Err()
}

// writer writes one plan.
type writer struct {
	p    *Plan
	b    *ledger.Batch
	sums *rollup.Pending
}

// audit writes an audit entry. That of a submission has system and instant apart,
// so that those of a commit are all alike. SubmissionOf puts them back.
func (w *writer) audit(rec *storev1.AuditRecord) {
	at := rec.Observed
	if n := w.p.sys.Number; n != 0 && at != 0 && at >= ledger.MinInstant && rec.Resource == "systems/"+w.p.sys.ID {
		w.b.AuditOf(n, at, envelope.Encode(&storev1.AuditRecord{
			Actor: rec.Actor, Method: rec.Method, Source: rec.Source, Outcome: rec.Outcome, RequestId: rec.RequestId,
		}))
		return
	}
	w.b.Audit(envelope.Encode(rec))
}

// SubmissionOf completes the audit record of a submission by what its entry has.
// Others it leaves as they are.
func SubmissionOf(tx *ledger.Tx, e ledger.AuditEntry, rec *storev1.AuditRecord) error {
	if e.About == 0 {
		return nil
	}
	id, ok := tx.Name(envelope.NameSystem, e.About)
	if !ok {
		return fmt.Errorf("%w: the audit entry %v is of a system without a name", ledger.ErrCorrupt, e.Addr)
	}
	rec.Resource, rec.Observed = "systems/"+id, e.At
	return nil
}

// number gives a new timeline its number.
func (w *writer) number(stream *uint32) {
	if *stream == 0 {
		*stream = w.stream()
		w.p.undo = append(w.p.undo, func() { *stream = 0 })
	}
}

func (w *writer) stream() uint32 {
	raw, err := w.b.Head(estate.SpaceCounters, 1)
	if err != nil {
		return 0 // the batch fails with it
	}
	next := uint32(1)
	if len(raw) == 4 {
		next = uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	}
	n := next + 1
	w.b.PutHead(estate.SpaceCounters, 1, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return next
}

// views appends a track's staged versions and closes the versions before them.
// It returns where the newest one stands.
func (w *writer) views(t *estate.Track, set func(newest bool, a ledger.Addr, depth int)) {
	for i := len(t.Versions) - 1; i >= 0; i-- {
		v := t.Versions[i]
		switch {
		case v.Staged:
			w.number(t.Stream)
			a, depth := w.b.Append(*t.Stream, v.Effective, t.Kind, v.Payload, v.Delta)
			v.Entry, v.Depth = ledger.Entry{Stream: *t.Stream, Effective: v.Effective, Addr: a}, depth
			if i > 0 && v.Confirmed > v.Effective {
				w.b.SetConfirmed(ledger.Entry{Stream: *t.Stream, Effective: v.Effective, Addr: a}, v.Confirmed)
			}
			set(i == 0, a, depth)
		case i > 0 && t.Versions[i-1].Staged && v.Confirmed > v.Effective:
			// What the head knew of it moves into the index.
			w.b.SetConfirmed(v.Entry, v.Confirmed)
		}
	}
}

func (w *writer) systemViews() {
	for _, st := range w.p.sys.Sources {
		h := st.Head
		w.views(st.Track, func(newest bool, a ledger.Addr, depth int) {
			if newest {
				h.Address = estate.AddressOf(a, depth)
			}
			if depth == 0 {
				h.Base = estate.AddressOf(a, 0)
			}
		})
		w.facilities(st)
	}
}

// facilities indexes the facilities that a source's staged view names.
func (w *writer) facilities(st *estate.Source) {
	for _, v := range st.Track.Versions {
		if !v.Staged {
			continue
		}
		for _, f := range v.Msg.(*storev1.SystemView).GetInventory().GetFacilities() {
			w.b.Link(estate.EdgeFacility, w.b.Intern(estate.NameFacility, f.Id), w.p.sys.Number)
		}
	}
}

func (w *writer) hosts() error {
	// In the order of their ids, which is that in which they are read: neighbours
	// then stand in one block, and their numbers follow each other.
	for _, id := range slices.Sorted(maps.Keys(w.p.sys.Hosts)) {
		h := w.p.sys.Hosts[id]
		if !h.Changed {
			continue
		}
		h.Number = w.b.Intern(envelope.NameHost, h.ID)
		for i, t := range h.Tracks {
			src := h.Head.Sources[i]
			w.views(t, func(newest bool, a ledger.Addr, depth int) {
				if newest {
					src.Address = estate.AddressOf(a, depth)
				}
				if depth == 0 {
					src.Base = estate.AddressOf(a, 0)
				}
			})
		}
		if h.Joins {
			w.b.Link(envelope.EdgeHosts, w.p.sys.Number, h.Number)
		}
		h.Written = envelope.Encode(h.Head)
		w.b.PutHead(envelope.SpaceHost, h.Number, h.Written)
	}
	return w.b.Err()
}

// states appends the breakpoints and writes the series' heads.
func (w *writer) states() error {
	if w.p.Replay == nil {
		return nil
	}
	for _, s := range w.p.Replay.Series {
		if s.Staged == 0 {
			continue
		}
		if err := w.rollUp(s); err != nil {
			return err
		}
		w.series(s)
	}
	return nil
}

func (w *writer) series(s *replay.Series) {
	e := s.Entry
	w.number(&e.Stream)
	h := s.Head
	if h == nil {
		h = &storev1.SeriesHead{Schema: envelope.Schema, First: ledger.MaxInstant}
	}
	told := events.Ref{Before: estate.AddrOf(h.Address)}
	var base *ledger.Base
	if h.Address != nil {
		base = &ledger.Base{Addr: estate.AddrOf(h.Address), Payload: h.State, Depth: int(h.Address.Depth)}
	}
	out := proto.Clone(h).(*storev1.SeriesHead)
	for i := len(s.Track.Versions) - 1; i >= 0; i-- {
		v := s.Track.Versions[i]
		if !v.Staged {
			continue
		}
		payload := envelope.Encode(v.Msg.(*storev1.State))
		a, depth := w.b.Append(e.Stream, v.Effective, envelope.RecordState, payload, base)
		base = &ledger.Base{Addr: a, Payload: payload, Depth: depth}
		out.Breakpoints++
		out.First = min(out.First, v.Effective)
		if i == 0 {
			told.State = a
			out.Address, out.Effective, out.Recorded, out.State = estate.AddressOf(a, depth), v.Effective, w.b.Commit().Recorded, payload
			e.Effective, e.Recorded = out.Effective, out.Recorded
		}
	}
	out.SystemNumber, out.Series = w.p.sys.Number, e.Id
	w.b.PutHead(envelope.SpaceSeries, e.Stream, envelope.Encode(out))
	for _, told.Type = range s.Events {
		told.Put(w.b)
	}
}

// due keeps the due index: it holds each system at an instant at or before the
// one at which its states may change. An entry that is too early is cheaper
// than moving it at every confirmation; the scheduler moves it when it comes.
func (w *writer) due() {
	h := w.p.sys.Head
	until := estate.ValidUntil(h)
	if h.ReplayFrom != 0 {
		until = min(until, w.p.now)
	}
	if h.Due != 0 && h.Due <= until && h.Due > w.p.now {
		return
	}
	before := h.Due
	w.p.undo = append(w.p.undo, func() { h.Due = before })
	if h.Due != 0 {
		w.b.DeleteDue(h.Due, w.p.sys.Number)
		h.Due = 0
	}
	if until < ledger.MaxInstant {
		h.Due = until
		w.b.PutDue(until, w.p.sys.Number)
	}
}

// neighbours makes the other systems of changed hosts due, and stirs those of
// hosts that were confirmed.
func (w *writer) neighbours() {
	for id, from := range w.p.others {
		if err := MakeDue(w.b, id, from, states.CauseInventory); err != nil {
			return // the batch fails with it
		}
	}
	for id := range w.p.stirred {
		if _, due := w.p.others[id]; due {
			continue
		}
		n, _ := w.b.Number(envelope.NameSystem, id)
		h, _, err := envelope.Head[storev1.SystemHead](w.b.Tx, envelope.SpaceSystem, n)
		if err != nil {
			return // the batch fails with it
		}
		if h != nil {
			h.MadeDue++
			w.b.PutHead(envelope.SpaceSystem, n, envelope.Encode(h))
		}
	}
}

// MakeDue makes a system be evaluated again from an instant on.
func MakeDue(b *ledger.Batch, id string, from int64, cause uint32) error {
	n, ok := b.Number(envelope.NameSystem, id)
	if !ok {
		return b.Err()
	}
	h, _, err := envelope.Head[storev1.SystemHead](b.Tx, envelope.SpaceSystem, n)
	if err != nil || h == nil {
		return err
	}
	if h.ReplayFrom == 0 || from < h.ReplayFrom {
		h.ReplayFrom, h.ReplayCause = from, cause
	}
	h.MadeDue++
	if h.Due == 0 || h.Due > from {
		if h.Due != 0 {
			b.DeleteDue(h.Due, n)
		}
		h.Due = from
		b.PutDue(from, n)
	}
	b.PutHead(envelope.SpaceSystem, n, envelope.Encode(h))
	return b.Err()
}

// requests keeps the receipts of requests with an id.
func (w *writer) requests() {
	for i, d := range w.p.Results {
		if d.it.RequestID == "" || d.Err != nil || d.repeated != nil {
			continue
		}
		w.b.PutRequest(d.it.System, d.it.RequestID, ledger.Receipt{
			BodyHash: d.it.Body, Payload: envelope.Encode(w.p.Receipts[i]), Expires: w.p.now + submission.KeepIDs,
		})
	}
}

func (w *writer) parts() {
	for _, c := range w.p.parts {
		if c.part == nil {
			w.b.DeleteObject(kindPart, c.name)
			continue
		}
		w.b.PutObject(kindPart, c.name, envelope.Encode(c.part))
	}
}

// MakeReceipts answers each item.
func (p *Plan) MakeReceipts() {
	p.Receipts = make([]*pb.Receipt, len(p.Results))
	byID := map[string]*pb.Receipt{}
	for i, d := range p.Results {
		r := p.receipt(d)
		if d.repeated != nil {
			if first := byID[d.it.RequestID]; first != nil {
				r = proto.Clone(first).(*pb.Receipt)
			} else {
				r = proto.Clone(d.repeated).(*pb.Receipt)
			}
			r.RepeatedRequest = true
		} else if d.it.RequestID != "" {
			byID[d.it.RequestID] = r
		}
		p.Receipts[i] = r
	}
}

func (p *Plan) receipt(d *Planned) *pb.Receipt {
	r := &pb.Receipt{System: "systems/" + p.sys.ID, Outcome: d.outcome, RequestId: d.it.RequestID}
	if d.Err != nil || d.repeated != nil || d.outcome == submission.Pending {
		return r
	}
	h := p.sys.Head
	r.Revision, r.InventoryDigest, r.Warnings = h.Revision, past.DigestText(h.InventoryDigest), h.Warnings
	r.Assessments = p.assessments()
	return r
}

func (p *Plan) assessments() []*pb.AssessmentSummary {
	staged := map[string]bool{}
	if p.Replay != nil {
		for _, s := range p.Replay.Series {
			staged[s.Entry.Id] = s.Staged > 0
		}
	}
	return past.SummariesOf(p.sys.ID, p.sys.Head, staged)
}

// evaluated notes in the head which engine evaluated the system.
func (p *Plan) evaluated() {
	h := p.sys.Head
	p.CaughtUp = h.Latest != 0 && estate.LagsBehind(h, p.planner.engine)
	if h.Engine = p.planner.engine; h.Engine == estate.FirstEngine {
		h.Engine = ""
	}
}

// heard notes that the sources of the plan's items have spoken.
func (w *writer) heard() {
	for _, d := range w.p.Results {
		if d.Err != nil {
			continue
		}
		if err := silence.Heard(w.b, d.it.Source, w.p.now); err != nil {
			return // the batch fails with it
		}
	}
}
