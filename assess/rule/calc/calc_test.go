package calc

import (
	"math"
	"math/big"
	"testing"

	"cel.dev/cel-go/common/overloads"
	"pgregory.net/rapid"
)

var all = []Tri{False, True, Unknown, Error}

// TestTables holds the truth tables against their definition: a value decides
// if it does so whatever the other would come to be.
func TestTables(t *testing.T) {
	for _, a := range all {
		if Not(Not(a)) != a {
			t.Errorf("not not %v is %v", a, Not(Not(a)))
		}
		for _, b := range all {
			want := False
			switch {
			case a == False || b == False:
			case a == True && b == True:
				want = True
			case a == Unknown || b == Unknown:
				want = Unknown
			default:
				want = Error
			}
			if And(a, b) != want || And(b, a) != want {
				t.Errorf("%v and %v is %v, want %v", a, b, And(a, b), want)
			}
			if got := Or(a, b); got != Not(And(Not(a), Not(b))) || got != Or(b, a) {
				t.Errorf("%v or %v is %v", a, b, got)
			}
			// Whatever unknown turns out to be, what was decided stays.
			for _, x := range all {
				if a == Unknown && And(a, b) != Unknown && And(x, b) != And(a, b) {
					t.Errorf("unknown and %v was decided, but %v and %v differs", b, x, b)
				}
			}
		}
	}
	for want, got := range map[string]Tri{"false": False, "true": True, "unknown": Unknown, "error": Error} {
		if got.String() != want {
			t.Errorf("%v is not %s", got, want)
		}
	}
}

// TestIntegers compares with arithmetic that does not overflow.
func TestIntegers(t *testing.T) {
	edge := rapid.SampledFrom([]int64{0, 1, -1, 2, -2, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1, math.MaxInt32, 1 << 31, 3037000500})
	number := rapid.OneOf(edge, rapid.Int64())
	exact := map[string]func(z, x, y *big.Int) *big.Int{
		overloads.AddInt64: (*big.Int).Add, overloads.SubtractInt64: (*big.Int).Sub, overloads.MultiplyInt64: (*big.Int).Mul,
		overloads.DivideInt64: (*big.Int).Quo, overloads.ModuloInt64: (*big.Int).Rem,
	}
	rapid.Check(t, func(t *rapid.T) {
		x, y := number.Draw(t, "x"), number.Draw(t, "y")
		for name, f := range exact {
			got, c := IntBinary[name](x, y)
			if y == 0 && (name == overloads.DivideInt64 || name == overloads.ModuloInt64) {
				if c != ByZero {
					t.Fatalf("%s(%d, 0) is %d", name, x, got)
				}
				continue
			}
			z := f(new(big.Int), big.NewInt(x), big.NewInt(y))
			// CEL counts the remainder of the least number by -1 as an overflow.
			overflows := !z.IsInt64() || name == overloads.ModuloInt64 && x == math.MinInt64 && y == -1
			if overflows != (c == Overflow) || !overflows && (c != Fine || got != z.Int64()) {
				t.Fatalf("%s(%d, %d) is %d, %v; exactly it is %s", name, x, y, got, c, z)
			}
		}
	})
}

// TestSameList compares with all ways in which gaps could be filled.
func TestSameList(t *testing.T) {
	letters := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		x, y := letters.Draw(t, "x"), letters.Draw(t, "y")
		gap := More
		if rapid.Bool().Draw(t, "whole") {
			gap = 0
		}
		got := SameList(x, y, gap, 0)
		can, must := false, true
		for _, full := range completions(x, gap) {
			same := len(full) == len(y)
			for i := range full {
				same = same && full[i] == y[i]
			}
			can, must = can || same, must && same
		}
		want := Unknown
		switch {
		case must:
			want = True
		case !can:
			want = False
		}
		if got != want {
			t.Fatalf("%v (gaps %v) == %v is %v, want %v", x, gap, y, got, want)
		}
	})
}

// completions are all lists of up to four letters that x can be the known part
// of.
func completions(x []string, gap Gaps) [][]string {
	if gap == 0 {
		return [][]string{x}
	}
	var out [][]string
	var extend func(full []string)
	extend = func(full []string) {
		if within(x, full) {
			out = append(out, append([]string(nil), full...))
		}
		if len(full) < 4 {
			for _, l := range []string{"a", "b"} {
				extend(append(full[:len(full):len(full)], l))
			}
		}
	}
	extend(nil)
	return out
}

func TestCompareIntReal(t *testing.T) {
	for _, c := range []struct {
		i     int64
		d     float64
		order int
		ok    bool
	}{
		{1, 1, 0, true}, {1, 1.5, -1, true}, {2, 1.5, 1, true}, {math.MaxInt64, 1e300, -1, true}, {math.MinInt64, -1e300, 1, true},
		{0, math.NaN(), 0, false}, {0, math.Inf(1), -1, true}, {0, math.Inf(-1), 1, true},
	} {
		if order, ok := CompareIntReal(c.i, c.d); ok != c.ok || ok && order != c.order {
			t.Errorf("%d and %v are %d, %v", c.i, c.d, order, ok)
		}
	}
}

func TestFaults(t *testing.T) {
	for c := Overflow; c < causes; c++ {
		if causeTexts[c] == "" {
			t.Errorf("the cause %d has no text", c)
		}
	}
}
