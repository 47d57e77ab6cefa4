package events

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// CursorHeader is the metadata key, and the header, under which WatchEvents says
// from where it begins, before any event: who breaks off before the first one
// goes on behind that.
const CursorHeader = "plumbline-cursor"

// Stream names the events of one store, so that a cursor of another is known
// for what it is. It is random, and made when it is first asked for.
type Stream [4]byte

// streamKind and streamName are where the ledger has the Stream's name. They
// are part of the format.
const (
	streamKind byte = 'e'
	streamName      = "stream"
)

// An event's id is its stream (4 bytes), its commit (5), its number there (4) and
// a check (3) of these with the instant of the commit, in base 32 with digits
// that sort as the bytes do. The check tells an event of a store from one that
// a restored backup of it later had at the same place.
const idLength = 26

var digits = base32.HexEncoding.WithPadding(base32.NoPadding)

func (s Stream) id(e ledger.Event) string {
	b := make([]byte, 0, 16)
	b = append(b, s[:]...)
	b = append(b, byte(e.ID.Seq>>32))
	b = binary.BigEndian.AppendUint32(b, uint32(e.ID.Seq))
	b = binary.BigEndian.AppendUint32(b, e.ID.N)
	check := sha256.Sum256(binary.BigEndian.AppendUint64(b[:len(b):len(b)], uint64(e.Recorded)))
	return lower(digits.EncodeToString(append(b, check[:3]...)))
}

// lower and upper are strings.ToLower and ToUpper, kept to the digits.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		switch {
		case 'a' <= c && c <= 'z':
			b[i] = c - ('a' - 'A')
		case 'A' <= c && c <= 'Z':
			b[i] = '-' // one way to write an id, so that ids can be compared
		}
	}
	return string(b)
}

// position reads an id. The errors are the caller's: INVALID_ARGUMENT for what
// is none, FAILED_PRECONDITION for one of another stream, or older than what is
// kept.
func (s Stream) position(tx *ledger.Tx, id string) (ledger.EventID, error) {
	b, err := digits.DecodeString(upper(id))
	if err != nil || len(id) != idLength || len(b) != 16 {
		return ledger.EventID{}, fault.InvalidField("after", "%q is not an event's id; take the id of an event, or the cursor of ListEvents", id)
	}
	at := ledger.EventID{Seq: ledger.Seq(b[4])<<32 | ledger.Seq(binary.BigEndian.Uint32(b[5:])), N: binary.BigEndian.Uint32(b[9:])}
	swept, err := tx.EventsSwept()
	if err != nil {
		return at, err
	}
	if Stream(b[:4]) != s {
		return at, foreign(id)
	}
	if at.Compare(swept.ID) < 0 {
		return at, s.expired(swept)
	}
	e := ledger.Event{ID: at}
	switch {
	case at == swept.ID:
		e = swept
	case !at.IsZero():
		var ok bool
		if e, ok, err = tx.EventAt(at); err != nil {
			return at, err
		} else if !ok {
			return at, foreign(id)
		}
	}
	if s.id(e) != id {
		return at, foreign(id)
	}
	return at, nil
}

func foreign(id string) error {
	return fault.FailedPrecondition(fault.ReasonCursorForeign,
		"%s is not the id of an event of this service: it is another's, or of before a backup was restored; leave it out to begin with the oldest event that is kept (ListEvents) or with the next (WatchEvents)", id)
}

// expired says from where somebody can go on who comes too late.
func (s Stream) expired(swept ledger.Event) error {
	oldest := s.id(swept)
	return fault.FailedPrecondition(fault.ReasonCursorExpired,
		"events after this one are no longer kept; go on behind %s, which is followed by the oldest that is, and read how things stand for what you have missed", oldest).
		With("resume_after", oldest)
}

// openStream reads the stream's name; false where there is none.
func openStream(tx *ledger.Tx) (s Stream, ok bool, err error) {
	raw, err := tx.Object(streamKind, streamName)
	if raw == nil || err != nil {
		return s, false, err
	}
	if len(raw) != len(s) {
		return s, false, fmt.Errorf("%w: the name of the stream of events", ledger.ErrCorrupt)
	}
	return Stream(raw), true, nil
}

// makeStream makes the name, unless there is one already.
func makeStream(b *ledger.Batch, random io.Reader) (Stream, error) {
	s, ok, err := openStream(b.Tx)
	if ok || err != nil {
		return s, err
	}
	if _, err := io.ReadFull(random, s[:]); err != nil {
		return s, fmt.Errorf("making the name of the stream of events: %w", err)
	}
	b.PutObject(streamKind, streamName, s[:])
	return s, nil
}
