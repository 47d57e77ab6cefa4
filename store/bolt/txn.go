package bolt

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"runtime"

	"go.etcd.io/bbolt"

	"github.com/plumbline/plumbline/store"
)

// txn is what one closure reads. It implements store.Reader.
type txn struct {
	db    *DB
	tx    *bbolt.Tx
	ctx   context.Context
	err   error // the sticky error
	ended bool
	scans int // loops over Scan that run

	// The buckets opened so far: few, so that going through them is cheaper
	// than anything else, and mostly the first.
	buckets []bucket
	some    [4]bucket
}

type bucket struct {
	*bbolt.Bucket
	space byte
}

func (t *txn) end() { t.ended = true }

// ok says whether t may still be used.
func (t *txn) ok() bool { return t.err == nil && !t.ended }

func (t *txn) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// guard is deferred around every call of bbolt: what panics there is a page
// that is not what it should be. Panics of the closure's own do not pass
// through here.
func (t *txn) guard() {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(runtime.Error); ok {
		t.fail(fmt.Errorf("%w: %w", store.ErrCorrupt, err))
		return
	}
	t.fail(fmt.Errorf("%w: %v", store.ErrCorrupt, p))
}

// bucket returns the bucket of a keyspace, nil where it has none yet.
func (t *txn) bucket(space byte) *bbolt.Bucket {
	for i := range t.buckets {
		if t.buckets[i].space == space {
			return t.buckets[i].Bucket
		}
	}
	b := t.tx.Bucket([]byte{space})
	if b != nil {
		t.keep(space, b)
	}
	return b
}

func (t *txn) keep(space byte, b *bbolt.Bucket) {
	if t.db.appends[space] {
		b.FillPercent = 1
	}
	if t.buckets == nil {
		t.buckets = t.some[:0]
	}
	t.buckets = append(t.buckets, bucket{b, space})
}

// Get implements store.Reader.
func (t *txn) Get(key []byte) []byte {
	if !t.ok() {
		return nil
	}
	if err := store.CheckKey(key); err != nil {
		t.fail(err)
		return nil
	}
	defer t.guard()
	b := t.bucket(key[0])
	if b == nil {
		return nil
	}
	return b.Get(key)
}

// Scan implements store.Reader.
func (t *txn) Scan(lo, hi []byte) iter.Seq2[[]byte, []byte] {
	if !t.ok() {
		return none
	}
	if err := store.CheckRange(lo, hi); err != nil {
		t.fail(err)
		return none
	}
	lo = bytes.Clone(lo)
	if len(hi) == 0 || hi[0] > lo[0] {
		hi = nil // the whole bucket
	} else {
		hi = bytes.Clone(hi)
	}
	return func(yield func(key, value []byte) bool) { t.scan(lo, hi, yield) }
}

func none(func(key, value []byte) bool) {}

// scan yields lo <= key < hi; a nil hi is no bound.
func (t *txn) scan(lo, hi []byte, yield func(key, value []byte) bool) {
	if !t.ok() {
		return
	}
	t.scans++
	defer func() { t.scans-- }()
	c, k, v := t.seek(lo)
	for n := 1; k != nil && (hi == nil || bytes.Compare(k, hi) < 0); n++ {
		if !yield(k, v) || !t.ok() {
			return
		}
		if n%256 == 0 && t.ctx.Err() != nil {
			t.fail(t.ctx.Err())
			return
		}
		k, v = t.next(c)
	}
}

func (t *txn) seek(lo []byte) (c *bbolt.Cursor, k, v []byte) {
	defer t.guard()
	b := t.bucket(lo[0])
	if b == nil {
		return nil, nil, nil
	}
	c = b.Cursor()
	k, v = c.Seek(lo)
	return c, k, v
}

func (t *txn) next(c *bbolt.Cursor) (k, v []byte) {
	defer t.guard()
	return c.Next()
}

// writer is what the closure of an Update reads and writes. It implements
// store.Writer.
type writer struct {
	txn
	wrote  bool
	values arena
}

// Put implements store.Writer.
func (w *writer) Put(key, value []byte) {
	if !w.writable(key) {
		return
	}
	if err := store.CheckValue(value); err != nil {
		w.fail(err)
		return
	}
	defer w.guard()
	b := w.bucket(key[0])
	if b == nil {
		var err error
		if b, err = w.tx.CreateBucket(key[:1]); err != nil {
			w.fail(fmt.Errorf("%w: %w", store.ErrCorrupt, err))
			return
		}
		w.keep(key[0], b)
	}
	w.wrote = true
	// bbolt copies the key, but keeps the value until the commit.
	if err := b.Put(key, w.values.copy(value)); err != nil {
		w.fail(fmt.Errorf("%w: %w", store.ErrCorrupt, err))
	}
}

// Delete implements store.Writer.
func (w *writer) Delete(key []byte) {
	if !w.writable(key) {
		return
	}
	defer w.guard()
	b := w.bucket(key[0])
	if b == nil {
		return
	}
	w.wrote = true
	if err := b.Delete(key); err != nil {
		w.fail(fmt.Errorf("%w: %w", store.ErrCorrupt, err))
	}
}

// writable says whether key may be written now, and fails where it may not.
func (w *writer) writable(key []byte) bool {
	if !w.ok() {
		return false
	}
	if w.scans > 0 {
		w.fail(store.ErrScanWrite)
		return false
	}
	if err := store.CheckKey(key); err != nil {
		w.fail(err)
		return false
	}
	return true
}

// arena holds copies of values, many to an allocation, until the transaction
// that keeps them is gone.
type arena struct {
	free []byte
	size int // of the allocation that free is the rest of
}

const (
	arenaFirst = 4 << 10
	arenaMost  = 64 << 10
)

// copy returns a copy of b, without room to spare; never nil, which bbolt would
// take for the absence of a value.
func (a *arena) copy(b []byte) []byte {
	if len(b) > arenaMost/4 {
		return bytes.Clone(b)[:len(b):len(b)]
	}
	if len(b) > len(a.free) || a.free == nil {
		a.size = min(max(2*a.size, arenaFirst, len(b)), arenaMost)
		a.free = make([]byte, a.size)
	}
	c := a.free[:len(b):len(b)]
	a.free = a.free[len(b):]
	copy(c, b)
	return c
}
