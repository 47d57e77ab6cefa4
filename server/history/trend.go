package history

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/states"
)

// Limits of a trend.
const (
	MaxSpans           = 5000
	shortestResolution = int64(time.Minute / time.Microsecond)
	usualResolution    = int64(24 * time.Hour / time.Microsecond)
)

// TrendQuery asks for averages of a series. All is microseconds; 0 stands for
// now and for a day.
type TrendQuery struct {
	System, Series    string
	From, To, KnownAt int64
	Resolution        int64
}

// Trend is the averages of a series over spans of time. They are exact: the
// integrals of the step function that history is, each divided by the time
// during which it had a value.
func Trend(ctx context.Context, e Estate, q TrendQuery) (out *pb.Trend, err error) {
	err = e.Timeline(ctx, q.System, q.Series, q.KnownAt, func(t *past.Timeline) error {
		s, err := resolveSpan(t, q.From, q.To)
		if err != nil {
			return err
		}
		resolution, n, err := spansOf(s, q.Resolution)
		if err != nil {
			return err
		}
		w := &trend{t: t, from: s.from, to: s.to, resolution: resolution, sums: make([]sum, n)}
		var held *level
		err = t.Between(ctx, s.from, s.to, func(st *past.Step) error {
			at := max(st.Effective, s.from)
			w.hold(held, at)
			w.at = at
			held, err = w.level(st)
			return err
		})
		if err != nil {
			return err
		}
		w.hold(held, s.to)
		out = w.message()
		return nil
	})
	return out, err
}

// spansOf is the length of spans, and how many there are.
func spansOf(s span, resolution int64) (each int64, n int, err error) {
	if resolution == 0 {
		resolution = usualResolution
	}
	if resolution < shortestResolution {
		return 0, 0, fault.InvalidField("resolution", "is less than a minute")
	}
	spans := (s.to - s.from + resolution - 1) / resolution
	if spans > MaxSpans {
		return 0, 0, fault.InvalidField("resolution", "makes %d spans; at most %d: ask for %v at least, or for a shorter range",
			spans, MaxSpans, (time.Duration((s.to-s.from)/MaxSpans/1e6+1) * time.Second).String())
	}
	return resolution, int(spans), nil
}

// level is what a state adds to an average while it holds; nil is a time
// without a state.
type level struct {
	score, effective, coverage *float64
	pass, fail, unknown        float64
	severities, areas          map[string]float64 // failing results
}

// sum is the integral over one span: values times microseconds.
type sum struct {
	assessed, scored, effectively, covered float64 // microseconds during which there was a value
	level                                          // its numbers
	totalScore, totalEffective, totalCover float64
}

// trend is a trend being added up.
type trend struct {
	t          *past.Timeline
	from, to   int64
	resolution int64
	at         int64 // since when the level under way holds
	sums       []sum
}

func (w *trend) level(s *past.Step) (*level, error) {
	if s.Ended {
		return nil, nil
	}
	plan, err := w.t.Plan(s)
	if err != nil {
		return nil, err
	}
	return levelOf(s, plan)
}

func levelOf(s *past.Step, plan *assess.Plan) (*level, error) {
	c := states.CountsOf(s.Summary.Counts)
	out := &level{
		score: s.Summary.Score, effective: states.EffectiveScore(s.Summary), coverage: s.Summary.Coverage,
		pass: float64(c.Pass), fail: float64(c.Fail), unknown: float64(c.Unknown),
		severities: map[string]float64{}, areas: map[string]float64{},
	}
	if c.Fail == 0 {
		return out, nil
	}
	byRule := make([]float64, len(s.Rules()))
	err := s.Rows(func(r past.Row) {
		if r.State == fail {
			byRule[r.Rule]++
		}
	})
	rules := plan.Checklist().Rules()
	for i, n := range byRule {
		if n > 0 {
			out.severities[plan.Severity(i)] += n
			out.areas[rules[i].Area] += n
		}
	}
	return out, err
}

// hold adds a level from w.at to an instant.
func (w *trend) hold(l *level, until int64) {
	if l == nil {
		return
	}
	for at := w.at; at < until; {
		i := (at - w.from) / w.resolution
		end := min(until, w.from+(i+1)*w.resolution)
		w.sums[i].add(l, float64(end-at))
		at = end
	}
}

func (s *sum) add(l *level, micros float64) {
	s.assessed += micros
	weigh := func(v *float64, total, time *float64) {
		if v != nil {
			*total += *v * micros
			*time += micros
		}
	}
	weigh(l.score, &s.totalScore, &s.scored)
	weigh(l.effective, &s.totalEffective, &s.effectively)
	weigh(l.coverage, &s.totalCover, &s.covered)
	s.pass += l.pass * micros
	s.fail += l.fail * micros
	s.unknown += l.unknown * micros
	if s.severities == nil {
		s.severities, s.areas = map[string]float64{}, map[string]float64{}
	}
	for k, n := range l.severities {
		s.severities[k] += n * micros
	}
	for k, n := range l.areas {
		s.areas[k] += n * micros
	}
}

func (w *trend) message() *pb.Trend {
	// Every span has the same kinds, so that what is plotted has no holes.
	severities, areas := map[string]bool{}, map[string]bool{}
	for i := range w.sums {
		for k := range w.sums[i].severities {
			severities[k] = true
		}
		for k := range w.sums[i].areas {
			areas[k] = true
		}
	}
	bySeverity := slices.SortedFunc(maps.Keys(severities), func(a, b string) int {
		return cmp.Or(cmp.Compare(assess.SeverityRank(b), assess.SeverityRank(a)), cmp.Compare(a, b))
	})
	byArea := slices.Sorted(maps.Keys(areas))
	out := &pb.Trend{}
	for i := range w.sums {
		s := &w.sums[i]
		from := w.from + int64(i)*w.resolution
		to := min(from+w.resolution, w.to)
		out.Spans = append(out.Spans, &pb.TrendSpan{
			StartTime: envelope.Timestamp(from), EndTime: envelope.Timestamp(to),
			Score: mean(s.totalScore, s.scored), EffectiveScore: mean(s.totalEffective, s.effectively), Coverage: mean(s.totalCover, s.covered),
			Scored:  s.scored / float64(to-from),
			Passing: rate(s.pass, s.assessed), Failing: rate(s.fail, s.assessed), Unknown: rate(s.unknown, s.assessed),
			FailingBySeverity: averages(s.severities, bySeverity, s.assessed), FailingByArea: averages(s.areas, byArea, s.assessed),
		})
	}
	return out
}

func averages(totals map[string]float64, keys []string, time float64) (out []*pb.AverageBy) {
	for _, k := range keys {
		out = append(out, &pb.AverageBy{Key: k, Value: rate(totals[k], time)})
	}
	return out
}

// mean is absent where there was no value.
func mean(total, time float64) *float64 {
	if time == 0 {
		return nil
	}
	v := total / time
	return &v
}

func rate(total, time float64) float64 {
	if time == 0 {
		return 0
	}
	return total / time
}
