package ledger

import (
	"encoding/binary"
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Edges are sets of ordered pairs of numbers, a set for each kind. Who wants to
// ask from both ends links (a, b) in one kind and (b, a) in another.

func edgeKey(b []byte, kind byte, from, to uint32) []byte {
	b = binary.BigEndian.AppendUint32(append(b, layout.SpaceEdge, kind), from)
	return binary.BigEndian.AppendUint32(b, to)
}

const edgeFromSize = 1 + 1 + 4

// Linked yields the numbers that from is linked to, ascending.
func (tx *Tx) Linked(kind byte, from uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		prefix := edgeKey(nil, kind, from, 0)[:edgeFromSize]
		for key := range tx.scan(prefix, "") {
			if len(key) != edgeFromSize+4 {
				tx.fail(layout.Corrupt(key, "not the key of an edge"))
				return
			}
			if !yield(binary.BigEndian.Uint32(key[edgeFromSize:])) {
				return
			}
		}
	}
}

// HasLink says whether from is linked to to.
func (tx *Tx) HasLink(kind byte, from, to uint32) bool {
	tx.key = edgeKey(tx.key[:0], kind, from, to)
	return tx.r.Get(tx.key) != nil
}

// Link adds a pair; that it is there is no error.
func (b *Batch) Link(kind byte, from, to uint32) {
	b.key = edgeKey(b.key[:0], kind, from, to)
	b.over.Put(b.key, 0)
}

// Unlink removes a pair; that it is not there is no error.
func (b *Batch) Unlink(kind byte, from, to uint32) {
	b.key = edgeKey(b.key[:0], kind, from, to)
	b.over.Delete(b.key)
}
