package servertest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
)

// day85 is when the half of the fleet that was patched longest ago fails.
var day85 = runDay.AddDate(0, 0, 85)

// TestReassess: what is due changes, a full run evaluates everything and writes
// nothing that does not change.
func TestReassess(t *testing.T) {
	r := startRunner(t, servertest.Options{NoScheduler: true}) // which would take what is due from the run
	r.fleet(700)
	r.clock.Set(day85)
	op, m := r.ended(r.reassess(&pb.ReassessSystemsRequest{}))
	counts(t, m, "succeeded", 350, 350, 350, 0)
	if m.SystemsTotal != 350 || m.Actor != "local" || m.EndTime == nil || m.ScheduledRun != "" {
		t.Errorf("metadata %v", m)
	}
	if x := response(t, op); x.SystemsAssessed != 350 || x.SystemsChanged != 350 || len(x.Errors) != 0 {
		t.Errorf("response %v", x)
	}
	if n, _ := r.failing(""); n != 350 {
		t.Errorf("%d systems fail", n)
	}
	before := r.etags()
	_, m = r.ended(r.reassess(&pb.ReassessSystemsRequest{}))
	counts(t, m, "succeeded", 0, 0, 0, 0)
	r.clock.Set(day85.Add(time.Hour))
	_, m = r.ended(r.reassess(&pb.ReassessSystemsRequest{Full: true}))
	counts(t, m, "succeeded", 700, 700, 0, 0)
	if after := r.etags(); after != before {
		t.Error("a full run wrote heads that did not change")
	}
	r.clock.Set(runDay.AddDate(0, 0, 100))
	_, m = r.ended(r.reassess(&pb.ReassessSystemsRequest{Full: true}))
	counts(t, m, "succeeded", 700, 700, 350, 0)
}

// etags is a digest of all systems' heads.
func (r *runner) etags() string {
	r.t.Helper()
	list, err := r.inventory.ListSystems(r.t.Context(), &pb.ListSystemsRequest{PageSize: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range list.Systems {
		b.WriteString(s.Etag)
	}
	return b.String()
}

// TestReassessSome: runs for a selector, for named systems and for a checklist.
func TestReassessSome(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.publish() // a second checklist, for everything
	r.fleet(20)
	r.clock.Set(runDay.Add(time.Hour))
	// The second checklist came into force a little after it was published, when
	// the clock stood still: nothing of that is left to the runs.
	if _, err := r.Assessor.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                   string
		req                    *pb.ReassessSystemsRequest
		total, assessed, fails int
	}{
		{"product", &pb.ReassessSystemsRequest{Full: true, Selector: &pb.Selector{Product: "odd"}}, 20, 10, 0},
		{"named", &pb.ReassessSystemsRequest{Full: true, Selector: &pb.Selector{Systems: []string{"s00003", "s00001", "s00003", "gone"}}}, 3, 2, 1},
		{"named and product", &pb.ReassessSystemsRequest{Full: true, Selector: &pb.Selector{Systems: []string{"s00003", "s00004"}, Product: "even"}}, 2, 1, 0},
		{"checklist", &pb.ReassessSystemsRequest{Full: true, Checklist: "patches"}, 20, 20, 0},
		{"nobody", &pb.ReassessSystemsRequest{Full: true, Selector: &pb.Selector{Labels: map[string]string{"tier": "none"}}}, 20, 0, 0},
	} {
		op, m := r.ended(r.reassess(c.req))
		counts(t, m, "succeeded", c.total, c.assessed, 0, c.fails)
		if x := response(t, op); c.fails > 0 && (len(x.Errors) != 1 || !strings.Contains(x.Errors[0], "systems/gone: systems/gone does not exist")) {
			t.Errorf("%s: errors %q", c.name, x.Errors)
		}
	}
	if _, err := r.guidance.DeleteAssignment(t.Context(), &pb.DeleteAssignmentRequest{Name: "assignments/patches"}); err != nil {
		t.Fatal(err)
	}
	r.past()
	_, m := r.ended(r.reassess(&pb.ReassessSystemsRequest{Checklist: "patches"}))
	if m.SystemsFailed != 0 || m.SystemsDone > 20 {
		t.Errorf("after the assignment ended: %v", m)
	}
	_, m = r.ended(r.reassess(&pb.ReassessSystemsRequest{Full: true, Checklist: "patches"}))
	counts(t, m, "succeeded", 20, 0, 0, 0)
}

// TestOperations: listing, paging, names, request ids, deleting, expiry; the
// same over google.longrunning.Operations and REST.
func TestOperations(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	ctx := t.Context()
	r.fleet(3)
	first := r.reassess(&pb.ReassessSystemsRequest{RequestId: "one"})
	again := r.reassess(&pb.ReassessSystemsRequest{RequestId: "one"})
	if again.Name != first.Name {
		t.Errorf("the request id made %s and %s", first.Name, again.Name)
	}
	_, err := r.runs.ReassessSystems(ctx, &pb.ReassessSystemsRequest{RequestId: "one", Full: true})
	refusal(t, err, codes.InvalidArgument, "request_id")
	_, err = r.runs.ReassessSystems(ctx, &pb.ReassessSystemsRequest{Checklist: "none"})
	refusal(t, err, codes.NotFound, "")
	_, err = r.runs.ReassessSystems(ctx, &pb.ReassessSystemsRequest{Checklist: "No Such"})
	refusal(t, err, codes.InvalidArgument, "checklist")
	names := []string{first.Name}
	r.ended(first)
	for range 4 {
		op, _ := r.ended(r.reassess(&pb.ReassessSystemsRequest{}))
		names = append([]string{op.Name}, names...)
	}
	var listed []string
	for token := ""; ; {
		page, err := r.ops.ListOperations(ctx, &longrunningpb.ListOperationsRequest{Name: "operations", PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range page.Operations {
			listed = append(listed, op.Name)
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if fmt.Sprint(listed) != fmt.Sprint(names) {
		t.Errorf("listed are %v, want %v", listed, names)
	}
	for filter, want := range map[string]int{"done = true": 5, "done=false": 0, "": 5} {
		page, err := r.runs.ListOperations(ctx, &longrunningpb.ListOperationsRequest{Filter: filter})
		if err != nil || len(page.Operations) != want {
			t.Errorf("%q: %v %v", filter, page, err)
		}
	}
	_, err = r.runs.ListOperations(ctx, &longrunningpb.ListOperationsRequest{Filter: "actor = \"me\""})
	refusal(t, err, codes.InvalidArgument, "filter")
	for _, name := range []string{"", "operations/", "operations/x", "operations/007", "systems/a", "operations/99999999999999999999"} {
		_, err = r.ops.GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: name})
		refusal(t, err, codes.InvalidArgument, "name")
	}
	_, err = r.ops.GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: "operations/1"})
	refusal(t, err, codes.NotFound, "")
	_, err = r.runs.WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: names[0], Timeout: durationpb.New(-1)})
	refusal(t, err, codes.InvalidArgument, "timeout")
	if _, err := r.ops.CancelOperation(ctx, &longrunningpb.CancelOperationRequest{Name: names[0]}); err != nil {
		t.Errorf("cancelling what is done: %v", err)
	}
	if _, err := r.ops.DeleteOperation(ctx, &longrunningpb.DeleteOperationRequest{Name: names[0]}); err != nil {
		t.Error(err)
	}
	_, err = r.runs.GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: names[0]})
	refusal(t, err, codes.NotFound, "")
	r.operationsOverREST(names[1])

	r.clock.Set(runDay.AddDate(0, 0, 31))
	if page, err := r.runs.ListOperations(ctx, &longrunningpb.ListOperationsRequest{}); err != nil || len(page.Operations) != 0 {
		t.Errorf("after 30 days: %v %v", page, err)
	}
	if op := r.reassess(&pb.ReassessSystemsRequest{RequestId: "one", Full: true}); op.Name == first.Name {
		t.Error("a request id is kept for longer than a day")
	}
}

func (r *runner) operationsOverREST(name string) {
	r.t.Helper()
	code, answer := r.rest("GET", "/v1/"+name, "")
	if code != 200 || answer["done"] != true {
		r.t.Errorf("%d %v", code, answer)
	}
	jsonHas(r.t, answer, `"state":"succeeded"`)
	jsonHas(r.t, answer, `"@type":"type.googleapis.com/plumbline.v1.ReassessSystemsMetadata"`)
	jsonHas(r.t, answer, `"systemsDone":0`)
	jsonHas(r.t, answer, `"systemsFailed":0`)
	code, answer = r.rest("POST", "/v1/systems:reassess", `{"full":true,"requestId":"rest"}`)
	if code != 200 {
		r.t.Errorf("%d %v", code, answer)
	}
	started, _ := answer["name"].(string)
	code, answer = r.rest("POST", "/v1/"+started+":wait", `{"timeout":"20s"}`)
	if code != 200 || answer["done"] != true {
		r.t.Errorf("%d %v", code, answer)
	}
	jsonHas(r.t, answer, `"systemsAssessed":3`)
	code, answer = r.rest("GET", "/v1/operations?filter=done%20%3D%20true&pageSize=1", "")
	if code != 200 {
		r.t.Errorf("%d %v", code, answer)
	}
	jsonHas(r.t, answer, started)
	jsonHas(r.t, answer, "nextPageToken")
	if code, answer = r.rest("POST", "/v1/"+started+":cancel", "{}"); code != 200 {
		r.t.Errorf("%d %v", code, answer)
	}
	if code, answer = r.rest("DELETE", "/v1/"+started, ""); code != 200 {
		r.t.Errorf("%d %v", code, answer)
	}
	if code, answer = r.rest("GET", "/v1/"+started, ""); code != 404 {
		r.t.Errorf("%d %v", code, answer)
	}
	if code, answer = r.rest("POST", "/v1/systems:reassess", `{"everything":true}`); code != 400 {
		r.t.Errorf("%d %v", code, answer)
	}
}

// TestReassessCancel cancels a run in the middle; the next one does the rest.
func TestReassessCancel(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.fleet(3000)
	r.clock.Set(day85)
	op := r.reassess(&pb.ReassessSystemsRequest{})
	waiting := r.reassess(&pb.ReassessSystemsRequest{Full: true})
	if m := r.reached(op, 1); m.EndTime != nil {
		t.Fatal("the run was over before it could be cancelled")
	}
	for _, name := range []string{waiting.Name, op.Name} {
		if _, err := r.runs.CancelOperation(t.Context(), &longrunningpb.CancelOperationRequest{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	_, m := r.ended(waiting)
	counts(t, m, "cancelled", 0, 0, 0, 0)
	op, m = r.ended(op)
	if m.State != "cancelled" || codes.Code(op.GetError().GetCode()) != codes.Canceled || m.SystemsDone >= 1500 || m.SystemsAssessed != m.SystemsChanged {
		t.Errorf("%v: %v", op.GetError(), m)
	}
	if n, _ := r.failing(""); n != int(m.SystemsChanged) {
		t.Errorf("%d systems changed, and %d fail", m.SystemsChanged, n)
	}
	_, rest := r.ended(r.reassess(&pb.ReassessSystemsRequest{}))
	counts(t, rest, "succeeded", 1500-int(m.SystemsChanged), 1500-int(m.SystemsChanged), 1500-int(m.SystemsChanged), 0)
}

// reached waits until a run has done so many systems.
func (r *runner) reached(op *longrunningpb.Operation, done int32) *pb.ReassessSystemsMetadata {
	r.t.Helper()
	for {
		op, err := r.runs.GetOperation(r.t.Context(), &longrunningpb.GetOperationRequest{Name: op.Name})
		if err != nil {
			r.t.Fatal(err)
		}
		if m := metadata(r.t, op); m.SystemsDone >= done || op.Done {
			return m
		}
	}
}

// TestReassessActivation has another version come into force in the middle of a
// run: at the end all systems stand under it.
func TestReassessActivation(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.fleet(2000)
	r.clock.Set(runDay.AddDate(0, 0, 50))
	op := r.reassess(&pb.ReassessSystemsRequest{Full: true})
	m := r.reached(op, 1)
	r.publishPatches("1.1.0", "low", "720h")
	r.past()
	t.Logf("published when %d of 2000 systems were done", m.SystemsDone)
	_, m = r.ended(op)
	if m.State != "succeeded" || m.SystemsDone != 2000 || m.SystemsAssessed != 2000 || m.SystemsFailed != 0 {
		t.Errorf("%v", m)
	}
	if _, err := r.Assessor.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, of := r.failing("1.1.0"); n != 2000 || of != 2000 {
		t.Errorf("%d systems fail, %d stand under the new version", n, of)
	}
	_, m = r.ended(r.reassess(&pb.ReassessSystemsRequest{Full: true}))
	counts(t, m, "succeeded", 2000, 2000, 0, 0)
}

// TestReassessTogether: two runs of the same systems, and submissions to them,
// go beside each other.
func TestReassessTogether(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.fleet(1500)
	r.clock.Set(day85)
	a, b := r.reassess(&pb.ReassessSystemsRequest{Full: true}), r.reassess(&pb.ReassessSystemsRequest{Full: true})
	for i := range 50 {
		v := patchedView(i * 30)
		v.ObservedTime = nil
		v.Inventory.Hosts[0].Os.Name = proto.String("renamed")
		if got := r.submit(v); got.Outcome != "updated" {
			t.Errorf("%v", got)
		}
	}
	_, ma := r.ended(a)
	_, mb := r.ended(b)
	for _, m := range []*pb.ReassessSystemsMetadata{ma, mb} {
		if m.State != "succeeded" || m.SystemsAssessed != 1500 || m.SystemsFailed != 0 {
			t.Errorf("%v", m)
		}
	}
	if n, _ := r.failing(""); n != 750 {
		t.Errorf("%d systems fail", n)
	}
}

// TestReassessMany: no more than a hundred runs wait.
func TestReassessMany(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.fleet(4000)
	var refused error
	for i := 0; i < 150 && refused == nil; i++ {
		_, refused = r.runs.ReassessSystems(t.Context(), &pb.ReassessSystemsRequest{Full: true})
	}
	if status.Code(refused) != codes.ResourceExhausted {
		t.Errorf("got %v", refused)
	}
	list, err := r.runs.ListOperations(t.Context(), &longrunningpb.ListOperationsRequest{Filter: "done = false", PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range list.Operations {
		if _, err := r.runs.CancelOperation(t.Context(), &longrunningpb.CancelOperationRequest{Name: op.Name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range list.Operations {
		r.ended(op)
	}
}
