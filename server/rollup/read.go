package rollup

import (
	"iter"
	"slices"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/store/ledger"
)

// Sums are the sums of one series' id over all systems, as a transaction sees
// them.
type Sums struct {
	tx     *ledger.Tx
	number uint32
	names  *storev1.RollUpNames
}

// Open finds the sums of a series' id; nil where no system ever had it.
func Open(tx *ledger.Tx, series string) (*Sums, error) {
	n, ok := tx.Number(nameSeries, series)
	if !ok {
		return nil, nil
	}
	names, err := readNames(tx, series)
	return &Sums{tx: tx, number: n, names: names}, err
}

// Newest are the counters of the newest states.
func (s *Sums) Newest() Counters { return Counters(s.tx.Sum(string(key(tagNewest, s.number)))) }

// Counters are sums by counter.
type Counters []int64

// At is a counter; zero beyond those that there are.
func (c Counters) At(i int) int64 { return at(c, i) }

// Areas are the areas that rules had, in the order of their counters.
func (s *Sums) Areas() []string { return s.names.Areas }

// SeverityCounter is the counter of failing results of a severity.
func SeverityCounter(i int) int { return severities + i }

// AreaCounter is the counter of failing results of an area.
func AreaCounter(i int) int { return areas + i }

// Versions are how many systems stand under each version of the checklist.
func (s *Sums) Versions() map[string]int64 {
	out := map[string]int64{}
	for i, n := range s.tx.Sum(string(key(tagVersions, s.number))) {
		if n != 0 && i < len(s.names.Versions) {
			out[s.names.Versions[i]] = n
		}
	}
	return out
}

// Rule is the results of a rule in the newest states.
type Rule struct {
	ID                                  string
	Pass, Fail, Unknown, FailingSystems int64
}

// Rules are the rules that anything was assessed by.
func (s *Sums) Rules() (out []Rule) {
	total := s.tx.Sum(string(key(tagRules, s.number)))
	for i, id := range s.names.Rules {
		n := i * rulePlaces
		r := Rule{ID: id, Pass: at(total, n+Pass), Fail: at(total, n+Fail), Unknown: at(total, n+Unknown), FailingSystems: at(total, n+FailingSystems)}
		if r.Pass != 0 || r.Fail != 0 || r.Unknown != 0 {
			out = append(out, r)
		}
	}
	return out
}

// HasRule says whether a rule was ever assessed, or could have been.
func (s *Sums) HasRule(id string) bool { return slices.Contains(s.names.Rules, id) }

// Worst yields systems by number with their scores in millionths, the lowest
// first, from a place on.
func (s *Sums) Worst(from ledger.Rank) iter.Seq[ledger.Rank] {
	return s.tx.Ranks(rankScores, s.number, from)
}

// Trend are the integrals of all counters from one instant to another, in spans
// of a length; all three are whole hours.
func (s *Sums) Trend(from, to, step int64) []Span {
	w := &walk{finest: hours, scan: func(sc scale, lo, hi int64) iter.Seq2[int64, []ledger.Wide] {
		return s.buckets(historyKey(s.number, sc, lo), historyKey(s.number, sc, hi))
	}}
	return w.spans(from, to, step)
}

// buckets yields the sums between two keys, which end with a bucket's number.
func (s *Sums) buckets(lo, hi string) iter.Seq2[int64, []ledger.Wide] {
	return func(yield func(int64, []ledger.Wide) bool) {
		for k, v := range s.tx.WideSums(lo, hi) {
			if !yield(bucketOf([]byte(k[len(k)-4:])), v) {
				return
			}
		}
	}
}

// RuleTrend is Trend of a rule's results: whole days, and counters Pass, Fail and
// Unknown.
func (s *Sums) RuleTrend(rule string, from, to, step int64) []Span {
	i := slices.Index(s.names.Rules, rule)
	w := &walk{finest: days, scan: func(sc scale, lo, hi int64) iter.Seq2[int64, []ledger.Wide] {
		if sc == eras {
			return s.buckets(ruleKey(s.number, sc, lo, i), ruleKey(s.number, sc, hi, i))
		}
		return func(yield func(int64, []ledger.Wide) bool) {
			for n := lo; n < hi; n++ {
				if v := s.tx.WideSum(ruleKey(s.number, sc, n, i)); v != nil && !yield(n, v) {
					return
				}
			}
		}
	}}
	return w.spans(from, to, step)
}
