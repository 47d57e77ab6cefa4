package draft

import (
	"testing"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/diff"
	"github.com/plumbline/plumbline/bench/rules"
	"github.com/plumbline/plumbline/guidance"
)

// TestChange: the draft is what the figures are said to be of.
func TestChange(t *testing.T) {
	base, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	c, err := Change(base.Source())
	if err != nil {
		t.Fatal(err)
	}
	k, problems := assess.Compile(c)
	if k == nil {
		t.Fatal(problems)
	}
	d := diff.Checklists(base, k)
	if d.Changed != 6 || d.Removed != 3 || d.Added != 3 {
		t.Errorf("the draft changes %d rules, removes %d and adds %d", d.Changed, d.Removed, d.Added)
	}
	if _, err := Change(c); err == nil {
		t.Error("what lacks the rules is changed all the same")
	}
}

// TestHundred: the builds are checklists without a fault and another each.
func TestHundred(t *testing.T) {
	var before *assess.Checklist
	for build := range 2 {
		text, err := Hundred(build)
		if err != nil {
			t.Fatal(err)
		}
		_, k, found := guidance.Load("hundred.yaml", []byte(text))
		for _, d := range found {
			t.Error(d)
		}
		if k == nil {
			t.FailNow()
		}
		r := guidance.Test(k)
		for _, rule := range r.Rules {
			for _, x := range rule.Examples {
				if x.Wrong != "" {
					t.Errorf("%s: %s: %s", rule.Rule, x.Name, x.Wrong)
				}
			}
		}
		if n := k.RuleCount(); n != 100 || r.Passed != 300 || k.ID() != HundredID {
			t.Errorf("%s has %d rules of which %d examples pass", k.ID(), n, r.Passed)
		}
		if before != nil {
			if d := diff.Checklists(before, k); d.Changed != 10 {
				t.Errorf("a build changes %d rules", d.Changed)
			}
		}
		before = k
	}
}
