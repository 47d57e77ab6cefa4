package servertest_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// historian is a governed service with ten days of history: system s fails on
// b, which is mended and fails again.
type historian struct {
	*governance
	history pb.HistoryServiceClient
}

func withHistory(t *testing.T) *historian {
	t.Helper()
	g := governedService(t)
	h := &historian{g, pb.NewHistoryServiceClient(g.Conn)}
	for _, x := range []struct {
		day    int
		static bool
	}{{2, true}, {6, false}} {
		g.clock.Set(day0.AddDate(0, 0, x.day))
		req := estate("s")
		req.Inventory.Hosts[1].Addresses[0].Static = proto.Bool(x.static)
		g.submit(req)
	}
	g.at(day0.AddDate(0, 0, 10))
	return h
}

func stamp(days int) *timestamppb.Timestamp { return timestamppb.New(day0.AddDate(0, 0, days)) }

func rfc(days int) string {
	return url.QueryEscape(day0.AddDate(0, 0, days).Format(time.RFC3339))
}

func TestFindingTimeline(t *testing.T) {
	h := withHistory(t)
	ctx := t.Context()
	m := must[*pb.FindingTimeline](h.governance)(h.history.GetFindingTimeline(ctx, &pb.GetFindingTimelineRequest{Name: govSeries, Rule: "static", Subject: "hosts/s-b"}))
	h.sameOverREST("/v1/"+govSeries+":findingTimeline?rule=static&subject=hosts/s-b", m)
	if len(m.Spans) != 3 || m.Spans[0].State != "fail" || m.Spans[1].State != "pass" || m.Spans[2].Cause != "inventory" || m.TimesFailed != 2 {
		t.Errorf("spans: %v", m)
	}
	if !m.OpenSince.AsTime().Equal(day0.AddDate(0, 0, 6)) || m.LongestFailing.AsDuration() != 4*24*time.Hour {
		t.Errorf("open: %v", m)
	}
	remedy := m.Spans[0].EndTime.AsTime().Sub(m.Spans[0].StartTime.AsTime())
	if m.MeanTimeToRemedy.AsDuration() != remedy || m.FailingTime.AsDuration() != remedy+4*24*time.Hour {
		t.Errorf("times: %v", m)
	}

	// Data that arrives late corrects it; what was known stays.
	known := timestamppb.New(h.clock.Now())
	late := estate("s")
	late.Inventory.Hosts[1].Addresses[0].Static = proto.Bool(true)
	late.ObservedTime = stamp(8)
	h.submitted(late)
	req := &pb.GetFindingTimelineRequest{Name: govSeries, Rule: "static", Subject: "hosts/s-b"}
	if got := must[*pb.FindingTimeline](h.governance)(h.history.GetFindingTimeline(ctx, req)); got.OpenSince != nil || got.TimesFailed != 2 || len(got.Spans) != 4 {
		t.Errorf("after late data: %v", got)
	}
	req.KnownAt = known
	if got := must[*pb.FindingTimeline](h.governance)(h.history.GetFindingTimeline(ctx, req)); !proto.Equal(got, m) {
		t.Errorf("as known before: %v, was %v", got, m)
	}

	for field, bad := range map[string]*pb.GetFindingTimelineRequest{
		"name":    {Name: "systems/s", Rule: "static"},
		"rule":    {Name: govSeries},
		"subject": {Name: govSeries, Rule: "static"},
		"to":      {Name: govSeries, Rule: "static", Subject: "hosts/s-b", From: stamp(5), To: stamp(4)},
		"from":    {Name: govSeries, Rule: "static", Subject: "hosts/s-b", From: stamp(500)},
		"known_":  {Name: govSeries, Rule: "static", Subject: "hosts/s-b", KnownAt: stamp(9000)},
	} {
		_, err := h.history.GetFindingTimeline(ctx, bad)
		refusal(t, err, codes.InvalidArgument, field)
	}
	for _, bad := range []*pb.GetFindingTimelineRequest{
		{Name: govSeries, Rule: "nothing"}, {Name: govSeries, Rule: "static", Subject: "hosts/nothing"},
		{Name: "systems/nothing/series/gov~all~default", Rule: "static"}, {Name: "systems/s/series/gov~some~default", Rule: "static"},
	} {
		_, err := h.history.GetFindingTimeline(ctx, bad)
		refusal(t, err, codes.NotFound, "")
	}
}

func TestTrend(t *testing.T) {
	h := withHistory(t)
	ctx := t.Context()
	req := &pb.GetTrendRequest{Name: govSeries, From: stamp(0), To: stamp(10), Resolution: durationpb.New(96 * time.Hour)}
	m := must[*pb.Trend](h.governance)(h.history.GetTrend(ctx, req))
	h.sameOverREST("/v1/"+govSeries+":trend?from="+rfc(0)+"&to="+rfc(10)+"&resolution=345600s", m)
	if len(m.Spans) != 3 || !m.Spans[2].EndTime.AsTime().Equal(day0.AddDate(0, 0, 10)) {
		t.Fatalf("spans: %v", m)
	}
	// Of the second span, days 4 to 8, s-b fails the half; the clear channel always.
	second := m.Spans[1]
	if second.Failing != 1.5 || second.Scored != 1 || len(second.FailingByArea) != 2 || second.FailingByArea[0].Key != "network" || second.FailingByArea[0].Value != 0.5 {
		t.Errorf("days 4 to 8: %v", second)
	}
	if first := m.Spans[0]; first.Scored >= 1 || first.Scored < 0.99 || first.Score == nil {
		t.Errorf("it was submitted some seconds after the first instant: %v", first)
	}
	before := must[*pb.Trend](h.governance)(h.history.GetTrend(ctx, &pb.GetTrendRequest{Name: govSeries, From: stamp(-3), To: stamp(0)}))
	if len(before.Spans) != 3 || before.Spans[0].Score != nil || before.Spans[0].Coverage != nil || before.Spans[0].Scored != 0 {
		t.Errorf("before there was anything: %v", before)
	}

	known := timestamppb.New(h.clock.Now())
	late := estate("s")
	late.Inventory.Hosts[1].Addresses[0].Static = proto.Bool(true)
	late.ObservedTime = stamp(7)
	h.submitted(late)
	if got := must[*pb.Trend](h.governance)(h.history.GetTrend(ctx, req)); got.Spans[1].Failing != 1.25 || got.Spans[2].Failing != 1 {
		t.Errorf("after late data: %v", got)
	}
	req.KnownAt = known
	if got := must[*pb.Trend](h.governance)(h.history.GetTrend(ctx, req)); !proto.Equal(got, m) {
		t.Errorf("as known before: %v, was %v", got, m)
	}

	for field, bad := range map[string]*pb.GetTrendRequest{
		"from":       {Name: govSeries},
		"to":         {Name: govSeries, From: stamp(5), To: stamp(4)},
		"resolution": {Name: govSeries, From: stamp(0), Resolution: durationpb.New(time.Second)},
	} {
		_, err := h.history.GetTrend(ctx, bad)
		refusal(t, err, codes.InvalidArgument, field)
	}
	_, err := h.history.GetTrend(ctx, &pb.GetTrendRequest{Name: govSeries, From: stamp(0), To: stamp(4000)})
	refusal(t, err, codes.InvalidArgument, "to")
	h.refusedOverREST("GET", "/v1/"+govSeries+":trend?from="+rfc(0)+"&resolution=60s", "", 400, "resolution", "at least")
}

func TestForecast(t *testing.T) {
	h := withHistory(t)
	ctx := t.Context()
	must[*pb.Claim](h.governance)(h.statements.CreateClaim(ctx, &pb.CreateClaimRequest{
		Parent: "systems/s", ClaimId: "locked", Claim: &pb.Claim{Claim: "secure-room", Subject: "dmz", Claimant: "Ada", ExpireTime: stamp(20)},
	}))
	h.publishYAML(edited("version: 1.0.0", "version: 2.0.0", "check: host.addresses.all(a, a.static)", "check: host.addresses.all(a, !a.static)"))
	h.at(h.clock.Now())
	req := &pb.ForecastRequest{Name: govSeries, Until: stamp(120)}
	m := must[*pb.ForecastResponse](h.governance)(h.history.Forecast(ctx, req))
	h.sameOverREST("/v1/"+govSeries+":forecast?until="+rfc(120), m)
	if m.Now.ChecklistVersion != "2.0.0" || len(m.Breakpoints) != 2 {
		t.Fatalf("forecast: %v", m)
	}
	claim, patch := m.Breakpoints[0], m.Breakpoints[1]
	if claim.Cause != "claim" || !claim.EffectiveTime.AsTime().Equal(day0.AddDate(0, 0, 20)) || len(claim.Flips) != 1 || claim.Flips[0].Rule != "clear" || claim.Flips[0].After != "fail" {
		t.Errorf("the claim ends: %v", claim)
	}
	if patch.Cause != "time" || !patch.EffectiveTime.AsTime().Equal(day0.AddDate(0, 0, 90)) || patch.Flips[0].Rule != "patched" || patch.Standing.GetScore() > claim.Standing.GetScore() {
		t.Errorf("the patch level gets too old: %v", patch)
	}
	if soon := must[*pb.ForecastResponse](h.governance)(h.history.Forecast(ctx, &pb.ForecastRequest{Name: govSeries})); len(soon.Breakpoints) != 1 {
		t.Errorf("30 days: %v", soon)
	}
	for _, until := range []int{9, -90, 366 * 12} {
		_, err := h.history.Forecast(ctx, &pb.ForecastRequest{Name: govSeries, Until: stamp(until)})
		refusal(t, err, codes.InvalidArgument, "until")
	}
	_, err := h.assessed(govSeries, day0.AddDate(0, 0, 90), time.Time{})
	refusal(t, err, codes.InvalidArgument, "as_of")
	h.refusedOverREST("GET", "/v1/"+govSeries+"?as_of="+rfc(90), "", 400, "Forecast")
	_, err = h.history.Forecast(ctx, &pb.ForecastRequest{Name: "systems/other/series/gov~all~default"})
	refusal(t, err, codes.NotFound, "")
}

func TestCompareAssessments(t *testing.T) {
	h := withHistory(t)
	ctx := t.Context()
	h.publishYAML(edited("version: 1.0.0", "version: 2.0.0", "check: facility.boolFact('escorted')", "check: facility.id == 'dc2'"))
	h.at(h.clock.Now())
	req := &pb.CompareAssessmentsRequest{Before: &pb.AssessmentRef{Name: govSeries, AsOf: stamp(4)}, After: &pb.AssessmentRef{Name: govSeries}}
	m := must[*pb.Comparison](h.governance)(h.history.CompareAssessments(ctx, req))
	code, body := h.rest("POST", "/v1/assessments:compare", fmt.Sprintf(`{"before": {"name": %q, "as_of": %q}, "after": {"name": %q}}`, govSeries, day0.AddDate(0, 0, 4).Format(time.RFC3339), govSeries))
	if code != 200 {
		t.Fatal(code, body)
	}
	h.sameJSON("compare", body, m)
	if m.Flipped != 2 || len(m.Attribution) != 9 || m.Attribution[0].Cause != "guidance" || m.Attribution[8].Cause != "engine" {
		t.Fatalf("comparison: %v", m)
	}
	sum := 0.0
	for _, p := range m.Attribution {
		sum += p.GetScore()
	}
	if d := sum - (m.After.GetScore() - m.Before.GetScore()); d > 1e-9 || d < -1e-9 || m.Attribution[3].GetScore() >= 0 {
		t.Errorf("the parts add up to %v: %v", sum, m)
	}
	for _, f := range m.Flips {
		switch f.Rule {
		case "static":
			if f.Cause != "inventory" || len(f.Facts) != 1 || f.Facts[0].Before != "true" || f.Facts[0].After != "false" || f.Facts[0].Source != "cmdb" {
				t.Errorf("the address: %v", f)
			}
		case "escorted":
			if f.Cause != "guidance" || f.Before != "unknown" || f.After != "fail" {
				t.Errorf("the rule that asks otherwise: %v", f)
			}
		default:
			t.Errorf("a flip of nothing that happened: %v", f)
		}
	}

	// Two systems have no causes; two versions differ by guidance alone.
	h.submitted(estate("t"))
	h.at(h.clock.Now())
	two := must[*pb.Comparison](h.governance)(h.history.CompareAssessments(ctx, &pb.CompareAssessmentsRequest{
		Before: &pb.AssessmentRef{Name: "systems/t/series/gov~all~default"}, After: &pb.AssessmentRef{Name: govSeries}, Limit: 1,
	}))
	if len(two.Attribution) != 0 || len(two.Flips) != 1 || two.Flips[0].Cause != "" || two.Flipped < 2 {
		t.Errorf("two systems: %v", two)
	}
	versions := must[*pb.Comparison](h.governance)(h.history.CompareAssessments(ctx, &pb.CompareAssessmentsRequest{
		Before: &pb.AssessmentRef{Name: govSeries, ChecklistVersion: "1.0.0"}, After: &pb.AssessmentRef{Name: govSeries},
	}))
	if versions.Flipped != 1 || versions.Flips[0].Cause != "guidance" || versions.Before.ChecklistVersion != "1.0.0" {
		t.Errorf("two versions: %v", versions)
	}
	for field, bad := range map[string]*pb.CompareAssessmentsRequest{
		"after":        {Before: &pb.AssessmentRef{Name: govSeries}},
		"before.name":  {Before: &pb.AssessmentRef{Name: "x"}, After: &pb.AssessmentRef{Name: govSeries}},
		"before.as_of": {Before: &pb.AssessmentRef{Name: govSeries, AsOf: stamp(4000)}, After: &pb.AssessmentRef{Name: govSeries}},
		"limit":        {Before: &pb.AssessmentRef{Name: govSeries}, After: &pb.AssessmentRef{Name: govSeries}, Limit: -1},
	} {
		_, err := h.history.CompareAssessments(ctx, bad)
		refusal(t, err, codes.InvalidArgument, field)
	}
	_, err := h.history.CompareAssessments(ctx, &pb.CompareAssessmentsRequest{
		Before: &pb.AssessmentRef{Name: govSeries, AsOf: stamp(-4)}, After: &pb.AssessmentRef{Name: govSeries},
	})
	refusal(t, err, codes.NotFound, "")
}
