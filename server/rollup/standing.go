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

// Table says where the rules of a checklist version are counted.
type Table struct {
	version  int
	rule     []int32
	area     []int32
	severity []byte // info 0 to critical 4
}

// RuleCount is how many rules the version has.
func (t *Table) RuleCount() int { return len(t.rule) }

// Standing is what one state of one system adds to the sums. Its zero value is
// that of no state.
type Standing struct {
	table    *Table
	severity []byte
	levels   []int64
	rules    []int32 // timePlaces for each rule
}

// millionths is a score or coverage as it is summed up.
func millionths(v float64) int64 { return int64(math.Round(v * 1e6)) }

// Standing begins what a state under the table's version adds. Results are
// added by Count; refined is State.severities.
func (t *Table) Standing(m *storev1.StateSummary, refined []byte) *Standing {
	s := &Standing{table: t, severity: t.refine(refined), levels: make([]int64, areas, areas+8), rules: make([]int32, 0, timePlaces*len(t.rule))}
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

// Count adds a result of a rule, which the checklist's version numbers so.
func (s *Standing) Count(rule int, state score.State) {
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
	case score.Unknown:
	default:
		return
	}
	i := timePlaces*int(s.table.rule[rule]) + place
	s.rules = grown(s.rules, i+1)
	s.rules[i]++
}

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
