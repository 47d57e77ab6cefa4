package servertest_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/verify"
)

func TestRetentionPolicy(t *testing.T) {
	g := governedService(t)
	ctx := t.Context()
	update := func(all, daily *durationpb.Duration) error {
		_, err := g.admin.UpdateRetention(ctx, &pb.UpdateRetentionRequest{Policy: &pb.RetentionPolicy{KeepAll: all, KeepDaily: daily}})
		return err
	}
	refusal(t, update(inDays(29), nil), codes.InvalidArgument, "policy.keep_all")
	refusal(t, update(durationpb.New(36*time.Hour), nil), codes.InvalidArgument, "policy.keep_all")
	refusal(t, update(inDays(40000), nil), codes.InvalidArgument, "policy.keep_all")
	refusal(t, update(nil, inDays(90)), codes.InvalidArgument, "policy.keep_daily")
	refusal(t, update(inDays(90), &durationpb.Duration{Seconds: 1, Nanos: -1}), codes.InvalidArgument, "policy.keep_daily")
	g.refusedOverREST("PUT", "/v1/retention", `{"policy":{"keepAll":"86400s"}}`, 400, "policy.keep_all")

	r := g.thin()
	if r.State != "off" || r.ThinnedBefore != nil || r.Policy.KeepAll != nil || r.Pass != nil {
		t.Errorf("without a policy: %v", r)
	}
	n := len(g.audit())
	dry := must[*pb.Retention](g)(g.admin.UpdateRetention(ctx, &pb.UpdateRetentionRequest{Policy: &pb.RetentionPolicy{KeepAll: inDays(30)}, ValidateOnly: true}))
	if !dry.NextThinnedBefore.AsTime().Equal(day0.AddDate(0, 0, -30)) || dry.ThinnedBefore != nil || len(g.audit()) != n {
		t.Errorf("validate only: %v", dry)
	}
	g.keep(30, 60)
	n = g.wrote(n, "UpdateRetention", "retention")
	g.tick()
	was := g.keep(60, 0)
	g.wrote(n, "UpdateRetention", "retention")
	if len(was.EarlierPolicies) != 1 || was.EarlierPolicies[0].KeepDaily.AsDuration() != 60*oneDay || was.Policy.Actor == "" || was.Policy.CreateTime == nil {
		t.Errorf("policies: %v", was)
	}
	g.sameOverREST("/v1/retention", was)
	_, err := g.admin.UpdateRetention(ctx, &pb.UpdateRetentionRequest{Policy: &pb.RetentionPolicy{}, Etag: r.Etag})
	refusal(t, err, codes.Aborted, "")
	off := must[*pb.Retention](g)(g.admin.UpdateRetention(ctx, &pb.UpdateRetentionRequest{Policy: &pb.RetentionPolicy{}, Etag: was.Etag}))
	if off.State != "off" || off.Policy.KeepAll != nil {
		t.Errorf("for ever again: %v", off)
	}
}

// TestRetentionWaits has what must not be thinned yet: what is due and was not
// evaluated, and what a clock that was set makes old.
func TestRetentionWaits(t *testing.T) {
	g := governedService(t)
	g.keep(30, 0)
	g.at(day0.AddDate(0, 0, 10))
	g.submitted(estate("s2"))
	// Its facts are stale 30 days after it was submitted; nobody looked since.
	g.clock.Set(day0.AddDate(0, 0, 75))
	r := must[*pb.Retention](g)(g.admin.RunRetention(t.Context(), &pb.RunRetentionRequest{}))
	if r.State != "waiting" || !strings.Contains(r.Waiting, "clock was set") || r.ThinnedBefore != nil {
		t.Errorf("long after the last write: %v", r)
	}
	g.submitted(estate("s3"))
	if r = g.thin(); r.State != "waiting" || !strings.Contains(r.Waiting, "clock was set") {
		t.Errorf("just after a write: %v", r)
	}
	g.clock.Set(day0.AddDate(0, 0, 77))
	if r = g.thin(); r.State != "waiting" || !strings.Contains(r.Waiting, "systems/s is due since") {
		t.Errorf("while systems are due: %v", r)
	}
	g.at(day0.AddDate(0, 0, 77))
	if r = g.thin(); r.State != "idle" || !r.ThinnedBefore.AsTime().Equal(day0.AddDate(0, 0, 47)) {
		t.Errorf("once they were evaluated: %v", r)
	}
	// The wall never goes back, neither with the clock nor with the policy.
	g.keep(60, 0)
	if again := g.thin(); again.State != "idle" || !proto.Equal(again.ThinnedBefore, r.ThinnedBefore) {
		t.Errorf("with a longer policy: %v", again)
	}
}

// TestRetentionWall submits and states what lies before the wall.
func TestRetentionWall(t *testing.T) {
	g := governedService(t)
	ctx := t.Context()
	for d := range 70 {
		g.at(day0.AddDate(0, 0, d))
		req := estate("s")
		req.Inventory.Hosts[1].Addresses[0].Static = proto.Bool(d%2 == 0)
		g.submitted(req)
		if d%5 == 0 {
			req.Inventory.Hosts[1].Addresses[0].Static = proto.Bool(d%2 != 0)
			g.clock.Set(g.clock.Now().Add(3 * time.Hour))
			g.submitted(req)
		}
	}
	all := func() []*pb.Breakpoint { return g.breakpointsBefore(g.clock.Now()) }
	count := len(all())
	g.keep(30, 0)
	r := g.thin()
	wall := r.ThinnedBefore.AsTime()
	if !wall.Equal(day0.AddDate(0, 0, 39)) || r.Pass.States < 6 || len(all()) != count-int(r.Pass.States) {
		t.Fatalf("thinned: %v, %d breakpoints of %d", r, len(all()), count)
	}

	late := estate("s")
	late.ObservedTime = timestamppb.New(wall.Add(-time.Microsecond))
	late.Source = "scanner" // also its first word
	_, err := g.inventory.SubmitInventory(ctx, late)
	refusal(t, err, codes.FailedPrecondition, "observed_time")
	if !strings.Contains(err.Error(), "thinned") {
		t.Error(err)
	}
	_, err = g.inventory.UpsertHosts(ctx, &pb.UpsertHostsRequest{System: "systems/new", Source: "cmdb", Hosts: []*pb.Host{host("n", true)}, ObservedTime: late.ObservedTime})
	refusal(t, err, codes.FailedPrecondition, "observed_time")
	g.refusedOverREST("POST", "/v1/systems/s:submit", `{"source":"scanner","observedTime":"2026-03-02T00:00:00Z","inventory":{"system":{"id":"s"}}}`, 400,
		"HISTORY_THINNED", "observed_time", "thinned_before")
	late.ObservedTime = timestamppb.New(wall)
	g.submitted(late)

	// A claim of long ago is in force from the wall on, where history is written.
	old := must[*pb.Assessment](g)(g.assessed(govSeries, wall.Add(-oneDay), time.Time{}))
	g.tick()
	must[*pb.Claim](g)(g.statements.CreateClaim(ctx, &pb.CreateClaimRequest{Parent: "systems/s", ClaimId: "locked", Claim: &pb.Claim{
		Claim: "secure-room", Subject: "dmz", Claimant: "Ada", StartTime: timestamppb.New(day0), ExpireTime: timestamppb.New(day0.AddDate(0, 0, 90)),
	}}))
	for _, b := range all() {
		if b.RecordedTime.AsTime().After(r.Pass.EndTime.AsTime()) && b.EffectiveTime.AsTime().Before(wall) {
			t.Errorf("recorded of before the wall: %v", b)
		}
	}
	g.wantState("clear", "channels/c", wall, time.Time{}, "pass")
	if now := must[*pb.Assessment](g)(g.assessed(govSeries, wall.Add(-oneDay), time.Time{})); now.EffectiveTime.AsTime() != old.EffectiveTime.AsTime() {
		t.Errorf("history before the wall changed: %v, %v", old, now)
	}
	if rep := g.clean(); rep.Pending != 0 {
		t.Errorf("%+v", rep)
	}
	g.marked(wall)
}

// marked asks what says where history is thinned.
func (g *governance) marked(wall time.Time) {
	g.t.Helper()
	ctx, before, after := g.t.Context(), timestamppb.New(wall.Add(-time.Hour)), timestamppb.New(wall)
	history := pb.NewHistoryServiceClient(g.Conn)
	read := func(at *timestamppb.Timestamp) map[string]*timestamppb.Timestamp {
		return map[string]*timestamppb.Timestamp{
			"GetAssessment":      must[*pb.Assessment](g)(g.assessment.GetAssessment(ctx, &pb.GetAssessmentRequest{Name: govSeries, AsOf: at})).ThinnedBefore,
			"known_at":           must[*pb.Assessment](g)(g.assessment.GetAssessment(ctx, &pb.GetAssessmentRequest{Name: govSeries, KnownAt: at})).ThinnedBefore,
			"ListFindings":       must[*pb.ListFindingsResponse](g)(g.assessment.ListFindings(ctx, &pb.ListFindingsRequest{Parent: "systems/s", AsOf: at})).ThinnedBefore,
			"ListFixes":          must[*pb.ListFixesResponse](g)(g.assessment.ListFixes(ctx, &pb.ListFixesRequest{Parent: govSeries, KnownAt: at})).ThinnedBefore,
			"ExplainResult":      must[*pb.Explanation](g)(g.assessment.ExplainResult(ctx, &pb.ExplainResultRequest{Name: govSeries, Rule: "static", Subject: "hosts/s-b", AsOf: at})).ThinnedBefore,
			"ListBreakpoints":    must[*pb.ListBreakpointsResponse](g)(g.assessment.ListBreakpoints(ctx, &pb.ListBreakpointsRequest{Parent: govSeries, From: at})).ThinnedBefore,
			"GetFindingTimeline": must[*pb.FindingTimeline](g)(history.GetFindingTimeline(ctx, &pb.GetFindingTimelineRequest{Name: govSeries, Rule: "static", Subject: "hosts/s-b", From: at})).ThinnedBefore,
			"GetTrend":           must[*pb.Trend](g)(history.GetTrend(ctx, &pb.GetTrendRequest{Name: govSeries, From: at})).ThinnedBefore,
			"GetInventory":       must[*pb.EffectiveInventory](g)(g.inventory.GetInventory(ctx, &pb.GetInventoryRequest{Name: "systems/s/inventory", AsOf: at})).ThinnedBefore,
			"CompareAssessments": must[*pb.Comparison](g)(history.CompareAssessments(ctx, &pb.CompareAssessmentsRequest{
				Before: &pb.AssessmentRef{Name: govSeries, AsOf: at}, After: &pb.AssessmentRef{Name: govSeries}})).ThinnedBefore,
		}
	}
	for call, m := range read(before) {
		if m == nil || !m.AsTime().Equal(wall) {
			g.t.Errorf("%s of before the wall says %v", call, m)
		}
	}
	for call, m := range read(after) {
		if m != nil {
			g.t.Errorf("%s of after the wall says %v", call, m)
		}
	}
	code, answer := g.rest("GET", "/v1/"+govSeries+"?asOf="+before.AsTime().Format(time.RFC3339), "")
	if code != 200 || answer["thinnedBefore"] != wall.Format(time.RFC3339) {
		g.t.Errorf("over REST: %d %v", code, answer["thinnedBefore"])
	}
}

// TestRetentionPins keeps what a waiver and a hold refer to, and thins what a
// hold kept once it is released.
func TestRetentionPins(t *testing.T) {
	g := governedService(t)
	ctx := t.Context()
	instant := day0.AddDate(0, 0, 6).Add(9 * time.Hour)
	approved := day0.AddDate(0, 0, 4).Add(10 * time.Hour)
	for h := 0; h < 10*24; h += 3 { // eight breakpoints a day
		g.at(day0.Add(time.Duration(h)*time.Hour + time.Minute))
		req := estate("s")
		req.Inventory.Hosts[1].Addresses[0].Static = proto.Bool(h%2 == 0)
		req.Inventory.Hosts[0].Os.PatchedTime = timestamppb.New(day0.Add(time.Duration(h) * time.Minute))
		g.submit(req)
		if at := g.clock.Now(); at.Before(approved) && at.Add(3*time.Hour).After(approved) {
			g.clock.Set(approved.Add(-time.Second))
			must[*pb.Waiver](g)(g.statements.CreateWaiver(ctx, &pb.CreateWaiverRequest{Parent: "systems/s", WaiverId: "w", Waiver: &pb.Waiver{
				Checklist: "gov", Rule: "static", Reason: "accepted", ExpireTime: timestamppb.New(day0.AddDate(1, 0, 0)),
			}}))
			g.clock.Set(approved)
			must[*pb.Waiver](g)(g.statements.ApproveWaiver(ctx, &pb.ApproveWaiverRequest{Name: "systems/s/waivers/w"}))
		}
	}
	make := &pb.CreateHoldRequest{HoldId: "evidence", Hold: &pb.Hold{System: "s", AsOf: timestamppb.New(instant), Reason: "an export"}}
	hold := must[*pb.Hold](g)(g.admin.CreateHold(ctx, make))
	if again := must[*pb.Hold](g)(g.admin.CreateHold(ctx, make)); !proto.Equal(hold, again) || hold.KnownAt == nil || hold.Actor == "" {
		t.Errorf("made again: %v, %v", hold, again)
	}
	g.refuseHolds(make)
	list := must[*pb.ListHoldsResponse](g)(g.admin.ListHolds(ctx, &pb.ListHoldsRequest{}))
	g.sameOverREST("/v1/holds", list)
	if len(list.Holds) != 1 || list.Holds[0].Name != "holds/evidence" {
		t.Errorf("listed: %v", list)
	}
	read := func(at time.Time) *pb.Assessment {
		a := must[*pb.Assessment](g)(g.assessed(govSeries, at, time.Time{}))
		a.ThinnedBefore, a.ValidUntil = nil, nil
		return a
	}
	g.at(day0.AddDate(0, 0, 40))
	g.submitted(estate("s"))
	held, waived := read(instant), read(approved)
	g.at(day0.AddDate(0, 0, 50))
	g.keep(30, 0)
	r := g.thin()
	if got := len(g.breakpointsBefore(day0.AddDate(0, 0, 10))); got < 12 || got > 16 || r.Pass.States < 60 {
		t.Errorf("%d breakpoints are left of ten days, %v", got, r.Pass)
	}
	if !proto.Equal(read(instant), held) || !proto.Equal(read(approved), waived) {
		t.Errorf("the hold's is %v, was %v; the waiver's is %v, was %v", read(instant), held, read(approved), waived)
	}
	if rep := g.clean(); rep.InputsGone > 1 {
		t.Errorf("%+v", rep)
	}
	must[any](g)(g.admin.DeleteHold(ctx, &pb.DeleteHoldRequest{Name: "holds/evidence"}))
	_, err := g.admin.DeleteHold(ctx, &pb.DeleteHoldRequest{Name: "holds/evidence"})
	refusal(t, err, codes.NotFound, "")
	if r = g.thin(); r.Pass.States != 1 || proto.Equal(read(instant), held) || !proto.Equal(read(approved), waived) {
		t.Errorf("after the hold: %v, %v", r.Pass, read(instant))
	}
	g.clean()
}

func (g *governance) breakpointsBefore(t time.Time) []*pb.Breakpoint {
	return must[*pb.ListBreakpointsResponse](g)(g.assessment.ListBreakpoints(g.t.Context(), &pb.ListBreakpointsRequest{
		Parent: govSeries, To: timestamppb.New(t), ShowCorrected: true, PageSize: 1000,
	})).Breakpoints
}

func (g *governance) refuseHolds(good *pb.CreateHoldRequest) {
	g.t.Helper()
	for _, c := range []struct {
		change func(r *pb.CreateHoldRequest)
		code   codes.Code
		field  string
	}{
		{func(r *pb.CreateHoldRequest) { r.Hold.Reason = "another" }, codes.AlreadyExists, ""},
		{func(r *pb.CreateHoldRequest) { r.HoldId, r.Hold.System = "x", "none" }, codes.NotFound, ""},
		{func(r *pb.CreateHoldRequest) { r.HoldId, r.Hold.Reason = "x", "" }, codes.InvalidArgument, "hold.reason"},
		{func(r *pb.CreateHoldRequest) { r.HoldId = "X" }, codes.InvalidArgument, "hold_id"},
		{func(r *pb.CreateHoldRequest) {
			r.HoldId, r.Hold.AsOf = "x", timestamppb.New(g.clock.Now().Add(time.Hour))
		}, codes.InvalidArgument, "hold.as_of"},
		{func(r *pb.CreateHoldRequest) { r.HoldId, r.Hold.KnownAt = "x", &timestamppb.Timestamp{Nanos: -1} }, codes.InvalidArgument, "hold.known_at"},
	} {
		r := proto.CloneOf(good)
		c.change(r)
		_, err := g.admin.CreateHold(g.t.Context(), r)
		refusal(g.t, err, c.code, c.field)
	}
}

// TestRetentionIsKilled ends the process after each commit of a pass: what is
// read and verified is right at any time, and the next process goes on.
func TestRetentionIsKilled(t *testing.T) {
	y := newYear(t, 6)
	y.goOn(0, 100)
	midnight := day0.Truncate(oneDay)
	instants := map[time.Time]map[string]proto.Message{}
	for d := 5; d < 65; d += 12 {
		at := midnight.Add(time.Duration(d+1)*oneDay - time.Microsecond)
		instants[at] = y.seen(at, time.Time{})
	}
	y.keep(30, 0)
	steps := 0
	for more := true; more; steps++ {
		var err error
		if more, err = y.Retention.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		now := y.clock.Now()
		y.Stop()
		y.governance = govern(t, y.Path, now)
		for at, was := range instants {
			y.same("after a step", at, was, y.seen(at, time.Time{}))
		}
		y.clean()
		if t.Failed() {
			t.Fatalf("after %d steps", steps)
		}
	}
	if r := y.thin(); r.State != "idle" || r.Pass.EndTime == nil || r.Pass.States == 0 || r.Pass.FreedBytes <= 0 || steps < 3 {
		t.Errorf("after %d steps: %v", steps, r)
	}
	y.at(y.clock.Now().Add(oneDay))
	y.goOn(101, 10)
	if r := y.verified(verify.Options{}); !r.Clean() {
		t.Errorf("%+v", r)
	}
}
