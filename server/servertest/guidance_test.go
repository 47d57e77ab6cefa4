package servertest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestPublishedVersionsNeverChange: what is published is answered the same
// again, and refused with other content; both are listed, newest first.
func TestPublishedVersionsNeverChange(t *testing.T) {
	g := govern(t, "", day0)
	first := g.publishYAML(governed)
	n := g.wrote(0, "PublishChecklist", "checklists/gov/versions/1.0.0")
	if again := g.publishYAML(governed); !proto.Equal(again, first) {
		t.Errorf("the same content is answered with %v, was %v", again, first)
	}
	_, err := g.guidance.PublishChecklist(t.Context(), &pb.PublishChecklistRequest{Yaml: edited("severity: medium", "severity: high")})
	refusal(t, err, codes.AlreadyExists, "")
	g.refusedOverREST("POST", "/v1/checklists:publish", fmt.Sprintf(`{"yaml": %q}`, edited("severity: medium", "severity: high")), 409, "never changes")
	if dry := must[*pb.ChecklistVersion](g)(g.guidance.PublishChecklist(t.Context(), &pb.PublishChecklistRequest{Yaml: edited("1.0.0", "3.0.0"), ValidateOnly: true})); dry.Digest == "" {
		t.Error("a dry run has no digest")
	}
	if all := g.audit(); len(all) != n {
		t.Errorf("what stored nothing is in the audit log: %v", all[n:])
	}
	g.publishYAML(edited("1.0.0", "2.0.0", "Addresses are static", "Every address is static"))
	list := must[*pb.ListChecklistVersionsResponse](g)(g.guidance.ListChecklistVersions(t.Context(), &pb.ListChecklistVersionsRequest{Parent: "checklists/gov"}))
	g.sameOverREST("/v1/checklists/gov/versions", list)
	if len(list.Versions) != 2 || list.Versions[0].Name != "checklists/gov/versions/2.0.0" || list.Versions[1].State != "published" {
		t.Errorf("versions: %v", list.Versions)
	}
	shown := must[*pb.ChecklistVersion](g)(g.guidance.GetChecklistVersion(t.Context(), &pb.GetChecklistVersionRequest{Name: "checklists/gov/versions/latest"}))
	g.sameOverREST("/v1/checklists/gov/versions/latest", shown)
	if shown.Checklist.GetVersion() != "2.0.0" || shown.RuleCount != 6 || len(shown.Profiles) != 2 {
		t.Errorf("latest: %v", shown)
	}
	diff := must[*pb.ChecklistDiff](g)(g.guidance.DiffChecklistVersions(t.Context(), &pb.DiffChecklistVersionsRequest{Name: "checklists/gov/versions/2.0.0"}))
	g.sameOverREST("/v1/checklists/gov/versions/2.0.0:diff?base=1.0.0", diff)
	if diff.Changed != 1 || diff.Unchanged != 5 || diff.Rules[0].Rule != "static" || diff.BaseVersion != "1.0.0" {
		t.Errorf("diff: %v", diff)
	}
	_, err = g.guidance.DiffChecklistVersions(t.Context(), &pb.DiffChecklistVersionsRequest{Name: "checklists/gov/versions/1.0.0"})
	refusal(t, err, codes.FailedPrecondition, "")
	_, err = g.guidance.DiffChecklistVersions(t.Context(), &pb.DiffChecklistVersionsRequest{Name: "checklists/gov/versions/1.0.0", Base: "9.0.0"})
	refusal(t, err, codes.NotFound, "")
}

// TestDeprecateAndWithdraw: a deprecated version stays usable; a withdrawn one
// is refused, and "latest" moves back to the one before at that instant.
func TestDeprecateAndWithdraw(t *testing.T) {
	g := governedService(t)
	g.publishYAML(edited("1.0.0", "2.0.0", "all(a, a.static)", "all(a, !a.static)"))
	g.at(g.clock.Now())
	v2 := "checklists/gov/versions/2.0.0"
	g.wantState("static", "hosts/s-a", time.Time{}, time.Time{}, "fail")
	g.tick()
	n := len(g.audit())
	out := must[*pb.ChecklistVersion](g)(g.guidance.DeprecateChecklistVersion(t.Context(), &pb.DeprecateChecklistVersionRequest{Name: v2, Reason: "it was wrong"}))
	n = g.wrote(n, "DeprecateChecklistVersion", v2)
	if out.State != "deprecated" || out.StateReason != "it was wrong" || out.StateTime == nil || out.Checklist != nil {
		t.Errorf("deprecated: %v", out)
	}
	g.assign("pinned", &pb.Assignment{Checklist: "gov", Version: "2.0.0", Profile: "some"}) // still assignable
	g.tick()
	withdraw := &pb.WithdrawChecklistVersionRequest{Name: v2, Reason: "it was wrong"}
	_, err := g.guidance.WithdrawChecklistVersion(t.Context(), withdraw)
	refusal(t, err, codes.FailedPrecondition, "")
	if !strings.Contains(status.Convert(err).Message(), "assignments/pinned") {
		t.Errorf("the refusal does not say who uses it: %v", err)
	}
	g.refusedOverREST("POST", "/v1/"+v2+":withdraw", `{"reason": "it was wrong"}`, 400, "assignments/pinned")
	g.refusedOverREST("POST", "/v1/"+v2+":withdraw", `{}`, 400, "reason")
	if _, err := g.guidance.DeleteAssignment(t.Context(), &pb.DeleteAssignmentRequest{Name: "assignments/pinned"}); err != nil {
		t.Fatal(err)
	}
	n = g.wrote(n, "DeleteAssignment", "assignments/pinned")
	g.at(g.clock.Now().Add(time.Hour))
	code, body := g.rest("POST", "/v1/"+v2+":withdraw", `{"reason": "it was wrong"}`)
	if code != 200 || body["state"] != "withdrawn" {
		t.Fatalf("withdraw over REST: %d %v", code, body)
	}
	g.wrote(n, "WithdrawChecklistVersion", v2)
	// Not the clock's instant: another commit may have had that already.
	at, err := time.Parse(time.RFC3339Nano, body["stateTime"].(string))
	if err != nil {
		t.Fatal(err)
	}
	g.at(at.Add(time.Second))
	b := g.wantBreakpoint(govSeries, at, "guidance")
	if b.ChecklistVersion != "1.0.0" {
		t.Errorf("after the withdrawal the version is %s", b.ChecklistVersion)
	}
	g.wantState("static", "hosts/s-a", time.Time{}, time.Time{}, "pass")
	g.wantState("static", "hosts/s-a", at.Add(-time.Microsecond), time.Time{}, "fail") // its history stays
	_, err = g.guidance.CreateAssignment(t.Context(), &pb.CreateAssignmentRequest{
		AssignmentId: "late", Assignment: &pb.Assignment{Selector: &pb.Selector{}, Checklist: "gov", Version: "2.0.0"},
	})
	refusal(t, err, codes.FailedPrecondition, "")
	_, err = g.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/all", Version: "2.0.0"})
	refusal(t, err, codes.FailedPrecondition, "")
	_, err = g.guidance.DeprecateChecklistVersion(t.Context(), &pb.DeprecateChecklistVersionRequest{Name: v2, Reason: "x"})
	refusal(t, err, codes.FailedPrecondition, "")
	_, err = g.guidance.WithdrawChecklistVersion(t.Context(), &pb.WithdrawChecklistVersionRequest{Name: "checklists/gov/versions/7.0.0", Reason: "x"})
	refusal(t, err, codes.NotFound, "")
	if v := must[*pb.ChecklistVersion](g)(g.guidance.GetChecklistVersion(t.Context(), &pb.GetChecklistVersionRequest{Name: "checklists/gov/versions/latest"})); v.Checklist.Version != "1.0.0" {
		t.Errorf("latest is %s", v.Checklist.Version)
	}
}

// TestLatestThatDoesNotFit: an assignment that follows the latest version stays
// on the one before where the newest lacks its profile or a rule that its
// tailoring names, and says so.
func TestLatestThatDoesNotFit(t *testing.T) {
	g := governedService(t)
	g.assign("some", &pb.Assignment{Checklist: "gov", Profile: "some"})
	g.tailor(&pb.Tailoring{Id: "local", Deselect: []string{"drills"}})
	g.assign("local", &pb.Assignment{Checklist: "gov", Tailoring: "tailorings/local"})
	g.publishYAML(edited("1.0.0", "2.0.0", "- {id: some, title: Some, deselect: [reviewed]}\n", "", "id: drills", "id: rehearsals"))
	g.at(g.clock.Now().Add(time.Second))
	for id, want := range map[string]string{"all": "2.0.0", "some": "1.0.0", "local": "1.0.0"} {
		a := must[*pb.Assignment](g)(g.guidance.GetAssignment(t.Context(), &pb.GetAssignmentRequest{Name: "assignments/" + id}))
		g.sameOverREST("/v1/assignments/"+id, a)
		if a.CurrentVersion != want || (a.Problem == "") != (id == "all") {
			t.Errorf("%s: version %s, problem %q", id, a.CurrentVersion, a.Problem)
		}
	}
	if x := must[*pb.Assessment](g)(g.assessed("systems/s/series/gov~some~default", time.Time{}, time.Time{})); x.ChecklistVersion != "1.0.0" {
		t.Errorf("it is assessed under %s", x.ChecklistVersion)
	}
	// What cannot be used is refused when it is asked for by name.
	g.tick()
	_, err := g.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/some", Version: "2.0.0"})
	refusal(t, err, codes.InvalidArgument, "profile")
	_, err = g.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/local", Version: "2.0.0"})
	refusal(t, err, codes.InvalidArgument, "tailoring.deselect[0]")
	_, err = g.guidance.CreateAssignment(t.Context(), &pb.CreateAssignmentRequest{
		AssignmentId: "new", Assignment: &pb.Assignment{Selector: &pb.Selector{}, Checklist: "gov", Profile: "none"},
	})
	refusal(t, err, codes.InvalidArgument, "assignment.profile")
}

// TestDatedActivation: another version comes into force at its instant, and not
// before, without anybody submitting anything.
func TestDatedActivation(t *testing.T) {
	g := govern(t, "", day0)
	g.publishYAML(governed)
	g.publishYAML(edited("1.0.0", "2.0.0", "all(a, a.static)", "all(a, !a.static)"))
	g.assign("all", &pb.Assignment{Checklist: "gov", Version: "1.0.0"})
	g.submitted(estate("s"))
	g.tick()
	at := day(10)
	n := len(g.audit())
	a := must[*pb.Assignment](g)(g.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{
		Name: "assignments/all", Version: "2.0.0", StartTime: timestamppb.New(at),
	}))
	n = g.wrote(n, "ActivateAssignment", "assignments/all")
	g.sameOverREST("/v1/assignments/all", a)
	if a.Version != "1.0.0" || a.Pending.GetVersion() != "2.0.0" || !a.Pending.GetStartTime().AsTime().Equal(at) || a.CurrentVersion != "1.0.0" {
		t.Errorf("pending: %v", a)
	}
	before := len(g.breakpoints(govSeries))
	// A service that was stopped meanwhile does the same.
	now := g.clock.Now()
	g.Stop()
	g = govern(t, g.Path, now.Add(time.Second))
	g.at(at.Add(-time.Microsecond))
	if got := len(g.breakpoints(govSeries)); got != before {
		t.Errorf("%d breakpoints before it comes into force, were %d", got, before)
	}
	g.wantState("static", "hosts/s-a", time.Time{}, time.Time{}, "pass")
	g.at(at.Add(time.Hour))
	b := g.wantBreakpoint(govSeries, at, "guidance")
	if b.ChecklistVersion != "2.0.0" || b.Changed != 2 || b.Correction {
		t.Errorf("breakpoint: %v", b)
	}
	g.wantState("static", "hosts/s-a", at.Add(-time.Microsecond), time.Time{}, "pass")
	g.wantState("static", "hosts/s-a", at, time.Time{}, "fail")
	g.wantState("static", "hosts/s-a", at, at.Add(-time.Microsecond), "pass")
	a = must[*pb.Assignment](g)(g.guidance.GetAssignment(t.Context(), &pb.GetAssignmentRequest{Name: "assignments/all"}))
	if a.Pending != nil || a.Version != "2.0.0" || a.CurrentVersion != "2.0.0" {
		t.Errorf("after it came into force: %v", a)
	}
	if all := g.audit(); len(all) != n {
		t.Errorf("coming into force is in the audit log: %v", all[n:])
	}
}

// TestPendingIsReplacedAndCancelled: there is one pending activation at most.
func TestPendingIsReplacedAndCancelled(t *testing.T) {
	g := govern(t, "", day0)
	g.publishYAML(governed)
	g.publishYAML(edited("1.0.0", "2.0.0", "all(a, a.static)", "all(a, !a.static)"))
	g.publishYAML(edited("1.0.0", "3.0.0"))
	g.assign("all", &pb.Assignment{Checklist: "gov", Version: "1.0.0"})
	g.submitted(estate("s"))
	activate := func(req *pb.ActivateAssignmentRequest) (*pb.Assignment, error) {
		g.tick()
		req.Name = "assignments/all"
		return g.guidance.ActivateAssignment(t.Context(), req)
	}
	for _, version := range []string{"2.0.0", "3.0.0"} {
		a := must[*pb.Assignment](g)(activate(&pb.ActivateAssignmentRequest{Version: version, StartTime: timestamppb.New(day(5))}))
		if a.Pending.GetVersion() != version || a.CurrentVersion != "1.0.0" {
			t.Errorf("pending: %v", a)
		}
	}
	a := must[*pb.Assignment](g)(activate(&pb.ActivateAssignmentRequest{CancelPending: true}))
	if a.Pending != nil || a.CurrentVersion != "1.0.0" {
		t.Errorf("cancelled: %v", a)
	}
	_, err := activate(&pb.ActivateAssignmentRequest{CancelPending: true})
	refusal(t, err, codes.FailedPrecondition, "")
	_, err = activate(&pb.ActivateAssignmentRequest{Version: "2.0.0", StartTime: timestamppb.New(day(-1))})
	refusal(t, err, codes.InvalidArgument, "start_time")
	g.refusedOverREST("POST", "/v1/assignments/all:activate", `{"version": "2.0.0", "startTime": "2020-01-01T00:00:00Z"}`, 400, "start_time", "past")
	_, err = activate(&pb.ActivateAssignmentRequest{Version: "9.0.0"})
	refusal(t, err, codes.NotFound, "")
	g.at(day(6))
	g.wantState("static", "hosts/s-a", time.Time{}, time.Time{}, "pass")
	// At once: a breakpoint at the instant of the call.
	must[*pb.Assignment](g)(activate(&pb.ActivateAssignmentRequest{Version: "2.0.0"}))
	at := g.clock.Now()
	g.at(at.Add(time.Second))
	g.wantBreakpoint(govSeries, at, "guidance")
	_, err = g.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/none", Version: "2.0.0"})
	refusal(t, err, codes.NotFound, "")
	// An assignment that begins later is not in force yet.
	g.tick()
	must[*pb.Assignment](g)(g.guidance.CreateAssignment(t.Context(), &pb.CreateAssignmentRequest{AssignmentId: "soon", Assignment: &pb.Assignment{
		Selector: &pb.Selector{}, Checklist: "gov", Profile: "some", Version: "1.0.0", StartTime: timestamppb.New(day(20)),
	}}))
	_, err = g.assessed("systems/s/series/gov~some~default", time.Time{}, time.Time{})
	refusal(t, err, codes.NotFound, "")
	g.at(day(21))
	g.wantBreakpoint("systems/s/series/gov~some~default", day(20), "first")
}

// TestEveryVersionWithdrawn: an assignment that follows the latest version and
// finds none says so, and its series end.
func TestEveryVersionWithdrawn(t *testing.T) {
	g := governedService(t)
	g.tick()
	must[*pb.ChecklistVersion](g)(g.guidance.WithdrawChecklistVersion(t.Context(), &pb.WithdrawChecklistVersionRequest{Name: "checklists/gov/versions/1.0.0", Reason: "x"}))
	at := g.clock.Now()
	g.at(at.Add(time.Second))
	a := must[*pb.Assignment](g)(g.guidance.GetAssignment(t.Context(), &pb.GetAssignmentRequest{Name: "assignments/all"}))
	if a.Problem == "" || a.CurrentVersion != "" {
		t.Errorf("the assignment: %v", a)
	}
	_, err := g.assessed(govSeries, time.Time{}, time.Time{})
	refusal(t, err, codes.NotFound, "")
	g.wantState("static", "hosts/s-a", at.Add(-time.Microsecond), time.Time{}, "pass")
	g.publishYAML(edited("1.0.0", "1.0.1"))
	at = g.clock.Now()
	g.at(at.Add(time.Second))
	g.wantBreakpoint(govSeries, at, "guidance")
}

// TestLists: checklists and assignments stand in the order of their ids, page
// by page, over gRPC and over REST.
func TestLists(t *testing.T) {
	g := govern(t, "", day0)
	for _, id := range []string{"gov-b", "gov", "gov-a"} {
		g.publishYAML(edited("id: gov\n", "id: "+id+"\n"))
		g.assign("of-"+id, &pb.Assignment{Checklist: id})
	}
	var checklists, assignments []string
	for token := ""; ; {
		p := must[*pb.ListChecklistsResponse](g)(g.guidance.ListChecklists(t.Context(), &pb.ListChecklistsRequest{PageSize: 2, PageToken: token}))
		for _, v := range p.Checklists {
			checklists = append(checklists, v.Name)
		}
		if token = p.NextPageToken; token == "" {
			break
		}
	}
	for token := ""; ; {
		p := must[*pb.ListAssignmentsResponse](g)(g.guidance.ListAssignments(t.Context(), &pb.ListAssignmentsRequest{PageSize: 2, PageToken: token}))
		for _, a := range p.Assignments {
			assignments = append(assignments, a.Name)
		}
		if token = p.NextPageToken; token == "" {
			break
		}
	}
	if fmt.Sprint(checklists) != "[checklists/gov/versions/1.0.0 checklists/gov-a/versions/1.0.0 checklists/gov-b/versions/1.0.0]" {
		t.Errorf("checklists: %v", checklists)
	}
	if fmt.Sprint(assignments) != "[assignments/of-gov assignments/of-gov-a assignments/of-gov-b]" {
		t.Errorf("assignments: %v", assignments)
	}
	g.sameOverREST("/v1/assignments", must[*pb.ListAssignmentsResponse](g)(g.guidance.ListAssignments(t.Context(), &pb.ListAssignmentsRequest{})))
	g.sameOverREST("/v1/checklists", must[*pb.ListChecklistsResponse](g)(g.guidance.ListChecklists(t.Context(), &pb.ListChecklistsRequest{})))
	n := len(g.audit())
	g.tick()
	if code, body := g.rest("DELETE", "/v1/assignments/of-gov", ""); code != 200 {
		t.Errorf("%d %v", code, body)
	}
	g.wrote(n, "DeleteAssignment", "assignments/of-gov")
	g.tick()
	g.refusedOverREST("DELETE", "/v1/assignments/of-gov", "", 404)
	g.refusedOverREST("POST", "/v1/assignments?assignmentId=of-gov-a", `{"selector": {}, "checklist": "gov"}`, 409)
	if code, body := g.rest("POST", "/v1/assignments?assignmentId=of-gov", `{"selector": {}, "checklist": "gov"}`); code != 200 || body["version"] != "latest" || body["profile"] != "all" {
		t.Errorf("made again: %d %v", code, body)
	}
}

// TestWhoWritesReadsWhatHeWrote: also while the clock stands still, or is set
// back: commits have instants of their own.
func TestWhoWritesReadsWhatHeWrote(t *testing.T) {
	g := governedService(t)
	g.clock.Set(g.clock.Now().Add(-time.Second))
	v2 := edited("1.0.0", "2.0.0")
	must[*pb.ChecklistVersion](g)(g.guidance.PublishChecklist(t.Context(), &pb.PublishChecklistRequest{Yaml: v2}))
	a := must[*pb.Assignment](g)(g.guidance.GetAssignment(t.Context(), &pb.GetAssignmentRequest{Name: "assignments/all"}))
	if a.CurrentVersion != "2.0.0" {
		t.Errorf("after publishing it follows %q", a.CurrentVersion)
	}
	a = must[*pb.Assignment](g)(g.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/all", Version: "1.0.0"}))
	if a.Version != "1.0.0" || a.CurrentVersion != "1.0.0" || a.Pending != nil {
		t.Errorf("activated at once: %v", a)
	}
	c := must[*pb.Claim](g)(g.statements.CreateClaim(t.Context(), &pb.CreateClaimRequest{Parent: "systems/s", ClaimId: "c", Claim: claim()}))
	if c.State != "active" {
		t.Errorf("filed: %v", c)
	}
	if c = must[*pb.Claim](g)(g.statements.RevokeClaim(t.Context(), &pb.RevokeClaimRequest{Name: c.Name})); c.State != "revoked" {
		t.Errorf("revoked: %v", c)
	}
	w := must[*pb.Waiver](g)(g.statements.CreateWaiver(t.Context(), &pb.CreateWaiverRequest{Parent: "systems/s", WaiverId: "w", Waiver: waiver()}))
	if w = must[*pb.Waiver](g)(g.statements.ApproveWaiver(t.Context(), &pb.ApproveWaiverRequest{Name: w.Name})); w.State != "approved" {
		t.Errorf("approved: %v", w)
	}
	if w = must[*pb.Waiver](g)(g.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: w.Name})); w.State != "revoked" {
		t.Errorf("revoked: %v", w)
	}
}
