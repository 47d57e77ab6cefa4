package assess_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// accepting is a checklist with failures about hosts, their parts, pairs, the
// system and zones.
const accepting = `
id: accepting
version: 1.0.0
title: Accepting
profiles: [{id: all}]
claims: [{id: secure, scope: facility, question: "Is it secure?"}]
groups:
  - id: g
    rules:
      - {id: host, area: network, severity: low, scope: host, multiple: true, check: host.virtual}
      - {id: endpoint, area: transport, severity: low, scope: endpoint, multiple: true, check: endpoint.tls.enabled}
      - {id: zone, area: network, severity: low, scope: zone, check: zone.insulated}
      - id: claimed
        area: physical
        severity: low
        scope: host
        check: host.virtual
        exceptions: [{id: secure, when: 'claimed("secure", host.facility)', text: it stands safely}]
      - id: pair
        area: role-separation
        severity: low
        scope: pair
        pair: {left: inventory.hosts, left_key: left.zone, right: inventory.hosts, right_key: right.zone}
        check: left.id == "" || right.id == ""
`

func acceptingInventory() *pb.Inventory {
	host := func(id, tier string) *pb.Host {
		return &pb.Host{Id: id, Virtual: new(bool), Zone: ptr("dmz"), Facility: ptr("dc1"), Labels: map[string]string{"tier": tier, "env": "prod"},
			Endpoints: []*pb.Endpoint{{Id: "443", Tls: &pb.Tls{Enabled: new(bool)}}}}
	}
	return &pb.Inventory{
		System: &pb.System{Id: "s", Zones: []*pb.Zone{{Id: "dmz", Insulated: new(bool)}}},
		Hosts:  []*pb.Host{host("a/1", "web"), host("b", "db")},
	}
}

func ptr[T any](v T) *T { return &v }

// accepted are the subjects of failures that a waiver accepts, by rule.
func accepted(e *assess.Evaluation) string {
	var out []string
	for i := range e.Results {
		if r := &e.Results[i]; r.Waiver >= 0 {
			out = append(out, e.Plan.Checklist().RuleID(int(r.Rule))+" "+e.SubjectID(r))
		}
	}
	return strings.Join(out, ", ")
}

func TestWaiverTerms(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "accepting", []byte(accepting)))
	ask := func(id string) *pb.RuleAsk {
		i, _ := c.RuleIndex(id)
		return &pb.RuleAsk{Rule: id, Digest: c.Ask(i).String()}
	}
	other := &pb.RuleAsk{Rule: "host", Digest: "v1:00"}
	p, err := c.Plan("", nil)
	if err != nil {
		t.Fatal(err)
	}
	end := stamp(day(10))
	for _, x := range []struct {
		name  string
		w     *pb.Waiver
		want  string
		fails int
		old   int // outdated
	}{
		{"rule", &pb.Waiver{Rule: "host"}, "host hosts/a%2F1, host hosts/b", 2, 0},
		{"nothing", &pb.Waiver{}, "", 0, 0},
		{"rule and area", &pb.Waiver{Rule: "host", Area: "transport"}, "", 0, 0},
		{"area", &pb.Waiver{Area: "network"}, "host hosts/a%2F1, host hosts/b, zone zones/dmz", 3, 0},
		{"this checklist", &pb.Waiver{Rule: "zone", Checklist: "accepting"}, "zone zones/dmz", 1, 0},
		{"another checklist", &pb.Waiver{Rule: "zone", Checklist: "other"}, "", 0, 0},
		{"same ask", &pb.Waiver{Rule: "host", Asks: []*pb.RuleAsk{ask("host")}}, "host hosts/a%2F1, host hosts/b", 2, 0},
		{"another ask", &pb.Waiver{Rule: "host", Asks: []*pb.RuleAsk{other}}, "", 0, 1},
		{"another rule's ask", &pb.Waiver{Rule: "host", Asks: []*pb.RuleAsk{ask("zone")}}, "", 0, 1},
		{"area, one listed", &pb.Waiver{Area: "network", Asks: []*pb.RuleAsk{ask("zone")}}, "zone zones/dmz", 1, 0},
		{"area, one outdated", &pb.Waiver{Area: "network", Asks: []*pb.RuleAsk{ask("zone"), other}}, "zone zones/dmz", 1, 1},
		{"label", &pb.Waiver{Area: "network", HostLabels: map[string]string{"tier": "web"}}, "host hosts/a%2F1", 1, 0},
		{"labels", &pb.Waiver{Rule: "endpoint", HostLabels: map[string]string{"tier": "db", "env": "prod"}}, "endpoint hosts/b/endpoints/443", 1, 0},
		{"label that none has", &pb.Waiver{Rule: "host", HostLabels: map[string]string{"tier": "web", "site": ""}}, "", 0, 0},
		{"label of an end", &pb.Waiver{Rule: "pair", HostLabels: map[string]string{"tier": "web"}}, "pair hosts/a%2F1|hosts/b, pair hosts/b|hosts/a%2F1", 2, 0},
		{"label of no end", &pb.Waiver{Rule: "pair", HostLabels: map[string]string{"tier": "x"}}, "", 0, 0},
		{"subject", &pb.Waiver{Rule: "endpoint", Subjects: []string{"hosts/b/endpoints/443", "hosts/c"}}, "endpoint hosts/b/endpoints/443", 1, 0},
		{"pattern", &pb.Waiver{Rule: "endpoint", Subjects: []string{"hosts/a*/endpoints/*"}}, "endpoint hosts/a%2F1/endpoints/443", 1, 0},
		{"pattern of a pair", &pb.Waiver{Rule: "pair", Subjects: []string{"hosts/b|*"}}, "pair hosts/b|hosts/a%2F1", 1, 0},
		{"pattern that none has", &pb.Waiver{Rule: "host", Subjects: []string{"hosts/b*b"}}, "", 0, 0},
		{"draft", &pb.Waiver{Rule: "host", CreateTime: stamp(day(-5))}, "", 2, 0},
		{"approved", &pb.Waiver{Rule: "host", CreateTime: stamp(day(-5)), ApproveTime: stamp(day(-1))}, "host hosts/a%2F1, host hosts/b", 2, 0},
		{"approved later", &pb.Waiver{Rule: "host", StartTime: stamp(day(-5)), ApproveTime: stamp(day(1))}, "", 2, 0},
		{"revoked", &pb.Waiver{Rule: "host", RevokeTime: stamp(day(0))}, "", 2, 0},
	} {
		x.w.ExpireTime = end
		e := p.EvaluateInventory(acceptingInventory(), nil, []*pb.Waiver{{Rule: "host", ExpireTime: stamp(day(-1))}, x.w}, day(0))
		if got := accepted(e); got != x.want {
			t.Errorf("%s: accepts %s; want %s", x.name, got, x.want)
		}
		if use := e.Review(x.w); use.Failures != x.fails || use.Passes+use.Others != 0 || use.Outdated != x.old {
			t.Errorf("%s: its use is %+v", x.name, use)
		}
	}
}

func TestReviewOfWhatPasses(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "accepting", []byte(accepting)))
	p, _ := c.Plan("", nil)
	inv := acceptingInventory()
	*inv.Hosts[0].Virtual, inv.Hosts[1].Virtual = true, nil
	e := p.EvaluateInventory(inv, nil, nil, day(0))
	w := &pb.Waiver{Area: "network", Subjects: []string{"hosts/*"}}
	if got, want := e.Review(w), (assess.WaiverUse{Passes: 1, Others: 1}); got != want {
		t.Errorf("the use is %+v, want %+v", got, want)
	}
	if got := c.RulesOf(w); fmt.Sprint(got) != "[host zone]" {
		t.Errorf("it is about %v", got)
	}
}

func TestFindingNamesItsWaiver(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "accepting", []byte(accepting)))
	p, _ := c.Plan("", nil)
	for _, x := range []struct {
		w    *pb.Waiver
		want string
	}{
		{&pb.Waiver{Name: "systems/s/waivers/w", Rule: "zone"}, "systems/s/waivers/w"},
		{&pb.Waiver{Rule: "zone"}, "zone"},
		{&pb.Waiver{Area: "network"}, "network"},
	} {
		x.w.ExpireTime = stamp(day(10))
		e := p.EvaluateInventory(acceptingInventory(), nil, []*pb.Waiver{x.w}, day(0))
		r, err := e.Find("zone", "zones/dmz")
		if err != nil {
			t.Fatal(err)
		}
		if f := e.Finding(r); f.Waiver != x.want || !f.AcceptedUntil.AsTime().Equal(x.w.ExpireTime.AsTime()) {
			t.Errorf("%v: the finding says %q until %v", x.w, f.Waiver, f.AcceptedUntil)
		}
	}
}

// TestClaimAnswersWhatWasAsked asks that a claim counts only for the
// declaration that it was filed for.
func TestClaimAnswersWhatWasAsked(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "accepting", []byte(accepting)))
	p, _ := c.Plan("", nil)
	ask, _ := c.ClaimAsk("secure")
	for name, x := range map[string]struct {
		asks []string
		want string
	}{
		"no ask": {nil, "pass"}, "this ask": {[]string{"v1:00", ask.String()}, "pass"}, "another": {[]string{"v1:00"}, "fail"},
	} {
		claims := []*pb.Claim{{Claim: "secure", Subject: "dc1", ExpireTime: stamp(day(9)), Asks: x.asks}}
		state, _ := p.EvaluateInventory(acceptingInventory(), claims, nil, day(0)).RuleState("claimed")
		if state.String() != x.want {
			t.Errorf("%s: %s, want %s", name, state, x.want)
		}
	}
}

// TestManyWaivers has a hundred waivers, of fifty subjects and a pattern each,
// cover thousands of failures.
func TestManyWaivers(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "accepting", []byte(accepting)))
	p, _ := c.Plan("", &pb.Tailoring{Id: "hosts", Deselect: []string{"pair"}})
	inv := acceptingInventory()
	inv.Hosts = nil
	for i := range 5000 {
		inv.Hosts = append(inv.Hosts, &pb.Host{Id: fmt.Sprintf("h%04d", i), Virtual: new(bool), ReportedEmpty: []string{"endpoints"}})
	}
	var waivers []*pb.Waiver
	for i := range 100 {
		w := &pb.Waiver{Rule: "host", ExpireTime: stamp(day(9)), Subjects: []string{fmt.Sprintf("hosts/h%02d*7", i)}}
		for n := range 50 {
			w.Subjects = append(w.Subjects, fmt.Sprintf("hosts/h%04d", 50*i+n))
		}
		waivers = append(waivers, w)
	}
	e := p.EvaluateInventory(inv, nil, waivers, day(0))
	if s := e.Summary(); s.Waived != 5000 {
		t.Errorf("%d of 5000 failures are accepted", s.Waived)
	}
}
