package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/rollup/fleet"
)

// GetFleet implements HistoryService.
func (s *History) GetFleet(ctx context.Context, req *pb.GetFleetRequest) (*pb.Fleet, error) {
	return fleet.Get(ctx, s.assessor, segment(req.Name, 1))
}

// GetFleetTrend implements HistoryService.
func (s *History) GetFleetTrend(ctx context.Context, req *pb.GetFleetTrendRequest) (*pb.Trend, error) {
	r, err := rangeOf(req.From, req.To, req.Resolution)
	if err != nil {
		return nil, err
	}
	return fleet.Trend(ctx, s.assessor, segment(req.Name, 1), r)
}

// GetRuleTimeline implements HistoryService.
func (s *History) GetRuleTimeline(ctx context.Context, req *pb.GetRuleTimelineRequest) (*pb.RuleTimeline, error) {
	r, err := rangeOf(req.From, req.To, req.Resolution)
	if err != nil {
		return nil, err
	}
	return fleet.RuleTimeline(ctx, s.assessor, segment(req.Name, 1), segment(req.Name, 3), r)
}

// rangeOf reads a range of time.
func rangeOf(from, to *timestamppb.Timestamp, resolution *durationpb.Duration) (r fleet.Range, err error) {
	if err := instants(moment{"from", from, &r.From}, moment{"to", to, &r.To}); err != nil {
		return r, err
	}
	if resolution != nil {
		if err := resolution.CheckValid(); err != nil {
			return r, fault.InvalidField("resolution", "is no valid duration: %v", err)
		}
		if r.Resolution = resolution.AsDuration().Microseconds(); r.Resolution == 0 {
			return r, fault.InvalidField("resolution", "must be more than nothing; leave it out for a day")
		}
	}
	return r, nil
}

// ListFailingRules implements HistoryService.
func (s *History) ListFailingRules(ctx context.Context, req *pb.ListFailingRulesRequest) (*pb.ListFailingRulesResponse, error) {
	rules, err := fleet.Rules(ctx, s.assessor, segment(req.Name, 1))
	return &pb.ListFailingRulesResponse{Rules: rules}, err
}

// ListWorstSystems implements HistoryService.
func (s *History) ListWorstSystems(ctx context.Context, req *pb.ListWorstSystemsRequest) (*pb.ListWorstSystemsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, keys, err := fleet.Worst(ctx, s.assessor, segment(req.Name, 1), cur.After, cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := page.Cut(s.pages, cur, rows, func(*pb.SystemStanding) []byte { return keys[cur.Size-1] })
	return &pb.ListWorstSystemsResponse{Systems: rows, NextPageToken: next}, nil
}
