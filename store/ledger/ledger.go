package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger/bell"
	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Version is the version of the format on disk, all of it: keys, blocks and
// values. A ledger of another version is refused.
const Version = 2

// Ledger is a store with a ledger in it. It is safe for concurrent use: any
// number of Views run beside each other and beside one Commit.
type Ledger struct {
	s       store.Store
	batches sync.Pool // of *Batch, for their memory
	events  bell.Bell // of commits with events
}

// The keys of the meta keyspace.
var (
	formatKey = []byte{layout.SpaceMeta, 'F'}
	lastKey   = []byte{layout.SpaceMeta, 'L'}
)

const magic = "plumbline ledger "

// Create makes a ledger in s, which must have none (else store.ErrExists), and
// opens it.
func Create(ctx context.Context, s store.Store) (*Ledger, error) {
	err := s.Update(ctx, func(w store.Writer) error {
		if w.Get(formatKey) != nil {
			return fmt.Errorf("ledger: %w", store.ErrExists)
		}
		w.Put(formatKey, layout.Sealed(nil, formatKey, binary.AppendUvarint([]byte(magic), Version)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &Ledger{s: s}, nil
}

// Open opens the ledger in s. Where there is none, or one of another format
// version, it returns an ErrFormat that says so. Closing s is the caller's.
func Open(ctx context.Context, s store.Store) (*Ledger, error) {
	err := s.View(ctx, func(r store.Reader) error { return checkFormat(r.Get(formatKey)) })
	if err != nil {
		return nil, err
	}
	return &Ledger{s: s}, nil
}

func checkFormat(value []byte) error {
	if value == nil {
		return fmt.Errorf("%w: the store has none; create one first", ErrFormat)
	}
	v, err := layout.Unseal(formatKey, value)
	if err != nil {
		return err
	}
	if len(v) < len(magic) || string(v[:len(magic)]) != magic {
		return fmt.Errorf("%w: the store has something else in its place", ErrFormat)
	}
	version, n := binary.Uvarint(v[len(magic):])
	if n <= 0 {
		return fmt.Errorf("%w: its version cannot be read", ErrFormat)
	}
	if version != Version {
		return fmt.Errorf("%w: it has version %d, this program knows %d: %w", ErrFormat, version, Version, store.ErrVersion)
	}
	return nil
}

// View runs f on what was committed last. A read that fails without being able
// to say so (an iterator, a yes or no) makes View return its error, whatever f
// returned. f may run twice; it must keep neither tx nor memory that tx gave.
func (l *Ledger) View(ctx context.Context, f func(tx *Tx) error) error {
	return l.s.View(ctx, func(r store.Reader) error {
		tx := &Tx{r: r}
		err := f(tx)
		if tx.err != nil {
			return tx.err
		}
		return err
	})
}

// Commit runs f and commits what it put into the batch, all or nothing, as one
// commit, recorded at now (Unix microseconds) or just after the commit before,
// whichever is later. It commits nothing where f returns an error or a read or
// write of the batch failed. Where the batch is empty there is no commit, and
// the Commit returned is zero.
//
// f may run twice, and touches nothing outside itself but what it assigns anew
// each time. It must keep neither the batch nor memory that the batch gave.
func (l *Ledger) Commit(ctx context.Context, now int64, f func(b *Batch) error) (Commit, error) {
	var done Commit
	events := false
	err := l.s.Update(ctx, func(w store.Writer) error {
		done, events = Commit{}, false
		b, ok := l.batches.Get().(*Batch)
		if !ok {
			b = newBatch()
		}
		defer func() {
			b.Tx = nil // and what it has cached
			l.batches.Put(b)
		}()
		if err := b.begin(w, now); err != nil {
			return err
		}
		if err := b.run(f); err != nil {
			return err
		}
		events = b.packing.events > 0
		wrote, err := b.flush(w)
		if wrote {
			done = b.Commit()
		}
		return err
	})
	if err != nil {
		return Commit{}, err
	}
	if events {
		l.events.Ring()
	}
	return done, nil
}

// lastCommit reads the newest commit, zero where there is none.
func lastCommit(r store.Reader) (Commit, error) {
	value := r.Get(lastKey)
	if value == nil {
		return Commit{}, nil
	}
	v, err := layout.UnsealN(lastKey, value, 16)
	if err != nil {
		return Commit{}, err
	}
	return Commit{
		Seq:      Seq(binary.BigEndian.Uint64(v)),
		Recorded: int64(binary.BigEndian.Uint64(v[8:])),
	}, nil
}

func appendCommit(b []byte, c Commit) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(c.Seq))
	return binary.BigEndian.AppendUint64(b, uint64(c.Recorded))
}
