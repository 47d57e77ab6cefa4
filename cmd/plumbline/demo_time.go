package main

import (
	"context"
	"fmt"
	"time"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// demoAhead is how far the demonstration looks: past the end of a certificate.
const demoAhead = 400 * 24 * time.Hour

// times is what the demonstration tells of the past and the future.
type times struct {
	comparison *pb.Comparison
	timeline   *pb.FindingTimeline
	forecast   *pb.ForecastResponse
}

// readTimes asks what has changed since the first submission and why, how one of
// the results that changed came to stand so, and what will change by itself.
func (s *scene) readTimes(ctx context.Context) error {
	c := s.demo.client.History()
	var err error
	if s.times.comparison, err = c.CompareAssessments(ctx, &pb.CompareAssessmentsRequest{
		Before: &pb.AssessmentRef{Name: demoSeries, AsOf: timestamppb.New(s.earlier())},
		After:  &pb.AssessmentRef{Name: demoSeries},
	}); err != nil {
		return err
	}
	if s.times.forecast, err = c.Forecast(ctx, &pb.ForecastRequest{
		Name: demoSeries, Until: timestamppb.New(s.demo.app.Now().Add(demoAhead)),
	}); err != nil {
		return err
	}
	for _, f := range s.times.comparison.GetFlips() {
		if f.GetBefore() == "" {
			continue
		}
		s.times.timeline, err = c.GetFindingTimeline(ctx, &pb.GetFindingTimelineRequest{Name: demoSeries, Rule: f.GetRule(), Subject: f.GetSubject()})
		return err
	}
	return nil
}

// view shows it.
func (t *times) view(v *render.View) {
	v.Title("What the sources after the first one changed, by cause")
	var rows [][]string
	for _, a := range t.comparison.GetAttribution() {
		if a.GetFlipped() == 0 && a.GetScore() == 0 && a.GetCoverage() == 0 {
			continue
		}
		rows = append(rows, []string{a.GetCause(), signed(a.Score), signed(a.EffectiveScore), cli.Number(a.GetFlipped())})
	}
	v.Table([]string{"CAUSE", "SCORE", "EFFECTIVE", "RESULTS"}, rows, "nothing")
	if x := t.timeline; x != nil {
		v.Title("The timeline of one of these results: %s of %s", x.GetRule(), x.GetSubject())
		rows = nil
		for _, p := range x.GetSpans() {
			rows = append(rows, []string{render.Exact(p.GetStartTime()), cli.Or(p.GetState(), "no result"), p.GetCause()})
		}
		v.Table([]string{"FROM", "STATE", "CAUSE"}, rows, "")
	}
	v.Title("Forecast: what changes if nobody acts")
	rows = nil
	for _, b := range t.forecast.GetBreakpoints() {
		for _, f := range b.GetFlips() {
			rows = append(rows, []string{render.Instant(b.GetEffectiveTime()), b.GetCause(), f.GetRule(), f.GetSubject(), f.GetBefore() + " → " + f.GetAfter()})
		}
	}
	v.Table([]string{"WHEN", "CAUSE", "RULE", "SUBJECT", "STATE"}, rows, "nothing in the next 400 days")
}

// signed is a difference with its sign.
func signed(x *float64) string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%+.1f", *x)
}
