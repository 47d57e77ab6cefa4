package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
)

// Limits of how many questions a questionnaire has.
const (
	defaultQuestions = 1000
	maxQuestions     = 10_000
)

// GetQuestionnaire implements StatementService.
func (s *Statement) GetQuestionnaire(ctx context.Context, req *pb.GetQuestionnaireRequest) (*pb.Questionnaire, error) {
	st, err := s.assessor.StateAt(ctx, segment(req.Name, 1), segment(req.Name, 3), assessor.When{})
	if err != nil {
		return nil, err
	}
	questions := st.Evaluation.Questionnaire()
	limit := int(min(req.Limit, maxQuestions))
	if limit == 0 {
		limit = defaultQuestions
	}
	return &pb.Questionnaire{
		Name: req.Name, ChecklistVersion: st.Stored.Version, AsOf: timestamppb.New(s.clock()),
		Questions:      questions[:min(limit, len(questions))],
		UnknownResults: st.Evaluation.Summary().Counts[score.Unknown], TotalQuestions: int32(len(questions)),
	}, nil
}
