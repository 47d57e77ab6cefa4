package rpc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plumbline/plumbline/assess/merge/intake"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/filter"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/store/ledger"
)

// Assessment serves AssessmentService.
type Assessment struct {
	pb.UnimplementedAssessmentServiceServer
	assessor *assessor.Assessor
	pages    *page.Codec
	clock    func() time.Time
}

// NewAssessment serves an assessor's states.
func NewAssessment(a *assessor.Assessor, pages *page.Codec, clock func() time.Time) *Assessment {
	return &Assessment{assessor: a, pages: pages, clock: clock}
}

// AssessInventory implements AssessmentService.
func (s *Assessment) AssessInventory(ctx context.Context, req *pb.AssessInventoryRequest) (*pb.AssessInventoryResponse, error) {
	k, _, err := s.assessor.Checklist(segment(req.ChecklistVersion, 1), segment(req.ChecklistVersion, 3))
	if err != nil {
		return nil, err
	}
	plan, err := s.assessor.Plan(k, req.Profile, req.Tailoring)
	if err != nil {
		return nil, fault.InvalidField("profile", "%v", err)
	}
	var bad []fault.Violation
	for _, x := range intake.Validate(req.Inventory) {
		bad = append(bad, fault.Violation{Field: "inventory." + x.Path, Description: x.Message, Reason: x.Reason})
	}
	if len(bad) > 0 {
		return nil, fault.Invalid(bad...)
	}
	intake.Normalize(req.Inventory)
	w, err := when(req.AsOf, nil)
	if err != nil {
		return nil, err
	}
	if w.AsOf == 0 {
		w.AsOf = s.clock().UnixMicro()
	}
	ev := plan.EvaluateInventory(req.Inventory, req.Claims, req.Waivers, w.AsOf)
	return &pb.AssessInventoryResponse{Assessment: ev.Assessment(), Findings: ev.Findings()}, nil
}

// ListSeries implements AssessmentService.
func (s *Assessment) ListSeries(ctx context.Context, req *pb.ListSeriesRequest) (*pb.ListSeriesResponse, error) {
	series, err := s.assessor.SeriesOf(ctx, lastSegment(req.Parent))
	return &pb.ListSeriesResponse{Series: series}, err
}

// GetAssessment implements AssessmentService.
func (s *Assessment) GetAssessment(ctx context.Context, req *pb.GetAssessmentRequest) (*pb.Assessment, error) {
	w, err := when(req.AsOf, req.KnownAt)
	if err != nil {
		return nil, err
	}
	st, err := s.assessor.StateAt(ctx, segment(req.Name, 1), segment(req.Name, 3), w)
	if err != nil {
		return nil, err
	}
	out := st.Assessment()
	out.ThinnedBefore = s.assessor.Wall.MarkAt(req.AsOf, req.KnownAt)
	return out, nil
}

// ListBreakpoints implements AssessmentService.
func (s *Assessment) ListBreakpoints(ctx context.Context, req *pb.ListBreakpointsRequest) (*pb.ListBreakpointsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	q := past.Breakpoints{
		System: segment(req.Parent, 1), Series: segment(req.Parent, 3), Corrected: req.ShowCorrected, Limit: cur.Size + 1,
	}
	w, err := whenOfPage(nil, req.KnownAt, cur)
	if err != nil {
		return nil, err
	}
	q.KnownAt = w.KnownAt
	if span, err := when(req.From, req.To); err != nil {
		return nil, err
	} else if q.From, q.To = span.AsOf, span.KnownAt; q.To != 0 && q.From >= q.To {
		return nil, fault.InvalidField("to", "is not after from; the range is half-open and would be empty")
	}
	if len(cur.After) > 0 {
		if q.After, err = parseEntry(string(cur.After)); err != nil {
			return nil, err
		}
	}
	rows, entries, err := s.assessor.Breakpoints(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &pb.ListBreakpointsResponse{Breakpoints: rows, ThinnedBefore: s.assessor.Wall.MarkFrom(req.From)}
	if len(rows) > cur.Size {
		out.Breakpoints = rows[:cur.Size]
		e := entries[cur.Size-1]
		out.NextPageToken = s.pages.Next(cur, []byte(fmt.Sprintf("%d/%d/%d", e.Effective, e.Addr.Seq, e.Addr.Slot)))
	}
	return out, nil
}

// parseEntry reads the key of a breakpoint in a page token.
func parseEntry(key string) (ledger.Entry, error) {
	var e ledger.Entry
	var seq uint64
	if _, err := fmt.Sscanf(key, "%d/%d/%d", &e.Effective, &seq, &e.Addr.Slot); err != nil {
		return e, fault.InvalidField("page_token", "is damaged; start again without it")
	}
	e.Addr.Seq = ledger.Seq(seq)
	return e, nil
}

// ListFindings implements AssessmentService.
func (s *Assessment) ListFindings(ctx context.Context, req *pb.ListFindingsRequest) (*pb.ListFindingsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	keep, err := filter.Findings(req.Filter)
	if err != nil {
		return nil, err
	}
	w, err := whenOfPage(req.AsOf, req.KnownAt, cur)
	if err != nil {
		return nil, err
	}
	system := lastSegment(req.Parent)
	series, err := s.assessor.SeriesOf(ctx, system)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(series, func(a, b *pb.Series) int { return strings.Compare(lastSegment(a.Name), lastSegment(b.Name)) })
	var out []*pb.Finding
	for _, x := range series {
		id, after, rule, subject := lastSegment(x.Name), "", "", ""
		if len(cur.After) > 0 {
			after, rule, subject = findingPlace(string(cur.After))
		}
		switch {
		case id < after || len(out) > cur.Size:
			continue
		case id > after:
			rule, subject = "", ""
		}
		st, err := s.assessor.StateAt(ctx, system, id, w)
		if notThere(err) {
			continue // it has no state at that instant
		}
		if err != nil {
			return nil, err
		}
		for f := range st.FindingsAfter(rule, subject) {
			ok, err := keep(f)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if out = append(out, f); len(out) > cur.Size {
				break
			}
		}
	}
	out, next := cut(s.pages, cur, out, findingKey)
	return &pb.ListFindingsResponse{Findings: out, NextPageToken: next, ThinnedBefore: s.assessor.Wall.MarkAt(req.AsOf, req.KnownAt)}, nil
}

// findingKey is a finding's place in the order of all: by series, rule and subject.
func findingKey(f *pb.Finding) string { return f.Series + "\x00" + f.Rule + "\x00" + f.Subject }

func findingPlace(key string) (series, rule, subject string) {
	series, rest, _ := strings.Cut(key, "\x00")
	rule, subject, _ = strings.Cut(rest, "\x00")
	return series, rule, subject
}

func notThere(err error) bool {
	return err != nil && fault.Status(err, "").Code().String() == "NotFound"
}

// ListFixes implements AssessmentService.
func (s *Assessment) ListFixes(ctx context.Context, req *pb.ListFixesRequest) (*pb.ListFixesResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	w, err := whenOfPage(req.AsOf, req.KnownAt, cur)
	if err != nil {
		return nil, err
	}
	st, err := s.assessor.StateAt(ctx, segment(req.Parent, 1), segment(req.Parent, 3), w)
	if err != nil {
		return nil, err
	}
	fixes := st.Evaluation.Fixes()
	from := 0
	if len(cur.After) > 0 {
		from, _ = strconv.Atoi(string(cur.After))
	}
	fixes = fixes[min(max(from, 0), len(fixes)):]
	out := &pb.ListFixesResponse{Fixes: fixes, ThinnedBefore: s.assessor.Wall.MarkAt(req.AsOf, req.KnownAt)}
	if len(fixes) > cur.Size {
		out.Fixes = fixes[:cur.Size]
		out.NextPageToken = s.pages.Next(cur, []byte(strconv.Itoa(from+cur.Size)))
	}
	return out, nil
}

// ExplainResult implements AssessmentService.
func (s *Assessment) ExplainResult(ctx context.Context, req *pb.ExplainResultRequest) (*pb.Explanation, error) {
	w, err := when(req.AsOf, req.KnownAt)
	if err != nil {
		return nil, err
	}
	st, err := s.assessor.StateAt(ctx, segment(req.Name, 1), segment(req.Name, 3), w)
	if err != nil {
		return nil, err
	}
	out, err := st.Explain(req.Rule, req.Subject)
	if err != nil {
		return nil, err
	}
	out.ThinnedBefore = s.assessor.Wall.MarkAt(req.AsOf, req.KnownAt)
	return out, nil
}
