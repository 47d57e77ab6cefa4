package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

const (
	second = int64(1_000_000)
	start  = 1_700_000_000 * second
)

var ctx = context.Background()

// openBolt makes a ledger in a file that is gone after the test.
func openBolt(t testing.TB) (*bolt.DB, *ledger.Ledger) {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "ledger.db"), bolt.Options{
		AppendSpaces: ledger.AppendSpaces(), NoSync: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, create(t, db)
}

// openMemory makes a ledger in memory.
func openMemory(t testing.TB) (*memory.Store, *ledger.Ledger) {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() { _ = s.Close() })
	return s, create(t, s)
}

func create(t testing.TB, s store.Store) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Create(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// drawStore makes a store in memory, or seldom, because it is slower, a file.
func drawStore(t *rapid.T, dir string) store.Store {
	if rapid.IntRange(0, 9).Draw(t, "store") < 9 {
		return memory.New()
	}
	path := filepath.Join(dir, fmt.Sprint(files.Add(1)))
	s, err := bolt.Create(path, bolt.Options{AppendSpaces: ledger.AppendSpaces(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var files atomic.Int64

// eachStore runs a test over every backend.
func eachStore(t *testing.T, f func(t *testing.T, s store.Store, l *ledger.Ledger)) {
	t.Run("memory", func(t *testing.T) { s, l := openMemory(t); f(t, s, l) })
	t.Run("bolt", func(t *testing.T) { s, l := openBolt(t); f(t, s, l) })
	t.Run("twice", func(t *testing.T) {
		s := twice{memory.New()}
		t.Cleanup(func() { _ = s.Close() })
		f(t, s, create(t, s))
	})
}

// twice is a store whose closures run twice, as the contract says they may.
type twice struct{ store.Store }

var errAgain = errors.New("again")

func (s twice) View(ctx context.Context, f func(store.Reader) error) error {
	_ = s.Store.View(ctx, f)
	return s.Store.View(ctx, f)
}

func (s twice) Update(ctx context.Context, f func(store.Writer) error) error {
	err := s.Store.Update(ctx, func(w store.Writer) error {
		_ = f(w)
		return errAgain
	})
	if !errors.Is(err, errAgain) {
		return err
	}
	return s.Store.Update(ctx, f)
}

func commit(t testing.TB, l *ledger.Ledger, now int64, f func(b *ledger.Batch)) ledger.Commit {
	t.Helper()
	c, err := l.Commit(ctx, now, func(b *ledger.Batch) error { f(b); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func view(t testing.TB, l *ledger.Ledger, f func(tx *ledger.Tx)) {
	t.Helper()
	if err := l.View(ctx, func(tx *ledger.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// verify returns what Verify finds wrong.
func verify(t testing.TB, l *ledger.Ledger) []error {
	t.Helper()
	var problems []error
	_, err := l.Verify(ctx, func(err error) bool {
		problems = append(problems, err)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

func sound(t testing.TB, l *ledger.Ledger) {
	t.Helper()
	for _, err := range verify(t, l) {
		t.Errorf("Verify: %v", err)
	}
}

// dump is everything in a store, keys and values in hex, the keyspaces by
// letter.
func dump(t testing.TB, s store.Store) (lines []string) {
	t.Helper()
	err := s.View(ctx, func(r store.Reader) error {
		lines = nil
		for space := byte('a'); space <= 'z'; space++ {
			for k, v := range r.Scan([]byte{space}, nil) {
				lines = append(lines, fmt.Sprintf("%c %x=%x", k[0], k[1:], v))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
