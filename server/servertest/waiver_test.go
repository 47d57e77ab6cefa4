package servertest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// waiver accepts that an address of host s-b is leased, until day 10.
func waiver() *pb.Waiver {
	return &pb.Waiver{
		Checklist: "gov", Rule: "static", Subjects: []string{"hosts/s-b"}, Reason: "it is replaced soon",
		ExpireTime: timestamppb.New(day(10)),
	}
}

// draft files a waiver of a system.
func (g *governance) draft(system, id string, w *pb.Waiver) *pb.Waiver {
	g.t.Helper()
	g.tick()
	return must[*pb.Waiver](g)(g.statements.CreateWaiver(g.t.Context(), &pb.CreateWaiverRequest{Parent: "systems/" + system, WaiverId: id, Waiver: w}))
}

func (g *governance) approve(name string) *pb.Waiver {
	g.t.Helper()
	g.tick()
	return must[*pb.Waiver](g)(g.statements.ApproveWaiver(g.t.Context(), &pb.ApproveWaiverRequest{Name: name}))
}

// waived checks whether a failure is accepted, and by which waiver.
func (g *governance) waived(rule, subject string, asOf time.Time, name string, until time.Time) {
	g.t.Helper()
	f := g.finding(govSeries, rule, subject, asOf, time.Time{})
	if f.State != "fail" || f.Waiver != name || name != "" && !f.AcceptedUntil.AsTime().Equal(until) {
		g.t.Errorf("%s of %s as of %v: %s, waiver %q until %v; want waiver %q until %v", rule, subject, asOf, f.State, f.Waiver, f.AcceptedUntil.AsTime(), name, until)
	}
}

// TestWaiverFromDraftToExpiry: a draft accepts nothing; approved, the failure
// still counts in the raw score; it ends by the clock alone, at its instant.
func TestWaiverFromDraftToExpiry(t *testing.T) {
	g := governedService(t)
	n, before := len(g.audit()), len(g.breakpoints(govSeries))
	const name = "systems/s/waivers/leased"
	w := g.draft("s", "leased", waiver())
	n = g.wrote(n, "CreateWaiver", name)
	if w.State != "draft" || w.Requester == "" || w.Approver != "" || w.CreateTime == nil || len(w.Asks) != 0 {
		t.Errorf("draft: %v", w)
	}
	g.waived("static", "hosts/s-b", time.Time{}, "", time.Time{})
	if got := len(g.breakpoints(govSeries)); got != before {
		t.Errorf("a draft makes %d breakpoints", got-before)
	}
	w = g.approve(name)
	n = g.wrote(n, "ApproveWaiver", name)
	approved := w.ApproveTime.AsTime()
	if w.State != "approved" || w.Approver == "" || len(w.Asks) != 1 || w.Asks[0].Rule != "static" {
		t.Errorf("approved: %v", w)
	}
	g.sameOverREST("/v1/"+name, w)
	g.wantBreakpoint(govSeries, approved, "waiver")
	g.waived("static", "hosts/s-b", time.Time{}, name, day(10))
	g.waived("static", "hosts/s-b", approved.Add(-time.Microsecond), "", time.Time{})
	a := must[*pb.Assessment](g)(g.assessed(govSeries, time.Time{}, time.Time{}))
	g.sameOverREST("/v1/"+govSeries, a)
	raw, effective := a.Raw.Scores[0].GetValue(), a.Effective.Scores[0].GetValue()
	if raw >= effective || a.Raw.Counts.Fail != 2 || a.Effective.Counts.Fail != 1 {
		t.Errorf("raw %v with %d failures, effective %v with %d", raw, a.Raw.Counts.Fail, effective, a.Effective.Counts.Fail)
	}
	g.at(day(10).Add(-time.Microsecond))
	g.waived("static", "hosts/s-b", time.Time{}, name, day(10))
	g.at(day(10))
	g.wantBreakpoint(govSeries, day(10), "waiver")
	g.waived("static", "hosts/s-b", time.Time{}, "", time.Time{})
	g.waived("static", "hosts/s-b", day(10).Add(-time.Microsecond), name, day(10))
	if w := must[*pb.Waiver](g)(g.statements.GetWaiver(t.Context(), &pb.GetWaiverRequest{Name: name})); w.State != "expired" {
		t.Errorf("at its end it is %s", w.State)
	}
	if all := g.audit(); len(all) != n {
		t.Errorf("expiry is in the audit log: %v", all[n:])
	}
}

// TestWaiverIsRevoked: from then on the failure is not accepted; what was known
// before stays.
func TestWaiverIsRevoked(t *testing.T) {
	g := governedService(t)
	const name = "systems/s/waivers/leased"
	g.draft("s", "leased", waiver())
	g.approve(name)
	before := g.clock.Now()
	known := must[*pb.Assessment](g)(g.assessed(govSeries, before, before))
	g.tick()
	n := len(g.audit())
	w := must[*pb.Waiver](g)(g.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: name}))
	n = g.wrote(n, "RevokeWaiver", name)
	if w.State != "revoked" || w.RevokeTime == nil {
		t.Errorf("revoked: %v", w)
	}
	g.wantBreakpoint(govSeries, w.RevokeTime.AsTime(), "waiver")
	g.waived("static", "hosts/s-b", time.Time{}, "", time.Time{})
	g.waived("static", "hosts/s-b", before, name, w.RevokeTime.AsTime())
	if then := must[*pb.Assessment](g)(g.assessed(govSeries, before, before)); then.ExceptionsDigest != known.ExceptionsDigest || then.Digest != known.Digest {
		t.Errorf("what was known changed: %v, was %v", then, known)
	}
	// Again is no change, and the log says so.
	g.tick()
	must[*pb.Waiver](g)(g.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: name}))
	if all := g.audit(); len(all) != n+1 || all[n].Outcome != "unchanged" {
		t.Errorf("revoked again: %v", all[n:])
	}
	_, err := g.statements.ApproveWaiver(t.Context(), &pb.ApproveWaiverRequest{Name: name})
	refusal(t, err, codes.FailedPrecondition, "")
}

// TestScheduledWaiver: approved before its start, it comes into force by the
// clock alone.
func TestScheduledWaiver(t *testing.T) {
	g := governedService(t)
	w := waiver()
	w.StartTime = timestamppb.New(day(3))
	g.draft("s", "later", w)
	if got := g.approve("systems/s/waivers/later"); got.State != "scheduled" {
		t.Errorf("before its start it is %s", got.State)
	}
	g.waived("static", "hosts/s-b", time.Time{}, "", time.Time{})
	g.at(day(4))
	g.wantBreakpoint(govSeries, day(3), "waiver")
	g.waived("static", "hosts/s-b", time.Time{}, "systems/s/waivers/later", day(10))
}

// TestBadWaivers are refused with the field that is wrong, and nothing of them
// is stored.
func TestBadWaivers(t *testing.T) {
	g := governedService(t)
	if _, err := g.inventory.UpdatePolicy(t.Context(), &pb.UpdatePolicyRequest{Policy: &pb.Policy{LongestWaiver: durationpb.New(20 * 24 * time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	g.at(g.clock.Now().Add(time.Second))
	n := len(g.audit())
	for _, x := range []struct {
		field string
		code  codes.Code
		spoil func(*pb.Waiver)
	}{
		{"waiver.reason", codes.InvalidArgument, func(w *pb.Waiver) { w.Reason = " " }},
		{"waiver.rule", codes.InvalidArgument, func(w *pb.Waiver) { w.Area = "network" }},
		{"waiver.rule", codes.InvalidArgument, func(w *pb.Waiver) { w.Rule = "" }},
		{"waiver.rule", codes.InvalidArgument, func(w *pb.Waiver) { w.Rule = "none" }},
		{"waiver.area", codes.InvalidArgument, func(w *pb.Waiver) { w.Rule, w.Area = "", "lifecycle" }},
		{"waiver.area", codes.InvalidArgument, func(w *pb.Waiver) { w.Rule, w.Area = "", "nowhere" }},
		{"waiver.checklist", codes.InvalidArgument, func(w *pb.Waiver) { w.Checklist = "" }},
		{"", codes.NotFound, func(w *pb.Waiver) { w.Checklist = "none" }},
		{"waiver.expire_time", codes.InvalidArgument, func(w *pb.Waiver) { w.ExpireTime = nil }},
		{"waiver.expire_time", codes.InvalidArgument, func(w *pb.Waiver) { w.ExpireTime = timestamppb.New(day(-1)) }},
		{"waiver.expire_time", codes.InvalidArgument, func(w *pb.Waiver) { w.ExpireTime = timestamppb.New(day(30)) }},
		{"waiver.expire_time", codes.InvalidArgument, func(w *pb.Waiver) { w.StartTime = timestamppb.New(day(11)) }},
		{"waiver.subjects[0]", codes.InvalidArgument, func(w *pb.Waiver) { w.Subjects[0] = "" }},
	} {
		w := waiver()
		x.spoil(w)
		_, err := g.statements.CreateWaiver(t.Context(), &pb.CreateWaiverRequest{Parent: "systems/s", WaiverId: "w", Waiver: w})
		refusal(t, err, x.code, x.field)
	}
	g.refusedOverREST("POST", "/v1/systems/s/waivers?waiverId=w", fmt.Sprintf(`{"checklist": "gov", "rule": "static", "expireTime": %s}`, restTime(day(3))), 400, "waiver.reason")
	g.refusedOverREST("POST", "/v1/systems/s/waivers?waiverId=w", fmt.Sprintf(`{"checklist": "gov", "rule": "static", "reason": "x", "expireTime": %s}`, restTime(day(30))), 400, "waiver.expire_time", "longest")
	_, err := g.statements.CreateWaiver(t.Context(), &pb.CreateWaiverRequest{Parent: "systems/none", WaiverId: "w", Waiver: waiver()})
	refusal(t, err, codes.NotFound, "")
	_, err = g.statements.ApproveWaiver(t.Context(), &pb.ApproveWaiverRequest{Name: "systems/s/waivers/w"})
	refusal(t, err, codes.NotFound, "")
	list := must[*pb.ListWaiversResponse](g)(g.statements.ListWaivers(t.Context(), &pb.ListWaiversRequest{Parent: "systems/s"}))
	if all := g.audit(); len(list.Waivers) != 0 || len(all) != n {
		t.Errorf("stored: %v, audit %v", list, all[n:])
	}
	g.draft("s", "w", waiver())
	_, err = g.statements.CreateWaiver(t.Context(), &pb.CreateWaiverRequest{Parent: "systems/s", WaiverId: "w", Waiver: waiver()})
	refusal(t, err, codes.AlreadyExists, "")
	g.at(day(11))
	_, err = g.statements.ApproveWaiver(t.Context(), &pb.ApproveWaiverRequest{Name: "systems/s/waivers/w"})
	refusal(t, err, codes.FailedPrecondition, "")
	g.refusedOverREST("POST", "/v1/systems/s/waivers/w:approve", "{}", 400, "expired")
}

// TestWhatAWaiverCovers: patterns of subjects, labels of the host, and areas.
func TestWhatAWaiverCovers(t *testing.T) {
	g := governedService(t)
	for i, x := range []struct {
		spoil  func(*pb.Waiver)
		covers bool
	}{
		{func(w *pb.Waiver) { w.Subjects = []string{"hosts/*-b"} }, true},
		{func(w *pb.Waiver) { w.Subjects = []string{"hosts/*-a", "zones/*"} }, false},
		{func(w *pb.Waiver) { w.Subjects = nil }, true},
		{func(w *pb.Waiver) { w.Subjects, w.HostLabels = nil, map[string]string{"tier": "b"} }, true},
		{func(w *pb.Waiver) { w.Subjects, w.HostLabels = nil, map[string]string{"tier": "a"} }, false},
		{func(w *pb.Waiver) { w.Rule, w.Area = "", "network" }, true},
		{func(w *pb.Waiver) { w.Rule, w.Area = "", "identity" }, false},
	} {
		w := waiver()
		x.spoil(w)
		id := fmt.Sprint("w", i)
		name := g.draft("s", id, w).Name
		g.approve(name)
		if want := map[bool]string{true: name}[x.covers]; true {
			g.waived("static", "hosts/s-b", time.Time{}, want, day(10))
		}
		g.tick()
		must[*pb.Waiver](g)(g.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: name}))
	}
	var names []string
	for token := ""; ; {
		p := must[*pb.ListWaiversResponse](g)(g.statements.ListWaivers(t.Context(), &pb.ListWaiversRequest{Parent: "systems/s", PageSize: 3, PageToken: token}))
		for _, w := range p.Waivers {
			names = append(names, w.Name[len("systems/s/waivers/"):])
		}
		if token = p.NextPageToken; token == "" {
			break
		}
	}
	if fmt.Sprint(names) != "[w0 w1 w2 w3 w4 w5 w6]" {
		t.Errorf("the pages give %v", names)
	}
}

// TestWaiverAndNewVersion: a waiver covers what its rule asked. It carries over
// to a version with other texts, and not to one that asks something else.
func TestWaiverAndNewVersion(t *testing.T) {
	g := governedService(t)
	const name = "systems/s/waivers/leased"
	g.draft("s", "leased", waiver())
	g.approve(name)
	texts := edited("1.0.0", "1.1.0", "Addresses are static", "Every address is static", "severity: medium", "severity: high")
	asks := edited("1.0.0", "2.0.0", "all(a, a.static)", "all(a, a.static && a.ip != '')")
	if sum := g.previewed(&pb.PreviewChecklistRequest{Yaml: texts}).summary; sum.StatementsCarried != 1 || sum.RenewalCount != 0 {
		t.Errorf("other texts: %d carry over, renew %v", sum.StatementsCarried, sum.Renewals)
	}
	sum := g.previewed(&pb.PreviewChecklistRequest{Yaml: asks}).summary
	if sum.StatementsCarried != 0 || sum.RenewalCount != 1 || sum.Renewals[0].Name != name || sum.Renewals[0].About != "static" || sum.Renewals[0].Reason == "" {
		t.Errorf("another question: %d carry over, renew %v", sum.StatementsCarried, sum.Renewals)
	}
	g.publishYAML(texts)
	g.at(g.clock.Now().Add(time.Second))
	g.waived("static", "hosts/s-b", time.Time{}, name, day(10))
	g.publishYAML(asks)
	g.at(g.clock.Now().Add(time.Second))
	g.waived("static", "hosts/s-b", time.Time{}, "", time.Time{})
	r := g.reviewed("s", &pb.ReviewWaiversRequest{})
	if len(r) != 1 || !slices.Contains(r[0].Findings, "outdated") || len(r[0].Remedies) != len(r[0].Findings) {
		t.Errorf("review: %v", r)
	}
}

// reviewed is the whole review of a system, "-" for all, page by page.
func (g *governance) reviewed(system string, req *pb.ReviewWaiversRequest) (out []*pb.WaiverReview) {
	g.t.Helper()
	req.Parent = "systems/" + system
	for {
		p := must[*pb.ReviewWaiversResponse](g)(g.statements.ReviewWaivers(g.t.Context(), req))
		out = append(out, p.Reviews...)
		if req.PageToken = p.NextPageToken; req.PageToken == "" {
			return out
		}
	}
}

// TestReviewWaivers: what wants a second look, over several systems and pages.
func TestReviewWaivers(t *testing.T) {
	g := governedService(t)
	for _, id := range []string{"s-1", "t", "u"} {
		g.submitted(estate(id))
	}
	until := func(n int) *timestamppb.Timestamp { return timestamppb.New(day(n)) }
	file := func(system, id string, approve bool, spoil func(*pb.Waiver)) {
		w := waiver()
		w.Subjects, w.ExpireTime = []string{"hosts/" + system + "-b"}, until(100)
		spoil(w)
		name := g.draft(system, id, w).Name
		if approve {
			g.approve(name)
		}
	}
	file("s", "fine", true, func(*pb.Waiver) {})
	file("s", "draft", false, func(*pb.Waiver) {})
	file("s", "unused", true, func(w *pb.Waiver) { w.Subjects = []string{"hosts/none"} })
	file("s", "passing", true, func(w *pb.Waiver) { w.Subjects = []string{"hosts/s-a"} })
	file("s-1", "broad", true, func(w *pb.Waiver) { w.Rule, w.Area, w.Subjects = "", "network", nil })
	file("t", "expired", true, func(w *pb.Waiver) { w.ExpireTime = until(2) })
	file("t", "expiring", true, func(w *pb.Waiver) { w.ExpireTime = until(20) })
	file("t", "revoked", false, func(*pb.Waiver) {})
	must[*pb.Waiver](g)(g.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: "systems/t/waivers/revoked"}))
	g.at(day(3))
	check := func(list []*pb.WaiverReview, want string) {
		t.Helper()
		var got []string
		for _, r := range list {
			got = append(got, fmt.Sprint(r.Waiver.Name[len("systems/"):], r.Findings))
			if len(r.Remedies) != len(r.Findings) {
				t.Errorf("%s: %d findings, remedies %v", r.Waiver.Name, len(r.Findings), r.Remedies)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("review:\n%v\nwant\n%v", got, want)
		}
	}
	const ofS = "s/waivers/draft[draft] s/waivers/passing[passing] s/waivers/unused[absent unused]"
	const ofT = "t/waivers/expired[expired] t/waivers/expiring[expiring]"
	const all = "[s-1/waivers/broad[broad] " + ofS + " " + ofT + "]"
	check(g.reviewed("-", &pb.ReviewWaiversRequest{}), all)
	check(g.reviewed("-", &pb.ReviewWaiversRequest{PageSize: 1}), all)
	check(g.reviewed("-", &pb.ReviewWaiversRequest{PageSize: 4}), all)
	check(g.reviewed("s", &pb.ReviewWaiversRequest{PageSize: 2}), "["+ofS+"]")
	check(g.reviewed("t", &pb.ReviewWaiversRequest{ExpiringWithin: durationpb.New(time.Hour)}), "[t/waivers/expired[expired]]")
	if r := g.reviewed("t", &pb.ReviewWaiversRequest{})[0]; r.Failures != 1 || r.Passes != 0 {
		t.Errorf("expired: %v", r)
	}
	p := must[*pb.ReviewWaiversResponse](g)(g.statements.ReviewWaivers(t.Context(), &pb.ReviewWaiversRequest{Parent: "systems/-"}))
	g.sameOverREST("/v1/systems/-/waivers:review", p)
	if r := g.reviewed("u", &pb.ReviewWaiversRequest{}); len(r) != 0 {
		t.Errorf("a system without waivers: %v", r)
	}
	_, err := g.statements.ReviewWaivers(t.Context(), &pb.ReviewWaiversRequest{Parent: "systems/none"})
	refusal(t, err, codes.NotFound, "")
	g.refusedOverREST("GET", "/v1/systems/none/waivers:review", "", 404)
}

// TestApprovingWhatIsNotAsked: a draft whose rule is gone cannot be approved: it
// would cover whatever a rule of that id asks one day.
func TestApprovingWhatIsNotAsked(t *testing.T) {
	g := governedService(t)
	g.draft("s", "leased", waiver())
	g.publishYAML(edited("1.0.0", "2.0.0", "id: static", "id: fixed"))
	g.at(g.clock.Now().Add(time.Second))
	_, err := g.statements.ApproveWaiver(t.Context(), &pb.ApproveWaiverRequest{Name: "systems/s/waivers/leased"})
	refusal(t, err, codes.FailedPrecondition, "")
}
