package ledger

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// What is kept by number is mostly asked for many numbers at once that follow
// each other, since they were given at once. One scan then costs less than
// looking for each.

// nearby is how many keys a scan passes over before it looks for the next number.
const nearby = 16

// NamesOf yields the names of numbers, which ascend; those without one are left out.
func (tx *Tx) NamesOf(kind byte, numbers []uint32) iter.Seq2[uint32, string] {
	return func(yield func(uint32, string) bool) {
		for n, v := range tx.numbered([]byte{layout.SpaceName, kind}, numbers) {
			if !yield(n, string(v)) {
				return
			}
		}
	}
}

// HeadsOf yields the heads of numbers, which ascend; those without one are left out.
func (tx *Tx) HeadsOf(space byte, numbers []uint32) iter.Seq2[uint32, []byte] {
	return tx.numbered([]byte{layout.SpaceHead, space}, numbers)
}

// numbered yields the values of the keys of prefix and a number each.
func (tx *Tx) numbered(prefix []byte, numbers []uint32) iter.Seq2[uint32, []byte] {
	return func(yield func(uint32, []byte) bool) {
		for again := true; again && len(numbers) > 0; {
			lo := binary.BigEndian.AppendUint32(slices.Clone(prefix), numbers[0])
			passed := 0
			again = false
			for key, value := range tx.r.Scan(lo, layout.After(slices.Clone(prefix))) {
				if len(key) != len(prefix)+4 {
					tx.fail(layout.Corrupt(key, "no number stands at its end"))
					return
				}
				n := binary.BigEndian.Uint32(key[len(prefix):])
				for len(numbers) > 0 && numbers[0] < n {
					numbers = numbers[1:]
				}
				if len(numbers) == 0 {
					return
				}
				if numbers[0] > n {
					if passed++; passed > nearby {
						again = true
						break
					}
					continue
				}
				v, err := layout.Unseal(key, value)
				if err != nil {
					tx.fail(err)
					return
				}
				numbers, passed = numbers[1:], 0
				if !yield(n, v) {
					return
				}
			}
		}
	}
}
