package ledger

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Sums are roll-ups: vectors of counters by key, to which batches add. A sum
// whose counters are all zero is the same as one that is absent. Wide counters
// are in wide.go.

// sum is a roll-up that the batch has added to.
type sum struct {
	total   []int64
	written bool // total stands in the overlay
}

func sumKey(b []byte, key string) []byte { return append(append(b, layout.SpaceSum), key...) }

// parseSum reads a list of varints.
func parseSum(key, value []byte) ([]int64, error) {
	var total []int64
	for len(value) > 0 {
		v, n := binary.Varint(value)
		if n <= 0 {
			return nil, layout.Corrupt(key, "not a list of counters")
		}
		total = append(total, v)
		value = value[n:]
	}
	return total, nil
}

// Sum returns the counters of key, without those at the end that are zero; nil
// where all are.
func (tx *Tx) Sum(key string) []int64 {
	if key == "" || len(key) > MaxText {
		return nil
	}
	if tx.batch != nil {
		tx.batch.flushSums()
	}
	return tx.storedSum(key)
}

func (tx *Tx) storedSum(key string) []int64 {
	tx.key = sumKey(tx.key[:0], key)
	v, err := tx.get(tx.key)
	if err != nil {
		tx.fail(err)
		return nil
	}
	total, err := parseSum(tx.key, v)
	tx.fail(err)
	return total
}

// Sums yields the counters of the keys that begin with prefix, in bytewise
// order of key.
func (tx *Tx) Sums(prefix string) iter.Seq2[string, []int64] { return tx.SumsFrom(prefix, "") }

// SumsFrom is Sums of the keys whose rest after prefix is from or comes after it.
func (tx *Tx) SumsFrom(prefix, from string) iter.Seq2[string, []int64] {
	return func(yield func(string, []int64) bool) {
		if tx.batch != nil {
			tx.batch.flushSums()
		}
		for key, v := range tx.scanSealed(sumKey(nil, prefix), from) {
			total, err := parseSum(key, v)
			if err != nil {
				tx.fail(err)
				return
			}
			if !yield(string(key[1:]), total) {
				return
			}
		}
	}
}

// Add adds deltas to the counters of key (1 to MaxText bytes), one by one. The
// counters wrap around like int64.
func (b *Batch) Add(key string, deltas []int64) {
	if !b.takesText("the key of a roll-up", key, MaxText) || !slices.ContainsFunc(deltas, func(d int64) bool { return d != 0 }) {
		return
	}
	s := b.sum(key)
	for len(s.total) < len(deltas) {
		s.total = append(s.total, 0)
	}
	for i, d := range deltas {
		s.total[i] += d
	}
	s.written = false
}

// DropSums deletes the counters, wide ones too, of at most most of the keys that
// begin with prefix, and returns of how many: a few at a time, so that nobody
// waits.
func (b *Batch) DropSums(prefix string, most int) int {
	b.flushSums()
	keys := b.firstKeys(sumKey(nil, prefix), most)
	for _, key := range keys {
		b.over.Delete(key)
		delete(b.sums, string(key[1:]))
	}
	return len(keys)
}

// firstKeys are the first keys with a prefix, at most so many.
func (b *Batch) firstKeys(prefix []byte, most int) (out [][]byte) {
	for key := range b.scan(prefix, "") {
		if len(out) == most {
			break
		}
		out = append(out, bytes.Clone(key))
	}
	return out
}

// sum is what the batch has made of a key so far.
func (b *Batch) sum(key string) *sum {
	s := b.sums[key]
	if s == nil {
		s = &sum{total: b.storedSum(key)}
		b.sums[key] = s
	}
	return s
}

// flushSums puts the sums that have changed into the overlay.
func (b *Batch) flushSums() {
	for key, s := range b.sums {
		if s.written {
			continue
		}
		s.written = true
		n := len(s.total)
		for n > 0 && s.total[n-1] == 0 {
			n--
		}
		b.key = sumKey(b.key[:0], key)
		if n == 0 {
			b.over.Delete(b.key)
			continue
		}
		b.tmp = b.tmp[:0]
		for _, v := range s.total[:n] {
			b.tmp = binary.AppendVarint(b.tmp, v)
		}
		b.putSealed(b.key, b.tmp)
	}
}
