package rule_test

import (
	"math/rand"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/ruletest"
)

// TestTable compares hand-written conditions with cel-go, over several fully
// reported inventories.
func TestTable(t *testing.T) {
	raw, err := os.ReadFile("testdata/conditions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var table map[string][]string
	if err := yaml.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	decided, total := 0, 0
	for scope, conditions := range table {
		for _, src := range conditions {
			p := w.compile(t, src, scope)
			o, err := w.oracles.Oracle(src, scope)
			if err != nil {
				t.Fatal(err)
			}
			for seed := range int64(8) {
				inv := ruletest.Whole(rand.New(rand.NewSource(seed)), w.list)
				w.bind(inv, now)
				for _, e := range subjects(inv, scope) {
					w.subject(e)
					got, want := p.Bool(w.machine), oracle(o, scope, e, inv, now)
					if got == rule.Unknown && want <= rule.True {
						t.Errorf("%s\nis unknown for want of %v, cel-go says %v", src, w.missing(), want)
					}
					if err := check(src, got, want); err != nil {
						t.Error(err)
					}
					total++
					if got <= rule.True {
						decided++
					}
				}
			}
		}
	}
	if decided*10 < total*8 {
		t.Errorf("only %d of %d results are decided; the table should ask for what is there", decided, total)
	}
}

func (w *world) missing() []string {
	var out []string
	for _, f := range w.machine.Missing() {
		out = append(out, w.machine.Path(f))
	}
	return out
}

// TestGenerated compares random conditions on random, fully reported
// inventories. Where cel-go decides, so does the engine, and alike.
func TestGenerated(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewSource(1 + *seed))
	count := map[[2]rule.Tri]int{}
	for range 60 * *soak {
		inv := ruletest.Whole(r, w.list)
		at := now + []int64{0, 1, -1, 3_600_000_000}[r.Intn(4)]
		w.bind(inv, at)
		for range 50 {
			scope := ruletest.Scopes[r.Intn(len(ruletest.Scopes))]
			all := subjects(inv, scope)
			if len(all) == 0 {
				continue
			}
			src, p := w.condition(r, scope)
			o, err := w.oracles.Oracle(src, scope)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range all {
				w.subject(e)
				got, want := p.Bool(w.machine), oracle(o, scope, e, inv, at)
				count[[2]rule.Tri{got, want}]++
				if got == rule.Unknown && want <= rule.True {
					t.Fatalf("%s\nis unknown for want of %v, cel-go says %v", src, w.missing(), want)
				}
				if err := check(src, got, want); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	agreed := count[[2]rule.Tri{rule.True, rule.True}] + count[[2]rule.Tri{rule.False, rule.False}]
	if agreed < 2000 || count[[2]rule.Tri{rule.True, rule.True}] < 500 || count[[2]rule.Tri{rule.Error, rule.Error}] < 50 {
		t.Errorf("too few results were compared: %v", count)
	}
	t.Logf("results by (engine, cel-go): %v", count)
}
