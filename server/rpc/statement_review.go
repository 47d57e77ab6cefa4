package rpc

import (
	"context"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/review"
)

// What a review takes for too broad and for about to expire, where the caller
// does not say.
const (
	defaultBroad    = 50
	defaultExpiring = 30 * 24 * time.Hour
)

// ReviewWaivers implements StatementService.
func (s *Statement) ReviewWaivers(ctx context.Context, req *pb.ReviewWaiversRequest) (*pb.ReviewWaiversResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	o := review.Options{Estate: s.assessor, Broad: int(req.BroadOver), Expiring: defaultExpiring, Now: s.clock().UnixMicro()}
	if o.Broad == 0 {
		o.Broad = defaultBroad
	}
	if req.ExpiringWithin != nil {
		o.Expiring = req.ExpiringWithin.AsDuration()
	}
	after, only := string(cur.After), lastSegment(req.Parent)
	if only == "-" {
		only = ""
	} else if _, err := s.assessor.Statements.Waivers(ctx, only); err != nil {
		return nil, err // there is no such system
	}
	if after == "" && only != "" {
		after = only + "/"
	}
	var out []*pb.WaiverReview
	for len(out) <= cur.Size {
		list, err := s.nextWaivers(ctx, after, only)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		after = waiverKey(list[len(list)-1])
		rows, err := o.Waivers(ctx, list)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	rows, next := cut(s.pages, cur, out, func(x *pb.WaiverReview) string { return waiverKey(x.Waiver) })
	return &pb.ReviewWaiversResponse{Reviews: rows, NextPageToken: next}, nil
}

// waiverKey is a waiver's name as the store orders it.
func waiverKey(w *pb.Waiver) string { return w.Name[len("systems/"):] }

// reviewBatch is how many waivers are read at once.
const reviewBatch = 100

// nextWaivers reads the waivers behind a key that are not revoked, of one system or
// of all.
func (s *Statement) nextWaivers(ctx context.Context, after, only string) (out []*pb.Waiver, err error) {
	err = s.assessor.Statements.All(ctx, after, func(system string, w *pb.Waiver) bool {
		if only != "" && system != only {
			return false
		}
		if w.State != "revoked" {
			out = append(out, w)
		}
		return len(out) < reviewBatch
	})
	return out, err
}
