package servertest_test

import (
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
	"github.com/plumbline/plumbline/server/verify"
)

// verification starts a verification.
func (r *runner) verification(req *pb.VerifyAssessmentsRequest) *longrunningpb.Operation {
	r.t.Helper()
	op, err := r.runs.VerifyAssessments(r.t.Context(), req)
	if err != nil {
		r.t.Fatal(err)
	}
	return op
}

// verdict waits for a verification's end.
func (r *runner) verdict(op *longrunningpb.Operation) (*pb.VerifyAssessmentsMetadata, *pb.VerifyAssessmentsResponse) {
	r.t.Helper()
	for !op.Done {
		var err error
		if op, err = r.runs.WaitOperation(r.t.Context(), &longrunningpb.WaitOperationRequest{Name: op.Name}); err != nil {
			r.t.Fatal(err)
		}
	}
	answer := &pb.VerifyAssessmentsResponse{}
	if op.GetResponse() != nil {
		if err := op.GetResponse().UnmarshalTo(answer); err != nil {
			r.t.Fatal(err)
		}
	}
	return verifying(r.t, op), answer
}

func verifying(t testing.TB, op *longrunningpb.Operation) *pb.VerifyAssessmentsMetadata {
	t.Helper()
	m := &pb.VerifyAssessmentsMetadata{}
	if err := op.Metadata.UnmarshalTo(m); err != nil {
		t.Fatal(err)
	}
	return m
}

// asked is what a verification of this process gives as the call would.
func (r *runner) asked(o verify.Options) *pb.VerifyAssessmentsResponse {
	r.t.Helper()
	o.Clock = time.Now
	rep, err := verify.Run(r.t.Context(), r.Assessor, o)
	if err != nil {
		r.t.Fatal(err)
	}
	out := &pb.VerifyAssessmentsResponse{EngineVersion: r.Assessor.EngineVersion()}
	rep.AddTo(out)
	return out
}

// TestVerifyCall: a verification over gRPC and REST says what one beside the
// store says, and is an operation like others.
func TestVerifyCall(t *testing.T) {
	y := newYear(t, 3)
	y.play(60)
	r := &runner{client: y.client, runs: pb.NewReassessmentServiceClient(y.Conn), ops: longrunningpb.NewOperationsClient(y.Conn), clock: y.clock}
	for _, c := range []struct {
		req *pb.VerifyAssessmentsRequest
		o   verify.Options
	}{
		{&pb.VerifyAssessmentsRequest{}, verify.Options{}},
		{&pb.VerifyAssessmentsRequest{Systems: []string{"s2", "s", "s2"}, Series: []string{"gov~some~default"}}, verify.Options{Systems: []string{"s", "s2"}, Series: []string{"gov~some~default"}}},
		{&pb.VerifyAssessmentsRequest{Sample: 20, Seed: 9}, verify.Options{Sample: 20, Seed: 9}},
		{&pb.VerifyAssessmentsRequest{Recorded: true}, verify.Options{Recorded: true}},
	} {
		m, got := r.verdict(r.verification(c.req))
		want := r.asked(c.o)
		if !proto.Equal(got, want) || got.States == 0 || got.DifferenceCount != 0 {
			t.Errorf("%v found\n%v, want\n%v", c.req, got, want)
		}
		if m.State != "succeeded" || m.SystemsDone != got.Systems || m.SystemsTotal != got.Systems || m.StatesDone != got.States || m.EndTime == nil || m.Actor != "local" {
			t.Errorf("%v", m)
		}
	}
	first := r.verification(&pb.VerifyAssessmentsRequest{RequestId: "one"})
	if again := r.verification(&pb.VerifyAssessmentsRequest{RequestId: "one"}); again.Name != first.Name {
		t.Errorf("the request id made %s and %s", first.Name, again.Name)
	}
	r.verdict(first)
	ctx := t.Context()
	_, err := r.runs.VerifyAssessments(ctx, &pb.VerifyAssessmentsRequest{RequestId: "one", Recorded: true})
	refusal(t, err, codes.InvalidArgument, "request_id")
	_, err = r.runs.ReassessSystems(ctx, &pb.ReassessSystemsRequest{RequestId: "one"})
	refusal(t, err, codes.InvalidArgument, "request_id")
	_, err = r.runs.VerifyAssessments(ctx, &pb.VerifyAssessmentsRequest{Systems: []string{"s", "nowhere"}})
	refusal(t, err, codes.NotFound, "")
	_, err = r.runs.VerifyAssessments(ctx, &pb.VerifyAssessmentsRequest{Sample: -1})
	refusal(t, err, codes.InvalidArgument, "sample")
	_, err = r.runs.VerifyAssessments(ctx, &pb.VerifyAssessmentsRequest{Systems: make([]string, 1001)})
	refusal(t, err, codes.InvalidArgument, "systems")

	code, answer := r.rest("POST", "/v1/systems:verify", `{"systems":["s"],"recorded":true}`)
	name, _ := answer["name"].(string)
	if code != 200 {
		t.Fatal(code, answer)
	}
	if code, answer = r.rest("POST", "/v1/"+name+":wait", `{}`); code != 200 {
		t.Fatal(code, answer)
	}
	jsonHas(t, answer, `"@type":"type.googleapis.com/plumbline.v1.VerifyAssessmentsResponse"`)
	jsonHas(t, answer, `"differenceCount":0`) // zero counts are written, also in an operation
	list, err := r.runs.ListOperations(ctx, &longrunningpb.ListOperationsRequest{Filter: "done = true"})
	if err != nil || len(list.Operations) != 6 {
		t.Errorf("%d operations are listed: %v", len(list.GetOperations()), err)
	}
	if _, err := r.runs.DeleteOperation(ctx, &longrunningpb.DeleteOperationRequest{Name: first.Name}); err != nil {
		t.Error(err)
	}
}

// TestVerifyCallNamesWhatIsWrong: differences are in the answer, and damage that
// cannot be read ends nothing.
func TestVerifyCallNamesWhatIsWrong(t *testing.T) {
	path, _ := stopped(t)
	rewrite(t, path, []byte("s3-b"), func(b []byte) { b[3] = 'c' })
	r := newRunner(t, servertest.Options{Path: path, NoScheduler: true}, servertest.NewClock(day0.AddDate(2, 0, 0)))
	r.harmed = true
	m, got := r.verdict(r.verification(&pb.VerifyAssessmentsRequest{}))
	if want := r.asked(verify.Options{}); !proto.Equal(got, want) || m.State != "succeeded" || m.DifferenceCount != got.DifferenceCount {
		t.Errorf("%v found\n%v, want\n%v", m, got, want)
	}
	if len(got.Differences) == 0 || int(got.DifferenceCount) < len(got.Differences) {
		t.Fatalf("%v", got)
	}
	if d := got.Differences[0]; d.System != "s3" || d.Kind == "" || d.Series == "" || d.EffectiveTime == nil || d.Detail == "" {
		t.Errorf("%v", d)
	}
}

// far waits until a verification has kept something, and says how far it is.
func (r *runner) far(op *longrunningpb.Operation) *pb.VerifyAssessmentsMetadata {
	r.t.Helper()
	for {
		op, err := r.runs.GetOperation(r.t.Context(), &longrunningpb.GetOperationRequest{Name: op.Name})
		if err != nil {
			r.t.Fatal(err)
		}
		if m := verifying(r.t, op); m.SystemsDone > 512 || op.Done {
			return m
		}
	}
}

// TestVerifyCallRestart stops the service in the middle of a verification: it goes
// on, and finds what it finds without that. Others go on beside it, and it can be
// cancelled in the middle.
func TestVerifyCallRestart(t *testing.T) {
	const n = 4000
	r := startRunner(t, servertest.Options{NoScheduler: true})
	r.fleet(n)
	op := r.verification(&pb.VerifyAssessmentsRequest{Sample: n / 2, Seed: 5})
	if m := r.far(op); m.EndTime != nil {
		t.Fatal("it was over before the service could be stopped")
	}
	r.Stop()
	again := newRunner(t, servertest.Options{Path: r.Path, NoScheduler: true}, r.clock)
	run := again.reassess(&pb.ReassessSystemsRequest{Full: true})
	m, got := again.verdict(op)
	if want := again.asked(verify.Options{Sample: n / 2, Seed: 5}); !proto.Equal(got, want) || m.SystemsDone != n || m.StatesTotal < n/2 || m.StatesTotal == n {
		t.Errorf("%v\nfound %v, want %v", m, got, want)
	}
	if _, m := again.ended(run); m.State != "succeeded" {
		t.Errorf("a run beside it: %v", m)
	}

	op = again.verification(&pb.VerifyAssessmentsRequest{})
	again.far(op)
	waiting := again.verification(&pb.VerifyAssessmentsRequest{Recorded: true})
	for _, x := range []string{waiting.Name, op.Name} {
		if _, err := again.runs.CancelOperation(t.Context(), &longrunningpb.CancelOperationRequest{Name: x}); err != nil {
			t.Fatal(err)
		}
	}
	if m, _ := again.verdict(waiting); m.State != "cancelled" || m.SystemsDone != 0 {
		t.Errorf("%v", m)
	}
	if m, _ := again.verdict(op); m.State != "cancelled" || m.SystemsDone >= n {
		t.Errorf("%v", m)
	}
}

// TestVerifyCalendar: the calendar starts verifications, in which a blackout is a
// pause, and refuses entries that assess and verify.
func TestVerifyCalendar(t *testing.T) {
	r := startRunner(t, servertest.Options{NoScheduler: true})
	r.fleet(20)
	both := &pb.Calendar{Runs: []*pb.ScheduledRun{{Id: "audit", Cron: "0 3 * * *", Request: &pb.ReassessSystemsRequest{}, Verify: &pb.VerifyAssessmentsRequest{RequestId: "x"}}}}
	_, err := r.runs.UpdateCalendar(t.Context(), &pb.UpdateCalendarRequest{Calendar: both})
	refusal(t, err, codes.InvalidArgument, "calendar.runs[0].verify")
	both.Runs[0].Request, both.Runs[0].Verify.RequestId = nil, ""
	both.Runs[0].Verify.Sample = 10
	r.setCalendar(both)
	r.clock.Set(runDay.AddDate(0, 0, 1).Add(4 * time.Hour))
	if _, err := r.Runs.Schedule(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := r.runs.ListOperations(t.Context(), &longrunningpb.ListOperationsRequest{})
	if err != nil || len(list.Operations) != 1 {
		t.Fatal(list, err)
	}
	m, got := r.verdict(list.Operations[0])
	if m.ScheduledRun != "audit" || m.Actor != "calendar" || m.State != "succeeded" || got.DifferenceCount != 0 || got.Systems != 20 || got.States >= 20 {
		t.Errorf("%v found %v", m, got)
	}
}
