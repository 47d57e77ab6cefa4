package servertest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

const nextVersion = "checklists/gov/versions/2.0.0"

// switching is a service under 1.0.0 in which 2.0.0 is published, which asks
// otherwise what waivers and claims are about, and asks one fact more.
func switching(t *testing.T) *governance {
	t.Helper()
	g := govern(t, "", day0)
	g.publishYAML(governed)
	g.assign("all", &pb.Assignment{Checklist: "gov", Version: "1.0.0"})
	g.submitted(estate("s"))
	g.publishYAML(edited("version: 1.0.0", "version: 2.0.0", "all(a, a.static)", "all(a, a.static && a.ip != '')",
		"Is the zone locked?", "Is the zone locked day and night?", "claims:\n", "- {name: logged, scope: host, type: bool, question: \"Are visits logged?\"}\nclaims:\n",
		"host.boolFact('reviewed')", "host.boolFact('reviewed') && host.boolFact('logged')"))
	return g
}

func (g *governance) activate(version string, at time.Time) {
	g.t.Helper()
	g.tick()
	must[*pb.Assignment](g)(g.guidance.ActivateAssignment(g.t.Context(), &pb.ActivateAssignmentRequest{
		Name: "assignments/all", Version: version, StartTime: timestamppb.New(at),
	}))
}

// questions asks what a version of the checklist asks of system s.
func (g *governance) questions(version string) *pb.Questionnaire {
	g.t.Helper()
	return must[*pb.Questionnaire](g)(g.statements.GetQuestionnaire(g.t.Context(), &pb.GetQuestionnaireRequest{Name: govSeries, ChecklistVersion: version}))
}

func (g *governance) findingsOf(name string) string {
	g.t.Helper()
	for _, r := range g.reviewed("s", &pb.ReviewWaiversRequest{}) {
		if r.Waiver.Name == name {
			return strings.Join(r.Findings, " ")
		}
	}
	return ""
}

// TestStatementsAheadOfAVersion: what is filed for a version that is activated
// later counts from the switch on, and the preview says so before.
func TestStatementsAheadOfAVersion(t *testing.T) {
	g := switching(t)
	ctx := t.Context()
	old := waiver()
	old.ExpireTime = timestamppb.New(day(60))
	const leased, next = "systems/s/waivers/leased", "systems/s/waivers/next"
	g.draft("s", "leased", old)
	g.approve(leased)
	g.claimed("locked", claim())
	if sum := g.previewed(&pb.PreviewChecklistRequest{ChecklistVersion: nextVersion}).summary; sum.StatementsCarried != 0 || sum.RenewalCount != 2 {
		t.Errorf("before anything is prepared: %d carry over, renew %v", sum.StatementsCarried, sum.Renewals)
	}

	w := proto.CloneOf(old)
	w.ChecklistVersion = "checklists/gov/versions/latest"
	if got := g.draft("s", "next", w); got.ChecklistVersion != nextVersion {
		t.Errorf("filed for %s", got.ChecklistVersion)
	}
	if got := g.approve(next); len(got.Asks) != 1 {
		t.Errorf("approved: %v", got)
	}
	if got := g.findingsOf(next); got != "early" {
		t.Errorf("while nothing is pending the review finds %q", got)
	}
	g.activate("2.0.0", day(5))
	if got := g.findingsOf(next); got != "" {
		t.Errorf("the review finds %q", got)
	}
	c := claim()
	c.ChecklistVersion, c.StartTime = nextVersion, timestamppb.New(day(5))
	if got := g.claimed("locked-next", c); got.State != "scheduled" || len(got.Asks) != 1 {
		t.Errorf("filed: %v", got)
	}
	sum := g.previewed(&pb.PreviewChecklistRequest{ChecklistVersion: nextVersion}).summary
	if sum.StatementsCarried != 2 || sum.RenewalCount != 0 {
		t.Errorf("prepared: %d carry over, renew %v", sum.StatementsCarried, sum.Renewals)
	}

	// Until the switch the old ones count, and then the new ones.
	g.waived("static", "hosts/s-b", time.Time{}, leased, day(60))
	g.at(day(6))
	g.wantBreakpoint(govSeries, day(5), "guidance")
	g.waived("static", "hosts/s-b", day(5), next, day(60))
	g.waived("static", "hosts/s-b", day(5).Add(-time.Microsecond), leased, day(60))
	f := g.finding(govSeries, "clear", "channels/c", day(5), time.Time{})
	if f.State == "fail" || f.Exception == "" {
		t.Errorf("with the claim for the version: %v", f)
	}
	list := must[*pb.ListClaimsResponse](g)(g.statements.ListClaims(ctx, &pb.ListClaimsRequest{Parent: "systems/s"}))
	g.sameOverREST("/v1/systems/s/claims", list)
	g.proven()
}

// TestQuestionnaireAhead: what a version to come will ask is what it asks when
// it is in force, and can be answered before.
func TestQuestionnaireAhead(t *testing.T) {
	g := switching(t)
	g.activate("2.0.0", day(5))
	now := g.questions("")
	ahead := g.questions("2.0.0")
	g.sameOverREST("/v1/"+govSeries+":questionnaire?checklistVersion=2.0.0", ahead)
	asks := func(q *pb.Questionnaire, fact string) bool {
		return slices.ContainsFunc(q.Questions, func(x *pb.Question) bool { return x.Fact == fact })
	}
	if now.ChecklistVersion != "1.0.0" || ahead.ChecklistVersion != "2.0.0" || asks(now, "logged") || !asks(ahead, "logged") {
		t.Errorf("now %v\nahead %v", now, ahead)
	}
	answers := []*pb.Answer{{Subject: "hosts/s-a", Fact: "logged", Value: boolean(true)}, {Subject: "dmz", Claim: "secure-room"}}
	_, err := g.file(answers...)
	refusal(t, err, codes.InvalidArgument, "answers[0].fact")
	g.tick()
	out := must[*pb.FileAnswersResponse](g)(g.statements.FileAnswers(t.Context(), &pb.FileAnswersRequest{
		Parent: "systems/s", Answers: answers, Attestor: "Ada", ExpireTime: timestamppb.New(day(10)), ChecklistVersion: nextVersion,
	}))
	if out.Attestations[0].ChecklistVersion != nextVersion || len(out.Attestations[0].Asks) != 1 || out.Claims[0].ChecklistVersion != nextVersion {
		t.Errorf("filed: %v", out)
	}
	if f := g.finding(govSeries, "clear", "channels/c", time.Time{}, time.Time{}); f.State != "fail" {
		t.Errorf("the answer counts for the version in force: %v", f)
	}
	ahead = g.questions("2.0.0")
	g.at(day(5))
	after := g.questions("")
	after.AsOf = ahead.AsOf
	if !proto.Equal(after, ahead) {
		t.Errorf("asked ahead:\n%v\nin force:\n%v", ahead, after)
	}
	if f := g.finding(govSeries, "clear", "channels/c", time.Time{}, time.Time{}); f.State == "fail" {
		t.Errorf("the answer does not count: %v", f)
	}
	must[*pb.Attestation](g)(g.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{Name: out.Attestations[0].Name, ExpireTime: timestamppb.New(day(20))}))
	g.proven()
}

// TestVersionsThatCannotBeAnswered are refused, with the field that is wrong.
func TestVersionsThatCannotBeAnswered(t *testing.T) {
	g := switching(t)
	ctx := t.Context()
	g.publishYAML(edited("id: gov", "id: other", "title: A governed", "title: Another governed", "id: secure-room", "id: sealed", "secure-room", "sealed"))
	g.publishYAML(edited("version: 1.0.0", "version: 0.9.0"))
	must[*pb.ChecklistVersion](g)(g.guidance.WithdrawChecklistVersion(ctx, &pb.WithdrawChecklistVersionRequest{Name: "checklists/gov/versions/0.9.0", Reason: "old"}))
	n := len(g.audit())
	for _, x := range []struct {
		version, field string
		code           codes.Code
	}{
		{"checklists/gov/versions/9.9.9", "", codes.NotFound}, {"checklists/none/versions/1.0.0", "", codes.NotFound},
		{"checklists/gov/versions/0.9.0", "", codes.FailedPrecondition}, {"2.0.0", "claim.checklist_version", codes.InvalidArgument},
		{"checklists/other/versions/1.0.0", "claim.claim", codes.InvalidArgument},
	} {
		c := claim()
		c.ChecklistVersion = x.version
		_, err := g.statements.CreateClaim(ctx, &pb.CreateClaimRequest{Parent: "systems/s", ClaimId: "c", Claim: c})
		refusal(t, err, x.code, x.field)
		w := waiver()
		w.ChecklistVersion = x.version
		_, err = g.statements.CreateWaiver(ctx, &pb.CreateWaiverRequest{Parent: "systems/s", WaiverId: "w", Waiver: w})
		switch {
		case strings.HasPrefix(x.version, "checklists/gov/"):
			refusal(t, err, x.code, "")
		case x.version == "2.0.0":
			refusal(t, err, x.code, "waiver.checklist_version")
		default:
			refusal(t, err, codes.InvalidArgument, "waiver.checklist_version")
		}
		_, err = g.statements.FileAnswers(ctx, &pb.FileAnswersRequest{
			Parent: "systems/s", Answers: []*pb.Answer{{Subject: "dmz", Claim: "secure-room"}}, Attestor: "Ada", ExpireTime: stamp(5), ChecklistVersion: x.version,
		})
		refusal(t, err, x.code, map[string]string{"claim.claim": "answers[0].claim", "claim.checklist_version": "checklist_version"}[x.field])
	}
	w := waiver()
	w.Rule, w.ChecklistVersion = "none", nextVersion
	_, err := g.statements.CreateWaiver(ctx, &pb.CreateWaiverRequest{Parent: "systems/s", WaiverId: "w", Waiver: w})
	refusal(t, err, codes.InvalidArgument, "waiver.rule")
	for name, code := range map[string]codes.Code{govSeries: codes.NotFound, "systems/none/series/gov~all~default": codes.NotFound} {
		_, err = g.statements.GetQuestionnaire(ctx, &pb.GetQuestionnaireRequest{Name: name, ChecklistVersion: "9.9.9"})
		refusal(t, err, code, "")
	}
	_, err = g.statements.GetQuestionnaire(ctx, &pb.GetQuestionnaireRequest{Name: "systems/s/series/gov~nobody~default", ChecklistVersion: "2.0.0"})
	refusal(t, err, codes.InvalidArgument, "profile")
	g.refusedOverREST("POST", "/v1/systems/s/claims?claimId=c", fmt.Sprintf(`{"claim": "secure-room", "subject": "dmz", "claimant": "x", "expireTime": %s, "checklistVersion": "2.0.0"}`, restTime(day(3))), 400, "claim.checklist_version")
	if all := g.audit(); len(all) != n {
		t.Errorf("written: %v", all[n:])
	}
}
