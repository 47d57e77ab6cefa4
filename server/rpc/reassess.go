package rpc

import (
	"context"
	"math"
	"strings"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/emptypb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/operations"
	"github.com/plumbline/plumbline/server/page"
)

// Reassess serves ReassessmentService, and google.longrunning.Operations, whose
// methods are the same.
type Reassess struct {
	pb.UnimplementedReassessmentServiceServer
	longrunningpb.UnimplementedOperationsServer
	keeper *operations.Keeper
	pages  *page.Codec
	clock  func() time.Time
}

// NewReassess serves a keeper's runs and calendar.
func NewReassess(k *operations.Keeper, pages *page.Codec, clock func() time.Time) *Reassess {
	return &Reassess{keeper: k, pages: pages, clock: clock}
}

// ReassessSystems implements ReassessmentService.
func (s *Reassess) ReassessSystems(ctx context.Context, req *pb.ReassessSystemsRequest) (*longrunningpb.Operation, error) {
	return s.keeper.Start(ctx, req, actor(ctx))
}

// VerifyAssessments implements ReassessmentService.
func (s *Reassess) VerifyAssessments(ctx context.Context, req *pb.VerifyAssessmentsRequest) (*longrunningpb.Operation, error) {
	return s.keeper.Verify(ctx, req, actor(ctx))
}

// GetOperation implements both services.
func (s *Reassess) GetOperation(ctx context.Context, req *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	return s.keeper.Get(ctx, req.Name)
}

// ListOperations implements both services.
func (s *Reassess) ListOperations(ctx context.Context, req *longrunningpb.ListOperationsRequest) (*longrunningpb.ListOperationsResponse, error) {
	if req.Name != "" && req.Name != "operations" {
		return nil, fault.InvalidField("name", "must be \"operations\", or left out")
	}
	done, err := doneFilter(req.Filter)
	if err != nil {
		return nil, err
	}
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.keeper.List(ctx, done, string(cur.After), cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := cut(s.pages, cur, rows, func(l operations.Listed) string { return l.Key })
	out := &longrunningpb.ListOperationsResponse{NextPageToken: next}
	for _, l := range rows {
		out.Operations = append(out.Operations, l.Operation)
	}
	return out, nil
}

// doneFilter reads a filter of runs; nil is for all of them.
func doneFilter(text string) (*bool, error) {
	yes, no := true, false
	switch strings.ReplaceAll(text, " ", "") {
	case "":
		return nil, nil
	case "done=true", "done":
		return &yes, nil
	case "done=false", "NOTdone", "-done":
		return &no, nil
	}
	return nil, fault.InvalidField("filter", "%q is served by no index; write done = true or done = false", text)
}

// CancelOperation implements both services.
func (s *Reassess) CancelOperation(ctx context.Context, req *longrunningpb.CancelOperationRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.keeper.Cancel(ctx, req.Name, actor(ctx))
}

// WaitOperation implements both services.
func (s *Reassess) WaitOperation(ctx context.Context, req *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	most := time.Duration(math.MaxInt64)
	if req.Timeout != nil {
		if most = req.Timeout.AsDuration(); req.Timeout.CheckValid() != nil || most < 0 {
			return nil, fault.InvalidField("timeout", "must be a duration that is not negative")
		}
	}
	return s.keeper.Wait(ctx, req.Name, most)
}

// DeleteOperation implements both services.
func (s *Reassess) DeleteOperation(ctx context.Context, req *longrunningpb.DeleteOperationRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.keeper.Delete(ctx, req.Name, actor(ctx))
}

// GetCalendar implements ReassessmentService.
func (s *Reassess) GetCalendar(context.Context, *pb.GetCalendarRequest) (*pb.Calendar, error) {
	return s.keeper.Calendar(), nil
}

// UpdateCalendar implements ReassessmentService.
func (s *Reassess) UpdateCalendar(ctx context.Context, req *pb.UpdateCalendarRequest) (*pb.Calendar, error) {
	return s.keeper.SetCalendar(ctx, req.Calendar, actor(ctx))
}
