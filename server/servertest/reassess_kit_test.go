package servertest_test

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
)

// patches is a checklist whose result time alone changes, after 90 days.
const patches = `
id: patches
version: %s
title: Patches
description: One rule.
profiles:
- {id: all, title: All}
groups:
- id: hosts
  title: Hosts
  rules:
  - id: patched
    title: Hosts are patched
    area: lifecycle
    severity: %s
    scope: host
    check: host.os.patched_time > now - duration('%s')
    message: "{host.id} was patched on {host.os.patched_time}"
    rationale: What is known to attackers is mended.
    remediation: Patch the host.
`

// runner is a service with runs, a clock and the checklist "patches".
type runner struct {
	*client
	runs  pb.ReassessmentServiceClient
	ops   longrunningpb.OperationsClient
	clock *servertest.Clock
}

var runDay = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func newRunner(t *testing.T, o servertest.Options, clock *servertest.Clock) *runner {
	t.Helper()
	o.Config.Clock = clock.Now
	c := connect(t, servertest.Start(t, o))
	return &runner{client: c, runs: pb.NewReassessmentServiceClient(c.Conn), ops: longrunningpb.NewOperationsClient(c.Conn), clock: clock}
}

// startRunner starts a service whose policy lets facts hold for ten years, so that
// nothing but the rule changes with time.
func startRunner(t *testing.T, o servertest.Options) *runner {
	t.Helper()
	r := newRunner(t, o, servertest.NewClock(runDay))
	r.prepare()
	return r
}

func (r *runner) prepare() {
	r.t.Helper()
	ctx := r.t.Context()
	_, err := r.inventory.UpdatePolicy(ctx, &pb.UpdatePolicyRequest{Policy: &pb.Policy{
		Name: "policy", DefaultFreshness: durationpb.New(3650 * 24 * time.Hour),
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.publishPatches("1.0.0", "high", "2160h")
	if _, err := r.guidance.CreateAssignment(ctx, &pb.CreateAssignmentRequest{
		AssignmentId: "patches", Assignment: &pb.Assignment{Selector: &pb.Selector{}, Checklist: "patches"},
	}); err != nil {
		r.t.Fatal(err, status.Convert(err).Details())
	}
	r.past()
}

// past moves the clock on, so that what was changed is in force: it is so from
// just after what the clock shows.
func (r *runner) past() { r.clock.Set(r.clock.Now().Add(time.Minute)) }

func (r *runner) publishPatches(version, severity, age string) {
	r.t.Helper()
	_, err := r.guidance.PublishChecklist(r.t.Context(), &pb.PublishChecklistRequest{Yaml: fmt.Sprintf(patches, version, severity, age)})
	if err != nil {
		r.t.Fatal(err, status.Convert(err).Details())
	}
}

// fleet submits systems of one host each, patched a day apart from each other
// in turns of ten.
func (r *runner) fleet(n int) {
	r.t.Helper()
	for from := 0; from < n; from += 500 {
		req := &pb.BatchSubmitRequest{}
		for i := from; i < min(from+500, n); i++ {
			req.Items = append(req.Items, &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: patchedView(i)}})
		}
		answer, err := r.inventory.BatchSubmit(r.t.Context(), req)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, x := range answer.Receipts {
			if x.Error != nil {
				r.t.Fatal(x.Error)
			}
		}
	}
}

func fleetID(i int) string { return fmt.Sprintf("s%05d", i) }

// reassess starts a run.
func (r *runner) reassess(req *pb.ReassessSystemsRequest) *longrunningpb.Operation {
	r.t.Helper()
	op, err := r.runs.ReassessSystems(r.t.Context(), req)
	if err != nil {
		r.t.Fatal(err, status.Convert(err).Details())
	}
	return op
}

// ended waits for a run's end.
func (r *runner) ended(op *longrunningpb.Operation) (*longrunningpb.Operation, *pb.ReassessSystemsMetadata) {
	r.t.Helper()
	for !op.Done {
		var err error
		if op, err = r.runs.WaitOperation(r.t.Context(), &longrunningpb.WaitOperationRequest{Name: op.Name}); err != nil {
			r.t.Fatal(err)
		}
	}
	return op, metadata(r.t, op)
}

func metadata(t testing.TB, op *longrunningpb.Operation) *pb.ReassessSystemsMetadata {
	t.Helper()
	m := &pb.ReassessSystemsMetadata{}
	if err := op.Metadata.UnmarshalTo(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func response(t testing.TB, op *longrunningpb.Operation) *pb.ReassessSystemsResponse {
	t.Helper()
	m := &pb.ReassessSystemsResponse{}
	if err := op.GetResponse().UnmarshalTo(m); err != nil {
		t.Fatal(err, op)
	}
	return m
}

// counts checks what a run did.
func counts(t testing.TB, m *pb.ReassessSystemsMetadata, state string, done, assessed, changed, failed int) {
	t.Helper()
	got := [...]int32{m.SystemsDone, m.SystemsAssessed, m.SystemsChanged, m.SystemsFailed}
	if want := [...]int32{int32(done), int32(assessed), int32(changed), int32(failed)}; m.State != state || got != want {
		t.Errorf("%s: done, assessed, changed, failed are %v, want %s %v", m.State, got, state, want)
	}
}

// failing counts the systems whose newest state has a failure, and those of a
// checklist version.
func (r *runner) failing(version string) (failing, of int) {
	r.t.Helper()
	token := ""
	for {
		list, err := r.inventory.ListSystems(r.t.Context(), &pb.ListSystemsRequest{PageSize: 1000, PageToken: token})
		if err != nil {
			r.t.Fatal(err)
		}
		for _, s := range list.Systems {
			for _, a := range s.Assessments {
				if a.Fail > 0 {
					failing++
				}
			}
			if version != "" && r.version(s.Name) == version {
				of++
			}
		}
		if token = list.NextPageToken; token == "" {
			return failing, of
		}
	}
}

func (r *runner) version(system string) string {
	r.t.Helper()
	a, err := r.assessment.GetAssessment(r.t.Context(), &pb.GetAssessmentRequest{Name: system + "/series/patches~all~default"})
	if err != nil {
		r.t.Fatal(err)
	}
	return a.ChecklistVersion
}

// patchedView is system i as the CMDB sees it.
func patchedView(i int) *pb.SubmitInventoryRequest {
	h := host(fleetID(i)+"-h", true)
	h.Os = &pb.OperatingSystem{PatchedTime: timestamppb.New(runDay.AddDate(0, 0, -(i % 10)))}
	v := view(fleetID(i), h)
	v.Inventory.System.Product = proto.String([]string{"even", "odd"}[i%2])
	v.ObservedTime = timestamppb.New(runDay)
	return v
}
