package ledger

import (
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/wide"
)

// Wide is a whole number of 128 bits.
type Wide = wide.Int

// WideOf is a number as a Wide.
func WideOf(v int64) Wide { return wide.Of(v) }

// Sums of wide counters are stored as those of narrow ones are, two for each:
// the low 64 bits, and what they lack to the high ones as they are extended by
// their sign, which is nothing as long as they suffice.

func halves(w Wide) (lo, hi int64) { return int64(w.Lo), w.Hi - int64(w.Lo)>>63 }

func joined(lo, hi int64) Wide { return Wide{Hi: hi + lo>>63, Lo: uint64(lo)} }

// wides reads counters that stand in halves; the last may lack its second.
func wides(total []int64) []Wide {
	if len(total) == 0 {
		return nil
	}
	out := make([]Wide, 0, (len(total)+1)/2)
	for i := 0; i < len(total); i += 2 {
		hi := int64(0)
		if i+1 < len(total) {
			hi = total[i+1]
		}
		out = append(out, joined(total[i], hi))
	}
	return out
}

// WideSum is Sum of a key to which AddWide added.
func (tx *Tx) WideSum(key string) []Wide { return wides(tx.Sum(key)) }

// WideSums yields the counters of the keys from lo on and before hi, to which
// AddWide added, in bytewise order of key.
func (tx *Tx) WideSums(lo, hi string) iter.Seq2[string, []Wide] {
	return func(yield func(string, []Wide) bool) {
		if tx.batch != nil {
			tx.batch.flushSums()
		}
		if lo >= hi {
			return
		}
		for key, value := range tx.r.Scan(sumKey(nil, lo), sumKey(nil, hi)) {
			v, err := layout.Unseal(key, value)
			var total []int64
			if err == nil {
				total, err = parseSum(key, v)
			}
			if err != nil {
				tx.fail(err)
				return
			}
			if !yield(string(key[1:]), wides(total)) {
				return
			}
		}
	}
}

// AddWide adds deltas to the wide counters of key (1 to MaxText bytes), one by
// one. A key has either wide counters or narrow ones.
func (b *Batch) AddWide(key string, deltas []Wide) {
	n := len(deltas)
	for n > 0 && deltas[n-1] == (Wide{}) {
		n--
	}
	if n == 0 || !b.takesText("the key of a roll-up", key, MaxText) {
		return
	}
	s := b.sum(key)
	for len(s.total) < 2*n {
		s.total = append(s.total, 0)
	}
	for i, d := range deltas[:n] {
		s.total[2*i], s.total[2*i+1] = halves(joined(s.total[2*i], s.total[2*i+1]).Add(d))
	}
	s.written = false
}
