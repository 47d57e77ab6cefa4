package fleet

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// MaxSpans is how many spans one answer has at the most.
const MaxSpans = 5000

// Range asks for spans of time, in microseconds since 1970 UTC; a To of 0 is now,
// and a Resolution of 0 a day.
type Range struct {
	From, To, Resolution int64
}

// resolve makes the range whole units. The unit that runs now counts whole: what
// holds now is taken to go on to its end.
func (r Range) resolve(unit, now int64) (Range, error) {
	end := rollup.Floor(now, unit) + unit
	if r.Resolution == 0 {
		r.Resolution = rollup.Day
	}
	if r.To == 0 {
		if r.To = end; r.From >= end {
			return r, fault.InvalidField("from", "lies in the future")
		}
	}
	length := (time.Duration(unit) * time.Microsecond).String()
	switch {
	case r.Resolution < 0 || r.Resolution%unit != 0:
		return r, fault.InvalidField("resolution", "must be a multiple of %s, in which these sums are kept", length)
	case r.From < ledger.MinInstant:
		return r, fault.InvalidField("from", "lies before anything that can have been so")
	case r.To > end+estate.MaxAhead:
		return r, fault.InvalidField("to", "lies in the future; leave it out for now")
	case r.From >= r.To:
		return r, fault.InvalidField("to", "is not after from; the range is half-open and would be empty")
	}
	r.From = rollup.Floor(r.From, unit)
	r.To = min(rollup.Floor(r.To-1, unit)+unit, end)
	if n := (r.To - r.From + r.Resolution - 1) / r.Resolution; n > MaxSpans {
		return r, fault.InvalidField("resolution", "makes %d spans; at most %d: ask for longer ones, or for a shorter range", n, MaxSpans)
	}
	return r, nil
}

// after leaves out the spans that begin before an instant, before which nothing
// was counted.
func (r Range) after(since int64) Range {
	if r.From < since {
		r.From += (since - r.From + r.Resolution - 1) / r.Resolution * r.Resolution
	}
	return r
}

// Trend is averages over all systems' series of an id, or over those of a filter.
func Trend(ctx context.Context, e Estate, series, filter string, r Range) (out *pb.Trend, err error) {
	err = read(ctx, e, series, filter, func(x *scope) error {
		r, err := r.resolve(rollup.Hour, x.Now)
		if err != nil {
			return err
		}
		r = r.after(x.since)
		spans := x.sums.Trend(r.From, r.To, r.Resolution)
		severities, areas := kinds(x.sums, spans)
		out = &pb.Trend{Spans: make([]*pb.TrendSpan, len(spans)), CountedSince: timestamp(x.since)}
		for i, x := range spans {
			out.Spans[i] = &pb.TrendSpan{
				StartTime: envelope.Timestamp(x.Start), EndTime: envelope.Timestamp(x.End),
				Score: mean(x, rollup.Score, rollup.Scored), EffectiveScore: mean(x, rollup.Effective, rollup.Scored),
				Coverage: mean(x, rollup.Coverage, rollup.Covered), Scored: rate(x, rollup.Scored),
				Passing: rate(x, state(score.Pass)) + rate(x, state(score.Fixed)),
				Failing: rate(x, state(score.Fail)), Unknown: rate(x, state(score.Unknown)),
				FailingBySeverity: averages(x, severities), FailingByArea: averages(x, areas),
			}
		}
		return nil
	})
	return out, err
}

func state(s score.State) int { return rollup.States + int(s) }

// kind is a severity or an area, and its counter.
type kind struct {
	name    string
	counter int
}

// kinds are the severities, the worst first, and the areas of which there was a
// failure. Every span has the same, so that what is plotted has no holes.
func kinds(s *rollup.Sums, spans []rollup.Span) (severities, areas []kind) {
	add := func(list []kind, name string, counter int) []kind {
		if slices.ContainsFunc(spans, func(x rollup.Span) bool { return x.At(counter) != ledger.Wide{} }) {
			list = append(list, kind{name, counter})
		}
		return list
	}
	for i, name := range slices.Backward(rollup.Severities[:]) {
		severities = add(severities, name, rollup.SeverityCounter(i))
	}
	for i, name := range s.Areas() {
		areas = add(areas, name, rollup.AreaCounter(i))
	}
	slices.SortFunc(areas, func(a, b kind) int { return cmp.Compare(a.name, b.name) })
	return severities, areas
}

// mean is an average of millionths over those that have a value.
func mean(x rollup.Span, sum, n int) *float64 {
	systems := x.At(n)
	if systems == (ledger.Wide{}) {
		return nil
	}
	v := x.At(sum).Float() / systems.Times(1e6).Float()
	return &v
}

// rate is the average of a counter over the span.
func rate(x rollup.Span, counter int) float64 { return x.At(counter).Float() / float64(x.Length()) }

func averages(x rollup.Span, kinds []kind) (out []*pb.AverageBy) {
	for _, k := range kinds {
		out = append(out, &pb.AverageBy{Key: k.name, Value: rate(x, k.counter)})
	}
	return out
}

// RuleTimeline is averages of one rule's results, in all systems or in those of a
// filter.
func RuleTimeline(ctx context.Context, e Estate, series, filter, rule string, r Range) (out *pb.RuleTimeline, err error) {
	err = read(ctx, e, series, filter, func(s *scope) error {
		if !s.sums.HasRule(rule) {
			return fault.NotFound("fleet/"+series+"/rules/"+rule, "no version of the checklist that systems were assessed under has this rule; ListFailingRules lists them")
		}
		r, err := r.resolve(rollup.Day, s.Now)
		if err != nil {
			return err
		}
		r = r.after(s.since)
		out = &pb.RuleTimeline{Rule: rule, CountedSince: timestamp(s.since)}
		for _, x := range s.sums.RuleTrend(rule, r.From, r.To, r.Resolution) {
			out.Spans = append(out.Spans, &pb.RuleSpan{
				StartTime: envelope.Timestamp(x.Start), EndTime: envelope.Timestamp(x.End),
				Failing: rate(x, rollup.Fail), Unknown: rate(x, rollup.Unknown), Passing: rate(x, rollup.Pass),
			})
		}
		return nil
	})
	return out, err
}
