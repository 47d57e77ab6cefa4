package ledger

import (
	"cmp"
	"encoding/binary"
	"iter"
	"sync"
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

// sweptKey has the last event that was swept away.
var sweptKey = []byte{spaceMeta, 'V'}

func appendEventID(b []byte, id EventID) []byte {
	return binary.BigEndian.AppendUint32(appendSeq(b, id.Seq), id.N)
}

func eventIDOf(b []byte) EventID { return EventID{Seq: seqOf(b), N: binary.BigEndian.Uint32(b[5:])} }

func eventKey(b []byte, id EventID) []byte { return appendEventID(append(b, spaceEvent), id) }

// parseEvent reads an event of a key and a value without its checksum.
func parseEvent(key, value []byte) (Event, error) {
	if len(key) != eventSize || len(value) < instantSize {
		return Event{}, corrupt(key, "not an event")
	}
	return Event{ID: eventIDOf(key[1:]), Recorded: instant(value), Payload: value[instantSize:]}, nil
}

// Event adds an event to the commit, and returns its id.
func (b *Batch) Event(payload []byte) EventID {
	id := EventID{Seq: b.build.Seq, N: b.events}
	if b.takesValue(len(payload)) {
		b.events++
		b.tmp = append(appendInstant(b.tmp[:0], b.build.Recorded), payload...)
		b.key = eventKey(b.key[:0], id)
		b.putSealed(b.key, b.tmp)
	}
	return id
}

// EventAt returns the event of an id, false where there is none.
func (tx *Tx) EventAt(id EventID) (Event, bool, error) {
	tx.key = eventKey(tx.key[:0], id)
	v, err := tx.get(tx.key)
	if v == nil || err != nil {
		return Event{}, false, err
	}
	e, err := parseEvent(tx.key, v)
	return e, err == nil, err
}

// Events yields the events after an id, in order.
func (tx *Tx) Events(after EventID) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		lo := append(eventKey(nil, after), 0) // the least key that is greater
		if after.IsZero() {
			lo = []byte{spaceEvent}
		}
		for key, value := range tx.r.Scan(lo, []byte{spaceEvent + 1}) {
			v, err := unseal(key, value)
			var e Event
			if err == nil {
				e, err = parseEvent(key, v)
			}
			if err != nil {
				tx.fail(err)
				return
			}
			if !yield(e) {
				return
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
	if len(v) != eventIDSize+instantSize {
		return Event{}, corrupt(sweptKey, "not the id of an event")
	}
	return Event{ID: eventIDOf(v), Recorded: instant(v[eventIDSize:])}, nil
}

// SweepEvents deletes at most most events that were recorded before an instant,
// the oldest first, and returns how many: a few at a time, so that nobody waits.
func (b *Batch) SweepEvents(before int64, most int) int {
	var old []Event
	for e := range b.Events(EventID{}) {
		if e.Recorded >= before || len(old) >= most {
			break
		}
		old = append(old, e)
	}
	for _, e := range old {
		b.key = eventKey(b.key[:0], e.ID)
		b.over.Delete(b.key)
	}
	if n := len(old); n > 0 {
		b.tmp = appendInstant(appendEventID(b.tmp[:0], old[n-1].ID), old[n-1].Recorded)
		b.putSealed(sweptKey, b.tmp)
	}
	return len(old)
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
func (l *Ledger) EventsAfterNow() <-chan struct{} { return l.events.next() }

// signal tells any number of listeners, once.
type signal struct {
	mu sync.Mutex
	c  chan struct{} // made when somebody asks
}

func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
