package assess_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// explainFile is testdata/explain.yaml: what several sources say, and why the
// results are what they are.
type explainFile struct {
	Checklist yaml.Node
	Policy    yaml.Node
	At        string
	Claims    []yaml.Node
	Views     []struct {
		Source    string
		Confirmed string
		Inventory yaml.Node
	}
	Explanations []struct{ Rule, Subject, Text string }
}

func (f *explainFile) evaluate(t *testing.T) *assess.Evaluation {
	at := func(text string) int64 { return (&evalCase{At: text}).at(t) }
	policy, err := merge.Compile(decode(t, &f.Policy, &pb.Policy{}))
	if err != nil {
		t.Fatal(err)
	}
	in := merge.Input{At: at(f.At), Policy: policy}
	for i := range f.Views {
		v := &f.Views[i]
		inv := decode(t, &v.Inventory, &pb.Inventory{})
		in.System = append(in.System, merge.SystemView{
			Source: v.Source, Confirmed: at(v.Confirmed), Inventory: inv,
			Hosts: shape.Of(inv).Field("hosts").Presence(shape.Ptr(inv)),
		})
		for _, h := range inv.Hosts {
			in.Hosts = append(in.Hosts, merge.HostView{Source: v.Source, Host: h, Confirmed: at(v.Confirmed), Reported: true})
		}
	}
	var claims []*pb.Claim
	for i := range f.Claims {
		claims = append(claims, decode(t, &f.Claims[i], &pb.Claim{}))
	}
	p, err := mustCompile(t, parseChecklist(t, "explain", textOf(t, &f.Checklist))).Plan("", nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Evaluate(assess.Input{Merged: merge.Merge(in), Claims: claims, At: in.At})
}

// explanationText writes an explanation a thing a line.
func explanationText(x *pb.Explanation) string {
	var b strings.Builder
	f := x.Finding
	fmt.Fprintf(&b, "%s %s is %s, severity %s, weight %g\n", f.Rule, orDash(f.Subject), f.State, f.Severity, f.Weight)
	value := func(name, v string) {
		if v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	value("applies", strings.TrimSpace(x.Applies+" → "+x.AppliesValue))
	value("check", strings.Trim(x.Check+" → "+x.CheckValue, " →"))
	value("message", f.Message)
	if f.ValidUntil != nil {
		value("until", when(f.ValidUntil.AsTime().UnixMicro()))
	}
	for _, r := range x.Facts {
		fmt.Fprintf(&b, "read %s = %s by %s at %s\n", r.Path, r.Value, orDash(r.Source), when(r.ConfirmedTime.AsTime().UnixMicro()))
	}
	for _, m := range x.Missing {
		fmt.Fprintf(&b, "missing %s", m.Path)
		if m.Question != "" {
			fmt.Fprintf(&b, "; %s", m.Question)
		}
		if m.StaleSource != "" {
			fmt.Fprintf(&b, "; %s said so at %s", m.StaleSource, when(m.StaleConfirmedTime.AsTime().UnixMicro()))
		}
		b.WriteByte('\n')
	}
	value("exception", f.Exception)
	value("claim", x.Claim)
	for _, u := range f.FailsUnless {
		fmt.Fprintln(&b, u)
	}
	value("rationale", x.Rationale)
	value("remediation", x.Remediation)
	value("references", strings.Join(x.References, ", "))
	value("error", x.Error)
	return b.String()
}

func TestExplain(t *testing.T) {
	text, err := os.ReadFile("testdata/explain.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var f explainFile
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		t.Fatal(err)
	}
	e := f.evaluate(t)
	for _, c := range f.Explanations {
		t.Run(c.Rule+" "+c.Subject, func(t *testing.T) {
			x, err := e.Explain(c.Rule, c.Subject)
			if err != nil {
				t.Fatal(err)
			}
			if x.ChecklistDigest != e.Plan.Checklist().Digest().String() {
				t.Errorf("of the checklist %s", x.ChecklistDigest)
			}
			if d := cmp.Diff(lines(c.Text), lines(explanationText(x))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	if len(f.Explanations) == 0 {
		t.Error("nothing is explained")
	}
}

// TestExplainNothing: what is not there is an error that says what there is.
func TestExplainNothing(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	e := p.EvaluateInventory(&pb.Inventory{Hosts: []*pb.Host{{Id: "a"}, {Id: "b"}}}, nil, nil, day(0))
	for _, c := range []struct{ rule, subject, want string }{
		{"host", "", `no rule "host"`},
		{"host-patched", "hosts/c", `rule host-patched has no result for subject "hosts/c"; it has hosts/a, hosts/b`},
		{"host-patched", "", `rule host-patched has no result for subject ""; it has hosts/a, hosts/b`},
	} {
		_, err := e.Explain(c.rule, c.subject)
		var missing *assess.ErrNoResult
		if !errors.As(err, &missing) || err.Error() != c.want {
			t.Errorf("%s of %q: %v, want %s", c.rule, c.subject, err, c.want)
		}
	}
	if _, err := e.Explain("never", ""); err != nil {
		t.Errorf("the only result of a rule: %v", err)
	}
}

// TestFixes: by severity, then by what the score gains, then in order; what a
// waiver accepts does not count.
func TestFixes(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "fixes", []byte(`
id: fixes
version: 1.0.0
profiles: [{id: all}]
groups:
  - id: g
    rules:
      - {id: low-but-large, title: L, severity: low, area: network, weight: 10, scope: host, check: host.virtual, remediation: do it}
      - {id: high-small, severity: high, area: network, scope: host, weight: 0.5, check: host.virtual}
      - {id: high-large, severity: high, area: network, scope: host, weight: 2, multiple: true, check: host.virtual}
      - {id: high-large-too, severity: high, area: network, scope: host, weight: 2, multiple: true, check: host.virtual}
      - {id: critical-endpoint, severity: critical, area: transport, weight: 0, scope: endpoint, check: endpoint.tls.enabled}
      - {id: passes, severity: critical, area: transport, scope: host, check: host.id != ""}
      - {id: unknown, severity: critical, area: transport, scope: host, check: host.zone == "a"}
      - {id: waived, severity: critical, area: physical, scope: host, check: host.virtual}
      - id: beside
        severity: info
        area: planning
        scope: pair
        pair: {left: inventory.hosts, left_key: left.unit, right: inventory.hosts, right_key: right.unit}
        check: left.virtual
`)))
	p, err := c.Plan("", nil)
	if err != nil {
		t.Fatal(err)
	}
	no, unit := false, "u"
	host := func(id string) *pb.Host {
		tls := &pb.Tls{Enabled: &no}
		return &pb.Host{Id: id, Unit: &unit, Virtual: &no, Endpoints: []*pb.Endpoint{{Id: "443", Tls: tls}, {Id: "8443", Tls: tls}}}
	}
	yes := true
	good := host("c")
	good.Virtual = &yes
	inv := &pb.Inventory{Hosts: []*pb.Host{host("b"), host("a"), good}}
	waivers := []*pb.Waiver{
		{Area: "physical", ExpireTime: stamp(day(1))},
		{Rule: "high-large-too", Subjects: []string{"hosts/a"}, ExpireTime: stamp(day(1))},
	}
	e := p.EvaluateInventory(inv, nil, waivers, day(0))
	var got []string
	for _, f := range e.Fixes() {
		got = append(got, fmt.Sprintf("%s %s: %d of %v on %v, gains %.4f", f.Severity, f.Rule, f.Failing, f.Subjects, f.Hosts, f.ScoreGain))
	}
	// Weights that count: 10, 0.5, 2, 2, 0, 1, 1, 1, 1: 18.5. Raw, of 100: the two
	// rules of weight 2 pass in one of three hosts.
	want := []string{
		"critical critical-endpoint: 6 of [hosts/a/endpoints/443 hosts/a/endpoints/8443 hosts/b/endpoints/443 hosts/b/endpoints/8443 hosts/c/endpoints/443 hosts/c/endpoints/8443] on [a b c], gains 0.0000",
		fmt.Sprintf("high high-large: 2 of [hosts/a hosts/b] on [a b], gains %.4f", 100*2*2/3./18.5),
		fmt.Sprintf("high high-large-too: 1 of [hosts/b] on [b], gains %.4f", 100*2*2/3./18.5),
		fmt.Sprintf("high high-small: 2 of [hosts/a hosts/b] on [a b], gains %.4f", 100*0.5/18.5),
		fmt.Sprintf("low low-but-large: 2 of [hosts/a hosts/b] on [a b], gains %.4f", 100*10/18.5),
		fmt.Sprintf("info beside: 4 of [hosts/a|hosts/b hosts/a|hosts/c hosts/b|hosts/a hosts/b|hosts/c] on [a b c], gains %.4f", 100*1/18.5),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for i, r := range c.Rules() {
		if gain := e.ScoreGain(i); gain < 0 || gain > 100 {
			t.Errorf("%s gains %g", r.Id, gain)
		}
	}
	if f := e.Fixes()[4]; f.Title != "L" || f.Area != "network" || f.Remediation != "do it" {
		t.Errorf("%v", f)
	}
}

// TestScoreGainWithoutScore: where nothing counts nothing is gained.
func TestScoreGainWithoutScore(t *testing.T) {
	e := wholePlan(t, engine(t), "").EvaluateInventory(&pb.Inventory{ReportedEmpty: []string{"hosts"}}, nil, nil, day(0))
	i, ok := e.Plan.Checklist().RuleIndex("host-patched")
	if gain := e.ScoreGain(i); !ok || gain != 0 {
		t.Errorf("gains %g", gain)
	}
}
