package ledger

import (
	"iter"
	"slices"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Tx reads one consistent state. It belongs to the goroutine that runs the
// closure. Memory that it returns is read-only and valid until the closure
// returns.
//
// A value whose checksum is wrong is never returned: methods that return an
// error return an ErrCorrupt, others return nothing, and View or Commit
// returns the ErrCorrupt.
type Tx struct {
	r     store.Reader
	err   error   // the first failure that no result could tell
	last  *Commit // read once
	batch *Batch  // that this Tx belongs to, nil in a View

	// placed counts how often entries were placed in leaves.
	placed int

	key     []byte    // scratch
	leaves  [][]Entry // scratch
	blocks  cache[*block.Block]
	records cache[loaded]
}

func (tx *Tx) fail(err error) {
	if tx.err == nil && err != nil {
		tx.err = err
	}
}

// Last returns the newest commit, zero where there is none. In a batch it is
// the one before the batch.
func (tx *Tx) Last() Commit {
	if tx.last == nil {
		c, err := lastCommit(tx.r)
		tx.fail(err)
		tx.last = &c
	}
	return *tx.last
}

// get returns the value of key with its checksum verified, nil where the key is
// absent.
func (tx *Tx) get(key []byte) ([]byte, error) {
	value := tx.r.Get(key)
	if value == nil {
		return nil, nil
	}
	return layout.Unseal(key, value)
}

// scan yields the keys that begin with prefix, from prefix+from on.
func (tx *Tx) scan(prefix []byte, from string) iter.Seq2[[]byte, []byte] {
	lo := append(slices.Clone(prefix), from...)
	return tx.r.Scan(lo, layout.After(slices.Clone(prefix)))
}

// scanSealed is scan of verified values; it ends at the first bad one.
func (tx *Tx) scanSealed(prefix []byte, from string) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for key, value := range tx.scan(prefix, from) {
			v, err := layout.Unseal(key, value)
			if err != nil {
				tx.fail(err)
				return
			}
			if !yield(key, v) {
				return
			}
		}
	}
}

// cache keeps the values added last: few, so that searching through them is
// cheap, and more than a chain of deltas has.
type cache[V any] struct {
	values []V
	next   int // where the next one goes
}

const cacheSize = MaxDepth + 8

func (c *cache[V]) find(match func(V) bool) (v V, ok bool) {
	if i := slices.IndexFunc(c.values, match); i >= 0 {
		return c.values[i], true
	}
	return v, false
}

func (c *cache[V]) add(v V) {
	if len(c.values) < cacheSize {
		c.values = append(c.values, v)
		return
	}
	c.values[c.next] = v
	c.next = (c.next + 1) % cacheSize
}
