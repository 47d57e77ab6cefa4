package rpc

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/past"
)

// Limits of how many questions a questionnaire has.
const (
	defaultQuestions = 1000
	maxQuestions     = 10_000
)

// GetQuestionnaire implements StatementService.
func (s *Statement) GetQuestionnaire(ctx context.Context, req *pb.GetQuestionnaireRequest) (*pb.Questionnaire, error) {
	system, series := segment(req.Name, 1), segment(req.Name, 3)
	if req.ChecklistVersion == "" {
		st, err := s.assessor.StateAt(ctx, system, series, past.When{})
		if err != nil {
			return nil, err
		}
		return s.questionnaire(req, st.Evaluation), nil
	}
	var out *pb.Questionnaire
	err := s.assessor.LookAt(ctx, []string{system}, func(l *past.Look) error {
		p, err := s.assessor.SeriesPlan(series, req.ChecklistVersion, system, l.Merged.Inventory.System, l.At)
		if f := (*fault.Error)(nil); errors.As(err, &f) {
			return err
		} else if err != nil {
			return guides.PlanFault("", err) // the version lacks the profile, or what the tailoring names
		}
		out = s.questionnaire(req, l.Evaluate(p))
		return nil
	})
	if err == nil && out == nil {
		err = fault.NotFound("systems/"+system, "submit it first, or list what is there with ListSystems")
	}
	return out, err
}

func (s *Statement) questionnaire(req *pb.GetQuestionnaireRequest, ev *assess.Evaluation) *pb.Questionnaire {
	questions := ev.Questionnaire()
	limit := int(min(req.Limit, maxQuestions))
	if limit == 0 {
		limit = defaultQuestions
	}
	return &pb.Questionnaire{
		Name: req.Name, ChecklistVersion: ev.Plan.Checklist().Version(), AsOf: timestamppb.New(s.clock()),
		Questions:      questions[:min(limit, len(questions))],
		UnknownResults: ev.Summary().Counts[score.Unknown], TotalQuestions: int32(len(questions)),
	}
}
