package live

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Preview asks for a preview of a draft over all systems, reads the answer to
// its end, and returns the summary. Unless rows are left out there must be one
// of each system.
func (s *Service) Preview(ctx context.Context, draft *pb.Checklist, withRows bool) (took Took, sum *pb.PreviewSummary, err error) {
	took, err = timed(func() error {
		sum, err = s.preview(ctx, draft, withRows)
		return err
	})
	return took, sum, err
}

func (s *Service) preview(ctx context.Context, draft *pb.Checklist, withRows bool) (*pb.PreviewSummary, error) {
	stream, err := s.guidance.PreviewChecklist(ctx, &pb.PreviewChecklistRequest{Checklist: draft, SummaryOnly: !withRows})
	if err != nil {
		return nil, err
	}
	rows := 0
	var sum *pb.PreviewSummary
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if m.GetSeries() != nil {
			rows++
		}
		if m.GetSummary() != nil {
			sum = proto.CloneOf(m.GetSummary())
		}
	}
	switch {
	case sum == nil:
		return nil, errors.New("the preview ended without a summary")
	case int(sum.Series) != s.Systems || sum.SeriesFailed != 0:
		return nil, fmt.Errorf("%d series of %d systems were previewed, %d not", sum.Series, s.Systems, sum.SeriesFailed)
	case withRows && rows != s.Systems:
		return nil, fmt.Errorf("%d rows of %d systems", rows, s.Systems)
	case sum.SeriesChanged == 0:
		return nil, errors.New("the draft changes nothing")
	}
	return sum, nil
}
