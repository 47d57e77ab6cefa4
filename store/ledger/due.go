package ledger

import (
	"encoding/binary"
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// The due index says when something must be looked at again: pairs of an
// instant and a number, in order of the instant.

func dueKey(b []byte, at int64, n uint32) []byte {
	return binary.BigEndian.AppendUint32(layout.AppendInstant(append(b, layout.SpaceDue), at), n)
}

const dueSize = 1 + layout.InstantSize + 4

// Due yields what is due at or before limit, in order of instant, then number.
func (tx *Tx) Due(limit int64) iter.Seq2[int64, uint32] {
	return func(yield func(int64, uint32) bool) {
		if limit < MinInstant {
			return
		}
		hi := layout.After(layout.AppendInstant([]byte{layout.SpaceDue}, limit))
		for key := range tx.r.Scan([]byte{layout.SpaceDue}, hi) {
			if len(key) != dueSize {
				tx.fail(layout.Corrupt(key, "not the key of what is due"))
				return
			}
			if !yield(layout.Instant(key[1:]), binary.BigEndian.Uint32(key[1+layout.InstantSize:])) {
				return
			}
		}
	}
}

// NextDue returns what is due first, false where nothing ever is.
func (tx *Tx) NextDue() (at int64, n uint32, ok bool) {
	for at, n := range tx.Due(MaxInstant) {
		return at, n, true
	}
	return 0, 0, false
}

// PutDue makes n due at an instant (Unix microseconds, clamped), besides others
// at which it may be due.
func (b *Batch) PutDue(at int64, n uint32) {
	b.key = dueKey(b.key[:0], at, n)
	b.over.Put(b.key, 0)
}

// DeleteDue takes back a PutDue, if there was one.
func (b *Batch) DeleteDue(at int64, n uint32) {
	b.key = dueKey(b.key[:0], at, n)
	b.over.Delete(b.key)
}
