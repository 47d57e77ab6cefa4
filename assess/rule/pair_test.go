package rule_test

import (
	"strings"
	"testing"

	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestPair joins hosts with the channels that go to them, and runs a condition
// on each pair.
func TestPair(t *testing.T) {
	w := newWorld(t)
	pair, issues := w.env.CompilePair(&pb.PairScope{
		Left: `inventory.hosts.filter(h, h.zone != "x")`, LeftKey: `left.id`,
		Right: `system.channels`, RightKey: `right.to.host`,
	})
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	check, issues := w.env.Compile(`left.zone == right.purpose && system.id == "s"`, pair.Scope, rule.WantBool)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	inv := inventoryOf(t, map[string]any{
		"system": map[string]any{"id": "s", "channels": []any{
			map[string]any{"id": "c1", "to": map[string]any{"host": "h1"}, "purpose": "z"},
			map[string]any{"id": "c2", "to": map[string]any{"host": "h1"}},
			map[string]any{"id": "c3"},
		}},
		"hosts": []any{map[string]any{"id": "h1", "zone": "z"}, map[string]any{"id": "h2", "zone": "x"}, map[string]any{"id": "h3"}},
	})
	w.bind(inv, now)
	left, whole := pair.Left(w.machine)
	if len(left) != 1 || whole != rule.Unknown { // h3's zone is not known
		t.Fatalf("left has %d, %v", len(left), whole)
	}
	right, whole := pair.Right(w.machine)
	if len(right) != 3 || whole != rule.True {
		t.Fatalf("right has %d, %v", len(right), whole)
	}
	key, ok := pair.LeftKey(w.machine, left[0], nil)
	if string(key) != "h1" || ok != rule.True {
		t.Errorf("the left key is %q, %v", key, ok)
	}
	var got []string
	for _, r := range right {
		k, known := pair.RightKey(w.machine, r, nil)
		if known != rule.True {
			got = append(got, known.String())
			continue
		}
		if string(k) == string(key) {
			w.machine.Pair(left[0], r)
			got = append(got, check.Bool(w.machine).String()+strings.Join(w.missing(), ""))
		}
	}
	if s := strings.Join(got, " "); s != "true unknownchannels/c2/purpose unknown" {
		t.Errorf("pairs are %s", s)
	}
}

func TestPairIssues(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		src         *pb.PairScope
		field, says string
	}{
		{&pb.PairScope{Left: `inventory.hosts.map(h, h.id)`, LeftKey: `left`, Right: `system.zones`, RightKey: `right.id`}, "left", "a list of elements with an id is wanted"},
		{&pb.PairScope{Left: `host.components`, LeftKey: `left.id`, Right: `system.zones`, RightKey: `right.id`}, "left", `there is no "host"`},
		{&pb.PairScope{Left: `inventory.hosts`, LeftKey: `left.os`, Right: `system.zones`, RightKey: `right.id`}, "left_key", "a key to join by is wanted"},
		{&pb.PairScope{Left: `inventory.hosts`, LeftKey: `right.id`, Right: `system.zones`, RightKey: `right.id`}, "left_key", `there is no "right"`},
		{&pb.PairScope{Left: `inventory.hosts`, LeftKey: `left.id`, Right: `system.zones`, RightKey: `right.insulated`}, "right_key", "no pair would be found"},
		{&pb.PairScope{Left: `inventory.hosts`, LeftKey: `left.id`, Right: ``, RightKey: `right.id`}, "right", "there is no expression"},
		{&pb.PairScope{Left: `inventory.hosts.map(h, h.os)`, LeftKey: `left.family`, Right: `system.zones`, RightKey: `right.id`}, "left", "a list of elements with an id"},
	} {
		p, issues := w.env.CompilePair(c.src)
		if p != nil || len(issues) == 0 || issues[0].Field != c.field || !strings.Contains(issues[0].Message, c.says) {
			t.Errorf("issues are %v, want %s: %s", issues, c.field, c.says)
		}
	}
}

// TestPairKeys asks for the keys of several elements one after another: what
// one key kept for its loops is not taken for the next.
func TestPairKeys(t *testing.T) {
	w := newWorld(t)
	pair, issues := w.env.CompilePair(&pb.PairScope{
		Left: `system.channels`, LeftKey: `left.protection.exists(p, left.purpose.lowerAscii() == "z")`,
		Right: `system.channels`, RightKey: `right.protection.exists(p, right.purpose.lowerAscii() == "z")`,
	})
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	inv := inventoryOf(t, map[string]any{"system": map[string]any{"id": "s", "channels": []any{
		map[string]any{"id": "c1", "purpose": "Z", "protection": []any{"tls"}},
		map[string]any{"id": "c2", "purpose": "Y", "protection": []any{"tls"}},
		map[string]any{"id": "c3", "purpose": "z", "protection": []any{"tls"}},
	}}})
	w.bind(inv, now)
	elems, _ := pair.Left(w.machine)
	var got []string
	for _, e := range elems {
		left, _ := pair.LeftKey(w.machine, e, nil)
		right, _ := pair.RightKey(w.machine, e, nil)
		got = append(got, string(left), string(right))
	}
	if s := strings.Join(got, " "); s != "true true false false true true" {
		t.Errorf("the keys are %s", s)
	}
}
