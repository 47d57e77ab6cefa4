package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// GetRetention implements AdminService.
func (s *Admin) GetRetention(ctx context.Context, _ *pb.GetRetentionRequest) (*pb.Retention, error) {
	return s.kept.Get(ctx)
}

// UpdateRetention implements AdminService.
func (s *Admin) UpdateRetention(ctx context.Context, req *pb.UpdateRetentionRequest) (*pb.Retention, error) {
	return s.kept.Update(ctx, req, actor(ctx))
}

// RunRetention implements AdminService.
func (s *Admin) RunRetention(ctx context.Context, _ *pb.RunRetentionRequest) (*pb.Retention, error) {
	return s.kept.Begin(ctx, actor(ctx))
}

// CreateHold implements AdminService.
func (s *Admin) CreateHold(ctx context.Context, req *pb.CreateHoldRequest) (*pb.Hold, error) {
	return s.kept.Hold(ctx, req, actor(ctx))
}

// ListHolds implements AdminService.
func (s *Admin) ListHolds(ctx context.Context, req *pb.ListHoldsRequest) (*pb.ListHoldsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.kept.Holds(ctx, string(cur.After), cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := cut(s.pages, cur, rows, func(h *pb.Hold) string { return lastSegment(h.Name) })
	return &pb.ListHoldsResponse{Holds: rows, NextPageToken: next}, nil
}

// DeleteHold implements AdminService.
func (s *Admin) DeleteHold(ctx context.Context, req *pb.DeleteHoldRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.kept.Release(ctx, lastSegment(req.Name), actor(ctx))
}
