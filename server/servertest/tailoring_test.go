package servertest_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// tailor publishes a version of a tailoring.
func (g *governance) tailor(x *pb.Tailoring) *pb.TailoringVersion {
	g.t.Helper()
	g.tick()
	out := must[*pb.TailoringVersion](g)(g.guidance.PublishTailoring(g.t.Context(), &pb.PublishTailoringRequest{
		Tailoring: x, ChecklistVersion: "checklists/gov/versions/latest",
	}))
	g.sameOverREST("/v1/"+out.Name, out)
	return out
}

// TestTailoringVersions: a tailoring has versions of its own; who follows it is
// assessed under the newest, who holds one stays on that, and an assessment
// names the one under which it was made.
func TestTailoringVersions(t *testing.T) {
	g := govern(t, "", day0)
	g.publishYAML(governed)
	one := &pb.Value{Value: &pb.Value_IntValue{IntValue: 1}}
	v1 := g.tailor(&pb.Tailoring{Id: "local", Parameters: map[string]*pb.Value{"drills": one}})
	g.wrote(0, "PublishTailoring", "tailorings/local/versions/1")
	if again := g.tailor(proto.CloneOf(v1.Tailoring)); !proto.Equal(again, v1) {
		t.Errorf("the same content again: %v", again)
	}
	g.assign("held", &pb.Assignment{Checklist: "gov", Selector: &pb.Selector{Systems: []string{"h"}}, Tailoring: "tailorings/local/versions/1"})
	g.assign("follows", &pb.Assignment{Checklist: "gov", Selector: &pb.Selector{Systems: []string{"s"}}, Tailoring: "tailorings/local"})
	g.submitted(estate("s"))
	g.submitted(estate("h"))
	changed := g.clock.Now().Add(time.Second)
	v2 := g.tailor(&pb.Tailoring{Id: "local", Refinements: []*pb.Refinement{{Rule: "static", Weight: proto.Float64(10)}}})
	g.at(g.clock.Now().Add(time.Second))
	const follows, held = "systems/s/series/gov~all~local", "systems/h/series/gov~all~local"
	b := g.wantBreakpoint(follows, changed, "tailoring")
	if old := g.breakpoints(follows)[1]; b.GetScore() == old.GetScore() {
		t.Errorf("another weight leaves the score at %v", b.GetScore())
	}
	for _, x := range []struct {
		series string
		asOf   time.Time
		want   *pb.TailoringVersion
	}{{follows, time.Time{}, v2}, {follows, changed.Add(-time.Microsecond), v1}, {follows, changed, v2}, {held, time.Time{}, v1}, {held, changed.Add(-time.Microsecond), v1}} {
		a := must[*pb.Assessment](g)(g.assessed(x.series, x.asOf, time.Time{}))
		if a.TailoringDigest != x.want.Digest || a.Tailoring != "local" {
			t.Errorf("%s as of %v: tailoring digest %s, want %s's %s", x.series, x.asOf, a.TailoringDigest, x.want.Name, x.want.Digest)
		}
	}
	if got := len(g.breakpoints(held)); got != 1 {
		t.Errorf("who holds a version has %d breakpoints", got)
	}
	list := must[*pb.ListTailoringVersionsResponse](g)(g.guidance.ListTailoringVersions(t.Context(), &pb.ListTailoringVersionsRequest{Parent: "tailorings/local"}))
	g.sameOverREST("/v1/tailorings/local/versions", list)
	if len(list.Versions) != 2 || list.Versions[0].Name != v2.Name || list.Versions[0].Tailoring != nil {
		t.Errorf("versions: %v", list.Versions)
	}
	all := must[*pb.ListTailoringsResponse](g)(g.guidance.ListTailorings(t.Context(), &pb.ListTailoringsRequest{}))
	g.sameOverREST("/v1/tailorings", all)
	if len(all.Tailorings) != 1 || all.Tailorings[0].Name != v2.Name {
		t.Errorf("tailorings: %v", all)
	}
	// Another tailoring is another series: the one ends where the other begins.
	g.tick()
	must[*pb.Assignment](g)(g.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/follows", Tailoring: proto.String("")}))
	at := g.clock.Now()
	g.at(at.Add(time.Second))
	g.wantBreakpoint(follows, at, "guidance")
	g.wantBreakpoint(govSeries, at, "first")
}

// TestBadTailorings are refused with the path of the field that is wrong.
func TestBadTailorings(t *testing.T) {
	g := govern(t, "", day0)
	g.publishYAML(governed)
	n := len(g.audit())
	text := &pb.Value{Value: &pb.Value_StringValue{StringValue: "x"}}
	for field, x := range map[string]*pb.Tailoring{
		"tailoring.select[0]":           {Id: "t", Select: []string{"none"}},
		"tailoring.deselect[1]":         {Id: "t", Deselect: []string{"place", "none"}},
		"tailoring.refinements[0].rule": {Id: "t", Refinements: []*pb.Refinement{{Rule: "none"}}},
		"tailoring.parameters.drills":   {Id: "t", Parameters: map[string]*pb.Value{"drills": text}},
		"tailoring.parameters.none":     {Id: "t", Parameters: map[string]*pb.Value{"none": text}},
		"tailoring.id":                  {Id: "default"},
	} {
		req := &pb.PublishTailoringRequest{Tailoring: x, ChecklistVersion: "checklists/gov/versions/1.0.0"}
		_, err := g.guidance.PublishTailoring(t.Context(), req)
		refusal(t, err, codes.InvalidArgument, field)
	}
	g.refusedOverREST("POST", "/v1/tailorings:publish", `{"tailoring": {"id": "t", "select": ["none"]}, "checklistVersion": "checklists/gov/versions/1.0.0"}`, 400, "tailoring.select[0]")
	g.refusedOverREST("POST", "/v1/tailorings:publish", `{"tailoring": {"id": "t"}, "checklistVersion": "checklists/gov/versions/2.0.0"}`, 404)
	_, err := g.guidance.GetTailoringVersion(t.Context(), &pb.GetTailoringVersionRequest{Name: "tailorings/t/versions/latest"})
	refusal(t, err, codes.NotFound, "")
	_, err = g.guidance.CreateAssignment(t.Context(), &pb.CreateAssignmentRequest{
		AssignmentId: "a", Assignment: &pb.Assignment{Selector: &pb.Selector{}, Checklist: "gov", Tailoring: "tailorings/t"},
	})
	refusal(t, err, codes.NotFound, "")
	if all := g.audit(); len(all) != n {
		t.Errorf("what was refused is in the audit log: %v", all[n:])
	}
}
