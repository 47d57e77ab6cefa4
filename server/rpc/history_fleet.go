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
	return fleet.Get(ctx, s.assessor, segment(req.Name, 1), req.Filter)
}

// GetFleetTrend implements HistoryService.
func (s *History) GetFleetTrend(ctx context.Context, req *pb.GetFleetTrendRequest) (*pb.Trend, error) {
	r, err := rangeOf(req.From, req.To, req.Resolution)
	if err != nil {
		return nil, err
	}
	return fleet.Trend(ctx, s.assessor, segment(req.Name, 1), req.Filter, r)
}

// GetRuleTimeline implements HistoryService.
func (s *History) GetRuleTimeline(ctx context.Context, req *pb.GetRuleTimelineRequest) (*pb.RuleTimeline, error) {
	r, err := rangeOf(req.From, req.To, req.Resolution)
	if err != nil {
		return nil, err
	}
	return fleet.RuleTimeline(ctx, s.assessor, segment(req.Name, 1), req.Filter, segment(req.Name, 3), r)
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
	var since int64
	if err := instants(moment{"new_since", req.NewSince, &since}); err != nil {
		return nil, err
	}
	if req.NewSince != nil && since == 0 {
		since = -1 // 0 would be a day ago
	}
	return fleet.Rules(ctx, s.assessor, segment(req.Name, 1), req.Filter, since)
}

// ListWorstSystems implements HistoryService.
func (s *History) ListWorstSystems(ctx context.Context, req *pb.ListWorstSystemsRequest) (*pb.ListWorstSystemsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, keys, err := fleet.Worst(ctx, s.assessor, segment(req.Name, 1), req.Filter, cur.After, cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := page.Cut(s.pages, cur, rows, func(*pb.SystemStanding) []byte { return keys[cur.Size-1] })
	return &pb.ListWorstSystemsResponse{Systems: rows, NextPageToken: next}, nil
}

// ListFleetGroups implements HistoryService.
func (s *History) ListFleetGroups(ctx context.Context, req *pb.ListFleetGroupsRequest) (*pb.ListFleetGroupsResponse, error) {
	return fleet.Groups(ctx, s.assessor, segment(req.Name, 1), req.Label)
}

// ListNewResults implements HistoryService.
func (s *History) ListNewResults(ctx context.Context, req *pb.ListNewResultsRequest) (*pb.ListNewResultsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	q := fleet.New{Series: segment(req.Name, 1), State: req.State, Filter: req.Filter, After: cur.After, Rows: cur.Size, Page: cur.At.UnixMicro()}
	if err := instants(moment{"since", req.Since, &q.Since}); err != nil {
		return nil, err
	}
	if req.Since != nil && q.Since == 0 {
		q.Since = -1 // 0 would be a day ago
	}
	out, next, err := fleet.NewResults(ctx, s.assessor, q)
	if err != nil {
		return nil, err
	}
	out.NextPageToken = s.pages.Next(cur, next)
	return out, nil
}

// GetFleetLabels implements HistoryService.
func (s *History) GetFleetLabels(ctx context.Context, _ *pb.GetFleetLabelsRequest) (*pb.FleetLabels, error) {
	out, labels := s.assessor.Labels()
	return out, fleet.Labels(ctx, s.assessor, out, labels)
}

// UpdateFleetLabels implements HistoryService.
func (s *History) UpdateFleetLabels(ctx context.Context, req *pb.UpdateFleetLabelsRequest) (*pb.FleetLabels, error) {
	if err := s.assessor.SetLabels(ctx, req.FleetLabels.Keys, req.FleetLabels.Etag, actor(ctx)); err != nil {
		return nil, err
	}
	return s.GetFleetLabels(ctx, nil)
}
