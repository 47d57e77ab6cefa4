package ledger

import (
	"encoding/binary"
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Heads are what is current, one value for each (space, number), overwritten in
// place. Spaces are the caller's; numbers begin with 1.

func headKey(b []byte, space byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, layout.SpaceHead, space), n)
}

// Head returns the head of n, nil where there is none (one that is empty is not
// nil).
func (tx *Tx) Head(space byte, n uint32) ([]byte, error) {
	tx.key = headKey(tx.key[:0], space, n)
	return tx.get(tx.key)
}

// Heads yields the heads of a space with numbers greater than after, in order.
func (tx *Tx) Heads(space byte, after uint32) iter.Seq2[uint32, []byte] {
	return func(yield func(uint32, []byte) bool) {
		if after+1 == 0 {
			return
		}
		from := binary.BigEndian.AppendUint32(nil, after+1)
		for key, v := range tx.scanSealed([]byte{layout.SpaceHead, space}, string(from)) {
			if len(key) != 6 {
				tx.fail(layout.Corrupt(key, "not the key of a head"))
				return
			}
			if !yield(binary.BigEndian.Uint32(key[2:]), v) {
				return
			}
		}
	}
}

// PutHead sets the head of n, which is not 0.
func (b *Batch) PutHead(space byte, n uint32, value []byte) {
	if n == 0 {
		b.fail(limit("heads are numbered from 1"))
	}
	if b.takesValue(len(value)) {
		b.key = headKey(b.key[:0], space, n)
		b.putSealed(b.key, value)
	}
}

// DeleteHead removes the head of n, if there is one.
func (b *Batch) DeleteHead(space byte, n uint32) {
	b.key = headKey(b.key[:0], space, n)
	b.over.Delete(b.key)
}
