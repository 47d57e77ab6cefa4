package rpc

import (
	"runtime"

	"google.golang.org/grpc"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/preview"
)

// Limits of how many flips a preview lists a series.
const (
	defaultFlips = 20
	maxFlips     = 1000
)

// PreviewChecklist implements GuidanceService.
func (s *Guidance) PreviewChecklist(req *pb.PreviewChecklistRequest, stream grpc.ServerStreamingServer[pb.PreviewChecklistResponse]) error {
	k, err := s.previewed(req)
	if err != nil {
		return err
	}
	r := preview.Request{
		Checklist: k, Selector: req.Selector, Profile: req.Profile, Flips: int(min(req.FlipsPerSeries, maxFlips)),
		ChangedOnly: req.ChangedOnly, SummaryOnly: req.SummaryOnly, Workers: runtime.GOMAXPROCS(0), Now: s.clock,
	}
	if r.Flips == 0 {
		r.Flips = defaultFlips
	}
	t, err := s.assessor.Tailoring(req.Tailoring)
	if err != nil {
		return err
	}
	r.Tailoring = t.GetTailoring()
	if req.Profile != "" {
		if _, err := k.Plan(req.Profile, r.Tailoring); err != nil {
			return guides.PlanFault("", err)
		}
	}
	return preview.Run(stream.Context(), s.assessor, r, stream.Send)
}

// previewed is the checklist that a request is about.
func (s *Guidance) previewed(req *pb.PreviewChecklistRequest) (*assess.Checklist, error) {
	if req.ChecklistVersion == "" {
		k, found, err := checked(req.Checklist, req.Yaml)
		if err != nil {
			return nil, err
		}
		if bad := refused(k, found, req.Checklist != nil); len(bad) > 0 {
			return nil, fault.Invalid(bad[:min(len(bad), 100)]...)
		}
		return k, nil
	}
	if req.Checklist != nil || req.Yaml != "" {
		return nil, fault.InvalidField("checklist_version", "stands beside a draft; send one of checklist, yaml and checklist_version")
	}
	return s.assessor.Compiled(segment(req.ChecklistVersion, 1), segment(req.ChecklistVersion, 3))
}
