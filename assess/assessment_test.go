package assess_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestAssessment holds the message of one evaluation against
// testdata/assessment.json, which was checked by hand against the cases.
func TestAssessment(t *testing.T) {
	const file = "testdata/assessment.json"
	s := suites(t)["waivers"]
	i := slices.IndexFunc(s.Cases, func(c evalCase) bool { return c.Name == "all of one rule, so that what is left of it passes" })
	e, err := s.Cases[i].evaluate(t, s)
	if err != nil {
		t.Fatal(err)
	}
	got := plainJSON(t, e.Assessment())
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// plainJSON is a message as JSON whose blanks do not vary between builds.
func plainJSON(t *testing.T, m proto.Message) []byte {
	text, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var any any
	if err := json.Unmarshal(text, &any); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(rounded(any), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// rounded cuts off the digits of numbers in which processors may differ.
func rounded(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = rounded(x[k])
		}
	case []any:
		for i := range x {
			x[i] = rounded(x[i])
		}
	case float64:
		return math.Round(x*1e9) / 1e9
	}
	return v
}

// TestAssessmentAgrees: what the message says agrees with itself and with the
// results, on every case.
func TestAssessmentAgrees(t *testing.T) {
	for name, s := range suites(t) {
		for i := range s.Cases {
			e, err := s.Cases[i].evaluate(t, s)
			if err != nil {
				continue
			}
			a, sum := e.Assessment(), e.Summary()
			var results, waived int32
			for _, r := range a.Rules {
				results += total(r.Counts)
				waived += r.Waived
				if state, ok := e.RuleState(r.Rule); !ok || state.String() != r.State {
					t.Errorf("%s/%s: %s is %s and %s", name, s.Cases[i].Name, r.Rule, r.State, state)
				}
			}
			n := int32(len(e.Results))
			if results != n || total(a.Raw.Counts) != n || total(a.Effective.Counts) != n-sum.Waived || waived != sum.Waived {
				t.Errorf("%s/%s: %d results, and counts %v, %v and %d in rules", name, s.Cases[i].Name, n, a.Raw.Counts, a.Effective.Counts, results)
			}
			counted := a.Raw.Counts.Pass + a.Raw.Counts.Fail + a.Raw.Counts.Error + a.Raw.Counts.Unknown
			if (a.Coverage == nil) != (counted == 0) {
				t.Errorf("%s/%s: coverage %v of %d", name, s.Cases[i].Name, a.Coverage, counted)
			}
			for _, sc := range append(slices.Clone(a.Raw.Scores), a.Effective.Scores...) {
				if (sc.Value == nil) != (sc.Maximum == nil) || sc.GetValue() > sc.GetMaximum() {
					t.Errorf("%s/%s: %v", name, s.Cases[i].Name, sc)
				}
			}
		}
	}
}

func total(c *pb.Counts) int32 {
	return c.Pass + c.Fail + c.Error + c.Unknown + c.Notapplicable + c.Notchecked + c.Notselected + c.Informational
}

// TestFindingsOrder: failures first, then errors, unknowns, passes and what
// does not count; within a state by severity, then in the checklist's order.
func TestFindingsOrder(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "order", []byte(`
id: order
version: 1.0.0
profiles: [{id: all, refinements: [{rule: fail-low, severity: info}]}]
groups:
  - id: g
    rules:
      - {id: none, severity: critical, scope: unit, check: 'unit.kind == "a"'}
      - {id: pass, severity: critical, scope: host, check: '!host.virtual'}
      - {id: fail-low, severity: critical, scope: host, check: host.virtual}
      - {id: unknown, severity: critical, scope: host, check: 'host.zone == "z"'}
      - {id: error, severity: low, scope: host, check: 1 / host.os.open_alerts == 1}
      - {id: fail-high, severity: high, scope: host, check: host.virtual}
      - {id: fail-high-too, severity: high, scope: host, check: host.virtual}
`)))
	p, err := c.Plan("", nil)
	if err != nil {
		t.Fatal(err)
	}
	host := func(id string) *pb.Host {
		return &pb.Host{Id: id, Virtual: proto.Bool(false), Os: &pb.OperatingSystem{OpenAlerts: proto.Int32(0)}}
	}
	inv := &pb.Inventory{System: &pb.System{Id: "s", ReportedEmpty: []string{"units"}}, Hosts: []*pb.Host{host("a"), host("b")}}
	var got []string
	for _, f := range p.EvaluateInventory(inv, nil, nil, day(0)).Findings() {
		got = append(got, f.Rule+" "+orDash(f.Subject)+" "+f.Severity)
	}
	want := []string{
		"fail-high hosts/a high", "fail-high hosts/b high", "fail-high-too hosts/a high", "fail-high-too hosts/b high",
		"fail-low hosts/a info", "fail-low hosts/b info", "error hosts/a low", "error hosts/b low",
		"unknown hosts/a critical", "unknown hosts/b critical", "pass hosts/a critical", "pass hosts/b critical", "none - critical",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for i, s := range []string{"info", "low", "medium", "high", "critical"} {
		if got := assess.SeverityRank(s); got != i+1 {
			t.Errorf("%s ranks %d", s, got)
		}
	}
}

// TestDigestCoversFacts: the digest changes with a fact that was read, although
// the states stay, and not with one that no rule reads.
func TestDigestCoversFacts(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "facts", []byte(`
id: facts
version: 1.0.0
profiles: [{id: all}]
groups: [{id: g, rules: [{id: r, scope: host, multiple: true, check: host.os.open_alerts < 5}]}]
`)))
	p, err := c.Plan("", nil)
	if err != nil {
		t.Fatal(err)
	}
	digest := func(change func(h *pb.Host)) string {
		h := &pb.Host{Id: "h", Os: &pb.OperatingSystem{OpenAlerts: proto.Int32(1)}}
		change(h)
		e := p.EvaluateInventory(&pb.Inventory{Hosts: []*pb.Host{h}}, nil, nil, day(0))
		if s, _ := e.RuleState("r"); s != score.Pass {
			t.Fatalf("the rule is %s", s)
		}
		return e.Digest().String()
	}
	base := digest(func(*pb.Host) {})
	if digest(func(h *pb.Host) { h.Os.OpenAlerts = proto.Int32(2) }) == base {
		t.Error("a fact that was read changed, and the digest did not")
	}
	if digest(func(h *pb.Host) { h.Os.Family, h.Virtual = proto.String("aix"), proto.Bool(true) }) != base {
		t.Error("facts that nobody reads changed the digest")
	}
}

// TestHoldsUntil: staleness shortens how long an evaluation holds, and is told
// apart from what rules say.
func TestHoldsUntil(t *testing.T) {
	p := alonePlans(t, engine(t), "host-patched")[0]
	s := farm(1) // patched the day before the year began
	e := p.Evaluate(assess.Input{Merged: s.merged(day(0)), At: day(0)})
	if want := min(day(59), e.Merged().ValidUntil); e.HoldsUntil != day(59) || e.ValidUntil != want || want == day(59) {
		t.Errorf("holds until %s and %s", when(e.HoldsUntil), when(e.ValidUntil))
	}
	file := p.EvaluateInventory(e.Merged().Inventory, nil, nil, day(0))
	if file.ValidUntil != day(59) {
		t.Errorf("a file holds until %s", when(file.ValidUntil))
	}
	late := p.EvaluateInventory(e.Merged().Inventory, nil, nil, day(59))
	if late.ValidUntil != assess.Forever || assess.Forever != math.MaxInt64 || late.Assessment().ValidUntil != nil {
		t.Errorf("what has run out holds until %s", when(late.ValidUntil))
	}
}
