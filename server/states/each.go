package states

import (
	"encoding/binary"

	"github.com/plumbline/plumbline/assess/score"
)

// Each reads packed results, but for whom and by what they are excused;
// false where they are damaged, or of another number of rules.
func Each(b []byte, rules int, f func(rule int, state score.State, waived bool, since int64)) bool {
	u := &unpacker{b: b}
	n := u.uvarint()
	if n > uint64(len(b))/8 {
		return false
	}
	instants := u.take(8 * int(n))
	if u.uvarint() != uint64(rules) {
		return false
	}
	for rule := 0; rule < rules && !u.bad; rule++ {
		for left := u.uvarint(); left > 0 && !u.bad; left-- {
			r := u.row()
			if u.bad || r.since >= n {
				return false
			}
			f(rule, score.State(r.state&15), r.state&rowWaived != 0, int64(binary.BigEndian.Uint64(instants[8*r.since:])))
		}
	}
	return !u.bad && len(u.b) == 0
}
