package servertest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// attestation says of dc1 that visitors are escorted, until day 10.
func attestation() *pb.Attestation {
	return &pb.Attestation{
		Subject: "facilities/dc1", Fact: "escorted", Value: boolean(true), Attestor: "Ada", ExpireTime: timestamppb.New(day(10)),
	}
}

// attest files an attestation about system s.
func (g *governance) attest(id string, x *pb.Attestation) *pb.Attestation {
	g.t.Helper()
	g.tick()
	out := must[*pb.Attestation](g)(g.statements.CreateAttestation(g.t.Context(), &pb.CreateAttestationRequest{Parent: "systems/s", AttestationId: id, Attestation: x}))
	g.sameOverREST("/v1/"+out.Name, out)
	return out
}

// TestAttestedFacts: a fact that a person states decides, from the instant of
// filing until its expiry, and is unknown again exactly then.
func TestAttestedFacts(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	for _, x := range []struct {
		rule, subject, fact string
		value               *pb.FactValue
		want                string
	}{
		{"escorted", "facilities/dc1", "escorted", boolean(true), "pass"},
		{"escorted", "facilities/dc1", "facts/escorted", boolean(false), "fail"},
		{"drills", "system", "drills", whole(2), "pass"},
		{"drills", "system", "drills", whole(1), "fail"},
		{"reviewed", "hosts/s-a", "reviewed", boolean(true), "pass"},
		{"patched", "hosts/s-b", "os/patched_time", instantValue(day(-30)), "pass"},
		{"patched", "hosts/s-b", "os/patched_time", instantValue(day(-300)), "fail"},
	} {
		t.Run(fmt.Sprint(x.rule, " ", x.want), func(t *testing.T) {
			g := governedService(t)
			g.wantState(x.rule, x.subject, time.Time{}, time.Time{}, "unknown")
			n := len(g.audit())
			a := attestation()
			a.Subject, a.Fact, a.Value = x.subject, x.fact, x.value
			a.Evidence = &pb.Evidence{Uri: "https://example.org/log", Sha256: sum}
			out := g.attest("a", a)
			n = g.wrote(n, "CreateAttestation", "systems/s/attestations/a")
			from := out.RecordTime.AsTime()
			if out.State != "active" || !out.StartTime.AsTime().Equal(from) || out.Renewals != 0 || out.Evidence.GetSha256() != sum {
				t.Errorf("filed: %v", out)
			}
			g.wantBreakpoint(govSeries, from, "attestation")
			g.wantState(x.rule, x.subject, time.Time{}, time.Time{}, x.want)
			g.wantState(x.rule, x.subject, from.Add(-time.Microsecond), time.Time{}, "unknown")
			g.at(day(10).Add(-time.Microsecond))
			g.wantState(x.rule, x.subject, time.Time{}, time.Time{}, x.want)
			g.at(day(10))
			g.wantBreakpoint(govSeries, day(10), "attestation")
			g.wantState(x.rule, x.subject, time.Time{}, time.Time{}, "unknown")
			g.wantState(x.rule, x.subject, day(10).Add(-time.Microsecond), time.Time{}, x.want)
			if all := g.audit(); len(all) != n {
				t.Errorf("expiry is in the audit log: %v", all[n:])
			}
		})
	}
}

// TestMeasuredWinsOverAttested: an attestation is the least believed source,
// and shows through where no other says anything.
func TestMeasuredWinsOverAttested(t *testing.T) {
	g := governedService(t)
	a := attestation()
	a.Subject, a.Fact, a.Value = "hosts/s-b", "os/patched_time", instantValue(day(-300))
	g.attest("a", a)
	g.wantState("patched", "hosts/s-b", time.Time{}, time.Time{}, "fail")
	req := estate("s")
	req.Inventory.Hosts[1].Os = &pb.OperatingSystem{PatchedTime: timestamppb.New(day0)}
	g.submitted(req)
	g.wantState("patched", "hosts/s-b", time.Time{}, time.Time{}, "pass")
	g.submitted(estate("s"))
	g.wantState("patched", "hosts/s-b", time.Time{}, time.Time{}, "fail")
}

// TestRenewal: an attestation that is renewed before it expires makes no
// breakpoint; revoked, it does.
func TestRenewal(t *testing.T) {
	g := governedService(t)
	const name = "systems/s/attestations/a"
	g.attest("a", attestation())
	before := len(g.breakpoints(govSeries))
	g.at(day(9))
	n := len(g.audit())
	out := must[*pb.Attestation](g)(g.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{
		Name: name, ExpireTime: timestamppb.New(day(20)), Attestor: "Grace", Evidence: &pb.Evidence{Uri: "https://example.org/2"},
	}))
	n = g.wrote(n, "RenewAttestation", name)
	if out.Renewals != 1 || out.Attestor != "Grace" || out.Evidence.GetUri() != "https://example.org/2" || !out.ExpireTime.AsTime().Equal(day(20)) {
		t.Errorf("renewed: %v", out)
	}
	g.at(day(11))
	g.wantState("escorted", "facilities/dc1", time.Time{}, time.Time{}, "pass")
	if got := len(g.breakpoints(govSeries)); got != before {
		t.Errorf("renewing makes %d breakpoints: %v", got-before, g.breakpoints(govSeries)[0])
	}
	// As was known before, it ends on day 10.
	if a := must[*pb.Assessment](g)(g.assessed(govSeries, day(8), day(8))); !a.ValidUntil.AsTime().Equal(day(10)) {
		t.Errorf("as known on day 8 it holds until %v", a.ValidUntil.AsTime())
	}
	_, err := g.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{Name: name, ExpireTime: timestamppb.New(day(15))})
	refusal(t, err, codes.InvalidArgument, "expire_time")
	_, err = g.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{Name: name, ExpireTime: timestamppb.New(day(1000))})
	refusal(t, err, codes.InvalidArgument, "expire_time")
	g.refusedOverREST("POST", "/v1/"+name+":renew", `{}`, 400, "expire_time")
	_, err = g.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{Name: "systems/s/attestations/none", ExpireTime: timestamppb.New(day(30))})
	refusal(t, err, codes.NotFound, "")
	g.tick()
	out = must[*pb.Attestation](g)(g.statements.RevokeAttestation(t.Context(), &pb.RevokeAttestationRequest{Name: name}))
	n = g.wrote(n, "RevokeAttestation", name)
	if out.State != "revoked" {
		t.Errorf("revoked: %v", out)
	}
	at := g.clock.Now()
	g.wantBreakpoint(govSeries, at, "attestation")
	g.wantState("escorted", "facilities/dc1", time.Time{}, time.Time{}, "unknown")
	g.wantState("escorted", "facilities/dc1", at.Add(-time.Microsecond), time.Time{}, "pass")
	_, err = g.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{Name: name, ExpireTime: timestamppb.New(day(30))})
	refusal(t, err, codes.FailedPrecondition, "")
	if all := g.audit(); len(all) != n {
		t.Errorf("what was refused is in the audit log: %v", all[n:])
	}
}

// TestScheduledAttestation: renewed before it begins, it begins when it was to.
func TestScheduledAttestation(t *testing.T) {
	g := governedService(t)
	a := attestation()
	a.StartTime = timestamppb.New(day(5))
	if out := g.attest("a", a); out.State != "scheduled" {
		t.Errorf("before its start it is %s", out.State)
	}
	g.at(day(2))
	out := must[*pb.Attestation](g)(g.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{
		Name: "systems/s/attestations/a", ExpireTime: timestamppb.New(day(20)),
	}))
	if out.State != "scheduled" {
		t.Errorf("renewed before its start it is %s", out.State)
	}
	g.wantState("escorted", "facilities/dc1", time.Time{}, time.Time{}, "unknown")
	g.at(day(6))
	g.wantBreakpoint(govSeries, day(5), "attestation")
	g.wantState("escorted", "facilities/dc1", day(5), time.Time{}, "pass")
}

// TestAttestedOfThePast: a start in the past corrects history, and what was
// known before stays.
func TestAttestedOfThePast(t *testing.T) {
	g := governedService(t)
	g.at(day(6))
	a := attestation()
	a.StartTime = timestamppb.New(day(3))
	g.attest("a", a)
	filed := g.clock.Now()
	g.wantState("escorted", "facilities/dc1", day(4), time.Time{}, "pass")
	g.wantState("escorted", "facilities/dc1", day(3), time.Time{}, "pass")
	g.wantState("escorted", "facilities/dc1", day(3).Add(-time.Microsecond), time.Time{}, "unknown")
	g.wantState("escorted", "facilities/dc1", day(4), filed.Add(-time.Microsecond), "unknown")
	g.wantBreakpoint(govSeries, day(3), "attestation")
	g.at(day(11))
	g.wantBreakpoint(govSeries, day(10), "attestation")
	// One that is over already when it is filed is refused.
	a.ExpireTime = timestamppb.New(day(5))
	_, err := g.statements.CreateAttestation(t.Context(), &pb.CreateAttestationRequest{Parent: "systems/s", AttestationId: "b", Attestation: a})
	refusal(t, err, codes.InvalidArgument, "attestation.expire_time")
}

// TestBadAttestations are refused with the field that is wrong.
func TestBadAttestations(t *testing.T) {
	g := governedService(t)
	if _, err := g.inventory.UpdatePolicy(t.Context(), &pb.UpdatePolicyRequest{Policy: &pb.Policy{LongestAttestation: durationpb.New(20 * 24 * time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	g.at(g.clock.Now().Add(time.Second))
	n := len(g.audit())
	for _, x := range []struct {
		field string
		spoil func(*pb.Attestation)
	}{
		{"attestation.subject", func(a *pb.Attestation) { a.Subject = "facilities/dc2" }},
		{"attestation.subject", func(a *pb.Attestation) { a.Subject = "hosts/none" }},
		{"attestation.subject", func(a *pb.Attestation) { a.Subject = "nonsense" }},
		{"attestation.subject", func(a *pb.Attestation) { a.Subject = "" }},
		{"attestation.fact", func(a *pb.Attestation) { a.Fact = "nonsense" }},
		{"attestation.fact", func(a *pb.Attestation) { a.Fact = "reviewed" }}, // of another scope
		{"attestation.fact", func(a *pb.Attestation) { a.Subject, a.Fact = "hosts/s-a", "os" }},
		{"attestation.value", func(a *pb.Attestation) { a.Value = whole(1) }},
		{"attestation.value", func(a *pb.Attestation) { a.Subject, a.Fact = "hosts/s-a", "os/patched_time" }},
		{"attestation.value", func(a *pb.Attestation) { a.Value = nil }},
		{"attestation.value", func(a *pb.Attestation) { a.Value = &pb.FactValue{} }},
		{"attestation.attestor", func(a *pb.Attestation) { a.Attestor = "" }},
		{"attestation.evidence.sha256", func(a *pb.Attestation) { a.Evidence = &pb.Evidence{Sha256: "abc"} }},
		{"attestation.expire_time", func(a *pb.Attestation) { a.ExpireTime = nil }},
		{"attestation.expire_time", func(a *pb.Attestation) { a.ExpireTime = timestamppb.New(day(-1)) }},
		{"attestation.expire_time", func(a *pb.Attestation) { a.ExpireTime = timestamppb.New(day(40)) }},
	} {
		a := attestation()
		x.spoil(a)
		_, err := g.statements.CreateAttestation(t.Context(), &pb.CreateAttestationRequest{Parent: "systems/s", AttestationId: "a", Attestation: a})
		refusal(t, err, codes.InvalidArgument, x.field)
	}
	body := `{"subject": "facilities/dc1", "fact": "escorted", "attestor": "Ada", "value": {"intValue": "1"}, "expireTime": ` + restTime(day(3)) + `}`
	g.refusedOverREST("POST", "/v1/systems/s/attestations?attestationId=a", body, 400, "attestation.value")
	_, err := g.statements.CreateAttestation(t.Context(), &pb.CreateAttestationRequest{Parent: "systems/none", AttestationId: "a", Attestation: attestation()})
	refusal(t, err, codes.NotFound, "")
	req := estate("s")
	req.Source = "attestation"
	_, err = g.inventory.SubmitInventory(t.Context(), req)
	refusal(t, err, codes.InvalidArgument, "source")
	list := must[*pb.ListAttestationsResponse](g)(g.statements.ListAttestations(t.Context(), &pb.ListAttestationsRequest{Parent: "systems/s"}))
	if all := g.audit(); len(list.Attestations) != 0 || len(all) != n {
		t.Errorf("stored: %v, audit %v", list, all[n:])
	}
	g.attest("a", attestation())
	_, err = g.statements.CreateAttestation(t.Context(), &pb.CreateAttestationRequest{Parent: "systems/s", AttestationId: "a", Attestation: attestation()})
	refusal(t, err, codes.AlreadyExists, "")
}

// TestRetiredHostStaysRetired: a person states facts about things, not that
// there are such things.
func TestRetiredHostStaysRetired(t *testing.T) {
	g := governedService(t)
	a := attestation()
	a.Subject, a.Fact = "hosts/s-b", "reviewed"
	g.attest("a", a)
	g.wantState("reviewed", "hosts/s-b", time.Time{}, time.Time{}, "pass")
	g.tick()
	must[*pb.HostRecord](g)(g.inventory.RetireHost(t.Context(), &pb.RetireHostRequest{Name: "hosts/s-b"}))
	at := g.clock.Now()
	g.at(at.Add(time.Second))
	inv := must[*pb.EffectiveInventory](g)(g.inventory.GetInventory(t.Context(), &pb.GetInventoryRequest{Name: "systems/s/inventory"}))
	if len(inv.Inventory.Hosts) != 1 || inv.Inventory.Hosts[0].Id != "s-a" {
		t.Errorf("hosts: %v", inv.Inventory.Hosts)
	}
	g.wantState("reviewed", "hosts/s-b", at.Add(-time.Microsecond), time.Time{}, "pass")
	_, err := g.statements.CreateAttestation(t.Context(), &pb.CreateAttestationRequest{Parent: "systems/s", AttestationId: "b", Attestation: a})
	refusal(t, err, codes.InvalidArgument, "attestation.subject")
	// It comes back with its next report, and what was stated counts again.
	g.at(at.Add(time.Hour))
	g.submitted(estate("s"))
	g.wantState("reviewed", "hosts/s-b", time.Time{}, time.Time{}, "pass")
}

// TestAttestedInventory: the merged inventory shows what was attested, with its
// source; one source's own word does not, and stays what it was when it is
// submitted again.
func TestAttestedInventory(t *testing.T) {
	g := governedService(t)
	a := attestation()
	a.Subject, a.Fact, a.Value = "hosts/s-b", "os/patched_time", instantValue(day(-30))
	g.attest("host", a)
	g.attest("place", attestation())
	a = attestation()
	a.Subject, a.Fact, a.Value = "system", "drills", whole(3)
	g.attest("system", a)
	g.tick()
	inv := must[*pb.EffectiveInventory](g)(g.inventory.GetInventory(t.Context(), &pb.GetInventoryRequest{Name: "systems/s/inventory", WithProvenance: true}))
	g.sameOverREST("/v1/systems/s/inventory?withProvenance=true", inv)
	for _, path := range []string{"hosts/s-b/os/patched_time", "facilities/dc1/facts/escorted", "system/facts/drills"} {
		if source := sourceOf(inv, path); source != "attestation" {
			t.Errorf("the source of %s is %q: %v", path, source, inv.Provenance)
		}
	}
	own := must[*pb.EffectiveInventory](g)(g.inventory.GetInventory(t.Context(), &pb.GetInventoryRequest{Name: "systems/s/inventory", Source: "cmdb"}))
	if own.Inventory.Hosts[1].Os != nil || len(own.Inventory.Facilities[0].Facts) != 0 {
		t.Errorf("what cmdb says shows what was attested: %v", own.Inventory)
	}
	before := len(g.breakpoints(govSeries))
	r := g.submitted(&pb.SubmitInventoryRequest{System: "systems/s", Source: "cmdb", Inventory: proto.CloneOf(own.Inventory)})
	if got := len(g.breakpoints(govSeries)); r.Outcome != "unchanged" || got != before {
		t.Errorf("submitted again it is %s, with %d new breakpoints", r.Outcome, got-before)
	}
	g.at(day(10))
	if inv = must[*pb.EffectiveInventory](g)(g.inventory.GetInventory(t.Context(), &pb.GetInventoryRequest{Name: "systems/s/inventory"})); inv.Inventory.Hosts[1].Os.GetPatchedTime() != nil {
		t.Errorf("what was attested outlives its end: %v", inv.Inventory.Hosts[1])
	}
}

// sourceOf is the source of a value: a path stands for all values below it that
// have no path of their own.
func sourceOf(inv *pb.EffectiveInventory, path string) (source string) {
	longest := -1
	for _, p := range inv.Provenance {
		if (path + "/")[:min(len(p.Path)+1, len(path)+1)] == p.Path+"/" && len(p.Path) > longest {
			longest, source = len(p.Path), p.Source
		}
	}
	return source
}
