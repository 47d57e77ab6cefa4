package memory

import (
	"bytes"
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/plumbline/plumbline/store"
)

// Store keeps a sorted map in memory. It is safe for concurrent use.
type Store struct {
	writer  chan struct{}         // holds one token while an Update runs
	current atomic.Pointer[state] // what was committed last
	closing chan struct{}         // closed by Close
	once    sync.Once             // guards closing
	views   sync.WaitGroup        // the Views that run
	mu      sync.RWMutex          // held shared while a View enters, so that Close misses none
}

// state is one committed state; it never changes.
type state struct {
	root  *node
	bytes int64 // keys and values
}

// New returns an empty store.
func New() *Store {
	s := &Store{writer: make(chan struct{}, 1), closing: make(chan struct{})}
	s.current.Store(&state{})
	return s
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, f func(store.Reader) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.views.Done()
	t := &txn{ctx: ctx, state: *s.current.Load()}
	defer t.end()
	err := f(reader{t})
	if t.err != nil {
		return t.err
	}
	return err
}

// enter counts a View in, unless the store is closed or ctx is done.
func (s *Store) enter(ctx context.Context) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.views.Add(1)
	return nil
}

func (s *Store) ready(ctx context.Context) error {
	select {
	case <-s.closing:
		return store.ErrClosed
	default:
		return ctx.Err()
	}
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, f func(store.Writer) error) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	select {
	case s.writer <- struct{}{}:
	case <-s.closing:
		return store.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writer }()
	if err := s.ready(ctx); err != nil {
		return err
	}
	t := &txn{ctx: ctx, state: *s.current.Load()}
	defer t.end()
	err := f(writer{reader{t}})
	if t.err != nil {
		return t.err
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	s.current.Store(&state{root: t.root, bytes: t.bytes})
	return nil
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context) (store.Stat, error) {
	if err := s.ready(ctx); err != nil {
		return store.Stat{}, err
	}
	return store.Stat{SizeBytes: s.current.Load().bytes}, nil
}

// Close implements store.Store. The content is gone.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		close(s.closing)
		s.mu.Unlock()
		s.views.Wait()
		s.writer <- struct{}{}
		s.current.Store(&state{})
		<-s.writer
	})
	return nil
}

// txn is what one closure reads and writes.
type txn struct {
	state
	ctx   context.Context
	err   error // the sticky error
	ended bool
	scans int // loops over Scan that run
}

func (t *txn) end() { t.ended = true }

// ok says whether t may still be used.
func (t *txn) ok() bool { return t.err == nil && !t.ended }

func (t *txn) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

type reader struct{ *txn }

// Get implements store.Reader.
func (r reader) Get(key []byte) []byte {
	if !r.ok() {
		return nil
	}
	if err := store.CheckKey(key); err != nil {
		r.fail(err)
		return nil
	}
	if n := get(r.root, key); n != nil {
		return n.value
	}
	return nil
}

// Scan implements store.Reader.
func (r reader) Scan(lo, hi []byte) iter.Seq2[[]byte, []byte] {
	if !r.ok() {
		return none
	}
	if err := store.CheckRange(lo, hi); err != nil {
		r.fail(err)
		return none
	}
	lo = bytes.Clone(lo)
	if len(hi) == 0 {
		hi = store.End(lo[0])
	} else {
		hi = bytes.Clone(hi)
	}
	return func(yield func(key, value []byte) bool) {
		if !r.ok() {
			return
		}
		r.scans++
		defer func() { r.scans-- }()
		walk(r.root, lo, hi, func(n *node) bool {
			if err := r.ctx.Err(); err != nil {
				r.fail(err)
				return false
			}
			return yield(n.key, n.value) && r.ok()
		})
	}
}

func none(func(key, value []byte) bool) {}

type writer struct{ reader }

// Put implements store.Writer.
func (w writer) Put(key, value []byte) {
	if !w.writable(key) {
		return
	}
	if err := store.CheckValue(value); err != nil {
		w.fail(err)
		return
	}
	if old := get(w.root, key); old != nil {
		w.bytes -= int64(len(old.key) + len(old.value))
	}
	w.bytes += int64(len(key) + len(value))
	w.root = put(w.root, clone(key), clone(value))
}

// clone copies b without room to spare, so that nobody who appends to what he
// was given writes into it.
func clone(b []byte) []byte {
	c := make([]byte, len(b))
	copy(c, b)
	return c
}

// Delete implements store.Writer.
func (w writer) Delete(key []byte) {
	if !w.writable(key) {
		return
	}
	if old := get(w.root, key); old != nil {
		w.bytes -= int64(len(old.key) + len(old.value))
		w.root = del(w.root, key)
	}
}

// writable says whether key may be written now, and fails where it may not.
func (w writer) writable(key []byte) bool {
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
