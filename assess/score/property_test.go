package score_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/score"
)

// anyWeight is a weight as files have it: often 1, sometimes 0.
var anyWeight = rapid.OneOf(
	rapid.SampledFrom([]float64{1, 1, 1, 0, 0.1, 0.3, 2, 10}),
	rapid.Float64Range(0, 1000),
	rapid.Float64Range(0, score.MaxWeight),
)

var anyTally = rapid.Custom(func(t *rapid.T) score.Tally {
	n := rapid.SampledFrom([]int32{0, 1, 1, 1, 2, 3, 7, 1000}).Draw(t, "counted")
	return score.Tally{Counted: n, Positive: rapid.Int32Range(0, n).Draw(t, "positive")}
})

// drawTree draws a tree at most three groups deep and a tally for each rule.
func drawTree(t *rapid.T) (score.Group, []score.Tally) {
	var tallies []score.Tally
	groups := 0
	var draw func(depth int) score.Group
	draw = func(depth int) score.Group {
		g := score.Group{ID: fmt.Sprint("g", groups), Weight: anyWeight.Draw(t, "group weight")}
		groups++
		for range rapid.IntRange(0, 4).Draw(t, "rules") {
			g.Rules = append(g.Rules, score.Rule{Index: len(tallies), Weight: anyWeight.Draw(t, "weight")})
			tallies = append(tallies, anyTally.Draw(t, "tally"))
		}
		if depth < 3 {
			for range rapid.IntRange(0, 3).Draw(t, "groups") {
				g.Groups = append(g.Groups, draw(depth+1))
			}
		}
		return g
	}
	return draw(0), tallies
}

// rat returns v exactly.
func rat(v float64) *big.Rat { return new(big.Rat).SetFloat64(v) }

// exactDefault is the default model word for word in exact fractions, of 1;
// nil where there is no score.
func exactDefault(g score.Group, tallies []score.Tally) *big.Rat {
	sum, weights := new(big.Rat), new(big.Rat)
	child := func(weight float64, value *big.Rat) {
		if value != nil {
			sum.Add(sum, new(big.Rat).Mul(rat(weight), value))
			weights.Add(weights, rat(weight))
		}
	}
	for _, inner := range g.Groups {
		child(inner.Weight, exactDefault(inner, tallies))
	}
	for _, r := range g.Rules {
		if t := tallies[r.Index]; t.Counted != 0 {
			child(r.Weight, big.NewRat(int64(t.Positive), int64(t.Counted)))
		}
	}
	if weights.Sign() == 0 {
		return nil
	}
	return sum.Quo(sum, weights)
}

// exactFlat is the flat model in exact fractions, of the rules with the
// weights that weigh makes of theirs.
func exactFlat(g score.Group, tallies []score.Tally, weigh func(float64) float64) (value, maximum *big.Rat) {
	value, maximum = new(big.Rat), new(big.Rat)
	for _, r := range g.Rules {
		t := tallies[r.Index]
		if t.Counted == 0 {
			continue
		}
		w := rat(weigh(r.Weight))
		maximum.Add(maximum, w)
		value.Add(value, w.Mul(w, big.NewRat(int64(t.Positive), int64(t.Counted))))
	}
	for _, inner := range g.Groups {
		v, m := exactFlat(inner, tallies, weigh)
		value.Add(value, v)
		maximum.Add(maximum, m)
	}
	return value, maximum
}

// near says that got is value of maximum, no score where that is nil or 0.
func near(t *rapid.T, what string, got score.Score, value, maximum *big.Rat) {
	if value == nil || maximum.Sign() == 0 {
		if got != (score.Score{}) {
			t.Fatalf("%s = %v, want none", what, got)
		}
		return
	}
	v, _ := value.Float64()
	m, _ := maximum.Float64()
	if !got.OK || math.Abs(got.Value-v) > 1e-12*m || math.Abs(got.Maximum-m) > 1e-12*m {
		t.Fatalf("%s = %v, want %v of %v", what, got, v, m)
	}
	if got.Value < 0 || got.Value > got.Maximum {
		t.Fatalf("%s = %v is out of bounds", what, got)
	}
}

// TestExact holds the scores of random trees against exact fractions, each
// model as the standard words it.
func TestExact(t *testing.T) {
	hundred := big.NewRat(100, 1)
	rapid.Check(t, func(t *rapid.T) {
		root, tallies := drawTree(t)
		tree := newTree(t, root)
		groups := make([]score.Score, len(tree.Groups()))
		got := tree.Score(tallies, groups)

		flat, maximum := exactFlat(root, tallies, func(w float64) float64 { return w })
		near(t, "flat", got.Flat, flat, maximum)
		absolute := new(big.Rat)
		if flat.Cmp(maximum) == 0 {
			absolute.SetInt64(1)
		}
		if maximum.Sign() == 0 {
			absolute = nil
		}
		near(t, "absolute", got.Absolute, absolute, big.NewRat(1, 1))
		even, evenMaximum := exactFlat(root, tallies, func(w float64) float64 {
			if w == 0 {
				return 0
			}
			return 1
		})
		near(t, "flat-unweighted", got.FlatUnweighted, even, evenMaximum)

		at := 0
		var walk func(g score.Group)
		walk = func(g score.Group) {
			if tree.Groups()[at] != g.ID {
				t.Fatalf("group %d is %s, want %s", at, tree.Groups()[at], g.ID)
			}
			want := exactDefault(g, tallies)
			if want != nil {
				want.Mul(want, hundred)
			}
			near(t, "default of "+g.ID, groups[at], want, hundred)
			at++
			for _, inner := range g.Groups {
				walk(inner)
			}
		}
		walk(root)
		if got.Default != groups[0] || at != len(groups) {
			t.Fatalf("default = %v, the root's score %v; %d groups of %d", got.Default, groups[0], at, len(groups))
		}
	})
}

// TestPassNeverLowers turns one result that does not pass into one that does,
// or adds one that does: no score of any model or group falls.
func TestPassNeverLowers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root, tallies := drawTree(t)
		if len(tallies) == 0 {
			t.Skip("no rules")
		}
		tree := newTree(t, root)
		before := make([]score.Score, len(tree.Groups()))
		a := tree.Score(tallies, before)
		i := rapid.IntRange(0, len(tallies)-1).Draw(t, "rule")
		if tallies[i].Positive < tallies[i].Counted && rapid.Bool().Draw(t, "turn") {
			tallies[i].Positive++
		} else {
			tallies[i].Add(score.Pass)
		}
		after := make([]score.Score, len(tree.Groups()))
		b := tree.Score(tallies, after)
		falls := func(what string, a, b score.Score) {
			if a.OK && (!b.OK || b.Value/b.Maximum < a.Value/a.Maximum-1e-12) {
				t.Fatalf("%s falls from %v to %v", what, a, b)
			}
		}
		falls("default", a.Default, b.Default)
		falls("flat", a.Flat, b.Flat)
		falls("flat-unweighted", a.FlatUnweighted, b.FlatUnweighted)
		falls("absolute", a.Absolute, b.Absolute)
		for g := range before {
			falls(tree.Groups()[g], before[g], after[g])
		}
	})
}

// TestFlatList has a tree without groups score the same in default and flat,
// which then is the mean by weight; and a rule of weight 0 change nothing.
func TestFlatList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tallies := rapid.SliceOf(anyTally).Draw(t, "tallies")
		root := score.Group{ID: "root"}
		for i := range tallies {
			root.Rules = append(root.Rules, score.Rule{Index: i, Weight: anyWeight.Draw(t, "weight")})
		}
		got := newTree(t, root).Score(tallies, nil)
		if got.Default.OK != got.Flat.OK {
			t.Fatalf("default = %v, flat = %v", got.Default, got.Flat)
		}
		if got.Flat.OK && math.Abs(got.Default.Value-100*got.Flat.Value/got.Flat.Maximum) > 1e-9 {
			t.Fatalf("default = %v, flat = %v", got.Default, got.Flat)
		}
		root.Rules = append(root.Rules, score.Rule{Index: len(tallies), Weight: 0})
		if with := newTree(t, root).Score(append(tallies, anyTally.Draw(t, "tally")), nil); with != got {
			t.Fatalf("with a rule of weight 0 the scores are %v, without %v", with, got)
		}
	})
}

// TestTallyOf holds a rule's tally against counting, and says that with one
// result or none both ways are the same.
func TestTallyOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.SampledFrom(everyState())).Draw(t, "states")
		var want score.Tally
		failing := false
		for _, s := range all {
			if s.Counted() {
				want.Counted++
				failing = failing || !s.Positive()
			}
			if s.Positive() {
				want.Positive++
			}
		}
		if got := score.TallyOf(true, all...); got != want {
			t.Fatalf("TallyOf(multiple) = %v, want %v", got, want)
		}
		if want.Counted > 0 {
			want = score.Tally{Counted: 1, Positive: 1}
			if failing {
				want.Positive = 0
			}
		}
		if got := score.TallyOf(false, all...); got != want {
			t.Fatalf("TallyOf = %v, want %v", got, want)
		}
	})
}
