package servertest_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// claim says that the zone from which s sends in the clear is locked.
func claim() *pb.Claim {
	return &pb.Claim{Claim: "secure-room", Subject: "dmz", Claimant: "Ada", ExpireTime: timestamppb.New(day(10))}
}

// claimed files a claim about system s.
func (g *governance) claimed(id string, c *pb.Claim) *pb.Claim {
	g.t.Helper()
	g.tick()
	return must[*pb.Claim](g)(g.statements.CreateClaim(g.t.Context(), &pb.CreateClaimRequest{Parent: "systems/s", ClaimId: id, Claim: c}))
}

// TestClaimEnds: the exception that rests on a claim is in force from its start
// until its end, and not a moment longer.
func TestClaimEnds(t *testing.T) {
	g := governedService(t)
	f := g.finding(govSeries, "clear", "channels/c", time.Time{}, time.Time{})
	if f.State != "fail" || len(f.FailsUnless) == 0 {
		t.Errorf("without a claim: %v", f)
	}
	n := len(g.audit())
	c := g.claimed("lock", claim())
	n = g.wrote(n, "CreateClaim", "systems/s/claims/lock")
	if c.State != "active" || len(c.Asks) != 1 {
		t.Errorf("filed: %v", c)
	}
	g.wantBreakpoint(govSeries, c.StartTime.AsTime(), "claim")
	if f := g.finding(govSeries, "clear", "channels/c", time.Time{}, time.Time{}); f.State != "notapplicable" && f.State != "pass" || f.Exception == "" {
		t.Errorf("with a claim: %v", f)
	}
	list := must[*pb.ListClaimsResponse](g)(g.statements.ListClaims(t.Context(), &pb.ListClaimsRequest{Parent: "systems/s"}))
	g.sameOverREST("/v1/systems/s/claims", list)
	g.at(day(10).Add(time.Hour))
	g.wantBreakpoint(govSeries, day(10), "claim")
	g.wantState("clear", "channels/c", day(10), time.Time{}, "fail")
	if f := g.finding(govSeries, "clear", "channels/c", day(10).Add(-time.Microsecond), time.Time{}); f.State == "fail" {
		t.Errorf("just before its end: %v", f)
	}
	c = claim()
	c.ExpireTime = timestamppb.New(day(30))
	g.claimed("again", c)
	g.tick()
	out := must[*pb.Claim](g)(g.statements.RevokeClaim(t.Context(), &pb.RevokeClaimRequest{Name: "systems/s/claims/again"}))
	if out.State != "revoked" {
		t.Errorf("revoked: %v", out)
	}
	g.wrote(n+1, "RevokeClaim", "systems/s/claims/again")
	g.wantBreakpoint(govSeries, out.RevokeTime.AsTime(), "claim")
	g.wantState("clear", "channels/c", time.Time{}, time.Time{}, "fail")
}

// TestClaimOfThePast corrects history; what was known stays.
func TestClaimOfThePast(t *testing.T) {
	g := governedService(t)
	g.at(day(5))
	c := claim()
	c.StartTime = timestamppb.New(day(2))
	g.claimed("lock", c)
	g.wantBreakpoint(govSeries, day(2), "claim")
	g.wantState("clear", "channels/c", day(3), g.clock.Now().Add(-time.Microsecond), "fail")
	if f := g.finding(govSeries, "clear", "channels/c", day(2), time.Time{}); f.State == "fail" {
		t.Errorf("at its start: %v", f)
	}
	g.wantState("clear", "channels/c", day(2).Add(-time.Microsecond), time.Time{}, "fail")
}

// TestClaimAndNewVersion: a claim answers the question that was asked; another
// question is not answered by it.
func TestClaimAndNewVersion(t *testing.T) {
	g := governedService(t)
	g.claimed("lock", claim())
	other := edited("1.0.0", "2.0.0", "Is the zone locked?", "Is the zone locked and guarded?")
	sum := g.previewed(&pb.PreviewChecklistRequest{Yaml: other}).summary
	if sum.RenewalCount != 1 || sum.Renewals[0].Name != "systems/s/claims/lock" || sum.Renewals[0].About != "secure-room" {
		t.Errorf("renew %v", sum.Renewals)
	}
	g.publishYAML(other)
	at := g.clock.Now()
	g.at(at.Add(time.Second))
	g.wantBreakpoint(govSeries, at, "guidance")
	g.wantState("clear", "channels/c", time.Time{}, time.Time{}, "fail")
	c := claim()
	g.claimed("guarded", c)
	if f := g.finding(govSeries, "clear", "channels/c", time.Time{}, time.Time{}); f.State == "fail" {
		t.Errorf("answered anew: %v", f)
	}
}

// TestBadClaims are refused with the field that is wrong.
func TestBadClaims(t *testing.T) {
	g := governedService(t)
	n := len(g.audit())
	for _, x := range []struct {
		field string
		spoil func(*pb.Claim)
	}{
		{"claim.claim", func(c *pb.Claim) { c.Claim = "none" }},
		{"claim.claim", func(c *pb.Claim) { c.Claim = "" }},
		{"claim.subject", func(c *pb.Claim) { c.Subject = "" }},
		{"claim.claimant", func(c *pb.Claim) { c.Claimant = "" }},
		{"claim.expire_time", func(c *pb.Claim) { c.ExpireTime = nil }},
		{"claim.expire_time", func(c *pb.Claim) { c.ExpireTime = timestamppb.New(day(-1)) }},
		{"claim.expire_time", func(c *pb.Claim) { c.ExpireTime = timestamppb.New(day(200)) }}, // longer than declared
		{"claim.expire_time", func(c *pb.Claim) { c.StartTime = timestamppb.New(day(11)) }},
		{"claim.evidence.sha256", func(c *pb.Claim) { c.Evidence = &pb.Evidence{Sha256: "ABC"} }},
	} {
		c := claim()
		x.spoil(c)
		_, err := g.statements.CreateClaim(t.Context(), &pb.CreateClaimRequest{Parent: "systems/s", ClaimId: "c", Claim: c})
		refusal(t, err, codes.InvalidArgument, x.field)
	}
	body := fmt.Sprintf(`{"claim": "none", "subject": "dmz", "claimant": "Ada", "expireTime": %s}`, restTime(day(3)))
	g.refusedOverREST("POST", "/v1/systems/s/claims?claimId=c", body, 400, "claim.claim", "secure-room")
	_, err := g.statements.CreateClaim(t.Context(), &pb.CreateClaimRequest{Parent: "systems/none", ClaimId: "c", Claim: claim()})
	refusal(t, err, codes.NotFound, "")
	_, err = g.statements.RevokeClaim(t.Context(), &pb.RevokeClaimRequest{Name: "systems/s/claims/none"})
	refusal(t, err, codes.NotFound, "")
	if all := g.audit(); len(all) != n {
		t.Errorf("what was refused is in the audit log: %v", all[n:])
	}
}

// TestClaimThatNothingInForceAsks answers the question that an earlier version
// asked, and not one that a later version asks.
func TestClaimThatNothingInForceAsks(t *testing.T) {
	g := governedService(t)
	without := edited("1.0.0", "2.0.0",
		"claims:\n- {id: secure-room, scope: zone, question: \"Is the zone locked?\", longest: 2400h}\n", "",
		"    exceptions:\n    - {id: secure, when: \"claimed('secure-room', channel.from.zone)\", text: the zone is claimed to be locked}\n", "")
	g.publishYAML(without)
	g.at(g.clock.Now().Add(time.Second))
	if c := g.claimed("early", claim()); len(c.Asks) != 1 {
		t.Errorf("filed: %v", c)
	}
	g.publishYAML(edited("1.0.0", "3.0.0", "Is the zone locked?", "Is the zone guarded?"))
	g.at(g.clock.Now().Add(time.Second))
	g.wantState("clear", "channels/c", time.Time{}, time.Time{}, "fail")
	g.publishYAML(edited("1.0.0", "4.0.0"))
	g.at(g.clock.Now().Add(time.Second))
	if f := g.finding(govSeries, "clear", "channels/c", time.Time{}, time.Time{}); f.State == "fail" {
		t.Errorf("asked as before: %v", f)
	}
}
