package ledger

import (
	"cmp"
	"encoding/binary"
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Events say what happened, for those who follow: bytes of the caller's,
// written in the commit of what they tell of, read in the order in which they
// were written, and swept away when they are old. Unlike records they belong to
// no stream and are no history: who wants to know how things stand reads that.

// EventID is an event's place in the order of all: its commit, and its number
// in that commit, from 0. The zero EventID comes before every event.
type EventID struct {
	Seq Seq
	N   uint32
}

// Compare orders ids as their events were written.
func (a EventID) Compare(b EventID) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
}

// IsZero tells the id before every event.
func (a EventID) IsZero() bool { return a == EventID{} }

// Event is one event.
type Event struct {
	ID       EventID
	Recorded int64 // the instant of its commit, Unix microseconds
	Payload  []byte
}

// eventIDSize is the size of an id: the commit in 5 bytes, the number in 4. A
// record's slot would not do: a commit can have more events than records.
const eventIDSize = 5 + 4

const eventSize = 1 + eventIDSize // a key

// Events of a commit are packed, so many or so many bytes under one key: alone, a
// key and what stands around it would be several times what an event says.
const (
	packEvents = 256
	packBytes  = 2 << 10
)

// sweptKey has the last event that was swept away.
var sweptKey = []byte{layout.SpaceMeta, 'V'}

func appendEventID(b []byte, id EventID) []byte {
	return binary.BigEndian.AppendUint32(layout.AppendSeq(b, id.Seq), id.N)
}

func eventIDOf(b []byte) EventID {
	return EventID{Seq: layout.SeqOf(b), N: binary.BigEndian.Uint32(b[5:])}
}

// eventKey is the key of the pack whose last event has the id. By that a Scan
// from an event's own id begins at its pack.
func eventKey(b []byte, id EventID) []byte { return appendEventID(append(b, layout.SpaceEvent), id) }

// pack is events that stand in one value.
type pack struct {
	recorded int64
	last     EventID
	payloads [][]byte
}

// parsePack reads a pack of a key and a value without its checksum.
func parsePack(key, value []byte) (pack, error) {
	if len(key) != eventSize || len(value) < layout.InstantSize {
		return pack{}, layout.Corrupt(key, "not events")
	}
	k := pack{recorded: layout.Instant(value), last: eventIDOf(key[1:])}
	p := layout.Parser{Body: value[layout.InstantSize:]}
	for p.More() && !p.Bad {
		k.payloads = append(k.payloads, p.Bytes(p.Uvarint(MaxValue)))
	}
	if n := len(k.payloads); p.Bad || k.recorded > MaxInstant || n == 0 || n > packEvents || uint64(n) > uint64(k.last.N)+1 {
		return pack{}, layout.Corrupt(key, "not events")
	}
	return k, nil
}

// event is the event in a place of the pack.
func (k pack) event(i int) Event {
	id := k.last
	id.N -= uint32(len(k.payloads) - 1 - i)
	return Event{ID: id, Recorded: k.recorded, Payload: k.payloads[i]}
}

func (k pack) append(b []byte) []byte {
	b = layout.AppendInstant(b, k.recorded)
	for _, p := range k.payloads {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	return b
}

// packing is the pack that a batch has not written yet.
type packing struct {
	events uint32 // how many the commit has
	open   int    // of these, in the pack
	body   []byte
}

// Event adds an event to the commit, and returns its id.
func (b *Batch) Event(payload []byte) EventID {
	id := EventID{Seq: b.build.Seq, N: b.packing.events}
	if b.takesValue(len(payload)) {
		k := &b.packing
		if k.open == packEvents || k.open > 0 && len(k.body)+len(payload) > packBytes {
			b.sealEvents()
		}
		k.body = append(binary.AppendUvarint(k.body, uint64(len(payload))), payload...)
		k.events++
		k.open++
	}
	return id
}

// sealEvents puts the pack, so that it can be read.
func (b *Batch) sealEvents() {
	k := &b.packing
	if k.open == 0 {
		return
	}
	b.tmp = append(layout.AppendInstant(b.tmp[:0], b.build.Recorded), k.body...)
	b.key = eventKey(b.key[:0], EventID{Seq: b.build.Seq, N: k.events - 1})
	b.putSealed(b.key, b.tmp)
	k.open, k.body = 0, k.body[:0]
}

// EventAt returns the event of an id, false where there is none.
func (tx *Tx) EventAt(id EventID) (Event, bool, error) {
	for k, err := range tx.packs(id) {
		if err != nil {
			return Event{}, false, err
		}
		if i := len(k.payloads) - 1 - int(k.last.N-id.N); k.last.Seq == id.Seq && i >= 0 {
			return k.event(i), true, nil
		}
		break
	}
	return Event{}, false, nil
}

// packs yields the packs with an id and those after it.
func (tx *Tx) packs(from EventID) iter.Seq2[pack, error] {
	return func(yield func(pack, error) bool) {
		if tx.batch != nil {
			tx.batch.sealEvents()
		}
		for key, value := range tx.r.Scan(eventKey(nil, from), []byte{layout.SpaceEvent + 1}) {
			v, err := layout.Unseal(key, value)
			var k pack
			if err == nil {
				k, err = parsePack(key, v)
			}
			if !yield(k, err) || err != nil {
				return
			}
		}
	}
}

// Events yields the events after an id, in order.
func (tx *Tx) Events(after EventID) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for k, err := range tx.packs(after) {
			if err != nil {
				tx.fail(err)
				return
			}
			for i := range k.payloads {
				if e := k.event(i); e.ID.Compare(after) > 0 && !yield(e) {
					return
				}
			}
		}
	}
}

// EventsSwept returns the id and instant of the last event that was swept away,
// zero where none was: who has seen that one, or a later one, has missed nothing.
func (tx *Tx) EventsSwept() (Event, error) {
	tx.key = append(tx.key[:0], sweptKey...)
	v, err := tx.get(tx.key)
	if v == nil || err != nil {
		return Event{}, err
	}
	if len(v) != eventIDSize+layout.InstantSize {
		return Event{}, layout.Corrupt(sweptKey, "not the id of an event")
	}
	return Event{ID: eventIDOf(v), Recorded: layout.Instant(v[eventIDSize:])}, nil
}

// SweepEvents deletes at most most events that were recorded before an instant,
// the oldest first, and returns how many: a few at a time, so that nobody waits.
func (b *Batch) SweepEvents(before int64, most int) int {
	var old []pack
	n := 0
	for k, err := range b.packs(EventID{}) {
		if err != nil {
			b.fail(err)
			return 0
		}
		if k.recorded >= before || n >= most {
			break
		}
		old = append(old, k)
		n += len(k.payloads)
	}
	if n == 0 {
		return 0
	}
	for _, k := range old {
		b.key = eventKey(b.key[:0], k.last)
		b.over.Delete(b.key)
	}
	last := old[len(old)-1]
	swept := last.event(len(last.payloads) - 1)
	if n > most { // the rest of the last one stays
		stay := len(last.payloads) - (n - most)
		swept, last.payloads = last.event(stay-1), last.payloads[stay:]
		b.tmp = last.append(b.tmp[:0])
		b.putSealed(eventKey(nil, last.last), b.tmp)
	}
	b.tmp = layout.AppendInstant(appendEventID(b.tmp[:0], swept.ID), swept.Recorded)
	b.putSealed(sweptKey, b.tmp)
	return min(n, most)
}

// LastEvent returns the id and instant of the newest event, or of the last one
// that was swept away where there is none; zero where there never was one. It
// costs some twenty seeks.
func (tx *Tx) LastEvent() (Event, error) {
	last, err := tx.EventsSwept()
	if err != nil {
		return Event{}, err
	}
	// Reads go forward only, so the search halves the commits.
	lo, hi := last.ID.Seq, tx.Last().Seq+1
	for lo < hi {
		mid := lo + (hi-lo)/2
		var found *Event
		for e := range tx.Events(EventID{Seq: mid, N: 1<<32 - 1}) {
			found = &e
			break
		}
		if found == nil {
			hi = mid
			continue
		}
		last, lo = *found, found.ID.Seq
	}
	for e := range tx.Events(last.ID) { // those of its own commit
		last = e
	}
	last.Payload = nil
	return last, nil
}

// EventsAfterNow returns a channel that is closed by the next commit with
// events. Who takes it before he reads misses none.
func (l *Ledger) EventsAfterNow() <-chan struct{} { return l.events.Next() }
