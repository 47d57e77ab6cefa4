package score_test

import (
	"math"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/assess/score"
)

func TestNewTreeRefuses(t *testing.T) {
	rules := func(rules ...score.Rule) score.Group {
		return score.Group{ID: "root", Groups: []score.Group{{ID: "g", Weight: 1, Rules: rules}}}
	}
	for name, c := range map[string]struct {
		root score.Group
		want string
	}{
		"negative weight":        {rules(score.Rule{Weight: -1}), `group "g": the weight -1 of rule 0`},
		"no number":              {rules(score.Rule{Weight: math.NaN()}), "the weight NaN"},
		"infinite weight":        {rules(score.Rule{Weight: math.Inf(1)}), "the weight +Inf"},
		"too large a weight":     {rules(score.Rule{Weight: 2 * score.MaxWeight}), "the weight 2e+09"},
		"negative index":         {rules(score.Rule{Index: -1}), "the rule index -1"},
		"an index twice":         {rules(score.Rule{Index: 3}, score.Rule{Index: 3}), "the rule index 3"},
		"a group twice":          {score.Group{ID: "g", Groups: []score.Group{{ID: "g"}}}, `group "g" occurs twice`},
		"a group's weight":       {score.Group{ID: "r", Groups: []score.Group{{ID: "g", Weight: -2}}}, `group "g": the weight -2`},
		"a group's weight, deep": {score.Group{Groups: []score.Group{{ID: "a", Groups: []score.Group{{ID: "b", Weight: math.NaN()}}}}}, `group "b"`},
	} {
		tree, err := score.NewTree(c.root)
		if err == nil || tree != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: NewTree = %v, want %s", name, err, c.want)
		}
	}
}

func TestScorePanicsWhenShort(t *testing.T) {
	tree := newTree(t, score.Group{ID: "root", Rules: []score.Rule{{Index: 2, Weight: 1}}})
	for name, f := range map[string]func(){
		"tallies": func() { tree.Score(make([]score.Tally, 2), nil) },
		"groups":  func() { tree.Score(make([]score.Tally, 3), []score.Score{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("too few %s are let pass", name)
				}
			}()
			f()
		}()
	}
	if got := tree.Score(make([]score.Tally, 3), nil); got != (score.Result{}) {
		t.Errorf("nothing counted is %v", got)
	}
}

// largeTree is about what a large checklist has: 400 rules in 41 groups.
func largeTree(t interface {
	Helper()
	Fatal(...any)
}) (*score.Tree, []score.Tally) {
	root := score.Group{ID: "root"}
	var tallies []score.Tally
	for i := range 40 {
		g := score.Group{ID: string(rune('A' + i)), Weight: float64(i%3 + 1)}
		for range 10 {
			g.Rules = append(g.Rules, score.Rule{Index: len(tallies), Weight: float64(len(tallies)%4) + 0.5})
			tallies = append(tallies, score.Tally{Counted: 10, Positive: int32(len(tallies) % 11)})
		}
		root.Groups = append(root.Groups, g)
	}
	return newTree(t, root), tallies
}

func TestScoreAllocatesNothing(t *testing.T) {
	tree, tallies := largeTree(t)
	groups := make([]score.Score, len(tree.Groups()))
	if n := testing.AllocsPerRun(10, func() { tree.Score(tallies, groups) }); n != 0 {
		t.Errorf("Score allocates %v times", n)
	}
	if n := testing.AllocsPerRun(10, func() { score.TallyOf(false, score.Pass, score.Fail) }); n != 0 {
		t.Errorf("TallyOf allocates %v times", n)
	}
}

func BenchmarkScore(b *testing.B) {
	tree, tallies := largeTree(b)
	b.ReportAllocs()
	for b.Loop() {
		tree.Score(tallies, nil)
	}
}
