package ledger

import (
	"encoding/binary"
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Ranks are ordered lists of numbers, any number of them of each kind: who
// stands first in a list is one seek, whatever its length.

// Rank is a place in a list: what a number is ordered by, then the number.
type Rank struct {
	Value, N uint32
}

func rankKey(b []byte, kind byte, list uint32, r Rank) []byte {
	b = binary.BigEndian.AppendUint32(append(b, layout.SpaceRank, kind), list)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, r.Value), r.N)
}

const (
	rankListSize = 1 + 1 + 4
	rankSize     = rankListSize + 4 + 4
)

// Ranks yields the places of a list from one on, ascending by value, then
// number. The zero Rank is the beginning of every list.
func (tx *Tx) Ranks(kind byte, list uint32, from Rank) iter.Seq[Rank] {
	return func(yield func(Rank) bool) {
		lo := rankKey(nil, kind, list, from)
		for key := range tx.scan(lo[:rankListSize:rankListSize], string(lo[rankListSize:])) {
			if len(key) != rankSize {
				tx.fail(layout.Corrupt(key, "not the key of a rank"))
				return
			}
			r := Rank{Value: binary.BigEndian.Uint32(key[rankListSize:]), N: binary.BigEndian.Uint32(key[rankListSize+4:])}
			if !yield(r) {
				return
			}
		}
	}
}

// PutRank adds a place; that it is there is no error. A number may have several.
func (b *Batch) PutRank(kind byte, list uint32, r Rank) {
	b.key = rankKey(b.key[:0], kind, list, r)
	b.over.Put(b.key, 0)
}

// DeleteRank takes back a PutRank, if there was one.
func (b *Batch) DeleteRank(kind byte, list uint32, r Rank) {
	b.key = rankKey(b.key[:0], kind, list, r)
	b.over.Delete(b.key)
}

// DropRanks takes back at most most places of a list, the first ones, and returns
// how many.
func (b *Batch) DropRanks(kind byte, list uint32, most int) int {
	keys := b.firstKeys(rankKey(nil, kind, list, Rank{})[:rankListSize], most)
	for _, key := range keys {
		b.over.Delete(key)
	}
	return len(keys)
}
