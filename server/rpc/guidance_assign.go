package rpc

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// CreateAssignment implements GuidanceService.
func (s *Guidance) CreateAssignment(ctx context.Context, req *pb.CreateAssignmentRequest) (*pb.Assignment, error) {
	return s.assessor.Assign(ctx, req.AssignmentId, req.Assignment, actor(ctx))
}

// ListAssignments implements GuidanceService.
func (s *Guidance) ListAssignments(_ context.Context, req *pb.ListAssignmentsRequest) (*pb.ListAssignmentsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	var rows []*pb.Assignment
	for _, a := range s.assessor.Assignments() {
		if lastSegment(a.Name) > string(cur.After) {
			rows = append(rows, a)
		}
	}
	rows, next := cut(s.pages, cur, rows, func(a *pb.Assignment) string { return lastSegment(a.Name) })
	return &pb.ListAssignmentsResponse{Assignments: rows, NextPageToken: next}, nil
}

// GetAssignment implements GuidanceService.
func (s *Guidance) GetAssignment(_ context.Context, req *pb.GetAssignmentRequest) (*pb.Assignment, error) {
	return s.assessor.Assignment(lastSegment(req.Name))
}

// ActivateAssignment implements GuidanceService.
func (s *Guidance) ActivateAssignment(ctx context.Context, req *pb.ActivateAssignmentRequest) (*pb.Assignment, error) {
	return s.assessor.Activate(ctx, req, actor(ctx))
}

// DeleteAssignment implements GuidanceService.
func (s *Guidance) DeleteAssignment(ctx context.Context, req *pb.DeleteAssignmentRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.assessor.Unassign(ctx, lastSegment(req.Name), actor(ctx))
}

// PublishTailoring implements GuidanceService.
func (s *Guidance) PublishTailoring(ctx context.Context, req *pb.PublishTailoringRequest) (*pb.TailoringVersion, error) {
	over, err := s.assessor.Compiled(segment(req.ChecklistVersion, 1), segment(req.ChecklistVersion, 3))
	if err != nil {
		return nil, err
	}
	return s.assessor.PublishTailoring(ctx, req.Tailoring, over, req.Description, actor(ctx), req.ValidateOnly)
}

// withoutTailoring is a version as a list shows it.
func withoutTailoring(v *pb.TailoringVersion) *pb.TailoringVersion {
	out := proto.CloneOf(v)
	out.Tailoring = nil
	return out
}

// ListTailorings implements GuidanceService.
func (s *Guidance) ListTailorings(_ context.Context, req *pb.ListTailoringsRequest) (*pb.ListTailoringsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	var rows []*pb.TailoringVersion
	for id, versions := range s.assessor.Tailorings() {
		if id > string(cur.After) {
			rows = append(rows, withoutTailoring(versions[len(versions)-1]))
		}
	}
	slices.SortFunc(rows, func(a, b *pb.TailoringVersion) int { return strings.Compare(segment(a.Name, 1), segment(b.Name, 1)) })
	rows, next := cut(s.pages, cur, rows, func(v *pb.TailoringVersion) string { return segment(v.Name, 1) })
	return &pb.ListTailoringsResponse{Tailorings: rows, NextPageToken: next}, nil
}

// ListTailoringVersions implements GuidanceService.
func (s *Guidance) ListTailoringVersions(_ context.Context, req *pb.ListTailoringVersionsRequest) (*pb.ListTailoringVersionsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	versions := s.assessor.Tailorings()[lastSegment(req.Parent)]
	if len(versions) == 0 {
		return nil, fault.NotFound(req.Parent, "list what is there with ListTailorings")
	}
	var rows []*pb.TailoringVersion
	behind := len(cur.After) == 0
	for _, v := range slices.Backward(versions) {
		if behind {
			rows = append(rows, withoutTailoring(v))
		}
		behind = behind || lastSegment(v.Name) == string(cur.After)
	}
	rows, next := cut(s.pages, cur, rows, func(v *pb.TailoringVersion) string { return lastSegment(v.Name) })
	return &pb.ListTailoringVersionsResponse{Versions: rows, NextPageToken: next}, nil
}

// GetTailoringVersion implements GuidanceService.
func (s *Guidance) GetTailoringVersion(_ context.Context, req *pb.GetTailoringVersionRequest) (*pb.TailoringVersion, error) {
	v, err := s.assessor.Tailoring(req.Name)
	if err != nil {
		return nil, err
	}
	return proto.CloneOf(v), nil
}
