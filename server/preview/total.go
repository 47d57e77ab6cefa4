package preview

import (
	"cmp"
	"slices"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/states"
)

// maxRenewals is how many statements to renew a summary lists.
const maxRenewals = 1000

// total is all series together.
type total struct {
	checklist     *assess.Checklist
	systems       int32
	series        int32
	changed       int32
	failed        int32
	before, after sums
	changes       map[[2]score.State]int32
	rules         map[string]*pb.RuleFlips
	versions      map[string]int
	version       string // under which most series stand
	carried       int32
	renewals      []*pb.Renewal
	renewalCount  int32
}

// sums add up how series stand.
type sums struct {
	score, effective, coverage mean
	counts                     [score.NumStates]int32
	any                        bool
}

// mean is an average of those that have a value.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v *float64) {
	if v != nil {
		m.sum += *v
		m.n++
	}
}

func (m *mean) value() *float64 {
	if m.n == 0 {
		return nil
	}
	v := m.sum / float64(m.n)
	return &v
}

func newTotal(c *assess.Checklist) *total {
	return &total{checklist: c, changes: map[[2]score.State]int32{}, rules: map[string]*pb.RuleFlips{}, versions: map[string]int{}}
}

// add adds a series.
func (t *total) add(r *result) {
	if r.stored != nil {
		t.before.add(r.stored)
		v := r.row.Before.ChecklistVersion
		if t.versions[v]++; t.versions[v] > t.versions[t.version] {
			t.version = v
		}
	}
	if r.after == nil {
		t.failed++
		return
	}
	t.series++
	t.after.add(states.SummaryOf(r.after))
	if len(r.flips) > 0 {
		t.changed++
	}
	for _, f := range r.flips {
		t.flip(f)
	}
}

func (t *total) flip(f flip) {
	t.changes[[2]score.State{f.before, f.after}]++
	x := t.rules[f.rule]
	if x == nil {
		x = &pb.RuleFlips{Rule: f.rule}
		if i, ok := t.checklist.RuleIndex(f.rule); ok {
			r := t.checklist.Rules()[i]
			x.Title, x.Severity = r.Title, r.Severity
		}
		t.rules[f.rule] = x
	}
	x.Flipped++
	switch {
	case f.after == score.Fail:
		x.NewlyFailing++
	case f.after == score.Unknown:
		x.NewlyUnknown++
	}
	if f.before == score.Fail {
		x.Recovered++
	}
}

func (s *sums) add(m *storev1.StateSummary) {
	s.any = true
	s.score.add(m.Score)
	s.effective.add(states.EffectiveScore(m))
	s.coverage.add(m.Coverage)
	for i, n := range m.Counts {
		s.counts[i] += n
	}
}

// standing is the mean of what was added; nil where nothing was.
func (s *sums) standing(version string) *pb.Standing {
	if !s.any {
		return nil
	}
	return &pb.Standing{
		ChecklistVersion: version, Score: s.score.value(), EffectiveScore: s.effective.value(),
		Coverage: s.coverage.value(), Counts: assess.CountsOf(s.counts),
	}
}

func (t *total) statements(carried int, renewals []*pb.Renewal) {
	t.carried += int32(carried)
	t.renewalCount += int32(len(renewals))
	t.renewals = append(t.renewals, renewals[:min(len(renewals), maxRenewals-len(t.renewals))]...)
}

// summary is the message, the diff left out.
func (t *total) summary() *pb.PreviewSummary {
	out := &pb.PreviewSummary{
		Systems: t.systems, Series: t.series, SeriesChanged: t.changed, SeriesFailed: t.failed,
		Before: t.before.standing(t.version), After: t.after.standing(t.checklist.Version()),
		StatementsCarried: t.carried, Renewals: t.renewals, RenewalCount: t.renewalCount,
	}
	for k, n := range t.changes {
		out.Changes = append(out.Changes, &pb.StateChange{Before: stateName(k[0]), After: stateName(k[1]), Count: n})
	}
	slices.SortFunc(out.Changes, func(a, b *pb.StateChange) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
	})
	for _, r := range t.rules {
		out.Rules = append(out.Rules, r)
	}
	slices.SortFunc(out.Rules, func(a, b *pb.RuleFlips) int {
		return cmp.Or(cmp.Compare(b.Flipped, a.Flipped), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

// nameRemoved gives the rules that the previewed version lacks the title and
// severity that they have in the version before.
func nameRemoved(rules []*pb.RuleFlips, base *assess.Checklist) {
	for _, r := range rules {
		if i, ok := base.RuleIndex(r.Rule); ok && r.Title == "" {
			src := base.Rules()[i]
			r.Title, r.Severity = src.Title, src.Severity
		}
	}
}
