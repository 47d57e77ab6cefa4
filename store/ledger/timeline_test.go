package ledger_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

// fact is a record of the model, which keeps them in the order of appending.
type fact struct {
	ledger.Entry
	payload string
}

// history is the model of a ledger's timelines: lists, searched through.
type history struct {
	facts   []fact
	commits []ledger.Commit
}

// entries returns the entries of stream with from <= effective <= last, newest
// first.
func (h *history) entries(stream uint32, from, last int64, known ledger.Seq) (list []ledger.Entry) {
	for _, f := range h.facts {
		if f.Stream == stream && f.Effective >= from && f.Effective <= last && f.Addr.Seq <= known {
			list = append(list, f.Entry)
		}
	}
	slices.SortFunc(list, func(a, b ledger.Entry) int {
		return cmp.Or(-cmp.Compare(a.Effective, b.Effective), -a.Addr.Compare(b.Addr))
	})
	for i := 1; i < len(list); i++ {
		list[i].Shadowed = list[i].Effective == list[i-1].Effective
	}
	return list
}

func (h *history) at(stream uint32, T int64, known ledger.Seq) (ledger.Entry, bool) {
	for _, e := range h.entries(stream, math.MinInt64, T, known) {
		return e, true
	}
	return ledger.Entry{}, false
}

func (h *history) next(stream uint32, after int64, known ledger.Seq) (best ledger.Entry, ok bool) {
	if after == math.MaxInt64 {
		return best, false
	}
	for _, e := range h.entries(stream, after+1, math.MaxInt64, known) {
		if !e.Shadowed {
			best, ok = e, true
		}
	}
	return best, ok
}

func (h *history) seqAt(recorded int64) (seq ledger.Seq) {
	for _, c := range h.commits {
		if c.Recorded <= recorded {
			seq = c.Seq
		}
	}
	return seq
}

var (
	streams = rapid.SampledFrom([]uint32{0, 1, 2, math.MaxUint32})
	// Few instants, so that corrections happen, and the ends of what there is.
	instants = rapid.OneOf(
		rapid.Int64Range(-20, 200),
		rapid.Int64Range(start, start+500),
		rapid.SampledFrom([]int64{
			math.MinInt64, math.MinInt64 + 1, ledger.MinInstant - 1, ledger.MinInstant, ledger.MinInstant + 1,
			ledger.MaxInstant - 1, ledger.MaxInstant, ledger.MaxInstant + 1, math.MaxInt64 - 1, math.MaxInt64,
		}),
	)
)

// check compares all questions about one stream.
func (h *history) check(t *rapid.T, tx *ledger.Tx) {
	stream, T := streams.Draw(t, "stream"), instants.Draw(t, "T")
	known := ledger.Latest
	if n := len(h.commits); n > 0 && rapid.Bool().Draw(t, "past") {
		known = ledger.Seq(rapid.IntRange(0, n).Draw(t, "K"))
	}
	same := func(what string, got, want any) {
		if got != want {
			t.Fatalf("%s(%d, %d, %d) = %+v, model %+v", what, stream, T, known, got, want)
		}
	}
	e, ok := tx.At(stream, T, known)
	we, wok := h.at(stream, T, known)
	same("At", e, we)
	same("At", ok, wok)
	e, ok = tx.Next(stream, T, known)
	we, wok = h.next(stream, T, known)
	same("Next", e, we)
	same("Next", ok, wok)
	same("SeqAt", tx.SeqAt(T), h.seqAt(T))

	to := instants.Draw(t, "to")
	var want []ledger.Entry
	if T < to {
		want = h.entries(stream, T, to-1, known)
	}
	got := slices.Collect(tx.Entries(stream, T, to, known))
	if !slices.Equal(got, want) {
		t.Fatalf("Entries(%d, %d, %d, %d) = %+v, model %+v", stream, T, to, known, got, want)
	}
	if len(h.facts) > 0 {
		f := rapid.SampledFrom(h.facts).Draw(t, "fact")
		r, err := tx.LoadEntry(f.Entry)
		if err != nil || string(r.Payload) != f.payload || r.Stream != f.Stream || r.Kind != 1+byte(f.Stream%100) {
			t.Fatalf("LoadEntry(%+v) = %+v, %v; model %q", f.Entry, r, err, f.payload)
		}
		if i := f.Addr.Seq - 1; int(i) < len(h.commits) && h.commits[i].Recorded != r.Recorded {
			t.Fatalf("recorded %d, model %d", r.Recorded, h.commits[i].Recorded)
		}
	}
}

// change appends or confirms in a batch and in the model.
func (h *history) change(t *rapid.T, b *ledger.Batch) {
	if len(h.facts) > 0 && rapid.IntRange(0, 3).Draw(t, "confirm") == 0 {
		f := &h.facts[rapid.IntRange(0, len(h.facts)-1).Draw(t, "which")]
		c := instants.Draw(t, "confirmed")
		b.SetConfirmed(f.Entry, c)
		if c != 0 {
			c = min(max(c, ledger.MinInstant), ledger.MaxInstant)
		}
		f.Confirmed = c
		return
	}
	stream, at := streams.Draw(t, "stream"), instants.Draw(t, "effective")
	n := rapid.SampledFrom([]int{0, 1, 30, 30, 90, 700}).Draw(t, "size")
	payload := fmt.Sprintf("%*d", n, len(h.facts))
	var base *ledger.Base
	if len(h.facts) > 0 && rapid.Bool().Draw(t, "delta") {
		r, err := b.Load(rapid.SampledFrom(h.facts).Draw(t, "base").Addr)
		if err != nil {
			t.Fatal(err)
		}
		base = r.Base()
	}
	addr, _ := b.Append(stream, at, 1+byte(stream%100), []byte(payload), base)
	h.facts = append(h.facts, fact{payload: payload, Entry: ledger.Entry{
		Stream: stream, Addr: addr, Effective: min(max(at, ledger.MinInstant), ledger.MaxInstant),
	}})
}

func TestTimelinesModel(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := drawStore(t, dir)
		defer s.Close()
		l, err := ledger.Create(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		h := &history{}
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) { h.commit(t, l) },
			"check": func(t *rapid.T) {
				if err := l.View(ctx, func(tx *ledger.Tx) error { h.check(t, tx); return nil }); err != nil {
					t.Fatal(err)
				}
			},
			"open": func(t *rapid.T) {
				if l, err = ledger.Open(ctx, s); err != nil {
					t.Fatal(err)
				}
			},
			"verify": func(t *rapid.T) {
				v, err := l.Verify(ctx, func(err error) bool { t.Fatalf("%v", err); return false })
				if err != nil || v.Records != int64(len(h.facts)) {
					t.Fatalf("verified %+v of %d records, %v", v, len(h.facts), err)
				}
			},
		})
	})
}

// commit makes a commit of some changes, asks in between, and sometimes gives
// up, after which nothing may have changed.
func (h *history) commit(t *rapid.T, l *ledger.Ledger) {
	before := history{facts: slices.Clone(h.facts), commits: h.commits}
	now := rapid.Int64Range(start-100, start+500).Draw(t, "now")
	abort := rapid.IntRange(0, 9).Draw(t, "abort") == 0
	c, err := l.Commit(ctx, now, func(b *ledger.Batch) error {
		h.commits = append(slices.Clip(h.commits), b.Commit())
		for range rapid.SampledFrom([]int{1, 3, 60}).Draw(t, "changes") {
			h.change(t, b)
			if rapid.IntRange(0, 9).Draw(t, "look") == 0 {
				h.check(t, b.Tx)
			}
		}
		if abort {
			return errAgain
		}
		return nil
	})
	if abort {
		if err != errAgain || c != (ledger.Commit{}) {
			t.Fatalf("Commit = %v, %v", c, err)
		}
		*h = before
		return
	}
	last := h.commits[len(h.commits)-1]
	if err != nil || c != last || c.Seq != ledger.Seq(len(h.commits)) || c.Recorded < now {
		t.Fatalf("Commit = %+v, %v; in the batch %+v, number %d", c, err, last, len(h.commits))
	}
	if n := len(h.commits); n > 1 && c.Recorded <= h.commits[n-2].Recorded {
		t.Fatalf("recorded %d after %d", c.Recorded, h.commits[n-2].Recorded)
	}
}

// TestLongTimeline has more entries than Next reads through, in the order in
// which they took effect, in the reverse, and mixed.
func TestLongTimeline(t *testing.T) {
	const n = 500
	orders := map[string]func(i int) int{
		"forward":  func(i int) int { return i },
		"backward": func(i int) int { return n - 1 - i },
		"mixed":    func(i int) int { return i * 377 % n },
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) { longTimeline(t, l, n, order) })
		})
	}
}

func longTimeline(t *testing.T, l *ledger.Ledger, n int, order func(i int) int) {
	at := func(i int) int64 { return start + int64(i/2)*10 + int64(i%2) } // in pairs
	for i := 0; i < n; i += 100 {
		commit(t, l, start, func(b *ledger.Batch) {
			for k := i; k < i+100; k++ {
				b.Append(7, at(order(k)), 1, []byte{1}, nil)
			}
			b.Append(6, at(i), 1, nil, nil)
			b.Append(8, at(i), 1, nil, nil)
		})
	}
	view(t, l, func(tx *ledger.Tx) {
		for i := range n {
			if e, ok := tx.At(7, at(i+1)-1, ledger.Latest); !ok || e.Effective != at(i) {
				t.Fatalf("At %d: %+v %v", i, e, ok)
			}
			if e, ok := tx.Next(7, at(i)-1, ledger.Latest); !ok || e.Effective != at(i) {
				t.Fatalf("Next %d: %+v %v", i, e, ok)
			}
		}
		if e, ok := tx.Next(7, math.MinInt64, ledger.Latest); !ok || e.Effective != at(0) {
			t.Fatalf("Next of all: %+v %v", e, ok)
		}
		i := n
		for e := range tx.Entries(7, 0, math.MaxInt64, ledger.Latest) {
			if i--; e.Effective != at(i) || e.Stream != 7 {
				t.Fatalf("%+v where %d is due", e, at(i))
			}
		}
		if i != 0 {
			t.Fatalf("entries end before %d", at(i))
		}
	})
	sound(t, l)
}

// TestCorrectInLoop corrects every entry in a loop over the entries, and looks
// each time, which cuts leaves below the loop.
func TestCorrectInLoop(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		const n = 200
		commit(t, l, start, func(b *ledger.Batch) {
			for i := range int64(n) {
				b.Append(1, start+i*10, 1, []byte{0}, nil)
			}
		})
		commit(t, l, start, func(b *ledger.Batch) {
			seen := 0
			for e := range b.Entries(1, 0, math.MaxInt64, 1) {
				want := start + int64(n-1-seen)*10
				if e.Effective != want {
					t.Fatalf("%d where %d is due", e.Effective, want)
				}
				seen++
				for _, back := range []int64{0, 15, 155} { // the entry itself and older ones
					b.Append(1, e.Effective-back, 2, []byte{1}, nil)
				}
				if now, ok := b.At(1, e.Effective, ledger.Latest); !ok || now.Addr.Seq != 2 {
					t.Fatalf("in force %+v", now)
				}
			}
			if seen != n {
				t.Fatalf("%d entries", seen)
			}
		})
		sound(t, l)
	})
}

func TestConfirmWhatIsNotThere(t *testing.T) {
	_, l := openMemory(t)
	commit(t, l, start, func(b *ledger.Batch) { b.Append(1, start, 1, nil, nil) })
	for _, e := range []ledger.Entry{
		{Stream: 1, Effective: start},
		{Stream: 1, Effective: start + 1, Addr: ledger.Addr{Seq: 1}},
		{Stream: 2, Effective: start, Addr: ledger.Addr{Seq: 1}},
	} {
		_, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
			b.SetConfirmed(e, start)
			return nil
		})
		if err == nil {
			t.Errorf("%+v was confirmed", e)
		}
	}
	sound(t, l)
}
