package servertest_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/verify"
)

// proven checks that what is stored is what its inputs give.
func (g *governance) proven() {
	g.t.Helper()
	r := g.verified(verify.Options{})
	for _, d := range r.First {
		g.t.Errorf("verify: %s %s effective %s: %s", d.Kind, d.Series, time.UnixMicro(d.Effective).UTC(), d.Detail)
	}
	if !r.Clean() || r.States == 0 || r.Same != r.States {
		g.t.Errorf("verify: %+v", r)
	}
}

// TestWaiversHandOver: where one waiver follows another without a gap, there is
// a breakpoint; no score moves, and the failure does not begin anew.
func TestWaiversHandOver(t *testing.T) {
	g := governedService(t)
	file := func(id string, from, to int) string {
		w := waiver()
		w.StartTime, w.ExpireTime = timestamppb.New(day(from)), timestamppb.New(day(to))
		name := g.draft("s", id, w).Name
		g.approve(name)
		return name
	}
	first, second := file("first", 2, 10), file("second", 10, 20)
	g.at(day(3))
	g.waived("static", "hosts/s-b", time.Time{}, first, day(10))
	before := g.breakpoints(govSeries)
	g.at(day(10))
	g.wantBreakpoint(govSeries, day(10), "waiver")
	after := g.breakpoints(govSeries)
	if len(after) != len(before)+1 || after[0].Changed != 1 || after[0].GetScore() != before[0].GetScore() || after[0].GetEffectiveScore() != before[0].GetEffectiveScore() {
		t.Errorf("before: %v\nafter: %v", before[0], after[0])
	}
	g.waived("static", "hosts/s-b", time.Time{}, second, day(20))
	g.waived("static", "hosts/s-b", day(10).Add(-time.Microsecond), first, day(10))
	g.at(day(21))
	req := &pb.GetFindingTimelineRequest{Name: govSeries, Rule: "static", Subject: "hosts/s-b"}
	m := must[*pb.FindingTimeline](g)(pb.NewHistoryServiceClient(g.Conn).GetFindingTimeline(t.Context(), req))
	g.sameOverREST("/v1/"+govSeries+":findingTimeline?rule=static&subject=hosts/s-b", m)
	var by []string
	for _, s := range m.Spans {
		by = append(by, fmt.Sprint(s.State, s.Waived, s.Waiver))
	}
	if want := fmt.Sprint([]string{"failfalse", "failtrue" + first, "failtrue" + second, "failfalse"}); fmt.Sprint(by) != want || m.TimesFailed != 1 {
		t.Errorf("spans %v, failed %d times; want %s, once", by, m.TimesFailed, want)
	}
	if !m.OpenSince.AsTime().Equal(after[len(after)-1].EffectiveTime.AsTime()) {
		t.Errorf("open since %v, the first breakpoint is at %v", m.OpenSince.AsTime(), after[len(after)-1].EffectiveTime.AsTime())
	}
	g.proven()
}

// TestWaiverThatOutlastsAnother counts from its approval on; revoking it hands
// back, and changes nothing of the time before, also where late data has that
// evaluated again.
func TestWaiverThatOutlastsAnother(t *testing.T) {
	g := governedService(t)
	g.draft("s", "short", waiver())
	g.approve("systems/s/waivers/short")
	g.at(day(2))
	long := waiver()
	long.ExpireTime = timestamppb.New(day(30))
	g.draft("s", "long", long)
	approved := g.approve("systems/s/waivers/long").ApproveTime.AsTime()
	g.wantBreakpoint(govSeries, approved, "waiver")
	g.waived("static", "hosts/s-b", time.Time{}, "systems/s/waivers/long", day(30))
	g.at(day(5))
	w := must[*pb.Waiver](g)(g.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: "systems/s/waivers/long"}))
	g.wantBreakpoint(govSeries, w.RevokeTime.AsTime(), "waiver")
	g.waived("static", "hosts/s-b", time.Time{}, "systems/s/waivers/short", day(10))
	n := len(g.breakpoints(govSeries))
	late := estate("s")
	late.Source, late.ObservedTime = "scanner", timestamppb.New(day(1))
	late.Inventory.System, late.Inventory.Facilities, late.Inventory.Hosts = nil, nil, late.Inventory.Hosts[:1]
	g.submitted(late)
	if got := len(g.breakpoints(govSeries)); got != n {
		t.Errorf("late data that changes nothing makes %d breakpoints of %d: %v", got, n, g.breakpoints(govSeries))
	}
	g.waived("static", "hosts/s-b", day(3), "systems/s/waivers/long", w.RevokeTime.AsTime())
	g.proven()
}
