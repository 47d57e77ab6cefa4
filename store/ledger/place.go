package ledger

import (
	"cmp"
	"slices"

	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/leaf"
)

// takeLeaf returns memory for the entries of a leaf, giveLeaf gives it back:
// loops over timelines nest, so each has its own.
func (tx *Tx) takeLeaf() []Entry {
	if n := len(tx.leaves) - 1; n >= 0 {
		entries := tx.leaves[n]
		tx.leaves = tx.leaves[:n]
		return entries[:0]
	}
	return make([]Entry, 0, leaf.Most+1)
}

func (tx *Tx) giveLeaf(entries []Entry) { tx.leaves = append(tx.leaves, entries) }

// leafOf appends to entries those of the leaf in which e is or belongs, and
// returns its key, nil where the stream has none yet.
func (tx *Tx) leafOf(entries []Entry, e Entry) ([]byte, []Entry, error) {
	hi := layout.After(leaf.StreamKey(nil, e.Stream))
	for key, value := range tx.r.Scan(e.AppendKey(nil), hi) {
		entries, err := leaf.Parse(entries, key, value)
		return key, entries, err
	}
	return nil, entries, nil
}

// place enters the entries that the batch appended since the last time into
// their leaves. It is put off until somebody looks, and then done in order of
// key.
func (tx *Tx) place() {
	b := tx.batch
	if b == nil || len(b.fresh) == 0 {
		return
	}
	b.placed++
	slices.SortFunc(b.fresh, func(x, y Entry) int {
		return cmp.Or(cmp.Compare(x.Stream, y.Stream), leaf.Older(y, x))
	})
	entries := b.takeLeaf()
	for _, e := range b.fresh {
		if b.err == nil {
			b.insert(entries[:0], e)
		}
	}
	b.giveLeaf(entries)
	b.fresh = b.fresh[:0]
}

// insert adds e to its leaf. entries is scratch memory.
func (b *Batch) insert(entries []Entry, e Entry) {
	key, entries, err := b.leafOf(entries, e)
	if err != nil {
		b.fail(err)
		return
	}
	if key == nil {
		key = append(leaf.StreamKey(nil, e.Stream), leaf.LastBound...)
	}
	at, _ := slices.BinarySearchFunc(entries, e, leaf.Older)
	entries = slices.Insert(entries, at, e)
	if len(entries) <= leaf.Most {
		b.putLeaf(key, entries)
		return
	}
	// Mostly time goes on, and a leaf that is full stays full. What comes late
	// to it is likely to have company.
	cut := leaf.Most
	if at < leaf.Most {
		cut = len(entries) / 2
	}
	b.putLeaf(entries[cut].AppendKey(nil), entries[cut:])
	b.putLeaf(key, entries[:cut])
}

func (b *Batch) putLeaf(key []byte, entries []Entry) {
	b.tmp = leaf.Append(b.tmp[:0], entries)
	b.putSealed(key, b.tmp)
}
