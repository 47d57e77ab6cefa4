package assess_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// estate is one source's view of a system and its hosts, of which a step
// changes some; what it does not change stays the very same message.
type estate struct {
	system *pb.Inventory
	hosts  []*pb.Host
	known  shape.Presence // of the list of hosts
}

func (s estate) merged(at int64) *merge.Merged {
	in := merge.Input{At: at, System: []merge.SystemView{{Source: "cmdb", Inventory: s.system, Hosts: s.known, Confirmed: at}}}
	for _, h := range s.hosts {
		in.Hosts = append(in.Hosts, merge.HostView{Source: "cmdb", Host: h, Confirmed: at, Reported: true})
	}
	return merge.Merge(in)
}

// step changes one thing or another.
func (s *estate) step(t *rapid.T, cfg inventorytest.Config) {
	hosts := slices.Clone(s.hosts)
	switch how := rapid.IntRange(0, 6).Draw(t, "step"); {
	case how <= 1 && len(hosts) > 0:
		i := rapid.IntRange(0, len(hosts)-1).Draw(t, "host")
		less, _ := inventorytest.Less(t, &pb.Inventory{Hosts: hosts[i : i+1]})
		hosts = append(slices.Delete(hosts, i, i+1), less.Hosts...)
	case how == 2 && len(hosts) > 0:
		i := rapid.IntRange(0, len(hosts)-1).Draw(t, "gone")
		hosts = slices.Delete(hosts, i, i+1)
	case how == 3:
		h := cfg.Host().Draw(t, "new host")
		h.Id = rapid.SampledFrom([]string{"a0", "h1", "h2", "z9"}).Draw(t, "id")
		hosts = slices.DeleteFunc(hosts, func(o *pb.Host) bool { return o.Id == h.Id })
		hosts = append(hosts, h)
	case how == 4:
		s.known = rapid.SampledFrom([]shape.Presence{shape.Absent, shape.Partial, shape.Whole}).Draw(t, "known")
	case how == 5:
		s.system = &pb.Inventory{System: cfg.System().Draw(t, "system"), ReportedEmpty: []string{"facilities"}}
	case how == 6:
		s.system, _ = inventorytest.Less(t, &pb.Inventory{System: s.system.System, Facilities: s.system.Facilities})
	}
	s.hosts = hosts
}

// TestReuse evaluates over a chain of changes, each time once with what was
// found before and once afresh.
func TestReuse(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	rapid.Check(t, func(t *rapid.T) {
		cfg := engineConfig(t, 5, 2)
		inv := cfg.Inventory().Draw(t, "inventory")
		s := estate{system: inv, hosts: inv.Hosts, known: shape.Whole}
		claims, waivers, at := engineClaims(t), engineWaivers(t), nearDay(t, "at")
		var previous *assess.Evaluation
		for range 4 {
			in := assess.Input{Merged: s.merged(at), Claims: claims, Waivers: waivers, At: at}
			fresh := p.Evaluate(in)
			in.Previous = previous
			again := p.Evaluate(in)
			if err := sameEvaluation(fresh, again); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(plainResults(fresh), plainResults(again)); d != "" {
				t.Fatal(d)
			}
			if fresh.ValidUntil != again.ValidUntil || fresh.HoldsUntil != again.HoldsUntil {
				t.Fatalf("holds until %s and %s", when(fresh.ValidUntil), when(again.ValidUntil))
			}
			if d := cmp.Diff(fresh.Findings(), again.Findings(), protocmp.Transform()); d != "" {
				t.Fatal(d)
			}
			previous = again
			s.step(t, cfg)
			at += rapid.SampledFrom([]int64{0, 1, day1, 90 * day1, -day1}).Draw(t, "later")
			if rapid.IntRange(0, 2).Draw(t, "other claims") == 0 {
				claims, waivers = engineClaims(t), engineWaivers(t)
			}
		}
	})
}

// plainResult is a result without where its facts lie.
type plainResult struct {
	Rule, Subject int32
	State         score.State
	Exception     int8
	Waiver        int32
	ValidUntil    int64
}

func plainResults(e *assess.Evaluation) (out []plainResult) {
	for _, r := range e.Results {
		out = append(out, plainResult{r.Rule, r.Subject, r.State, r.Exception, r.Waiver, r.ValidUntil})
	}
	return out
}

// TestReuseReuses marks what was found before in a way that no evaluation
// gives, and looks for the mark: on hosts that are the very same messages, and
// in results that still hold, of rules that read one host alone.
func TestReuseReuses(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "local", []byte(`
id: local
version: 1.0.0
facts: [{name: flag, scope: host, type: bool, question: "?"}]
claims: [{id: checked, scope: host, question: "?"}]
profiles: [{id: all}]
groups:
  - id: g
    rules:
      - {id: host, scope: host, check: host.virtual}
      - {id: endpoint, scope: endpoint, check: endpoint.tls.enabled}
      - {id: component, scope: component, check: component.unit == host.unit}
      - {id: patched, scope: host, check: 'now < host.os.patched_time + duration("48h")'}
      - {id: system, scope: host, check: host.virtual && system.product == "x"}
      - {id: others, scope: host, check: host.virtual && size(inventory.hosts) > 1}
      - {id: claimed, scope: host, check: 'claimed("checked", host.id)'}
      - {id: account, scope: account, check: account.enabled}
`)))
	host := func(id string) *pb.Host {
		return &pb.Host{
			Id: id, Virtual: proto.Bool(true), Os: &pb.OperatingSystem{PatchedTime: stamp(day(0))},
			Components: []*pb.Component{{Id: "a"}, {Id: "b"}},
			Endpoints:  []*pb.Endpoint{{Id: "443"}}, Partial: []string{"endpoints"},
			Accounts: []*pb.Account{{Id: "root"}},
		}
	}
	s := estate{system: &pb.Inventory{System: &pb.System{Id: "s"}}, hosts: []*pb.Host{host("a"), host("b"), host("c")}, known: shape.Whole}
	p := wholePlan(t, c, "")
	before := p.Evaluate(assess.Input{Merged: s.merged(day(0)), At: day(0)})
	for i := range before.Results {
		before.Results[i].State = score.Fixed
	}
	s.hosts = []*pb.Host{s.hosts[0], host("b"), s.hosts[2]}
	reused := func(at int64) (got []string) {
		e := p.Evaluate(assess.Input{Merged: s.merged(at), At: at, Previous: before})
		for i := range e.Results {
			if r := &e.Results[i]; r.State == score.Fixed {
				got = append(got, c.Rules()[r.Rule].Id+" "+e.SubjectID(r))
			}
		}
		return got
	}
	always := []string{
		"host hosts/a", "host hosts/c",
		"endpoint hosts/a/endpoints/443", "endpoint hosts/a/endpoints/?", "endpoint hosts/c/endpoints/443", "endpoint hosts/c/endpoints/?",
		"component hosts/a/components/a", "component hosts/a/components/b", "component hosts/c/components/a", "component hosts/c/components/b",
	}
	if d := cmp.Diff(append(slices.Clone(always), "patched hosts/a", "patched hosts/c"), reused(day(1))); d != "" {
		t.Errorf("while all holds (-want +got)\n%s", d)
	}
	if d := cmp.Diff(always, reused(day(2))); d != "" {
		t.Errorf("once the patches are too old (-want +got)\n%s", d)
	}
	for i := range before.Results {
		before.Results[i].State = score.Fail
	}
	accepted := p.Evaluate(assess.Input{
		Merged: s.merged(day(1)), At: day(1), Previous: before, Waivers: []*pb.Waiver{{Area: "none", ExpireTime: stamp(day(9))}},
	})
	for i := range accepted.Results {
		if r := &accepted.Results[i]; r.State == score.Fail && accepted.SubjectID(r) == "hosts/a" && c.Rules()[r.Rule].Id == "host" {
			t.Error("a failure was taken over although there is a waiver now")
		}
	}
	for i := range before.Results {
		before.Results[i].State = score.Fixed
	}
	if got := reused(day(-1)); got != nil {
		t.Errorf("at an earlier instant: %v", got)
	}
}

// TestSharedPrevious evaluates twice at the same time after one evaluation,
// which the race detector watches.
func TestSharedPrevious(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	s := estate{system: &pb.Inventory{System: &pb.System{Id: "s"}}, known: shape.Whole}
	for _, id := range []string{"h1", "h2", "h3"} {
		s.hosts = append(s.hosts, &pb.Host{Id: id, Virtual: proto.Bool(true)})
	}
	m := s.merged(day(0))
	before := p.Evaluate(assess.Input{Merged: m, At: day(0)})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			e := p.Evaluate(assess.Input{Merged: m, At: day(1), Previous: before})
			if err := sameEvaluation(e, before); err != nil {
				t.Error(err)
			}
			if d := cmp.Diff(e.Findings(), before.Findings(), protocmp.Transform()); d != "" {
				t.Error(d)
			}
		})
	}
	wait.Wait()
}
