package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

// thinned is the model of a ledger that is thinned: history without what was
// dropped, and a base for each stream, as heads have it.
type thinned struct {
	history
	bases map[uint32]ledger.Addr
	gone  []ledger.Addr
	swept bool // no marks are left
}

// grow appends records that resemble those before, as stars and as chains.
func (h *thinned) grow(t *rapid.T, l *ledger.Ledger) {
	_, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
		for range rapid.SampledFrom([]int{1, 3, 40}).Draw(t, "records") {
			stream := rapid.Uint32Range(0, 2).Draw(t, "stream")
			at := start + rapid.Int64Range(0, 60).Draw(t, "effective")
			payload := fmt.Sprintf("%0*d and %d more", rapid.SampledFrom([]int{20, 90, 300}).Draw(t, "size"), stream, len(h.facts))
			var base *ledger.Base
			if a := h.bases[stream]; !a.IsZero() {
				r, err := b.Load(a)
				if err != nil {
					return err
				}
				base = r.Base()
			}
			a, depth := b.Append(stream, at, 1+byte(stream%100), []byte(payload), base)
			if stream == 0 || depth == 0 { // a chain; or a star, whose full record stays the base
				h.bases[stream] = a
			}
			h.facts = append(h.facts, fact{payload: payload, Entry: ledger.Entry{Stream: stream, Addr: a, Effective: at}})
		}
		h.commits = append(h.commits, b.Commit())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// thin drops any entries of a stream, the oldest or the newest too.
func (h *thinned) thin(t *rapid.T, l *ledger.Ledger) {
	stream := rapid.Uint32Range(0, 2).Draw(t, "stream")
	share := rapid.IntRange(1, 10).Draw(t, "share")
	var drop []ledger.Entry
	kept := h.facts[:0:0]
	for _, f := range h.facts {
		if f.Stream == stream && rapid.IntRange(0, 9).Draw(t, "drop") < share {
			drop = append(drop, f.Entry)
			h.gone = append(h.gone, f.Addr)
		} else {
			kept = append(kept, f)
		}
	}
	c, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
		h.bases[stream] = b.Thin(stream, drop, h.bases[stream])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if h.facts = kept; c.Seq != 0 {
		h.commits = append(h.commits, c)
		h.swept = false
	}
}

func (h *thinned) sweep(t *rapid.T, l *ledger.Ledger, blocks int) {
	var done ledger.Swept
	c, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
		done = b.Sweep(blocks)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if h.swept = done.Done; c.Seq != 0 {
		h.commits = append(h.commits, c)
	}
}

// TestThinModel thins, appends and sweeps in any order, and kills the service
// between any two commits: at any time what stays is what the model has, all of
// it can be read, and Verify finds nothing wrong; once all is swept what was
// dropped is gone.
func TestThinModel(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := drawStore(t, dir)
		defer s.Close()
		l, err := ledger.Create(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		h := &thinned{bases: map[uint32]ledger.Addr{}}
		t.Repeat(map[string]func(*rapid.T){
			"grow":  func(t *rapid.T) { h.grow(t, l) },
			"thin":  func(t *rapid.T) { h.thin(t, l) },
			"sweep": func(t *rapid.T) { h.sweep(t, l, rapid.IntRange(1, 3).Draw(t, "blocks")) },
			"": func(t *rapid.T) {
				if l, err = ledger.Open(ctx, s); err != nil {
					t.Fatal(err)
				}
				h.holds(t, l)
			},
		})
		h.sweep(t, l, 1000)
		h.holds(t, l)
	})
}

func (h *thinned) holds(t *rapid.T, l *ledger.Ledger) {
	err := l.View(ctx, func(tx *ledger.Tx) error {
		for stream := range uint32(3) {
			want := h.entries(stream, ledger.MinInstant, ledger.MaxInstant, ledger.Latest)
			if got := slices.Collect(tx.Entries(stream, ledger.MinInstant, ledger.MaxInstant, ledger.Latest)); !slices.Equal(got, want) {
				t.Fatalf("stream %d has %+v, model %+v", stream, got, want)
			}
		}
		for _, f := range h.facts {
			if r, err := tx.LoadEntry(f.Entry); err != nil || string(r.Payload) != f.payload {
				t.Fatalf("LoadEntry(%+v) = %+v, %v; model %q", f.Entry, r, err, f.payload)
			}
		}
		for _, a := range h.gone {
			if _, err := tx.Load(a); h.swept && !errors.Is(err, ledger.ErrCorrupt) {
				t.Fatalf("record %v is still there: %v", a, err)
			}
		}
		for _, c := range h.commits {
			if got := tx.SeqAt(c.Recorded); got != c.Seq {
				t.Fatalf("SeqAt(%d) = %d, model %d", c.Recorded, got, c.Seq)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.Verify(ctx, func(err error) bool { t.Fatalf("%v", err); return false })
	if want := int64(len(h.facts)); err != nil || h.swept && v.Records-v.Gone != want {
		t.Fatalf("verified %+v of %d records, %v", v, want, err)
	}
}

// TestThinStar drops the full record on which all versions of a host rest: one
// of them becomes the full one, and the others stay small.
func TestThinStar(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store, l *ledger.Ledger) {
		r := rand.New(rand.NewPCG(7, 7))
		payloads := [][]byte{host(r)}
		var base, next *ledger.Base
		for i := range 40 {
			if i > 0 {
				payloads = append(payloads, changed(r, payloads[0]))
			}
			commit(t, l, start, func(b *ledger.Batch) {
				a, depth := b.Append(1, start+int64(i), 1, payloads[i], base)
				if next = base; depth == 0 {
					next = &ledger.Base{Addr: a, Payload: payloads[i]}
				}
			})
			base = next
		}
		size := func() (n int) {
			for _, line := range dump(t, s) {
				if line[0] == 'c' {
					n += len(line) / 2
				}
			}
			return n
		}
		was := size()
		var left ledger.Addr
		commit(t, l, start, func(b *ledger.Batch) {
			drop := slices.Collect(b.Entries(1, start, start+20, ledger.Latest))
			left = b.Thin(1, drop, base.Addr)
		})
		var swept ledger.Swept
		commit(t, l, start, func(b *ledger.Batch) { swept = b.Sweep(100) })
		if !swept.Done || swept.Records != 20 || swept.Freed <= 0 || left.IsZero() {
			t.Fatalf("swept %+v, base %v", swept, left)
		}
		if now := size(); was-now < 800 {
			t.Errorf("%d bytes of blocks, %d before", now, was)
		}
		view(t, l, func(tx *ledger.Tx) {
			n := 0
			for e := range tx.Entries(1, start, start+100, ledger.Latest) {
				rec, err := tx.LoadEntry(e)
				if err != nil || !bytes.Equal(rec.Payload, payloads[e.Effective-start]) {
					t.Fatalf("%+v: %v", e, err)
				}
				if rec.Depth == 0 {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d full records; 1 would do", n)
			}
		})
		sound(t, l)
	})
}
