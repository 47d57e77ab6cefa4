package history_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/history"
	"github.com/plumbline/plumbline/server/past"
)

func (k *kit) trend(from, to time.Time, resolution time.Duration, knownAt time.Time) *pb.Trend {
	k.Helper()
	q := history.TrendQuery{System: "s", Series: series, From: from.UnixMicro(), To: to.UnixMicro(), Resolution: resolution.Microseconds()}
	if !knownAt.IsZero() {
		q.KnownAt = knownAt.UnixMicro()
	}
	out, err := history.Trend(k.t.Context(), k, q)
	k.must(err)
	return out
}

// sample is one instant's state, by rules.
type sample struct {
	score, effective, coverage *float64
	failing, unknown, passing  float64
	severity, area             map[string]float64
	there                      bool
}

// sampled reads the state as of an instant as GetAssessment does.
func (k *kit) sampled(at, knownAt time.Time) (s sample) {
	k.Helper()
	w := past.When{AsOf: at.UnixMicro()}
	if !knownAt.IsZero() {
		w.KnownAt = knownAt.UnixMicro()
	}
	st, err := k.StateAt(k.t.Context(), "s", series, w)
	if fault.Code(err) == codes.NotFound {
		return s
	}
	k.must(err)
	a := st.Assessment()
	s = sample{there: true, coverage: a.Coverage, severity: map[string]float64{}, area: map[string]float64{}}
	s.score, s.effective = a.Raw.Scores[0].Value, a.Effective.Scores[0].Value
	for _, r := range a.Rules {
		s.failing += float64(r.Counts.Fail)
		s.unknown += float64(r.Counts.Unknown)
		s.passing += float64(r.Counts.Pass)
		s.severity[r.Severity] += float64(r.Counts.Fail)
		s.area[r.Area] += float64(r.Counts.Fail)
	}
	return s
}

// average is the mean of values that are there.
type average struct{ sum, n float64 }

func (a *average) add(v *float64) {
	if v != nil {
		a.sum, a.n = a.sum+*v, a.n+1
	}
}

func (a average) is(got *float64) bool {
	if a.n == 0 {
		return got == nil
	}
	return got != nil && math.Abs(*got-a.sum/a.n) < 1e-6
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// check compares a span of a trend with the samples in it, one an hour. Since
// everything changes at whole hours, their mean is the integral.
func check(s *pb.TrendSpan, samples []sample) error {
	var score, effective, coverage average
	var there float64
	var sum sample
	severity, area := map[string]float64{}, map[string]float64{}
	for _, x := range samples {
		score.add(x.score)
		effective.add(x.effective)
		coverage.add(x.coverage)
		if !x.there {
			continue
		}
		there++
		sum.failing, sum.unknown, sum.passing = sum.failing+x.failing, sum.unknown+x.unknown, sum.passing+x.passing
		for k, n := range x.severity {
			severity[k] += n
		}
		for k, n := range x.area {
			area[k] += n
		}
	}
	if !score.is(s.Score) || !effective.is(s.EffectiveScore) || !coverage.is(s.Coverage) || !near(s.Scored, score.n/float64(len(samples))) {
		return fmt.Errorf("scores of %v: sampled %v %v %v", s, score, effective, coverage)
	}
	if there == 0 {
		there = 1
	}
	if !near(s.Failing, sum.failing/there) || !near(s.Unknown, sum.unknown/there) || !near(s.Passing, sum.passing/there) {
		return fmt.Errorf("counts of %v: sampled %+v in %v", s, sum, there)
	}
	for _, x := range []struct {
		list []*pb.AverageBy
		want map[string]float64
	}{{s.FailingBySeverity, severity}, {s.FailingByArea, area}} {
		total := 0.0
		for _, a := range x.list {
			total += a.Value
			if !near(a.Value, x.want[a.Key]/there) {
				return fmt.Errorf("%v of %v: sampled %v in %v", a, s, x.want, there)
			}
		}
		if !near(total, s.Failing) {
			return fmt.Errorf("%v do not add up to %v", x.list, s.Failing)
		}
	}
	return nil
}

// live draws some days of a system: submissions, statements, new versions, and
// late data, all effective at whole hours.
func (k *kit) live(rt *rapid.T, days int) (trace []string) {
	ctx := context.WithoutCancel(k.t.Context())
	k.tick = time.Hour
	k.submit("cmdb", k.now(), estate(rt, 2))
	published := false
	for d := 1; d < days; d++ {
		now := day(d)
		k.set(now)
		k.due()
		what := rapid.SampledFrom([]string{"", "", "submit", "late", "statement", "statement", "revoke", "version"}).Draw(rt, "what")
		trace = append(trace, fmt.Sprintf("day %d: %s", d, what))
		switch what {
		case "submit":
			k.submit("cmdb", now, estate(rt, rapid.IntRange(1, 3).Draw(rt, "hosts")))
		case "late":
			k.submit("scanner", day(rapid.IntRange(0, d).Draw(rt, "of")), estate(rt, 2))
		case "statement":
			k.statement(rt, d, d)
		case "revoke":
			k.revoke(rt)
		case "version":
			if !published {
				k.publish(version2(rt))
				published = true
				k.set(now.Add(k.tick))
			}
			_, err := k.Activate(ctx, &pb.ActivateAssignmentRequest{
				Name: "assignments/all", Version: rapid.SampledFrom([]string{"1.0.0", "2.0.0"}).Draw(rt, "version"),
			}, "test")
			k.must(err)
		}
		k.due()
		// Certificates and statements end an hour after midnight: the scheduler wakes
		// for that on the same day, so that what ended is known to have.
		k.set(now.Add(4 * time.Hour))
		k.due()
	}
	k.set(day(days))
	k.due()
	return trace
}

// TestTrendIsTheIntegral: each average of a trend is the mean of the states at
// all instants, as each is read by itself, late data and corrections included,
// and as known before they came.
func TestTrendIsTheIntegral(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := newKit(t, rt)
		const days = 8
		trace := k.live(rt, days)
		var knownAt time.Time
		to := day(days)
		if rapid.Bool().Draw(rt, "past knowledge") {
			// Between a statement's commit and that of what it changes lies no
			// time to speak of, but at that very instant one is known without the other.
			knownAt = day(rapid.IntRange(2, days).Draw(rt, "known at")).Add(-time.Minute)
			to = knownAt.Truncate(time.Hour)
		}
		hours := rapid.IntRange(1, 60).Draw(rt, "resolution")
		from := day(0).Add(time.Duration(rapid.IntRange(-30, 40).Draw(rt, "from")) * time.Hour)
		got := k.trend(from, to, time.Duration(hours)*time.Hour, knownAt)
		at := from
		for _, s := range got.Spans {
			if !s.StartTime.AsTime().Equal(at) {
				rt.Fatalf("a span begins at %v, want %v", s.StartTime.AsTime(), at)
			}
			var samples []sample
			for ; at.Before(s.EndTime.AsTime()); at = at.Add(time.Hour) {
				// Commits of one instant are recorded microseconds apart.
				samples = append(samples, k.sampled(at.Add(time.Minute), knownAt))
			}
			if err := check(s, samples); err != nil {
				rt.Fatal(err, trace)
			}
		}
		if !at.Equal(to) {
			rt.Fatalf("the spans end at %v, want %v", at, to)
		}
	})
}

func TestTrendRefuses(t *testing.T) {
	k := newKit(t, t)
	k.submit("cmdb", day0, "system: {id: s}\nhosts: [{id: h0}]")
	k.set(day(30))
	for _, c := range []struct {
		from, to   time.Time
		resolution time.Duration
		field      string
	}{
		{day(1), day(1), time.Hour, "to"},
		{day(2), day(1), time.Hour, "to"},
		{day(1), day(31), time.Hour, "to"},
		{day(30), day(30).Add(time.Minute), time.Hour, "from"},
		{day(1), day(2), time.Second, "resolution"},
		{day(1), day(20), time.Minute, "resolution"},
		{day(0).AddDate(-3000, 0, 0), day(1), time.Hour, "resolution"},
	} {
		q := history.TrendQuery{System: "s", Series: series, From: c.from.UnixMicro(), To: c.to.UnixMicro(), Resolution: c.resolution.Microseconds()}
		_, err := history.Trend(t.Context(), k, q)
		wantField(t, err, c.field)
	}
	if got := k.trend(day(1), day(2), 0, time.Time{}); len(got.Spans) != 1 || got.Spans[0].Scored != 1 || got.Spans[0].Coverage == nil {
		t.Errorf("a day: %v", got)
	}
	_, err := history.Trend(t.Context(), k, history.TrendQuery{System: "s", Series: "other~all~default", From: 1})
	if fault.Code(err) != codes.NotFound {
		t.Errorf("another series: %v", err)
	}
}

// wantField checks that an error names one field.
func wantField(t *testing.T, err error, field string) {
	t.Helper()
	f, ok := err.(*fault.Error)
	if !ok || len(f.Violations) != 1 || f.Violations[0].Field != field {
		t.Errorf("%v; want one about %s", err, field)
	}
}
