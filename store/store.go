package store

import (
	"context"
	"iter"
)

// Reader reads one consistent state: what was committed when the closure
// began, and inside an Update also what that Update wrote.
//
// Memory that a Reader returns is owned by the store. It may be a window into
// a mapped file: it must not be written to, and it is valid only until the
// closure returns. Until then it keeps its content, whatever the same Update
// writes or deletes afterwards.
//
// A Reader belongs to the goroutine that runs the closure. Once the closure has
// returned, its reads return nothing and its writes do nothing.
type Reader interface {
	// Get returns the value of key, or nil where the key is absent. A value
	// that is present and empty is empty and not nil.
	Get(key []byte) []byte

	// Scan yields the keys lo <= key < hi with their values, ascending
	// bytewise. It stays within one keyspace, that of lo's first byte: hi
	// begins with the same byte, or is End of that keyspace, or is nil (or empty),
	// which means the same as End. Where hi <= lo it yields nothing.
	//
	// Scan copies lo and hi. It may be ranged over more than once; each loop
	// sees what had been written when the loop began. Writing inside a loop is
	// refused (ErrScanWrite), because it moves what the loop stands on:
	// collect first, write after it.
	Scan(lo, hi []byte) iter.Seq2[[]byte, []byte]
}

// Writer is a Reader that also writes. Its reads see its own writes.
type Writer interface {
	Reader

	// Put sets the value of key. Both are copied. A nil value is an empty one.
	Put(key, value []byte)

	// Delete removes key; that it was absent is no error.
	Delete(key []byte)
}

// Store is an ordered map that can be read and written in closures. Any number
// of Views run beside each other and beside one Update; further Updates wait
// for it. A View sees the state at its beginning and nothing of what is
// committed meanwhile.
//
// A closure:
//   - may run twice (a backend that serializes may have to), so it touches
//     nothing outside itself but what it assigns anew each time;
//   - must not call View, Update, Stat or Close of the same store;
//   - must not stream to a client or wait for one: a View that stays open keeps
//     every page that is replaced meanwhile from being reused.
//
// Reads and writes return no error. A failed one is sticky: from there on Get
// returns nil, Scan yields nothing and writes do nothing, and View or Update
// returns that error, whatever the closure returned. So a closure that must
// not mistake a failed read for an absent key needs no check of its own: its
// result is dropped.
type Store interface {
	// View runs f on the state committed last. It returns the sticky error,
	// else what f returned.
	View(ctx context.Context, f func(Reader) error) error

	// Update runs f and commits what it wrote, all of it or nothing, durably:
	// once Update has returned nil, no crash or power cut takes it back. It
	// commits nothing where f returns an error or panics, where a read or write
	// failed, or where ctx is done. An Update that wrote nothing costs no
	// write to the disk.
	//
	// ctx is looked at before f runs, while it scans, and before the commit,
	// which is not interrupted. ErrOutcomeUnknown is the only error after
	// which the writes may be there.
	Update(ctx context.Context, f func(Writer) error) error

	// Stat says how large the store is. It is cheap: it reads no records.
	Stat(ctx context.Context) (Stat, error)

	// Close waits for the closures that run and releases the store; calls that
	// begin after it return ErrClosed. Closing twice is the same as once.
	Close() error
}

// Stat is the size of a store.
type Stat struct {
	// SizeBytes is what the store occupies: the length of its file, or the
	// bytes of its keys and values where it has none.
	SizeBytes int64
	// FreeBytes is the part of SizeBytes that holds no data and will be used
	// before the store grows.
	FreeBytes int64
}

// Keys counts the keys of one keyspace by reading it through.
func Keys(ctx context.Context, s Store, space byte) (int64, error) {
	var n int64
	err := s.View(ctx, func(r Reader) error {
		n = 0 // the closure may run twice
		for range r.Scan([]byte{space}, nil) {
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
