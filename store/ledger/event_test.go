package ledger_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

// eventModel is what the ledger's events must be.
type eventModel struct {
	list  []ledger.Event
	swept ledger.Event
}

// sweep takes events away as SweepEvents is to.
func (m *eventModel) sweep(before int64, most int) int {
	n := 0
	for n < most && n < len(m.list) && m.list[n].Recorded < before {
		m.swept = ledger.Event{ID: m.list[n].ID, Recorded: m.list[n].Recorded}
		n++
	}
	m.list = slices.Clone(m.list[n:])
	return n
}

func sameEvents(a, b []ledger.Event) bool {
	return slices.EqualFunc(a, b, func(x, y ledger.Event) bool {
		return x.ID == y.ID && x.Recorded == y.Recorded && bytes.Equal(x.Payload, y.Payload)
	})
}

// check compares the events after an id, one by one and all.
func (m *eventModel) check(t *rapid.T, tx *ledger.Tx, after ledger.EventID) {
	i, _ := slices.BinarySearchFunc(m.list, after, func(e ledger.Event, id ledger.EventID) int { return max(e.ID.Compare(id), 0)*2 - 1 })
	if got := slices.Collect(tx.Events(after)); !sameEvents(got, m.list[i:]) {
		t.Fatalf("after %v: %v, want %v", after, got, m.list[i:])
	}
	for _, want := range m.list {
		if got, ok, err := tx.EventAt(want.ID); err != nil || !ok || !sameEvents([]ledger.Event{got}, []ledger.Event{want}) {
			t.Fatalf("event %v is %v, %v, %v", want, got, ok, err)
		}
	}
	swept, err := tx.EventsSwept()
	if err != nil || !sameEvents([]ledger.Event{swept}, []ledger.Event{m.swept}) {
		t.Fatalf("swept up to %v, %v, want %v", swept, err, m.swept)
	}
	want := m.swept
	if n := len(m.list); n > 0 {
		want = m.list[n-1]
	}
	if last, err := tx.LastEvent(); err != nil || last.ID != want.ID || last.Recorded != want.Recorded {
		t.Fatalf("the last is %v, %v, want %v", last, err, want)
	}
}

// TestEvents holds events against a list, over commits, failed ones, and sweeps.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := drawStore(t, dir)
		defer s.Close()
		l, err := ledger.Create(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		m := &eventModel{}
		now := start
		for range rapid.IntRange(1, 12).Draw(t, "commits") {
			now += rapid.Int64Range(0, 3).Draw(t, "later") * second
			fails := rapid.IntRange(0, 4).Draw(t, "fails") == 0
			next := &eventModel{}
			_, err := l.Commit(ctx, now, func(b *ledger.Batch) error {
				*next = *m
				for range rapid.IntRange(0, 4).Draw(t, "events") {
					payload := rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "payload")
					next.list = append(slices.Clone(next.list), ledger.Event{ID: b.Event(payload), Recorded: b.Commit().Recorded, Payload: payload})
				}
				before, most := now-rapid.Int64Range(-1, 6).Draw(t, "age")*second, rapid.IntRange(0, 3).Draw(t, "most")
				if got, want := b.SweepEvents(before, most), next.sweep(before, most); got != want {
					t.Fatalf("%d were swept, want %d", got, want)
				}
				next.check(t, b.Tx, ledger.EventID{})
				if fails {
					return errAgain
				}
				return nil
			})
			if errors.Is(err, errAgain) != fails || err != nil && !fails {
				t.Fatal(err)
			}
			if !fails {
				m = next
			}
			after := ledger.EventID{Seq: ledger.Seq(rapid.IntRange(0, 12).Draw(t, "after")), N: rapid.Uint32Range(0, 5).Draw(t, "n")}
			if err := l.View(ctx, func(tx *ledger.Tx) error { m.check(t, tx, after); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Verify(ctx, func(err error) bool { t.Fatal(err); return false }); err != nil {
			t.Fatal(err)
		}
	})
}

// TestEventsAfterNow: a commit with events tells, one without does not, nor one
// that failed.
func TestEventsAfterNow(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		told := func(c <-chan struct{}) bool {
			select {
			case <-c:
				return true
			default:
				return false
			}
		}
		first, again := l.EventsAfterNow(), l.EventsAfterNow()
		commit(t, l, start, func(b *ledger.Batch) { b.PutHead(1, 1, nil) })
		if _, err := l.Commit(ctx, start, func(b *ledger.Batch) error { b.Event(nil); return errAgain }); !errors.Is(err, errAgain) {
			t.Fatal(err)
		}
		if told(first) || told(again) {
			t.Error("told without an event")
		}
		commit(t, l, start, func(b *ledger.Batch) { b.Event(nil) })
		if !told(first) || !told(again) || told(l.EventsAfterNow()) {
			t.Error("the event was not told, or the one to come was")
		}
	})
}

// TestManyEvents: a commit takes more events than records.
func TestManyEvents(t *testing.T) {
	_, l := openMemory(t)
	n := ledger.MaxRecords + 10
	commit(t, l, start, func(b *ledger.Batch) {
		for range n {
			b.Event(nil)
		}
	})
	got := 0
	view(t, l, func(tx *ledger.Tx) {
		for e := range tx.Events(ledger.EventID{}) {
			if e.ID != (ledger.EventID{Seq: 1, N: uint32(got)}) {
				t.Fatalf("event %d is %v", got, e.ID)
			}
			got++
		}
		for _, i := range []int{0, 1, 255, 256, 257, n - 1, n} {
			id := ledger.EventID{Seq: 1, N: uint32(i)}
			if e, ok, err := tx.EventAt(id); err != nil || ok != (i < n) || ok && e.ID != id {
				t.Errorf("event %d is %v, %v, %v", i, e, ok, err)
			}
		}
	})
	if got != n {
		t.Errorf("%d of %d events", got, n)
	}
}
