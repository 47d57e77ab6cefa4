package servertest_test

import (
	"errors"
	"io"

	"google.golang.org/grpc/status"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// preview is what a preview answered.
type preview struct {
	progress []*pb.PreviewProgress
	rows     map[string]*pb.PreviewSeries // "{system} {series}"
	order    []string
	summary  *pb.PreviewSummary
}

// previewed runs a preview to its end and checks the order of its messages.
func (g *governance) previewed(req *pb.PreviewChecklistRequest) *preview {
	g.t.Helper()
	stream, err := g.guidance.PreviewChecklist(g.t.Context(), req)
	if err != nil {
		g.t.Fatal(err)
	}
	out := &preview{rows: map[string]*pb.PreviewSeries{}}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			g.t.Fatal(err, status.Convert(err).Details())
		}
		out.take(g, m)
	}
	if out.summary == nil {
		g.t.Fatal("there is no summary")
	}
	return out
}

func (p *preview) take(g *governance, m *pb.PreviewChecklistResponse) {
	g.t.Helper()
	if p.summary != nil {
		g.t.Errorf("the summary is not last: %v follows", m)
	}
	if len(p.progress) == 0 && m.GetProgress() == nil {
		g.t.Errorf("the first message is %v", m)
	}
	switch x := m.Message.(type) {
	case *pb.PreviewChecklistResponse_Progress:
		p.progress = append(p.progress, x.Progress)
	case *pb.PreviewChecklistResponse_Series:
		key := x.Series.System + " " + x.Series.Series
		if p.rows[key] != nil {
			g.t.Errorf("%s has two rows", key)
		}
		p.rows[key] = x.Series
		p.order = append(p.order, key)
	case *pb.PreviewChecklistResponse_Summary:
		p.summary = x.Summary
	default:
		g.t.Errorf("an empty message: %v", m)
	}
}
