package rollup

import (
	"encoding/binary"
	"math"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
)

// Counters of the sums over all systems. Their order is part of the format.
const (
	Systems   = iota // that have the series
	Scored           // that have a score
	Score            // in millionths, as all that follow of its kind
	Effective        // effective scores
	Covered          // systems that have a coverage
	Coverage
	States     // results, one counter a score.State
	severities = States + score.NumStates
	areas      = severities + severityCount
)

const severityCount = 5

// Severities are the names of severities, in the order of their counters.
var Severities = [severityCount]string{"info", "low", "medium", "high", "critical"}

// Places of a rule's results.
const (
	Pass = iota
	Fail
	Unknown
	FailingSystems // among the newest sums alone
	rulePlaces
	timePlaces = FailingSystems
)

// Places of a rule's results by when they began.
const (
	BegunFailing = iota
	BegunUnknown
	begunPlaces
)

// Table says where the rules of a checklist version are counted.
type Table struct {
	version  int
	rule     []int32
	area     []int32
	severity []byte // info 0 to critical 4
}

// Standing is what one state of one system adds to the sums. Its zero value is
// that of no state.
type Standing struct {
	table    *Table
	severity []byte
	levels   []int64
	rules    []int32 // timePlaces for each rule
	begun    []began // of each result that fails or is unknown, in their order
	newest   [begunPlaces]int64
	labels   []byte   // State.labels, until groups are made of them
	groups   []*tally // that the system is in
}

// began says of a result when it began to stand so.
type began struct{ hour, place int32 }

// millionths is a score or coverage as it is summed up.
func millionths(v float64) int64 { return int64(math.Round(v * 1e6)) }

// RuleCount is how many rules the version has.
func (t *Table) RuleCount() int { return len(t.rule) }

// Standing begins what a state under the table's version adds. Results are
// added by Count.
func (t *Table) Standing(st *storev1.State) *Standing {
	s := &Standing{
		table: t, severity: t.refine(st.Severities), labels: st.Labels, newest: [begunPlaces]int64{math.MinInt64, math.MinInt64},
		levels: make([]int64, areas, areas+8), rules: make([]int32, 0, timePlaces*len(t.rule)),
	}
	m := st.Summary
	s.levels[Systems] = 1
	if m.Score != nil {
		effective := m.Score
		if m.EffectiveScore != nil {
			effective = m.EffectiveScore
		}
		s.levels[Scored], s.levels[Score], s.levels[Effective] = 1, millionths(*m.Score), millionths(*effective)
	}
	if m.Coverage != nil {
		s.levels[Covered], s.levels[Coverage] = 1, millionths(*m.Coverage)
	}
	for i, n := range m.Counts {
		if i < score.NumStates {
			s.levels[States+i] = int64(n)
		}
	}
	return s
}

// refine is the severity of each rule.
func (t *Table) refine(refined []byte) []byte {
	if len(refined) == 0 {
		return t.severity
	}
	out := append([]byte(nil), t.severity...)
	for len(refined) > 0 {
		rule, n := binary.Uvarint(refined)
		if n <= 0 || n == len(refined) {
			break
		}
		if rank := refined[n]; rule < uint64(len(out)) && rank >= 1 && rank <= severityCount {
			out[rule] = rank - 1
		}
		refined = refined[n+1:]
	}
	return out
}

// Refined is State.severities of a plan: what it gives rules instead of their own
// severity.
func Refined(p *assess.Plan) (out []byte) {
	c := p.Checklist()
	for i := range c.RuleCount() {
		if s := p.Severity(i); s != c.Rule(i).Severity {
			out = append(binary.AppendUvarint(out, uint64(i)), byte(assess.SeverityRank(s)))
		}
	}
	return out
}

// SeveritiesOf are the severities of a version's rules under which a state was
// evaluated.
func SeveritiesOf(c *assess.Checklist, st *storev1.State) []string {
	own := &Table{}
	for i := range c.RuleCount() {
		own.severity = append(own.severity, byte(max(assess.SeverityRank(c.Rule(i).Severity)-1, 0)))
	}
	out := make([]string, len(own.severity))
	for i, n := range own.refine(st.Severities) {
		out[i] = Severities[n]
	}
	return out
}

// Count adds a result of a rule, which the checklist's version numbers so, and
// which has stood so since an instant. An accepted failure is one, but no news.
func (s *Standing) Count(rule int, state score.State, waived bool, since int64) {
	place := Unknown
	switch state {
	case score.Pass, score.Fixed:
		place = Pass
	case score.Fail:
		place = Fail
		s.levels[severities+int(s.severity[rule])]++
		i := areas + int(s.table.area[rule])
		s.levels = grown(s.levels, i+1)
		s.levels[i]++
		if !waived {
			s.begin(rule, BegunFailing, since)
		}
	case score.Unknown:
		s.begin(rule, BegunUnknown, since)
	default:
		return
	}
	i := timePlaces*int(s.table.rule[rule]) + place
	s.rules = grown(s.rules, i+1)
	s.rules[i]++
}

func (s *Standing) begin(rule, place int, since int64) {
	s.begun = append(s.begun, began{hour: int32(hours.bucket(since)), place: begunPlaces*s.table.rule[rule] + int32(place)})
	s.newest[place] = max(s.newest[place], since)
}

// rankLists are the ordered lists, with the value by which a standing has its
// place in each; false where it has none.
var rankLists = [...]struct {
	kind  byte
	value func(*Standing) (uint32, bool)
}{
	{rankScores, func(s *Standing) (uint32, bool) {
		return uint32(min(max(at(s.levels, Score), 0), 1<<32-1)), at(s.levels, Scored) != 0
	}},
	{rankFailing, func(s *Standing) (uint32, bool) { return s.latest(BegunFailing) }},
	{rankUnknown, func(s *Standing) (uint32, bool) { return s.latest(BegunUnknown) }},
}

func (s *Standing) latest(place int) (uint32, bool) {
	if s.table == nil || s.newest[place] == math.MinInt64 {
		return 0, false
	}
	return latestFirst(s.newest[place]), true
}

// latestFirst orders instants in microseconds by whole seconds from 1970 to 2106,
// the latest first.
func latestFirst(t int64) uint32 { return ^uint32(min(max(floorDiv(t, 1e6), 0), 1<<32-1)) }

// grown is a list of n numbers at least.
func grown[T any](list []T, n int) []T {
	for len(list) < n {
		var zero T
		list = append(list, zero)
	}
	return list
}

// at is a number of a list that goes on with zeros.
func at[T any](list []T, i int) (v T) {
	if i < len(list) {
		v = list[i]
	}
	return v
}
