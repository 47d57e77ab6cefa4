package agree

import (
	"testing"

	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/bench/byhand"
	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/rules"
)

// TestAgree asks the five about fifty hosts.
func TestAgree(t *testing.T) {
	p, err := New(t.Context(), estate.Hosts(1, 50))
	if err != nil {
		t.Fatal(err)
	}
	found, err := p.Differences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range found {
		if i == 20 {
			t.Fatalf("and %d more", len(found)-i)
		}
		t.Error(d)
	}
}

// TestVaried: every rule passes and fails somewhere, so that agreeing means
// something.
func TestVaried(t *testing.T) {
	p, err := New(t.Context(), estate.Hosts(1, 600))
	if err != nil {
		t.Fatal(err)
	}
	var m byhand.Machine
	var seen [rules.Count][score.NumStates]int
	for _, h := range p.Hosts {
		for _, r := range m.Run(h, p.At, nil) {
			seen[r.Rule][r.State]++
		}
	}
	for i, s := range seen {
		if s[score.Pass] == 0 || s[score.Fail] == 0 {
			t.Errorf("rule %s passes %d times and fails %d times", p.IDs[i], s[score.Pass], s[score.Fail])
		}
	}
}
