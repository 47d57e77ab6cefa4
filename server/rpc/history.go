package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/history"
	"github.com/plumbline/plumbline/server/page"
)

// History serves HistoryService.
type History struct {
	pb.UnimplementedHistoryServiceServer
	assessor *assessor.Assessor
	pages    *page.Codec
	clock    func() time.Time
}

// NewHistory serves an assessor's histories.
func NewHistory(a *assessor.Assessor, pages *page.Codec, clock func() time.Time) *History {
	return &History{assessor: a, pages: pages, clock: clock}
}

// moment is a field of a request that is an instant; 0 stands for one that
// is absent.
type moment struct {
	field string
	t     *timestamppb.Timestamp
	to    *int64
}

func instants(list ...moment) error {
	for _, x := range list {
		if x.t == nil {
			continue
		}
		if err := x.t.CheckValid(); err != nil {
			return fault.InvalidField(x.field, "is no valid time: %v", err)
		}
		*x.to = x.t.AsTime().UnixMicro()
	}
	return nil
}

// GetFindingTimeline implements HistoryService.
func (s *History) GetFindingTimeline(ctx context.Context, req *pb.GetFindingTimelineRequest) (*pb.FindingTimeline, error) {
	q := history.FindingQuery{System: segment(req.Name, 1), Series: segment(req.Name, 3), Rule: req.Rule, Subject: req.Subject}
	if err := instants(moment{"from", req.From, &q.From}, moment{"to", req.To, &q.To}, moment{"known_at", req.KnownAt, &q.KnownAt}); err != nil {
		return nil, err
	}
	out, err := history.Finding(ctx, s.assessor, q)
	if err == nil {
		out.ThinnedBefore = s.assessor.Wall.MarkFrom(req.From)
	}
	return out, err
}

// GetTrend implements HistoryService.
func (s *History) GetTrend(ctx context.Context, req *pb.GetTrendRequest) (*pb.Trend, error) {
	q := history.TrendQuery{System: segment(req.Name, 1), Series: segment(req.Name, 3)}
	if err := instants(moment{"from", req.From, &q.From}, moment{"to", req.To, &q.To}, moment{"known_at", req.KnownAt, &q.KnownAt}); err != nil {
		return nil, err
	}
	if req.Resolution != nil {
		if err := req.Resolution.CheckValid(); err != nil {
			return nil, fault.InvalidField("resolution", "is no valid duration: %v", err)
		}
		q.Resolution = max(req.Resolution.AsDuration().Microseconds(), 1)
	}
	out, err := history.Trend(ctx, s.assessor, q)
	if err == nil {
		out.ThinnedBefore = s.assessor.Wall.MarkFrom(req.From)
	}
	return out, err
}

// mostFlips bounds the flips that are listed a breakpoint of a forecast.
const mostFlips = 1000

// Forecast implements HistoryService.
func (s *History) Forecast(ctx context.Context, req *pb.ForecastRequest) (*pb.ForecastResponse, error) {
	q := history.ForecastQuery{
		System: segment(req.Name, 1), Series: segment(req.Name, 3), Now: s.clock().UnixMicro(), Flips: rowsOr(req.FlipsPerBreakpoint, 100, mostFlips),
	}
	if err := instants(moment{"until", req.Until, &q.Until}); err != nil {
		return nil, err
	}
	return history.Forecast(ctx, s.assessor, q)
}

// mostCompared bounds the flips that a comparison lists.
const mostCompared = 10_000

// CompareAssessments implements HistoryService.
func (s *History) CompareAssessments(ctx context.Context, req *pb.CompareAssessmentsRequest) (*pb.Comparison, error) {
	var refs [2]history.Ref
	for i, x := range []*pb.AssessmentRef{req.Before, req.After} {
		r := history.Ref{System: segment(x.Name, 1), Series: segment(x.Name, 3), Version: x.ChecklistVersion}
		field := []string{"before.", "after."}[i]
		if err := instants(moment{field + "as_of", x.AsOf, &r.When.AsOf}, moment{field + "known_at", x.KnownAt, &r.When.KnownAt}); err != nil {
			return nil, err
		}
		refs[i] = r
	}
	out, err := history.Compare(ctx, s.assessor, refs[0], refs[1], rowsOr(req.Limit, 100, mostCompared))
	if err == nil {
		out.ThinnedBefore = s.assessor.Wall.MarkAt(req.Before.AsOf, req.Before.KnownAt, req.After.AsOf, req.After.KnownAt)
	}
	return out, err
}

// rowsOr is how many rows to list: what is asked for, or what is usual.
func rowsOr(asked int32, usual, most int) int {
	if asked == 0 {
		return usual
	}
	return min(int(asked), most)
}
