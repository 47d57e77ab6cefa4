package ledger_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store/ledger"
)

var wide = rapid.Custom(func(t *rapid.T) ledger.Wide {
	w := ledger.WideOf(rapid.Int64().Draw(t, "a"))
	for range rapid.IntRange(0, 2).Draw(t, "factors") {
		w = w.Times(rapid.Int64().Draw(t, "factor"))
	}
	return w
})

// wrapped is a number as 128 bits hold it.
func wrapped(v *big.Int) *big.Int {
	half := new(big.Int).Lsh(big.NewInt(1), 127)
	v = new(big.Int).Add(v, half)
	v.Mod(v, new(big.Int).Lsh(half, 1))
	return v.Sub(v, half)
}

// TestWide compares arithmetic with that of numbers of any size.
func TestWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, n := wide.Draw(t, "a"), wide.Draw(t, "b"), rapid.Int64().Draw(t, "n")
		for _, c := range []struct {
			op        string
			got, want *big.Int
		}{
			{"+", a.Add(b).Big(), new(big.Int).Add(a.Big(), b.Big())},
			{"-", a.Sub(b).Big(), new(big.Int).Sub(a.Big(), b.Big())},
			{"×", a.Times(n).Big(), new(big.Int).Mul(a.Big(), big.NewInt(n))},
			{"of", ledger.WideOf(n).Big(), big.NewInt(n)},
		} {
			if want := wrapped(c.want); c.got.Cmp(want) != 0 {
				t.Fatalf("%v %s %v, %d = %v, want %v", a, c.op, b, n, c.got, want)
			}
		}
		v, ok := a.Int64()
		if ok != a.Big().IsInt64() || ok && v != a.Big().Int64() {
			t.Fatalf("%v as an int64: %d %v", a, v, ok)
		}
		if want, _ := new(big.Float).SetInt(a.Big()).Float64(); a.Float() != want {
			t.Fatalf("%v as a float64: %v, want %v", a, a.Float(), want)
		}
	})
}

// TestWideSums: sums of wide counters are what adding gives, whatever is added
// in however many commits, and are gone where they come to nothing.
func TestWideSums(t *testing.T) {
	dir := t.TempDir()
	keys := []string{"a", "a\x00", "b", "\xff"}
	rapid.Check(t, func(t *rapid.T) {
		s := drawStore(t, dir)
		defer func() { _ = s.Close() }()
		l, err := ledger.Create(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		model := map[string][]ledger.Wide{}
		for range rapid.IntRange(1, 5).Draw(t, "commits") {
			if _, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
				for range rapid.IntRange(0, 5).Draw(t, "adds") {
					key, deltas := rapid.SampledFrom(keys).Draw(t, "key"), rapid.SliceOfN(wide, 0, 3).Draw(t, "deltas")
					if rapid.Bool().Draw(t, "back") {
						deltas = nil // takes back what is there
						for _, w := range model[key] {
							deltas = append(deltas, ledger.Wide{}.Sub(w))
						}
					}
					b.AddWide(key, deltas)
					addWides(model, key, deltas)
				}
				return sameWides(b.Tx, model, "", "\xff\xff")
			}); err != nil {
				t.Fatal(err)
			}
		}
		lo, hi := rapid.SampledFrom(keys).Draw(t, "lo"), rapid.SampledFrom(keys).Draw(t, "hi")
		if err := l.View(ctx, func(tx *ledger.Tx) error { return sameWides(tx, model, lo, hi) }); err != nil {
			t.Fatal(err)
		}
	})
}

func addWides(model map[string][]ledger.Wide, key string, deltas []ledger.Wide) {
	total := slices.Clone(model[key])
	for i, d := range deltas {
		if i == len(total) {
			total = append(total, ledger.Wide{})
		}
		total[i] = total[i].Add(d)
	}
	for len(total) > 0 && total[len(total)-1] == (ledger.Wide{}) {
		total = total[:len(total)-1]
	}
	if model[key] = total; len(total) == 0 {
		delete(model, key)
	}
}

// sameWides compares the sums from lo on and before hi with the model.
func sameWides(tx *ledger.Tx, model map[string][]ledger.Wide, lo, hi string) error {
	var got, want []string
	for key, total := range tx.WideSums(lo, hi) {
		got = append(got, fmt.Sprintf("%q %v", key, total))
	}
	for key, total := range model {
		if !slices.Equal(tx.WideSum(key), total) {
			return fmt.Errorf("%q is %v, model %v", key, tx.WideSum(key), total)
		}
		if lo <= key && key < hi {
			want = append(want, fmt.Sprintf("%q %v", key, total))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("from %q to %q: %s, model %s", lo, hi, strings.Join(got, " "), strings.Join(want, " "))
	}
	return nil
}

// TestWideSize: a counter that int64 holds costs one byte more than a narrow one.
func TestWideSize(t *testing.T) {
	s, l := openMemory(t)
	commit(t, l, start, func(b *ledger.Batch) {
		b.Add("narrow", []int64{1 << 40, -5, 1})
		b.AddWide("width!", []ledger.Wide{ledger.WideOf(1 << 40), ledger.WideOf(-5), ledger.WideOf(1)})
		b.AddWide("widest", []ledger.Wide{ledger.WideOf(math.MaxInt64).Times(math.MaxInt64)})
	})
	size := func(key string) (n int) {
		for _, line := range dump(t, s) {
			if strings.HasPrefix(line, "u "+fmt.Sprintf("%x", key)) {
				n = (len(line) - len("u "+fmt.Sprintf("%x", key)+"=")) / 2
			}
		}
		return n
	}
	if a, b, c := size("narrow"), size("width!"), size("widest"); a == 0 || b > a+3 || c > 24 {
		t.Errorf("%d bytes narrow, %d wide, %d the widest", a, b, c)
	}
}
