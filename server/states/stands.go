package states

import (
	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/waive"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
)

// Stands tells whether an evaluation has just the results that a state has. They
// must be of the same plan over the same inventory, so that subjects need not be
// named: it is enough that each has one number in the state, and keeps it.
func Stands(ev *assess.Evaluation, st *storev1.State) bool {
	u := &unpacker{b: st.Results}
	if n := u.uvarint(); n <= uint64(len(u.b))/8 {
		u.take(int(8 * n)) // since when
	}
	if int(u.uvarint()) != ev.Plan.Checklist().RuleCount() {
		return false
	}
	numbers := make([]uint64, len(ev.Subjects))
	rule, left := -1, uint64(0)
	for i := range ev.Results {
		r := &ev.Results[i]
		for left == 0 && rule < int(r.Rule) && !u.bad {
			rule, left = rule+1, u.uvarint()
		}
		if left == 0 || rule != int(r.Rule) || u.bad {
			return false
		}
		left--
		packed := u.row()
		was := byte(r.State)
		if w := ev.WaiverOf(r); w != nil {
			was |= rowWaived | rowNamed
			if n := packed.waiver; n == 0 || n > uint64(len(st.Waivers)) || st.Waivers[n-1] != waive.ID(w) {
				return false
			}
		}
		if packed.state != was || packed.exception != byte(r.Exception+1) || (packed.subject == 0) != (r.Subject < 0) {
			return false
		}
		if packed.subject != 0 {
			if n := &numbers[r.Subject]; *n == 0 {
				*n = packed.subject
			} else if *n != packed.subject {
				return false
			}
		}
	}
	for left == 0 && len(u.b) > 0 && !u.bad {
		left = u.uvarint()
	}
	return left == 0 && !u.bad
}
