package preview

import (
	"slices"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/score"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/states"
)

// result is one series previewed, as a row and as what the totals count.
type result struct {
	row    *pb.PreviewSeries
	flips  []flip
	stored *storev1.StateSummary // nil where the series is not assessed
	after  *assess.Summary
}

type flip struct {
	rule, subject string
	before, after score.State
}

type planKey struct {
	profile   string
	tailoring digest.Digest
}

type planned struct {
	plan *assess.Plan
	err  error
}

// plan is the previewed version under a profile and a tailoring, made once.
func (w *walk) plan(t target) (*assess.Plan, error) {
	key := planKey{profile: t.profile}
	if t.tailoring != nil {
		key.tailoring = digest.Of(t.tailoring)
	}
	w.planning.Lock()
	defer w.planning.Unlock()
	p, ok := w.plans[key]
	if !ok {
		p.plan, p.err = w.req.Checklist.Plan(t.profile, t.tailoring)
		w.plans[key] = p
	}
	return p.plan, p.err
}

// series previews one series.
func (w *walk) series(l *past.Look, t target) (*result, error) {
	r := &result{row: &pb.PreviewSeries{System: l.System, Series: t.series}}
	stored, err := l.Stored(t.series)
	if err != nil {
		return nil, err
	}
	if stored != nil {
		r.stored = stored.Summary
		r.row.Before = standing(stored.Version, stored.Summary)
	}
	plan, err := w.plan(t)
	if err != nil {
		r.row.Error = err.Error()
		return r, nil
	}
	ev := l.Evaluate(plan)
	r.after = ev.Summary()
	r.row.After = standing(w.req.Checklist.Version(), states.SummaryOf(r.after))
	stored.Compare(ev, func(rule, subject string, before, after score.State) {
		r.flips = append(r.flips, flip{rule, subject, before, after})
	})
	r.row.Flipped = int32(len(r.flips))
	r.row.Flips = listed(r.flips, w.req.Flips)
	return r, nil
}

// listed are the first flips: new failures, then new unknowns, then the rest.
func listed(flips []flip, n int) []*pb.Flip {
	if n == 0 || len(flips) == 0 {
		return nil
	}
	order := slices.Clone(flips)
	slices.SortStableFunc(order, func(a, b flip) int { return urgency(a.after) - urgency(b.after) })
	out := make([]*pb.Flip, 0, min(n, len(order)))
	for _, f := range order[:min(n, len(order))] {
		out = append(out, &pb.Flip{Rule: f.rule, Subject: f.subject, Before: stateName(f.before), After: stateName(f.after)})
	}
	return out
}

func urgency(s score.State) int {
	switch s {
	case score.Fail, score.Error:
		return 0
	case score.Unknown:
		return 1
	}
	return 2
}

// stateName is a state's word; "" where there is no result.
func stateName(s score.State) string {
	if s == score.Unset {
		return ""
	}
	return s.String()
}

// standing is how a series stands.
func standing(version string, m *storev1.StateSummary) *pb.Standing {
	return &pb.Standing{
		ChecklistVersion: version, Score: m.Score, EffectiveScore: states.EffectiveScore(m), Coverage: m.Coverage,
		Counts: states.CountsOf(m.Counts),
	}
}
