package ledger_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

func TestCreateAndOpen(t *testing.T) {
	s := memory.New()
	if _, err := ledger.Open(ctx, s); !errors.Is(err, ledger.ErrFormat) || !strings.Contains(err.Error(), "create") {
		t.Errorf("Open of an empty store: %v", err)
	}
	create(t, s)
	if _, err := ledger.Create(ctx, s); !errors.Is(err, store.ErrExists) {
		t.Errorf("Create of an existing one: %v", err)
	}
	if _, err := ledger.Open(ctx, s); err != nil {
		t.Error(err)
	}
	key := []byte("mF")
	replace := func(content []byte) {
		t.Helper()
		err := s.Update(ctx, func(w store.Writer) error {
			w.Put(key, ledger.Sealed(key, content))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	replace(binary.AppendUvarint([]byte("plumbline ledger "), ledger.Version+1))
	if _, err := ledger.Open(ctx, s); !errors.Is(err, ledger.ErrFormat) || !errors.Is(err, store.ErrVersion) || !strings.Contains(err.Error(), fmt.Sprintf("version %d", ledger.Version+1)) {
		t.Errorf("another version: %v", err)
	}
	for _, content := range []string{"", "plumbline ledger ", "something else"} {
		replace([]byte(content))
		if _, err := ledger.Open(ctx, s); !errors.Is(err, ledger.ErrFormat) || errors.Is(err, store.ErrVersion) {
			t.Errorf("format %q: %v", content, err)
		}
	}
	_ = s.Close()
	if _, err := ledger.Open(ctx, s); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
	if _, err := ledger.Create(ctx, s); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
}

// TestRecorded has clocks that stand still, go back and are far off.
func TestRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		cases := []struct{ now, want int64 }{
			{start, start}, {start, start + 1}, {start - 5, start + 2}, {math.MinInt64, start + 3},
			{start + 100, start + 100}, {math.MaxInt64, ledger.MaxInstant}, {start, ledger.MaxInstant + 1},
		}
		for i, c := range cases {
			got := commit(t, l, c.now, func(b *ledger.Batch) {
				b.Audit([]byte("a"))
				if b.Last().Seq != ledger.Seq(i) {
					t.Errorf("the last one is %+v", b.Last())
				}
			})
			if want := (ledger.Commit{Seq: ledger.Seq(i + 1), Recorded: c.want}); got != want {
				t.Errorf("at %d: %+v, want %+v", c.now, got, want)
			}
		}
		view(t, l, func(tx *ledger.Tx) {
			if got := tx.Last(); got.Seq != ledger.Seq(len(cases)) {
				t.Errorf("last %+v", got)
			}
			for i, c := range cases {
				seq := ledger.Seq(i + 1)
				if tx.SeqAt(c.want) != seq || tx.SeqAt(c.want-1) > seq-1 {
					t.Errorf("SeqAt(%d) = %d, before it %d", c.want, tx.SeqAt(c.want), tx.SeqAt(c.want-1))
				}
			}
		})
		sound(t, l)
	})
}

// TestFirstBeforeTheEpoch has a clock that is very wrong at the first commit.
func TestFirstBeforeTheEpoch(t *testing.T) {
	_, l := openMemory(t)
	c := commit(t, l, math.MinInt64, func(b *ledger.Batch) { b.Append(1, math.MinInt64, 1, []byte("x"), nil) })
	if c.Recorded != ledger.MinInstant {
		t.Errorf("recorded %d", c.Recorded)
	}
	view(t, l, func(tx *ledger.Tx) {
		if tx.SeqAt(ledger.MinInstant) != 1 || tx.SeqAt(ledger.MinInstant-1) != 0 {
			t.Errorf("SeqAt %d %d", tx.SeqAt(ledger.MinInstant), tx.SeqAt(ledger.MinInstant-1))
		}
		if e, ok := tx.At(1, 0, ledger.Latest); !ok || e.Effective != ledger.MinInstant {
			t.Errorf("At %+v", e)
		}
	})
	sound(t, l)
}

// TestEveryCommitCounts: one that only overwrites gets a number, one that is
// empty none.
func TestEveryCommitCounts(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store, l *ledger.Ledger) {
		before := dump(t, s)
		c := commit(t, l, start, func(b *ledger.Batch) {
			b.Add("a", []int64{0, 0})
			b.SweepRequests(start, 10)
			b.Number(1, "a")
		})
		if c != (ledger.Commit{}) || !slices.Equal(dump(t, s), before) {
			t.Errorf("an empty commit is %+v and wrote %q", c, dump(t, s))
		}
		a := commit(t, l, start, func(b *ledger.Batch) { b.PutHead(1, 1, nil) })
		b := commit(t, l, start, func(b *ledger.Batch) { b.DeleteHead(1, 1) })
		if b.Seq != a.Seq+1 {
			t.Errorf("commits %+v %+v", a, b)
		}
		view(t, l, func(tx *ledger.Tx) {
			if tx.SeqAt(a.Recorded) != a.Seq || tx.SeqAt(b.Recorded) != b.Seq {
				t.Error("SeqAt")
			}
		})
		sound(t, l)
	})
}

// TestReopen writes with one handle and reads with the next.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	o := bolt.Options{AppendSpaces: ledger.AppendSpaces(), NoSync: true}
	db, err := bolt.Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	l := create(t, db)
	for i := range 10 {
		commit(t, l, start, func(b *ledger.Batch) {
			b.Append(1, start+int64(i), 1, []byte{byte(i)}, nil)
			b.Intern(1, fmt.Sprint("name", i))
			b.Add("sum", []int64{1})
			b.Audit([]byte("who"))
		})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if db, err = bolt.Open(path, o); err != nil {
			t.Fatal(err)
		}
		if l, err = ledger.Open(ctx, db); err != nil {
			t.Fatal(err)
		}
	}
	defer db.Close()
	view(t, l, func(tx *ledger.Tx) {
		e, ok := tx.At(1, start+100, ledger.Latest)
		r, err := tx.LoadEntry(e)
		if !ok || err != nil || r.Payload[0] != 9 || tx.Last().Seq != 10 || tx.Count(1) != 10 || !slices.Equal(tx.Sum("sum"), []int64{10}) {
			t.Errorf("%+v %+v %v, %d names, sum %v", e, r, err, tx.Count(1), tx.Sum("sum"))
		}
	})
	sound(t, l)
}

// TestViewsBesideCommits reads while others write: a View sees whole commits.
func TestViewsBesideCommits(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		const writers, commits = 2, 30
		c, cancel := context.WithCancel(ctx)
		var readers, writing sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for c.Err() == nil {
					view(t, l, func(tx *ledger.Tx) { whole(t, tx) })
				}
			})
		}
		for w := range writers {
			writing.Go(func() {
				for i := range commits {
					commit(t, l, start, func(b *ledger.Batch) {
						b.Append(uint32(w), start+int64(i), 1, fmt.Appendf(nil, "%d", b.Commit().Seq), nil)
						b.PutHead(1, 1, fmt.Appendf(nil, "%d", b.Commit().Seq))
						b.Add("commits", []int64{1})
						b.Audit(nil)
					})
				}
			})
		}
		writing.Wait()
		cancel()
		readers.Wait()
		view(t, l, func(tx *ledger.Tx) {
			if tx.Last().Seq != writers*commits {
				t.Errorf("%d commits", tx.Last().Seq)
			}
			whole(t, tx)
		})
		sound(t, l)
	})
}

// whole compares what one commit wrote in several places.
func whole(t *testing.T, tx *ledger.Tx) {
	seq := tx.Last().Seq
	head, err := tx.Head(1, 1)
	if err != nil || seq > 0 && string(head) != fmt.Sprint(seq) {
		t.Errorf("head %q at %d, %v", head, seq, err)
	}
	if sum := tx.Sum("commits"); seq > 0 && (len(sum) != 1 || sum[0] != int64(seq)) {
		t.Errorf("sum %v at %d", sum, seq)
	}
	n := 0
	for stream := range uint32(2) {
		for e := range tx.Entries(stream, 0, math.MaxInt64, ledger.Latest) {
			n++
			if r, err := tx.LoadEntry(e); err != nil || string(r.Payload) != fmt.Sprint(e.Addr.Seq) {
				t.Errorf("%+v: %q, %v", e, r.Payload, err)
			}
		}
	}
	if n != int(seq) {
		t.Errorf("%d entries at %d", n, seq)
	}
}

// TestErrorsPass: errors of the closure and of the store come through.
func TestErrorsPass(t *testing.T) {
	s, l := openMemory(t)
	if _, err := l.Commit(ctx, start, func(b *ledger.Batch) error { b.Audit(nil); return errAgain }); err != errAgain {
		t.Errorf("Commit: %v", err)
	}
	if err := l.View(ctx, func(*ledger.Tx) error { return errAgain }); err != errAgain {
		t.Errorf("View: %v", err)
	}
	c, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Commit(c, start, func(*ledger.Batch) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = l.Commit(ctx, start, func(b *ledger.Batch) error { b.Audit(nil); panic("the closure's own") })
	}()
	if got := commit(t, l, start, func(b *ledger.Batch) { b.Audit(nil) }); got.Seq != 1 {
		t.Errorf("after all that: %+v", got)
	}
	_ = s.Close()
	if _, err := l.Commit(ctx, start, func(*ledger.Batch) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Commit: %v", err)
	}
	if _, err := l.Verify(ctx, func(error) bool { return true }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Verify: %v", err)
	}
}
