package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// previewTopic asks what today's advice would change in all systems.
func (s *scene) previewTopic(ctx context.Context) error {
	stream, err := s.demo.client.Guidance().PreviewChecklist(ctx, &pb.PreviewChecklistRequest{
		ChecklistVersion: "checklists/" + demoTopic + "/versions/" + demoTopicNow, SummaryOnly: true,
	})
	if err != nil {
		return err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("preview %s: %w", demoTopic, err)
		}
		if m.GetSummary() != nil {
			s.preview = m.GetSummary()
		}
	}
}

// viewEstate shows how every system stands under every checklist.
func (s *scene) viewEstate(v *render.View) {
	v.Title("All systems")
	var rows [][]string
	for _, sys := range s.estate {
		for _, as := range sys.GetAssessments() {
			parts := strings.Split(cli.ID(as.GetSeries()), "~")
			rows = append(rows, []string{cli.ID(sys.GetName()), parts[0], parts[1], render.Score(as.Score), render.Percent(as.Coverage), cli.Number(as.GetFail()), cli.Number(as.GetUnknown())})
		}
	}
	v.Table([]string{"SYSTEM", "CHECKLIST", "PROFILE", "SCORE", "COVERAGE", "FAIL", "UNKNOWN"}, rows, "no systems")
}

// viewPreview shows what the topic's current version would change.
func (s *scene) viewPreview(v *render.View) {
	p := s.preview
	v.Title("What if: %s, from %s to %s", demoTopic, demoTopicThen, demoTopicNow)
	v.Table([]string{"", "SCORE", "COVERAGE", "PASS", "FAIL", "UNKNOWN"}, [][]string{
		standingRow(demoTopicThen, p.GetBefore()), standingRow(demoTopicNow, p.GetAfter()),
	}, "")
	var rows [][]string
	rules := slices.Clone(p.GetRules())
	slices.SortStableFunc(rules, func(a, b *pb.RuleFlips) int { return int(b.GetNewlyFailing() - a.GetNewlyFailing()) })
	for _, r := range rules[:min(8, len(rules))] {
		rows = append(rows, []string{r.GetRule(), v.Word(r.GetSeverity()), cli.Number(r.GetNewlyFailing()), cli.Number(r.GetRecovered()), cli.Number(r.GetNewlyUnknown()), r.GetTitle()})
	}
	v.Table([]string{"RULE", "SEVERITY", "NEWLY FAILS", "RECOVERS", "NEWLY UNKNOWN", "TITLE"}, rows, "no result would be another")
	if d := p.GetDiff(); d != nil {
		v.Line("%d rules are added, %d removed, %d changed; %d kinds of facts are newly needed. Nothing was recorded.",
			d.GetAdded(), d.GetRemoved(), d.GetChanged(), len(d.GetFactsAdded()))
	}
}

// standingRow is how all series stand together, under a version.
func standingRow(version string, x *pb.Standing) []string {
	c := x.GetCounts()
	return []string{version, render.Score(x.Score), render.Percent(x.Coverage), cli.Number(c.GetPass()), cli.Number(c.GetFail()), cli.Number(c.GetUnknown())}
}
