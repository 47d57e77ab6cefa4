package assess_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// eachExample evaluates every example that a shipped rule has, under its own
// checklist with every rule selected.
func eachExample(t *testing.T, test func(t *testing.T, p *assess.Plan, in assess.Input)) {
	eachShipped(t, func(t *testing.T, c *assess.Checklist) {
		plans, examples := map[string]*assess.Plan{}, 0
		for _, r := range c.Rules() {
			for _, x := range r.Examples {
				if plans[x.Profile] == nil {
					plans[x.Profile] = wholePlan(t, c, x.Profile)
				}
				at := day(0)
				if x.AsOf != nil {
					at = x.AsOf.AsTime().UnixMicro()
				}
				inv := proto.CloneOf(x.Inventory)
				intake.Normalize(inv)
				examples++
				test(t, plans[x.Profile], assess.Input{Merged: merge.Merge(viewsOf(inv, at)), Claims: x.Claims, At: at})
			}
		}
		if examples == 0 {
			t.Error("no example")
		}
	})
}

// viewsOf are what one source says that reports an inventory.
func viewsOf(inv *pb.Inventory, at int64) merge.Input {
	in := merge.Input{At: at, System: []merge.SystemView{{Source: "agent", Confirmed: at,
		Hosts: shape.Of(inv).Field("hosts").Presence(shape.Ptr(inv)), Inventory: &pb.Inventory{
			System: inv.System, Facilities: inv.Facilities, ReportedEmpty: inv.ReportedEmpty, Partial: inv.Partial,
		}}}}
	for _, h := range inv.Hosts {
		in.Hosts = append(in.Hosts, merge.HostView{Source: "agent", Host: h, Confirmed: at, Reported: true})
	}
	return in
}

// TestNeedsHoldAllThatIsRead asks that every fact that a rule reads or misses
// over an example is of a kind that the rule is known to need.
func TestNeedsHoldAllThatIsRead(t *testing.T) {
	eachExample(t, func(t *testing.T, p *assess.Plan, in assess.Input) {
		e := p.Evaluate(in)
		for i := range e.Results {
			r := &e.Results[i]
			if r.Subject < 0 {
				continue
			}
			id := p.Checklist().RuleID(int(r.Rule))
			x, err := e.Explain(id, e.SubjectID(r))
			if err != nil {
				t.Fatal(err)
			}
			needs := p.Checklist().RuleNeeds(int(r.Rule))
			for _, f := range x.Facts {
				checkNeeded(t, id, f.Path, needs)
			}
			for _, f := range x.Missing {
				checkNeeded(t, id, f.Path, needs)
			}
		}
	})
}

func checkNeeded(t *testing.T, rule, fact string, needs []string) {
	t.Helper()
	if strings.HasPrefix(fact, "tables/") {
		return // the checklist's own
	}
	if !slices.ContainsFunc(needs, func(n string) bool {
		ok, err := path.Match(strings.NewReplacer("[", `\[`, "?", `\?`).Replace(n), fact)
		return ok && err == nil
	}) {
		t.Errorf("rule %s looks at %s, which is none of its needs %q", rule, fact, needs)
	}
}

func TestNeeds(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "needs", []byte(`
id: needs
version: 1.0.0
title: Needs
profiles: [{id: all}]
parameters: [{name: age, type: duration, default: 24h}]
tables: [{name: ports, type: list(int), entries: {web: [443]}}]
facts:
  - {name: escorted, scope: facility, type: bool, question: "Are visitors escorted?"}
  - {name: escorted, scope: host, type: bool, question: "Escorted host?"}
groups:
  - id: g
    rules:
      - {id: host, area: network, severity: low, scope: host, check: 'host.os.patched_time > now - params.age && inventory.facility(host.facility).boolFact("escorted")'}
      - {id: endpoint, area: network, severity: low, scope: endpoint, check: 'endpoint.port in tables.ports["web"] && host.labels["a/b"] == "x" && endpoint.settings[host.zone] == "y"'}
      - {id: system, area: network, severity: low, scope: system, check: 'system.product == "x" && inventory.hosts.filter(h, h.virtual).all(h, h.components.exists(c, c.id == "x")) && system.settings["k"] == ""'}
      - {id: account, area: network, severity: low, scope: account, check: account.enabled}
      - id: pair
        area: network
        severity: low
        scope: pair
        pair: {left: 'inventory.hosts.map(h, inventory.zone(h.zone))', left_key: left.kind, right: system.channels, right_key: right.to.host}
        check: left.insulated && right.purpose == ""
`)))
	want := map[string]string{
		"host":     "facilities/* facilities/*/facts/escorted hosts hosts/*/facility hosts/*/os/patched_time",
		"endpoint": "hosts hosts/*/endpoints hosts/*/endpoints/*/port hosts/*/endpoints/*/settings/* hosts/*/labels/a%2Fb hosts/*/zone",
		"system":   "hosts hosts/*/components hosts/*/virtual system/product system/settings/k",
		"account":  "accounts accounts/*/enabled hosts hosts/*/accounts hosts/*/accounts/*/enabled",
		"pair":     "channels channels/*/purpose channels/*/to/host hosts hosts/*/zone zones/* zones/*/insulated zones/*/kind",
	}
	for i, r := range c.Rules() {
		if got := strings.Join(c.RuleNeeds(i), " "); got != want[r.Id] {
			t.Errorf("%s needs\n%s, want\n%s", r.Id, got, want[r.Id])
		}
	}
	for _, n := range c.Needs() {
		switch n.Path {
		case "facilities/*/facts/escorted":
			if n.Question != "Are visitors escorted?" || !slices.Equal(n.Rules, []string{"host"}) {
				t.Errorf("the need is %v", n)
			}
		case "hosts":
			if len(n.Rules) != 5 {
				t.Errorf("the need is %v", n)
			}
		}
	}
}

// TestAnswersDecide answers the questions of every example one by one: exactly
// what was asked for is no longer missing, and no element appears.
func TestAnswersDecide(t *testing.T) {
	answered := 0
	eachExample(t, func(t *testing.T, p *assess.Plan, in assess.Input) {
		e := p.Evaluate(in)
		questions := e.Questionnaire()
		checkCounts(t, e, questions)
		for _, q := range questions {
			if q.Kind != "fact" {
				continue
			}
			answered++
			checkAnswer(t, p, in, e, q)
		}
	})
	if answered < 500 {
		t.Errorf("only %d questions answered", answered)
	}
}

// checkAnswer states a fact and evaluates again.
func checkAnswer(t *testing.T, p *assess.Plan, in assess.Input, before *assess.Evaluation, q *pb.Question) {
	t.Helper()
	stated := &pb.Inventory{}
	if err := attest.SetFact(stated, q.Subject, q.Fact, valueOf(q.Type)); err != nil {
		t.Fatalf("%v: %v", q, err)
	}
	if typ, err := attest.Type(q.Subject, q.Fact); err != nil || typ != "" && typ != q.Type {
		t.Errorf("%v is of type %s, %v", q, typ, err)
	}
	reported := before.Merged().Inventory
	views := viewsOf(reported, in.At)
	if stated.System != nil {
		stated.System.Id = reported.GetSystem().GetId()
	}
	extra := viewsOf(stated, in.At)
	for i := range extra.System {
		extra.System[i].Source = merge.Attestation
	}
	for i := range extra.Hosts {
		extra.Hosts[i].Source = merge.Attestation
	}
	views.System, views.Hosts = append(views.System, extra.System...), append(views.Hosts, extra.Hosts...)
	in.Merged = merge.Merge(views)
	if got, want := elementsOf(in.Merged.Inventory), elementsOf(reported); !slices.Equal(got, want) {
		t.Errorf("answering %v makes elements of %v: %v", q, want, got)
	}
	for _, again := range p.Evaluate(in).Questionnaire() {
		if again.Kind == q.Kind && again.Subject == q.Subject && again.Fact == q.Fact {
			t.Errorf("%v is asked again", q)
		}
	}
}

// elementsOf are the paths of all elements of an inventory.
func elementsOf(inv *pb.Inventory) (out []string) {
	var walk func(m protoreflect.Message, at string)
	walk = func(m protoreflect.Message, at string) {
		for i := range m.Descriptor().Fields().Len() {
			fd := m.Descriptor().Fields().Get(i)
			switch {
			case fd.Message() == nil || fd.IsMap() || !m.Has(fd):
			case fd.IsList():
				for n := range m.Get(fd).List().Len() {
					el := m.Get(fd).List().Get(n).Message()
					path := at + "/" + string(fd.Name()) + "/" + el.Get(el.Descriptor().Fields().ByNumber(1)).String()
					out = append(out, path)
					walk(el, path)
				}
			default:
				walk(m.Get(fd).Message(), at+"/"+string(fd.Name()))
			}
		}
	}
	walk(inv.ProtoReflect(), "")
	slices.Sort(out)
	return out
}

// valueOf is some value of a type.
func valueOf(typ string) *pb.FactValue {
	switch typ {
	case "bool":
		return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: true}}
	case "int":
		return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: 1}}
	case "double":
		return &pb.FactValue{Value: &pb.FactValue_DoubleValue{DoubleValue: 1}}
	case "timestamp":
		return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: stamp(day(0))}}
	case "duration":
		return &pb.FactValue{Value: &pb.FactValue_DurationValue{DurationValue: durationpb.New(time.Hour)}}
	case "list(string)":
		return &pb.FactValue{Value: &pb.FactValue_StringList{StringList: &pb.StringList{Values: []string{"x"}}}}
	}
	return &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: "x"}}
}

// checkCounts counts by hand, from what each finding says is missing.
func checkCounts(t *testing.T, e *assess.Evaluation, questions []*pb.Question) {
	t.Helper()
	involves, decides, failing := map[string]int32{}, map[string]int32{}, int32(0)
	for i := range e.Results {
		r := &e.Results[i]
		if r.State == score.Fail {
			failing++
		}
		if r.State == score.Unknown {
			missing := e.Finding(r).MissingFacts
			for _, m := range missing {
				involves[m]++
				if len(missing) == 1 {
					decides[m]++
				}
			}
		}
	}
	for m, n := range involves {
		p, ok := attest.Locate(m)
		if !ok || p.Form == attest.Key {
			continue
		}
		i := slices.IndexFunc(questions, func(q *pb.Question) bool { return q.Claim == "" && q.Subject == p.Subject && q.Fact == p.Fact })
		if i < 0 {
			t.Errorf("%s is missing, and not asked for", m)
			continue
		}
		// A fact that says whom a claim would be about is asked for failing results, too.
		if q := questions[i]; q.Involves < n || q.Involves > n+failing || q.Decides != decides[m] {
			t.Errorf("%s involves %d and decides %d, want %d to %d and %d", m, q.Involves, q.Decides, n, n+failing, decides[m])
		}
	}
	for i := 1; i < len(questions); i++ {
		if a, b := questions[i-1], questions[i]; a.Decides < b.Decides || a.Decides == b.Decides && a.Involves < b.Involves {
			t.Errorf("%v stands before %v", a, b)
		}
	}
}
