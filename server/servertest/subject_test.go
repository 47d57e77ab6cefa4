package servertest_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestSubjectsThatAreNotThere: a statement about what nobody reports is taken,
// and says so until somebody does.
func TestSubjectsThatAreNotThere(t *testing.T) {
	g := governedService(t)
	ctx := t.Context()
	warned := func(what string, got []string, want ...string) {
		t.Helper()
		if len(got) != min(len(want), 1) {
			t.Fatalf("%s: warnings %q, want one with %q", what, got, want)
		}
		for _, w := range want {
			if !strings.Contains(got[0], w) {
				t.Errorf("%s: %q lacks %q", what, got[0], w)
			}
		}
	}
	c := claim()
	c.Subject, c.Warnings = "dnz", []string{"mine"}
	warned("claim", g.claimed("typo", c).Warnings, `not in the inventory`, `zone "dnz"`, "dmz")
	warned("a claim about what is referred to", g.claimed("right", claim()).Warnings)

	w := waiver()
	w.Subjects = []string{"hosts/s-a", "hosts/s-c", "hosts/*"}
	const want = `"hosts/s-c" (the nearest are hosts/s-a, hosts/s-b)`
	name := g.draft("s", "soon", w).Name
	warned("draft", must[*pb.Waiver](g)(g.statements.GetWaiver(ctx, &pb.GetWaiverRequest{Name: name})).Warnings, want)
	warned("approved", g.approve(name).Warnings, want)

	claims := must[*pb.ListClaimsResponse](g)(g.statements.ListClaims(ctx, &pb.ListClaimsRequest{Parent: "systems/s"}))
	g.sameOverREST("/v1/systems/s/claims", claims)
	warned("listed", claims.Claims[1].Warnings, "dnz")
	warned("listed", claims.Claims[0].Warnings)
	waivers := must[*pb.ListWaiversResponse](g)(g.statements.ListWaivers(ctx, &pb.ListWaiversRequest{Parent: "systems/s"}))
	g.sameOverREST("/v1/systems/s/waivers", waivers)
	warned("listed", waivers.Waivers[0].Warnings, want)
	if r := g.reviewed("s", &pb.ReviewWaiversRequest{}); len(r) != 1 || !strings.Contains(strings.Join(r[0].Findings, " "), "absent") || !strings.Contains(r[0].Remedies[0], want) {
		t.Errorf("review: %v", r)
	}

	// An attestation is refused, and names what is there.
	_, err := g.statements.CreateAttestation(ctx, &pb.CreateAttestationRequest{Parent: "systems/s", AttestationId: "x", Attestation: &pb.Attestation{
		Subject: "hosts/s-c", Fact: "reviewed", Value: boolean(true), Attestor: "Ada", ExpireTime: stamp(5),
	}})
	refusal(t, err, codes.InvalidArgument, "attestation.subject")
	if !strings.Contains(err.Error(), "the nearest are hosts/s-a, hosts/s-b") {
		t.Error(err)
	}
	// What is reported later is there; what is not reported any more is not.
	late := estate("s")
	late.Inventory.Hosts = append(late.Inventory.Hosts, host("s-c", false))
	g.submitted(late)
	waivers = must[*pb.ListWaiversResponse](g)(g.statements.ListWaivers(ctx, &pb.ListWaiversRequest{Parent: "systems/s"}))
	warned("reported by now", waivers.Waivers[0].Warnings)
	a := &pb.Attestation{Subject: "hosts/s-c", Fact: "reviewed", Value: boolean(true), Attestor: "Ada", ExpireTime: stamp(5)}
	g.tick()
	must[*pb.Attestation](g)(g.statements.CreateAttestation(ctx, &pb.CreateAttestationRequest{Parent: "systems/s", AttestationId: "a", Attestation: a}))
	g.tick()
	if _, err := g.inventory.RetireHost(ctx, &pb.RetireHostRequest{Name: "hosts/s-c"}); err != nil {
		t.Fatal(err)
	}
	g.at(g.clock.Now())
	attestations := must[*pb.ListAttestationsResponse](g)(g.statements.ListAttestations(ctx, &pb.ListAttestationsRequest{Parent: "systems/s"}))
	warned("of a host that was retired", attestations.Attestations[0].Warnings, `"hosts/s-c"`, "does not count")

	// Answers warn as claims do, in a dry run too.
	req := &pb.FileAnswersRequest{Parent: "systems/s", Attestor: "Ada", ExpireTime: stamp(5), ValidateOnly: true, Answers: []*pb.Answer{{Subject: "dnz", Claim: "secure-room"}}}
	for _, dry := range []bool{true, false} {
		req.ValidateOnly = dry
		g.tick()
		warned("answered", must[*pb.FileAnswersResponse](g)(g.statements.FileAnswers(ctx, req)).Claims[0].Warnings, "dnz")
	}
	// Nothing of it is stored: what the exceptions' digest is made of stays.
	if c := must[*pb.Claim](g)(g.statements.RevokeClaim(ctx, &pb.RevokeClaimRequest{Name: "systems/s/claims/typo"})); len(c.Warnings) != 0 {
		t.Errorf("stored: %v", c)
	}
	g.proven()
}
