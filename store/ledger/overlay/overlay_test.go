package overlay_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger/overlay"
	"github.com/plumbline/plumbline/store/memory"
)

// keys are few, so that they meet, in two keyspaces.
var keys = rapid.Custom(func(t *rapid.T) []byte {
	k := []byte{rapid.SampledFrom([]byte("ab")).Draw(t, "space")}
	return append(k, rapid.SliceOfN(rapid.ByteRange(0, 3), 0, 3).Draw(t, "key")...)
})

func collect(r store.Reader, lo, hi []byte) map[string]string {
	got := map[string]string{}
	for k, v := range r.Scan(lo, hi) {
		got[string(k)] = string(v)
	}
	return got
}

// TestModel compares an overlay with a map, and what it writes with the same.
func TestModel(t *testing.T) {
	var o overlay.Overlay // one for several runs, so that Reset is tried too
	rapid.Check(t, func(t *rapid.T) {
		if rapid.Bool().Draw(t, "new") {
			o = overlay.Overlay{}
		}
		ctx, s, model := context.Background(), memory.New(), map[string]string{}
		defer s.Close()
		err := s.Update(ctx, func(w store.Writer) error {
			for range rapid.IntRange(0, 20).Draw(t, "stored") {
				k := keys.Draw(t, "key")
				w.Put(k, k)
				model[string(k)] = string(k)
			}
			o.Reset(w)
			t.Repeat(actions(&o, model))
			o.Write(w)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(ctx, func(r store.Reader) error {
			got := collect(r, []byte("a"), nil)
			maps.Copy(got, collect(r, []byte("b"), nil))
			if !maps.Equal(got, model) {
				t.Fatalf("written %q, model %q", got, model)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func actions(o *overlay.Overlay, model map[string]string) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"put": func(t *rapid.T) {
			k, v := keys.Draw(t, "key"), rapid.String().Draw(t, "value")
			copy(o.Put(k, len(v)), v)
			model[string(k)] = v
		},
		"delete": func(t *rapid.T) {
			k := keys.Draw(t, "key")
			o.Delete(k)
			delete(model, string(k))
		},
		"get": func(t *rapid.T) {
			k := keys.Draw(t, "key")
			got := o.Get(k)
			if want, ok := model[string(k)]; string(got) != want || (got != nil) != ok {
				t.Fatalf("Get(%q) = %q, model %q %v", k, got, want, ok)
			}
		},
		"scan": func(t *rapid.T) {
			lo, hi := keys.Draw(t, "lo"), keys.Draw(t, "hi")
			if rapid.Bool().Draw(t, "open") || hi[0] > lo[0] {
				hi = store.End(lo[0])
			}
			want := map[string]string{}
			for k, v := range model {
				if k >= string(lo) && k < string(hi) {
					want[k] = v
				}
			}
			var order []string
			for k := range o.Scan(lo, hi) {
				order = append(order, string(k))
			}
			if got := collect(o, lo, hi); !maps.Equal(got, want) || len(order) != len(want) || !slices.IsSorted(order) {
				t.Fatalf("Scan(%q, %q) = %q in order %q, model %q", lo, hi, got, order, want)
			}
		},
		// Everything is renamed while a loop runs over it.
		"write in a scan": func(t *rapid.T) {
			begun := maps.Clone(model)
			var last []byte
			for k, v := range o.Scan([]byte("a"), nil) {
				if last != nil && bytes.Compare(last, k) >= 0 {
					t.Fatalf("%q after %q", k, last)
				}
				last = k
				delete(begun, string(k))
				o.Delete(k)
				delete(model, string(k))
				if len(k) < 5 {
					to := append([]byte("b"), k...)
					model[string(to)] = string(v)
					copy(o.Put(to, len(v)), v)
				}
				for range o.Scan(k, nil) { // settles what was put
				}
			}
			for k := range begun {
				if k[0] == 'a' {
					t.Fatalf("a loop did not see %q", k)
				}
			}
		},
	}
}

func TestLargeBatch(t *testing.T) {
	ctx, s := context.Background(), memory.New()
	defer s.Close()
	const n = 40_000 // beyond what Reset keeps
	var o overlay.Overlay
	for round := range 2 {
		err := s.Update(ctx, func(w store.Writer) error {
			o.Reset(w)
			if !o.Empty() {
				t.Error("not empty after Reset")
			}
			for i := range n {
				x := uint32(i) * 2654435761
				o.Put([]byte{'a', byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)}, 100)[0] = byte(round)
			}
			o.Write(w)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, err := store.Keys(ctx, s, 'a'); got != n || err != nil {
		t.Fatalf("%d keys, %v", got, err)
	}
}
