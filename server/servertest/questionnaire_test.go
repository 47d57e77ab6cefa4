package servertest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// asked is the questionnaire of system s.
func (g *governance) asked() *pb.Questionnaire {
	g.t.Helper()
	out := must[*pb.Questionnaire](g)(g.statements.GetQuestionnaire(g.t.Context(), &pb.GetQuestionnaireRequest{Name: govSeries}))
	g.sameOverREST("/v1/"+govSeries+":questionnaire", out)
	return out
}

// answer answers a question in a way that its rule accepts.
func answer(q *pb.Question) *pb.Answer {
	a := &pb.Answer{Subject: q.Subject, Fact: q.Fact, Claim: q.Claim}
	switch q.Type {
	case "bool":
		a.Value = boolean(true)
	case "int":
		a.Value = whole(2)
	case "timestamp":
		a.Value = instantValue(day(-1))
	}
	if q.Kind == "claim" {
		a.Value = nil
	}
	return a
}

// file files answers of Ada that hold until day 10.
func (g *governance) file(answers ...*pb.Answer) (*pb.FileAnswersResponse, error) {
	g.tick()
	return g.statements.FileAnswers(g.t.Context(), &pb.FileAnswersRequest{
		Parent: "systems/s", Answers: answers, Attestor: "Ada", ExpireTime: timestamppb.New(day(10)),
	})
}

// lacking is a service in which some results lack two facts.
func lacking(t *testing.T) *governance {
	g := govern(t, "", day0)
	g.publishYAML(edited("host.boolFact('reviewed')", "host.boolFact('reviewed') && system.intFact('drills') > 1"))
	g.assign("all", &pb.Assignment{Checklist: "gov"})
	g.submitted(estate("s"))
	return g
}

// TestAnswersDecideWhatWasPromised: questions stand by how much they decide, and
// the answer to each decides that many results.
func TestAnswersDecideWhatWasPromised(t *testing.T) {
	g := lacking(t)
	q := g.asked()
	if q.UnknownResults != 5 || int(q.TotalQuestions) != len(q.Questions) || q.ChecklistVersion != "1.0.0" {
		t.Errorf("questionnaire: %v", q)
	}
	if !slices.IsSortedFunc(q.Questions, func(a, b *pb.Question) int { return int(b.Decides - a.Decides) }) {
		t.Errorf("not by what they decide: %v", q.Questions)
	}
	for len(q.Questions) > 0 {
		x := q.Questions[0]
		before := q.UnknownResults
		if _, err := g.file(answer(x)); err != nil {
			t.Fatal(x, err)
		}
		q = g.asked()
		if decided := before - q.UnknownResults; x.Kind == "fact" && decided != x.Decides {
			t.Errorf("%s of %s decides %d results, promised %d", x.Fact, x.Subject, decided, x.Decides)
		}
		if slices.ContainsFunc(q.Questions, func(y *pb.Question) bool {
			return x.Subject == y.Subject && x.Fact == y.Fact && x.Claim == y.Claim
		}) {
			t.Fatalf("%v is asked again once it is answered", x)
		}
	}
	if q.UnknownResults != 0 {
		t.Errorf("all is answered, and %d results are unknown", q.UnknownResults)
	}
}

// TestAllAnswersAtOnce: a whole questionnaire in one go, with one breakpoint,
// and one audit entry an answer; filed again, it renews.
func TestAllAnswersAtOnce(t *testing.T) {
	g := lacking(t)
	var answers []*pb.Answer
	for _, q := range g.asked().Questions {
		answers = append(answers, answer(q))
	}
	before, n := len(g.breakpoints(govSeries)), len(g.audit())
	req := &pb.FileAnswersRequest{Parent: "systems/s", Answers: answers, Attestor: "Ada", ExpireTime: timestamppb.New(day(10)), ValidateOnly: true}
	dry := must[*pb.FileAnswersResponse](g)(g.statements.FileAnswers(t.Context(), req))
	if len(dry.Attestations) != 5 || len(dry.Claims) != 1 || len(g.audit()) != n || g.asked().UnknownResults != 5 {
		t.Errorf("a dry run: %v, %d new audit entries", dry, len(g.audit())-n)
	}
	out := must[*pb.FileAnswersResponse](g)(g.file(answers...))
	for i, a := range out.Attestations {
		if a.State != "active" || a.Attestor != "Ada" || a.Name != dry.Attestations[i].Name {
			t.Errorf("filed: %v", a)
		}
		g.wrote(n, "FileAnswers", a.Name)
	}
	g.wrote(n, "FileAnswers", out.Claims[0].Name)
	if all := g.audit(); len(all) != n+len(answers) {
		t.Errorf("%d audit entries of %d answers", len(all)-n, len(answers))
	}
	q := g.asked()
	if got := len(g.breakpoints(govSeries)); len(q.Questions) != 0 || q.UnknownResults != 0 || got != before+1 {
		t.Errorf("answered: %v, %d breakpoints", q, got-before)
	}
	g.wantBreakpoint(govSeries, g.clock.Now(), "attestation")
	g.at(day(9))
	again, err := g.statements.FileAnswers(t.Context(), &pb.FileAnswersRequest{
		Parent: "systems/s", Answers: answers, Attestor: "Grace", ExpireTime: timestamppb.New(day(20)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range again.Attestations {
		if a.Name != out.Attestations[i].Name || a.Renewals != 1 || a.Attestor != "Grace" {
			t.Errorf("filed again: %v", a)
		}
	}
	g.at(day(15))
	if got := len(g.breakpoints(govSeries)); got != before+1 || g.asked().UnknownResults != 0 {
		t.Errorf("renewed, there are %d breakpoints: %v", got-before, g.breakpoints(govSeries)[0])
	}
	g.at(day(20))
	g.wantBreakpoint(govSeries, day(20), "attestation")
	if got := g.asked(); got.UnknownResults != 5 {
		t.Errorf("when they end %d results are unknown", got.UnknownResults)
	}
}

// TestClaimQuestion: an exception that rests on a person's word is asked for as
// a claim, and an answer makes one.
func TestClaimQuestion(t *testing.T) {
	g := lacking(t)
	i := slices.IndexFunc(g.asked().Questions, func(q *pb.Question) bool { return q.Kind == "claim" })
	if i < 0 {
		t.Fatal("no claim is asked for")
	}
	q := g.asked().Questions[i]
	if q.Claim != "secure-room" || q.Subject != "dmz" || q.Fact != "" || q.Question == "" {
		t.Errorf("the question: %v", q)
	}
	out := must[*pb.FileAnswersResponse](g)(g.file(answer(q)))
	if len(out.Claims) != 1 || out.Claims[0].Claimant != "Ada" || out.Claims[0].State != "active" || len(out.Attestations) != 0 {
		t.Errorf("filed: %v", out)
	}
	g.wantBreakpoint(govSeries, g.clock.Now(), "claim")
	if f := g.finding(govSeries, "clear", "channels/c", time.Time{}, time.Time{}); f.State == "fail" || f.Exception == "" {
		t.Errorf("answered: %v", f)
	}
}

// TestAnswerToWhatIsAttested: an answer renews what somebody filed of the same
// fact under a name of his own; one to what was revoked is a new attestation.
func TestAnswerToWhatIsAttested(t *testing.T) {
	g := lacking(t)
	filed := attestation()
	filed.Fact = "facts/escorted"
	g.attest("mine", filed)
	a := &pb.Answer{Subject: "facilities/dc1", Fact: "escorted", Value: boolean(false)}
	out := must[*pb.FileAnswersResponse](g)(g.file(a))
	if x := out.Attestations[0]; x.Name != "systems/s/attestations/mine" || x.Renewals != 1 {
		t.Errorf("answered: %v", x)
	}
	g.wantState("escorted", "facilities/dc1", time.Time{}, time.Time{}, "fail")
	g.tick()
	must[*pb.Attestation](g)(g.statements.RevokeAttestation(t.Context(), &pb.RevokeAttestationRequest{Name: "systems/s/attestations/mine"}))
	first := must[*pb.FileAnswersResponse](g)(g.file(a)).Attestations[0]
	g.tick()
	must[*pb.Attestation](g)(g.statements.RevokeAttestation(t.Context(), &pb.RevokeAttestationRequest{Name: first.Name}))
	second := must[*pb.FileAnswersResponse](g)(g.file(a)).Attestations[0]
	if first.Name == second.Name || first.Renewals+second.Renewals != 0 {
		t.Errorf("after revocations: %v and %v", first, second)
	}
}

// TestBadAnswers: one bad answer and none is filed; all that are bad are named.
func TestBadAnswers(t *testing.T) {
	g := lacking(t)
	n := len(g.audit())
	good := func() *pb.Answer {
		return &pb.Answer{Subject: "facilities/dc1", Fact: "escorted", Value: boolean(true)}
	}
	for _, x := range []struct {
		field string
		bad   *pb.Answer
	}{
		{"answers[1].value", &pb.Answer{Subject: "system", Fact: "drills", Value: boolean(true)}},
		{"answers[1].value", &pb.Answer{Subject: "system", Fact: "drills"}},
		{"answers[1].fact", &pb.Answer{Subject: "system", Fact: "nonsense", Value: boolean(true)}},
		{"answers[1].subject", &pb.Answer{Subject: "hosts/none", Fact: "reviewed", Value: boolean(true)}},
		{"answers[1].claim", &pb.Answer{Subject: "dmz", Claim: "none"}},
		{"answers[1]", &pb.Answer{Subject: "system"}},
		{"answers[1]", &pb.Answer{Subject: "system", Fact: "drills", Claim: "secure-room", Value: whole(1)}},
		{"answers[1]", good()}, // twice
		{"answers[1].expire_time", &pb.Answer{Subject: "system", Fact: "drills", Value: whole(1), ExpireTime: timestamppb.New(day(-1))}},
		{"answers[1].expire_time", &pb.Answer{Subject: "dmz", Claim: "secure-room", ExpireTime: timestamppb.New(day(300))}},
		{"answers[1].evidence.sha256", &pb.Answer{Subject: "system", Fact: "drills", Value: whole(1), Evidence: &pb.Evidence{Sha256: "x"}}},
	} {
		_, err := g.file(good(), x.bad)
		refusal(t, err, codes.InvalidArgument, x.field)
	}
	bad := &pb.Answer{Subject: "system", Fact: "drills", Value: boolean(true)}
	_, err := g.file(bad, good(), &pb.Answer{Subject: "hosts/none", Fact: "reviewed", Value: boolean(true)})
	refusal(t, err, codes.InvalidArgument, "answers[0].value")
	refusal(t, err, codes.InvalidArgument, "answers[2].subject")
	g.refusedOverREST("POST", "/v1/systems/s:fileAnswers",
		fmt.Sprintf(`{"attestor": "Ada", "expireTime": %s, "answers": [{"subject": "system", "fact": "drills", "value": {"boolValue": true}}]}`, restTime(day(10))), 400, "answers[0].value")
	for field, req := range map[string]*pb.FileAnswersRequest{
		"answers":                {},
		"answers[0].attestor":    {Answers: []*pb.Answer{good()}, ExpireTime: timestamppb.New(day(10))},
		"answers[0].expire_time": {Answers: []*pb.Answer{good()}, Attestor: "Ada"},
	} {
		req.Parent = "systems/s"
		_, err := g.statements.FileAnswers(t.Context(), req)
		refusal(t, err, codes.InvalidArgument, field)
	}
	_, err = g.statements.FileAnswers(t.Context(), &pb.FileAnswersRequest{Parent: "systems/none", Answers: []*pb.Answer{proto.CloneOf(good())}, Attestor: "Ada", ExpireTime: timestamppb.New(day(10))})
	refusal(t, err, codes.NotFound, "")
	if all := g.audit(); len(all) != n || g.asked().UnknownResults != 5 {
		t.Errorf("something was filed: %v", all[n:])
	}
	// Over REST too, and with a limit.
	if code, body := g.rest("POST", "/v1/systems/s:fileAnswers", fmt.Sprintf(`{"attestor": "Ada", "expireTime": %s, "answers": [{"subject": "system", "fact": "drills", "value": {"intValue": "2"}}]}`, restTime(day(10)))); code != 200 {
		t.Errorf("%d %v", code, body)
	}
	q := must[*pb.Questionnaire](g)(g.statements.GetQuestionnaire(t.Context(), &pb.GetQuestionnaireRequest{Name: govSeries, Limit: 1}))
	if len(q.Questions) != 1 || q.TotalQuestions != 5 {
		t.Errorf("limited: %v", q)
	}
	_, err = g.statements.GetQuestionnaire(t.Context(), &pb.GetQuestionnaireRequest{Name: "systems/s/series/none~all~default"})
	refusal(t, err, codes.NotFound, "")
}
