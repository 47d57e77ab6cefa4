package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/diff"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
)

// Guidance serves GuidanceService.
type Guidance struct {
	pb.UnimplementedGuidanceServiceServer
	assessor *assessor.Assessor
	pages    *page.Codec
	clock    func() time.Time
}

// NewGuidance serves an assessor's checklists and assignments.
func NewGuidance(a *assessor.Assessor, pages *page.Codec, clock func() time.Time) *Guidance {
	return &Guidance{assessor: a, pages: pages, clock: clock}
}

// ListChecklists implements GuidanceService.
func (s *Guidance) ListChecklists(_ context.Context, req *pb.ListChecklistsRequest) (*pb.ListChecklistsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	var rows []*pb.ChecklistVersion
	for id, versions := range s.assessor.Checklists() {
		if id > string(cur.After) {
			rows = append(rows, withoutContent(versions[len(versions)-1]))
		}
	}
	slices.SortFunc(rows, func(a, b *pb.ChecklistVersion) int { return strings.Compare(segment(a.Name, 1), segment(b.Name, 1)) })
	rows, next := cut(s.pages, cur, rows, func(v *pb.ChecklistVersion) string { return segment(v.Name, 1) })
	return &pb.ListChecklistsResponse{Checklists: rows, NextPageToken: next}, nil
}

// withoutContent is a version as a list shows it.
func withoutContent(v *pb.ChecklistVersion) *pb.ChecklistVersion {
	return &pb.ChecklistVersion{
		Name: v.Name, Digest: v.Digest, PublishTime: v.PublishTime, Title: v.Title, RuleCount: v.RuleCount, Profiles: v.Profiles,
		State: v.State, StateReason: v.StateReason, StateTime: v.StateTime,
	}
}

// ListChecklistVersions implements GuidanceService.
func (s *Guidance) ListChecklistVersions(_ context.Context, req *pb.ListChecklistVersionsRequest) (*pb.ListChecklistVersionsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	versions := s.assessor.Checklists()[lastSegment(req.Parent)]
	if len(versions) == 0 {
		return nil, fault.NotFound(req.Parent, "list what is there with ListChecklists")
	}
	var rows []*pb.ChecklistVersion
	behind := len(cur.After) == 0
	for _, v := range slices.Backward(versions) {
		if behind {
			rows = append(rows, withoutContent(v))
		}
		behind = behind || lastSegment(v.Name) == string(cur.After)
	}
	rows, next := cut(s.pages, cur, rows, func(v *pb.ChecklistVersion) string { return lastSegment(v.Name) })
	return &pb.ListChecklistVersionsResponse{Versions: rows, NextPageToken: next}, nil
}

// GetChecklistVersion implements GuidanceService.
func (s *Guidance) GetChecklistVersion(_ context.Context, req *pb.GetChecklistVersionRequest) (*pb.ChecklistVersion, error) {
	_, v, err := s.assessor.Checklist(segment(req.Name, 1), segment(req.Name, 3))
	if err != nil {
		return nil, err
	}
	return proto.Clone(v).(*pb.ChecklistVersion), nil
}

// checked is a checklist that a request carries, compiled and tried.
func checked(c *pb.Checklist, yaml string) (*assess.Checklist, []guidance.Diagnostic, error) {
	switch {
	case c == nil && yaml == "":
		return nil, nil, fault.InvalidField("checklist", "is missing; send checklist, or yaml with a guidance file's text")
	case c != nil && yaml != "":
		return nil, nil, fault.InvalidField("yaml", "stands beside checklist; send one of them")
	case yaml != "":
		_, k, found := guidance.Load("request", []byte(yaml))
		return k, found, nil
	}
	k, found := guidance.LoadMessage(c)
	return k, found, nil
}

// LintChecklist implements GuidanceService.
func (s *Guidance) LintChecklist(_ context.Context, req *pb.LintChecklistRequest) (*pb.LintChecklistResponse, error) {
	k, found, err := checked(req.Checklist, req.Yaml)
	if err != nil {
		return nil, err
	}
	out := &pb.LintChecklistResponse{}
	for _, d := range found {
		row := &pb.Diagnostic{Line: int32(d.Line), Column: int32(d.Column), Field: d.Field, Message: d.Message}
		if d.Severity == guidance.Error {
			out.Errors = append(out.Errors, row)
		} else {
			out.Warnings = append(out.Warnings, row)
		}
	}
	if k != nil {
		report := guidance.Test(k)
		out.Digest, out.RuleCount, out.ExamplesPassed = k.Digest().String(), int32(len(k.Rules())), int32(report.Passed)
		out.Errors = append(out.Errors, wrongExamples(report)...)
	}
	return out, nil
}

// wrongExamples are the examples that came out otherwise than they say.
func wrongExamples(r guidance.Report) (out []*pb.Diagnostic) {
	for _, rule := range r.Rules {
		for _, x := range rule.Examples {
			if x.Wrong != "" {
				out = append(out, &pb.Diagnostic{Field: rule.Rule + ".examples", Message: x.Name + ": " + x.Wrong})
			}
		}
	}
	return out
}

// PublishChecklist implements GuidanceService.
func (s *Guidance) PublishChecklist(ctx context.Context, req *pb.PublishChecklistRequest) (*pb.ChecklistVersion, error) {
	k, found, err := checked(req.Checklist, req.Yaml)
	if err != nil {
		return nil, err
	}
	if bad := refused(k, found, req.Checklist != nil); len(bad) > 0 {
		return nil, fault.Invalid(bad[:min(len(bad), 100)]...)
	}
	return s.assessor.Publish(ctx, k, actor(ctx), req.ValidateOnly)
}

// refused is what keeps a checklist from being published: errors of the lint,
// and examples that come out otherwise than they say.
func refused(k *assess.Checklist, found []guidance.Diagnostic, asMessage bool) (bad []fault.Violation) {
	for _, d := range found {
		if d.Severity != guidance.Error {
			continue
		}
		field, text := d.Field, d.Message
		if asMessage {
			field = "checklist." + field
		} else {
			text = fmt.Sprintf("line %d, column %d: %s", d.Line, d.Column, text)
		}
		bad = append(bad, fault.Violation{Field: field, Description: text})
	}
	if k != nil {
		for _, d := range wrongExamples(guidance.Test(k)) {
			bad = append(bad, fault.Violation{Field: d.Field, Description: d.Message})
		}
	}
	if len(bad) == 0 && k == nil {
		bad = []fault.Violation{{Field: "checklist", Description: "cannot be compiled"}}
	}
	return bad
}

// DeprecateChecklistVersion implements GuidanceService.
func (s *Guidance) DeprecateChecklistVersion(ctx context.Context, req *pb.DeprecateChecklistVersionRequest) (*pb.ChecklistVersion, error) {
	v, err := s.assessor.Deprecate(ctx, segment(req.Name, 1), segment(req.Name, 3), req.Reason, actor(ctx))
	if err != nil {
		return nil, err
	}
	return withoutContent(v), nil
}

// WithdrawChecklistVersion implements GuidanceService.
func (s *Guidance) WithdrawChecklistVersion(ctx context.Context, req *pb.WithdrawChecklistVersionRequest) (*pb.ChecklistVersion, error) {
	v, err := s.assessor.Withdraw(ctx, segment(req.Name, 1), segment(req.Name, 3), req.Reason, actor(ctx))
	if err != nil {
		return nil, err
	}
	return withoutContent(v), nil
}

// DiffChecklistVersions implements GuidanceService.
func (s *Guidance) DiffChecklistVersions(_ context.Context, req *pb.DiffChecklistVersionsRequest) (*pb.ChecklistDiff, error) {
	next, err := s.assessor.Compiled(segment(req.Name, 1), segment(req.Name, 3))
	if err != nil {
		return nil, err
	}
	var base *assess.Checklist
	if req.Base == "" {
		base, err = s.assessor.Before(next.ID(), next.Version())
	} else {
		base, err = s.assessor.Compiled(next.ID(), req.Base)
	}
	if err != nil {
		return nil, err
	}
	return diff.Checklists(base, next), nil
}
