package assess_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// asking is a checklist whose rules lack facts, lists and claims.
const asking = `
id: asking
version: 1.0.0
title: Asking
profiles: [{id: all}]
tables: [{name: ends, type: timestamp, entries: {web: 2030-01-01T00:00:00Z}}]
facts: [{name: escorted, scope: facility, type: bool, question: "Are visitors escorted?"}]
claims: [{id: secure, scope: facility, question: "Is it secure?"}, {id: alone, scope: host, question: "Does it stand alone?"}]
groups:
  - id: g
    rules:
      - {id: patched, area: network, severity: low, scope: host, multiple: true, check: host.os.patched_time > now - duration("24h")}
      - {id: both, area: network, severity: low, scope: host, check: host.virtual && host.os.patched_time > now - duration("48h")}
      - {id: all-virtual, area: network, severity: low, scope: host, check: 'host.virtual || inventory.hosts.all(h, h.remote_logging || h.zone == "dmz" || h.facility == "x")'}
      - {id: escorted, area: physical, severity: low, scope: facility, check: facility.boolFact("escorted")}
      - {id: endpoints, area: network, severity: low, scope: endpoint, check: endpoint.tls.enabled}
      - {id: table, area: lifecycle, severity: low, scope: host, check: 'now < tables.ends[host.id]'}
      - id: claimed
        area: physical
        severity: low
        scope: host
        check: host.facility == "dc9"
        exceptions:
          - {id: secure, when: 'claimed("secure", host.facility)', text: it stands safely}
          - {id: both, when: 'claimed("alone", host.id) && host.remote_logging', text: it stands alone}
`

// askingEvaluation has two hosts: b's agent has fallen silent.
func askingEvaluation(t *testing.T) *assess.Evaluation {
	c := mustCompile(t, parseChecklist(t, "asking", []byte(asking)))
	p, err := c.Plan("", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := merge.Input{At: day(40), System: []merge.SystemView{{Source: "cmdb", Confirmed: day(40), Hosts: shape.Whole, Inventory: &pb.Inventory{
		System: &pb.System{Id: "s"}, Facilities: []*pb.Facility{{Id: "dc1"}},
	}}}}
	add := func(source string, at int64, h *pb.Host) {
		in.Hosts = append(in.Hosts, merge.HostView{Source: source, Host: h, Confirmed: at, Reported: true})
	}
	add("cmdb", day(40), &pb.Host{Id: "a", Facility: ptr("dc1"), Virtual: new(bool), ReportedEmpty: []string{"endpoints"}, RemoteLogging: ptr(false)})
	add("cmdb", day(40), &pb.Host{Id: "b", Facility: ptr("dc1"), Virtual: ptr(true), Zone: ptr("lan")})
	add("agent", day(40), &pb.Host{Id: "a", Os: &pb.OperatingSystem{PatchedTime: stamp(day(40))}})
	add("agent", day(1), &pb.Host{Id: "b", Os: &pb.OperatingSystem{PatchedTime: stamp(day(40))}, RemoteLogging: ptr(true)})
	return p.Evaluate(assess.Input{Merged: merge.Merge(in), At: day(40)})
}

func questionText(q *pb.Question) string {
	out := fmt.Sprintf("%d/%d %s %s", q.Decides, q.Involves, q.Kind, q.Subject)
	for _, s := range []string{q.Fact, q.Claim, q.Type} {
		if s != "" {
			out += " " + s
		}
	}
	out += " " + q.State
	if q.StaleSource != "" {
		out += " since " + q.StaleSource + " of " + when(micros(q.StaleConfirmedTime))
	}
	if len(q.Sources) > 0 {
		out += " from " + strings.Join(q.Sources, "+")
	}
	return out + " for " + strings.Join(q.Rules, "+") + ": " + q.Question
}

func micros(t *timestamppb.Timestamp) int64 { return t.AsTime().UnixMicro() }

func TestQuestionnaire(t *testing.T) {
	var got []string
	for _, q := range askingEvaluation(t).Questionnaire() {
		got = append(got, questionText(q))
	}
	want := []string{
		"2/2 claim dc1 secure missing for claimed: Is it secure?",
		"2/2 fact hosts/b os/patched_time timestamp stale since agent of 2026-01-02 from agent for patched+both: What is the os patched time of host b? Answer with an instant, such as 2026-05-02T00:00:00Z.",
		"1/1 fact facilities/dc1 escorted bool missing for escorted: Are visitors escorted?",
		"1/1 list hosts/b endpoints missing from cmdb for endpoints: Which endpoints does host b have? Submit the whole list.",
		"0/1 claim a alone missing for claimed: Does it stand alone?",
		"0/1 claim b alone missing for claimed: Does it stand alone?",
		"0/1 fact hosts/a zone string missing from cmdb for all-virtual: What is the zone of host a? Answer with a text.",
		"0/1 fact hosts/b remote_logging bool stale since agent of 2026-01-02 from cmdb for all-virtual: Is \"remote logging\" true of host b?",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("questions (-want +got)\n%s", d)
	}
}

// TestWhomAClaimIsAbout: where it is not known whom a claim would be about, the
// fact is asked that says so; then the claim.
func TestWhomAClaimIsAbout(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "asking", []byte(strings.Replace(asking, "scope: host\n        check: host.facility == \"dc9\"", "scope: host\n        check: 'false'", 1))))
	p, err := c.Plan("", &pb.Tailoring{Id: "one", Deselect: []string{"g"}, Select: []string{"claimed"}})
	if err != nil {
		t.Fatal(err)
	}
	hosts := []*pb.Host{{Id: "a", RemoteLogging: ptr(false)}, {Id: "b", RemoteLogging: ptr(false), Facility: ptr("dc1")}}
	questions := func() (out []string) {
		for _, q := range p.EvaluateInventory(&pb.Inventory{System: &pb.System{Id: "s"}, Hosts: hosts}, nil, nil, day(0)).Questionnaire() {
			out = append(out, questionText(q))
		}
		return out
	}
	want := []string{
		"1/1 claim dc1 secure missing for claimed: Is it secure?",
		"0/1 claim a alone missing for claimed: Does it stand alone?",
		"0/1 claim b alone missing for claimed: Does it stand alone?",
		"0/1 fact hosts/a facility string missing from file for claimed: What is the facility of host a? Answer with a text.",
	}
	if d := cmp.Diff(want, questions()); d != "" {
		t.Errorf("questions (-want +got)\n%s", d)
	}
	hosts[0].Facility = ptr("dc2")
	want = append(want[:1:1], "1/1 claim dc2 secure missing for claimed: Is it secure?", want[1], want[2])
	if d := cmp.Diff(want, questions()); d != "" {
		t.Errorf("once that is known (-want +got)\n%s", d)
	}
}

// TestQuestionsOfMany has every host lack what all hosts lack: the work must
// grow with the hosts, not with their square, and the counts must be right.
func TestQuestionsOfMany(t *testing.T) {
	c := mustCompile(t, parseChecklist(t, "asking", []byte(asking)))
	p, _ := c.Plan("", &pb.Tailoring{Id: "one", Deselect: []string{"g"}, Select: []string{"all-virtual", "claimed"}})
	const hosts = 1000
	inv := &pb.Inventory{System: &pb.System{Id: "s"}}
	for i := range hosts {
		inv.Hosts = append(inv.Hosts, &pb.Host{Id: fmt.Sprintf("h%03d", i), Facility: ptr(fmt.Sprint("dc", i%10))})
	}
	questions := p.EvaluateInventory(inv, nil, nil, day(0)).Questionnaire()
	involved := map[string]int{}
	for _, q := range questions {
		switch {
		case q.Kind == "claim" && q.Claim == "secure":
			if q.Involves != hosts/10 || q.Decides != q.Involves {
				t.Errorf("%v", q)
			}
		case q.Fact == "remote_logging" || q.Fact == "zone":
			if q.Involves != hosts || q.Decides != 0 {
				t.Errorf("%v", q)
			}
		}
		involved[q.Fact+q.Claim]++
	}
	// The tenth of the hosts passes that stands in dc9.
	want := map[string]int{"remote_logging": hosts, "zone": hosts, "virtual": hosts, "secure": 9, "alone": hosts * 9 / 10}
	for k, n := range want {
		if involved[k] != n {
			t.Errorf("%d questions about %s, want %d", involved[k], k, n)
		}
	}
}
