package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/plumbline/plumbline/store"
)

// DB is a store in one file. It is safe for concurrent use.
type DB struct {
	path    string
	options Options
	appends [256]bool // the keyspaces of Options.AppendSpaces
	*handle

	writer  chan struct{} // holds one token while an Update runs
	closing chan struct{} // closed when Close begins
	once    sync.Once     // Close
	closed  error         // what Close returned

	// dead is why the handle is of no use any more, nil while it is.
	dead atomic.Pointer[error]
	// stuck says that bbolt's locks are held for good, so that its Close would
	// wait for ever.
	stuck atomic.Bool
	// listed says that the free list in the file is that of the state in the
	// file. Guarded by the writer token.
	listed bool
}

var _ store.Store = (*DB)(nil)

func newDB(path string, o Options, h *handle) *DB {
	d := &DB{
		path: path, options: o, handle: h,
		writer: make(chan struct{}, 1), closing: make(chan struct{}),
		listed: h.metas.freelist != noFreelist,
	}
	for _, space := range o.AppendSpaces {
		d.appends[space] = true
	}
	return d
}

// Path returns the path that the store was opened with.
func (d *DB) Path() string { return d.path }

// Fallback reports whether one of the file's two meta pages was found damaged
// by Open. After a power cut that is to be expected: the page was being
// written, by a commit that had not been acknowledged. At any other time the
// last commit is lost, and the rest of the file should be checked.
func (d *DB) Fallback() bool { return d.metas.valid < 2 }

// ready says why a call cannot begin, if it cannot.
func (d *DB) ready(ctx context.Context) error {
	select {
	case <-d.closing:
		return store.ErrClosed
	default:
	}
	if dead := d.dead.Load(); dead != nil {
		return *dead
	}
	return ctx.Err()
}

// kill makes every later call fail with err; the first error stays.
func (d *DB) kill(err error) { d.dead.CompareAndSwap(nil, &err) }

// View implements store.Store.
func (d *DB) View(ctx context.Context, f func(store.Reader) error) error {
	return d.view(ctx, func(tx *bbolt.Tx) error {
		t := txn{db: d, tx: tx, ctx: ctx}
		defer t.end()
		err := f(&t)
		if t.err != nil {
			return t.err
		}
		return err
	})
}

func (d *DB) view(ctx context.Context, f func(*bbolt.Tx) error) (err error) {
	if err := d.ready(ctx); err != nil {
		return err
	}
	tx, err := d.begin(false)
	if err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		p := recover()
		if p != nil {
			err = d.fault(p, tx)
		}
		_ = tx.Rollback()
		if p != nil && err == nil {
			panic(p)
		}
	}()
	return f(tx)
}

// Update implements store.Store.
func (d *DB) Update(ctx context.Context, f func(store.Writer) error) error {
	if err := d.ready(ctx); err != nil {
		return err
	}
	select {
	case d.writer <- struct{}{}:
	case <-d.closing:
		return store.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.writer }()
	if err := d.ready(ctx); err != nil {
		return err
	}
	tx, err := d.begin(true)
	if err != nil {
		return err
	}
	wrote, err := d.fill(ctx, tx, f)
	if err != nil || !wrote {
		return err
	}
	return d.commit(tx)
}

// fill runs the closure of an Update, and ends the transaction unless there is
// something to commit.
func (d *DB) fill(ctx context.Context, tx *bbolt.Tx, f func(store.Writer) error) (wrote bool, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	keep := false // false also where the goroutine exits in f
	defer func() {
		p := recover()
		if p != nil {
			err = d.fault(p, tx)
		}
		if !keep {
			_ = tx.Rollback()
		}
		if p != nil && err == nil {
			panic(p)
		}
	}()
	w := writer{txn: txn{db: d, tx: tx, ctx: ctx}}
	defer w.end()
	err = f(&w)
	switch {
	case w.err != nil:
		return false, w.err
	case err != nil:
		return false, err
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	keep = w.wrote
	return keep, nil
}

// begin begins a transaction. A panic there leaves bbolt's locks held, which
// ends the handle; it takes two damaged meta pages, or a file that somebody
// truncated while it was open.
func (d *DB) begin(writable bool) (tx *bbolt.Tx, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			d.stuck.Store(true)
			err = fmt.Errorf("%w: %v", store.ErrCorrupt, p)
			d.kill(err)
		}
	}()
	tx, err = d.bolt.Begin(writable)
	switch {
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return nil, store.ErrClosed
	case err != nil:
		return nil, fmt.Errorf("%w: %v", store.ErrCorrupt, err)
	}
	return tx, nil
}

// Stat implements store.Store.
func (d *DB) Stat(ctx context.Context) (s store.Stat, err error) {
	err = d.view(ctx, func(tx *bbolt.Tx) error {
		info, err := d.file.Stat()
		if err != nil {
			return err
		}
		pages := d.bolt.Stats()
		free := int64(pages.FreePageN+pages.PendingPageN) * int64(d.metas.pageSize)
		// The tail of the file, which no page in use has reached yet, is free
		// too. Another commit may have moved on since, hence the bounds.
		tail := max(info.Size()-tx.Size(), 0)
		s = store.Stat{SizeBytes: info.Size(), FreeBytes: min(free+tail, info.Size())}
		return nil
	})
	return s, err
}

// Close implements store.Store. It writes the list of free pages, so that the
// next Open is quick.
func (d *DB) Close() error {
	d.once.Do(func() {
		close(d.closing)
		d.writer <- struct{}{} // for good: no Update after this one
		if d.dead.Load() == nil && !d.listed {
			d.list()
		}
		if d.stuck.Load() {
			d.closed = release(d.file)
			return
		}
		d.closed = d.bolt.Close()
	})
	return d.closed
}
