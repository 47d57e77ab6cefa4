package assessor

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
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// errConflict says that what a plan was made of has changed since.
var errConflict = errors.New("assessor: another commit came between")

const nameFacility byte = 'f'
const edgeFacility byte = 'f' // facility number → system numbers

func asFault(err error, target **fault.Error) bool { return errors.As(err, target) }

// apply carries a plan out in a batch, after recheck, and adds to sums what it
// changes of roll-ups. It may run twice: what a run changed in the plan's heads
// is undone before the next.
func (p *plan) apply(b *ledger.Batch, sums *rollup.Pending) error {
	for _, f := range p.undo {
		f()
	}
	p.undo = p.undo[:0]
	w := &writer{p: p, b: b, sums: sums}
	s := p.sys
	if p.changed || p.confirmed || p.from != 0 {
		s.number = b.Intern(envelope.NameSystem, s.id)
		if s.head.Created == 0 {
			s.head.Created = b.Commit().Recorded
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
		p.raw = envelope.Encode(s.head)
		b.PutHead(envelope.SpaceSystem, s.number, p.raw)
		w.neighbours()
	}
	p.makeReceipts()
	w.requests()
	w.parts()
	w.heard()
	for _, rec := range p.audits {
		w.audit(rec)
	}
	return b.Err()
}

// recheck tells whether the heads that the plan was made of still stand.
func (p *plan) recheck(b *ledger.Batch) error {
	s := p.sys
	if p.line != p.planner.wall.Line() {
		return errConflict // what it rests on may have been thinned
	}
	if p.replay != nil && !p.planner.Settled(p.replay.guides) {
		return errConflict // guidance changed meanwhile, perhaps for an instant that was evaluated
	}
	n, ok := b.Number(envelope.NameSystem, s.id)
	if ok {
		raw, err := b.Head(envelope.SpaceSystem, n)
		if err != nil {
			return err
		}
		if !bytes.Equal(raw, s.raw) {
			return errConflict
		}
	} else if s.raw != nil {
		return errConflict
	}
	for _, h := range s.hosts {
		if !h.changed {
			continue
		}
		var raw []byte
		if n, ok := b.Number(envelope.NameHost, h.id); ok {
			var err error
			if raw, err = b.Head(envelope.SpaceHost, n); err != nil {
				return err
			}
		}
		if !bytes.Equal(raw, h.raw) {
			return errConflict
		}
	}
	return b.Err()
}

// writer writes one plan.
type writer struct {
	p    *plan
	b    *ledger.Batch
	sums *rollup.Pending
}

// audit writes an audit entry. That of a submission has system and instant apart,
// so that those of a commit are all alike. SubmissionOf puts them back.
func (w *writer) audit(rec *storev1.AuditRecord) {
	at := rec.Observed
	if n := w.p.sys.number; n != 0 && at != 0 && at >= ledger.MinInstant && rec.Resource == "systems/"+w.p.sys.id {
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
	raw, err := w.b.Head(spaceCounters, 1)
	if err != nil {
		return 0 // the batch fails with it
	}
	next := uint32(1)
	if len(raw) == 4 {
		next = uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	}
	n := next + 1
	w.b.PutHead(spaceCounters, 1, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return next
}

// views appends a track's staged versions and closes the versions before them.
// It returns where the newest one stands.
func (w *writer) views(t *track, set func(newest bool, a ledger.Addr, depth int)) {
	for i := len(t.versions) - 1; i >= 0; i-- {
		v := t.versions[i]
		switch {
		case v.staged:
			w.number(t.stream)
			a, depth := w.b.Append(*t.stream, v.effective, t.kind, v.payload, v.delta)
			v.entry, v.depth = ledger.Entry{Stream: *t.stream, Effective: v.effective, Addr: a}, depth
			if i > 0 && v.confirmed > v.effective {
				w.b.SetConfirmed(ledger.Entry{Stream: *t.stream, Effective: v.effective, Addr: a}, v.confirmed)
			}
			set(i == 0, a, depth)
		case i > 0 && t.versions[i-1].staged && v.confirmed > v.effective:
			// What the head knew of it moves into the index.
			w.b.SetConfirmed(v.entry, v.confirmed)
		}
	}
}

func (w *writer) systemViews() {
	for _, st := range w.p.sys.sources {
		h := st.head
		w.views(st.track, func(newest bool, a ledger.Addr, depth int) {
			if newest {
				h.Address = addressOf(a, depth)
			}
			if depth == 0 {
				h.Base = addressOf(a, 0)
			}
		})
		w.facilities(st)
	}
}

// facilities indexes the facilities that a source's staged view names.
func (w *writer) facilities(st *sourceState) {
	for _, v := range st.track.versions {
		if !v.staged {
			continue
		}
		for _, f := range v.msg.(*storev1.SystemView).GetInventory().GetFacilities() {
			w.b.Link(edgeFacility, w.b.Intern(nameFacility, f.Id), w.p.sys.number)
		}
	}
}

func (w *writer) hosts() error {
	// In the order of their ids, which is that in which they are read: neighbours
	// then stand in one block, and their numbers follow each other.
	for _, id := range slices.Sorted(maps.Keys(w.p.sys.hosts)) {
		h := w.p.sys.hosts[id]
		if !h.changed {
			continue
		}
		h.number = w.b.Intern(envelope.NameHost, h.id)
		for i, t := range h.tracks {
			src := h.head.Sources[i]
			w.views(t, func(newest bool, a ledger.Addr, depth int) {
				if newest {
					src.Address = addressOf(a, depth)
				}
				if depth == 0 {
					src.Base = addressOf(a, 0)
				}
			})
		}
		if h.joins {
			w.b.Link(envelope.EdgeHosts, w.p.sys.number, h.number)
		}
		h.written = envelope.Encode(h.head)
		w.b.PutHead(envelope.SpaceHost, h.number, h.written)
	}
	return w.b.Err()
}

// states appends the breakpoints and writes the series' heads.
func (w *writer) states() error {
	if w.p.replay == nil {
		return nil
	}
	for _, s := range w.p.replay.series {
		if s.staged == 0 {
			continue
		}
		if err := w.rollUp(s); err != nil {
			return err
		}
		w.series(s)
	}
	return nil
}

func (w *writer) series(s *seriesState) {
	e := s.entry
	w.number(&e.Stream)
	h := s.head
	if h == nil {
		h = &storev1.SeriesHead{Schema: envelope.Schema, First: ledger.MaxInstant}
	}
	told := events.Ref{Before: addrOf(h.Address)}
	var base *ledger.Base
	if h.Address != nil {
		base = &ledger.Base{Addr: addrOf(h.Address), Payload: h.State, Depth: int(h.Address.Depth)}
	}
	out := proto.Clone(h).(*storev1.SeriesHead)
	for i := len(s.track.versions) - 1; i >= 0; i-- {
		v := s.track.versions[i]
		if !v.staged {
			continue
		}
		payload := envelope.Encode(v.msg.(*storev1.State))
		a, depth := w.b.Append(e.Stream, v.effective, envelope.RecordState, payload, base)
		base = &ledger.Base{Addr: a, Payload: payload, Depth: depth}
		out.Breakpoints++
		out.First = min(out.First, v.effective)
		if i == 0 {
			told.State = a
			out.Address, out.Effective, out.Recorded, out.State = addressOf(a, depth), v.effective, w.b.Commit().Recorded, payload
			e.Effective, e.Recorded = out.Effective, out.Recorded
		}
	}
	out.SystemNumber, out.Series = w.p.sys.number, e.Id
	w.b.PutHead(envelope.SpaceSeries, e.Stream, envelope.Encode(out))
	for _, told.Type = range s.events {
		told.Put(w.b)
	}
}

// due keeps the due index: it holds each system at an instant at or before the
// one at which its states may change. An entry that is too early is cheaper
// than moving it at every confirmation; the scheduler moves it when it comes.
func (w *writer) due() {
	h := w.p.sys.head
	until := validUntil(h)
	if h.ReplayFrom != 0 {
		until = min(until, w.p.now)
	}
	if h.Due != 0 && h.Due <= until && h.Due > w.p.now {
		return
	}
	before := h.Due
	w.p.undo = append(w.p.undo, func() { h.Due = before })
	if h.Due != 0 {
		w.b.DeleteDue(h.Due, w.p.sys.number)
		h.Due = 0
	}
	if until < ledger.MaxInstant {
		h.Due = until
		w.b.PutDue(until, w.p.sys.number)
	}
}

// neighbours makes the other systems of changed hosts due, and stirs those of
// hosts that were confirmed.
func (w *writer) neighbours() {
	for id, from := range w.p.others {
		if err := makeDue(w.b, id, from, causeInventory); err != nil {
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

// makeDue makes a system be evaluated again from an instant on.
func makeDue(b *ledger.Batch, id string, from int64, cause uint32) error {
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
	for i, d := range w.p.results {
		if d.it.requestID == "" || d.err != nil || d.repeated != nil {
			continue
		}
		w.b.PutRequest(d.it.system, d.it.requestID, ledger.Receipt{
			BodyHash: d.it.body, Payload: envelope.Encode(w.p.receipts[i]), Expires: w.p.now + keepIDs,
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

// makeReceipts answers each item.
func (p *plan) makeReceipts() {
	p.receipts = make([]*pb.Receipt, len(p.results))
	byID := map[string]*pb.Receipt{}
	for i, d := range p.results {
		r := p.receipt(d)
		if d.repeated != nil {
			if first := byID[d.it.requestID]; first != nil {
				r = proto.Clone(first).(*pb.Receipt)
			} else {
				r = proto.Clone(d.repeated).(*pb.Receipt)
			}
			r.RepeatedRequest = true
		} else if d.it.requestID != "" {
			byID[d.it.requestID] = r
		}
		p.receipts[i] = r
	}
}

func (p *plan) receipt(d *planned) *pb.Receipt {
	r := &pb.Receipt{System: "systems/" + p.sys.id, Outcome: d.outcome, RequestId: d.it.requestID}
	if d.err != nil || d.repeated != nil || d.outcome == outcomePending {
		return r
	}
	h := p.sys.head
	r.Revision, r.InventoryDigest, r.Warnings = h.Revision, digestText(h.InventoryDigest), h.Warnings
	r.Assessments = p.assessments()
	return r
}

func (p *plan) assessments() []*pb.AssessmentSummary {
	staged := map[string]bool{}
	if p.replay != nil {
		for _, s := range p.replay.series {
			staged[s.entry.Id] = s.staged > 0
		}
	}
	return summariesOf(p.sys.id, p.sys.head, staged)
}
