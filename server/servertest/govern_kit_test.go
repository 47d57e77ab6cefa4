package servertest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/servertest"
)

// governed is a checklist in which every kind of statement has its place.
const governed = `
id: gov
version: 1.0.0
title: A governed checklist
description: Rules that rest on what people say.
parameters:
- {name: patch_age, type: duration, default: 2160h, description: How old a patch may be}
- {name: drills, type: int, default: 2, description: How many drills a year}
facts:
- {name: escorted, scope: facility, type: bool, question: "Are visitors escorted?"}
- {name: drills, scope: system, type: int, question: "How many drills were held this year?"}
- {name: reviewed, scope: host, type: bool, question: "Were its accounts reviewed?"}
claims:
- {id: secure-room, scope: zone, question: "Is the zone locked?", longest: 2400h}
profiles:
- {id: all, title: All}
- {id: some, title: Some, deselect: [reviewed]}
groups:
- id: hosts
  title: Hosts
  rules:
  - id: static
    title: Addresses are static
    area: network
    severity: medium
    scope: host
    multiple: true
    check: host.addresses.all(a, a.static)
    message: "{host.id} has an address that is leased"
    rationale: Names and policies refer to addresses.
    remediation: Configure the address.
  - id: patched
    title: Patches are recent
    area: os-hardening
    severity: high
    scope: host
    multiple: true
    check: host.os.patched_time > now - params.patch_age
    message: "{host.id} is not patched"
    rationale: Old holes are known.
    remediation: Patch it.
  - id: reviewed
    title: Accounts are reviewed
    area: identity
    severity: low
    scope: host
    multiple: true
    check: host.boolFact('reviewed')
    message: "{host.id} was not reviewed"
    rationale: People leave.
    remediation: Review them.
- id: place
  title: Place
  rules:
  - id: escorted
    title: Visitors are escorted
    area: physical
    severity: low
    scope: facility
    multiple: true
    check: facility.boolFact('escorted')
    message: "{facility.id} lets visitors walk alone"
    rationale: Visitors touch things.
    remediation: Escort them.
  - id: drills
    title: Recovery is drilled
    area: planning
    severity: low
    scope: system
    check: system.intFact('drills') >= params.drills
    message: There are too few drills
    rationale: A plan that was never tried fails.
    remediation: Drill.
  - id: clear
    title: Nothing is sent in the clear
    area: transport
    severity: high
    scope: channel
    multiple: true
    check: channel.protection.all(p, p != 'none')
    exceptions:
    - {id: secure, when: "claimed('secure-room', channel.from.zone)", text: the zone is claimed to be locked}
    message: "{channel.id} is sent in the clear"
    rationale: Lines are tapped.
    remediation: Encrypt it.
`

const govSeries = "systems/s/series/gov~all~default"

// governance is a service with the injected clock, and all its stubs.
type governance struct {
	*client
	statements pb.StatementServiceClient
	clock      *servertest.Clock
}

// govern starts a service with nothing in it; path is a store that is there.
func govern(t *testing.T, path string, now time.Time) *governance {
	t.Helper()
	clock := servertest.NewClock(now)
	s := servertest.Start(t, servertest.Options{Path: path, Config: server.Config{Clock: clock.Now}})
	return &governance{client: connect(t, s), statements: pb.NewStatementServiceClient(s.Conn), clock: clock}
}

// governedService has the checklist published and assigned to all systems, and
// system s submitted.
func governedService(t *testing.T) *governance {
	t.Helper()
	g := govern(t, "", day0)
	g.publishYAML(governed)
	g.assign("all", &pb.Assignment{Checklist: "gov"})
	g.submitted(estate("s"))
	return g
}

// estate is a system with two hosts, of which one fails, a facility, and a
// channel in the clear.
func estate(id string) *pb.SubmitInventoryRequest {
	a, b := host(id+"-a", true), host(id+"-b", false)
	for _, h := range []*pb.Host{a, b} {
		h.Facility = proto.String("dc1")
		h.Labels = map[string]string{"tier": h.Id[len(h.Id)-1:]}
	}
	a.Os = &pb.OperatingSystem{PatchedTime: timestamppb.New(day0)}
	return &pb.SubmitInventoryRequest{
		System: "systems/" + id, Source: "cmdb",
		Inventory: &pb.Inventory{
			System: &pb.System{Id: id, Channels: []*pb.Channel{{
				Id: "c", Protection: []string{"none"}, From: &pb.Party{Zone: proto.String("dmz")},
			}}},
			Hosts: []*pb.Host{a, b}, Facilities: []*pb.Facility{{Id: "dc1"}},
		},
	}
}

// must fails the test on an error and returns the answer.
func must[T any](g *governance) func(T, error) T {
	return func(out T, err error) T {
		g.t.Helper()
		if err != nil {
			g.t.Fatal(err, status.Convert(err).Details())
		}
		return out
	}
}

// tick moves the clock on by a second: no two writes of a test are made at
// one instant.
func (g *governance) tick() { g.clock.Set(g.clock.Now().Add(time.Second)) }

// at sets the clock and lets the scheduler do what is due.
func (g *governance) at(t time.Time) {
	g.t.Helper()
	g.clock.Set(t)
	if _, err := g.Assessor.RunDue(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

func (g *governance) submitted(req *pb.SubmitInventoryRequest) *pb.Receipt {
	g.t.Helper()
	g.tick()
	return g.submit(req)
}

// edited is the governed checklist with texts replaced, by pairs.
func edited(pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(governed, pairs[i]) {
			panic("the checklist lacks " + pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(governed)
}

func (g *governance) publishYAML(text string) *pb.ChecklistVersion {
	g.t.Helper()
	g.tick()
	return must[*pb.ChecklistVersion](g)(g.guidance.PublishChecklist(g.t.Context(), &pb.PublishChecklistRequest{Yaml: text}))
}

// assign makes an assignment and has what it makes evaluated.
func (g *governance) assign(id string, a *pb.Assignment) *pb.Assignment {
	g.t.Helper()
	if a.Selector == nil {
		a.Selector = &pb.Selector{}
	}
	g.tick()
	out := must[*pb.Assignment](g)(g.guidance.CreateAssignment(g.t.Context(), &pb.CreateAssignmentRequest{AssignmentId: id, Assignment: a}))
	g.at(g.clock.Now())
	return out
}

// assessment reads a series' state; zero times mean now.
func (g *governance) assessed(series string, asOf, knownAt time.Time) (*pb.Assessment, error) {
	req := &pb.GetAssessmentRequest{Name: series}
	if !asOf.IsZero() {
		req.AsOf = timestamppb.New(asOf)
	}
	if !knownAt.IsZero() {
		req.KnownAt = timestamppb.New(knownAt)
	}
	return g.assessment.GetAssessment(g.t.Context(), req)
}

// result is the state of a rule for a subject; zero times mean now.
func (g *governance) finding(series, rule, subject string, asOf, knownAt time.Time) *pb.Finding {
	g.t.Helper()
	req := &pb.ExplainResultRequest{Name: series, Rule: rule, Subject: subject}
	if !asOf.IsZero() {
		req.AsOf = timestamppb.New(asOf)
	}
	if !knownAt.IsZero() {
		req.KnownAt = timestamppb.New(knownAt)
	}
	return must[*pb.Explanation](g)(g.assessment.ExplainResult(g.t.Context(), req)).Finding
}

// wantState checks a result of system s as of an instant, as known at another.
func (g *governance) wantState(rule, subject string, asOf, knownAt time.Time, want string) {
	g.t.Helper()
	if got := g.finding(govSeries, rule, subject, asOf, knownAt).State; got != want {
		g.t.Errorf("%s of %s as of %v, known at %v: %s, want %s", rule, subject, asOf, knownAt, got, want)
	}
}

// breakpoints are a series' breakpoints, newest first.
func (g *governance) breakpoints(series string) []*pb.Breakpoint {
	g.t.Helper()
	req := &pb.ListBreakpointsRequest{Parent: series}
	out := must[*pb.ListBreakpointsResponse](g)(g.assessment.ListBreakpoints(g.t.Context(), req))
	g.sameOverREST("/v1/"+series+"/breakpoints", out)
	return out.Breakpoints
}

// wantBreakpoint checks the newest breakpoint of a series.
func (g *governance) wantBreakpoint(series string, at time.Time, cause string) *pb.Breakpoint {
	g.t.Helper()
	b := g.breakpoints(series)[0]
	if !b.EffectiveTime.AsTime().Equal(at) || b.Cause != cause {
		g.t.Errorf("the newest breakpoint is at %v because of %s, want %v because of %s", b.EffectiveTime.AsTime(), b.Cause, at, cause)
	}
	return b
}

// sameOverREST checks that a GET answers as gRPC did.
func (g *governance) sameOverREST(path string, want proto.Message) {
	g.t.Helper()
	code, body := g.rest("GET", path, "")
	if code != http.StatusOK {
		g.t.Errorf("GET %s: %d %v", path, code, body)
		return
	}
	g.sameJSON(path, body, want)
}

func (g *governance) sameJSON(what string, body map[string]any, want proto.Message) {
	g.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	got := want.ProtoReflect().New().Interface()
	if err := protojson.Unmarshal(raw, got); err != nil {
		g.t.Errorf("%s: %v\n%s", what, err, raw)
	} else if !proto.Equal(got, want) {
		g.t.Errorf("%s over REST:\n%v\nover gRPC:\n%v", what, got, want)
	}
}

// refusedOverREST checks that a call over REST is refused with a status, and
// that the answer names a field, an ErrorInfo, and a text.
func (g *governance) refusedOverREST(method, path, body string, code int, texts ...string) {
	g.t.Helper()
	got, answer := g.rest(method, path, body)
	if got != code {
		g.t.Errorf("%s %s: %d %v, want %d", method, path, got, answer, code)
	}
	for _, x := range append(texts, "google.rpc.ErrorInfo") {
		jsonHas(g.t, answer, x)
	}
}

// wrote checks that the audit log has one entry of a write since it had n, and
// returns how many it has now.
func (g *governance) wrote(n int, method, resource string) int {
	g.t.Helper()
	all := g.audit()
	found := 0
	for _, e := range all[min(n, len(all)):] {
		if e.Method == method && e.Resource == resource && e.Actor != "" {
			found++
		}
	}
	if found != 1 {
		g.t.Errorf("%d audit entries of %s %s, want 1: %v", found, method, resource, all[n:])
	}
	return len(all)
}

// audit is the whole audit log, oldest first.
func (g *governance) audit() (out []*pb.AuditEntry) {
	g.t.Helper()
	for token := ""; ; {
		p := must[*pb.ListAuditEntriesResponse](g)(g.admin.ListAuditEntries(g.t.Context(), &pb.ListAuditEntriesRequest{PageSize: 1000, PageToken: token}))
		out = append(out, p.AuditEntries...)
		if token = p.NextPageToken; token == "" {
			break
		}
	}
	if len(out) > 1 && out[0].Sequence > out[len(out)-1].Sequence {
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
	}
	return out
}

func boolean(v bool) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: v}}
}

func whole(v int64) *pb.FactValue { return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: v}} }

func instantValue(t time.Time) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: timestamppb.New(t)}}
}

func restTime(t time.Time) string { return fmt.Sprintf("%q", t.UTC().Format(time.RFC3339Nano)) }
