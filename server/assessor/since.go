package assessor

import (
	"slices"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/waive"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/guides"
)

// since is what has happened since a system was last evaluated.
type since struct {
	timeAlone  bool  // nothing but time has passed, or guidance has changed
	sameEngine bool  // this engine evaluated the system last
	seen       int64 // the instant that was evaluated last
	stale      int64 // until when nothing becomes stale, and no attestation begins or ends
	fresh      bool  // nothing becomes stale, begins or ends at the instant under way
	still      bool  // the inventory at the instant under way is the one of seen
	moved      bool  // it was not at some instant
}

// look tells whether the inventory stands still up to an instant.
func (n *since) look(r *replay, t int64) {
	n.fresh = !r.late && t < n.stale
	was, is := r.guides.At(n.seen), r.guides.At(t)
	n.still = n.timeAlone && t < n.stale && was.PolicyDigest == is.PolicyDigest && slices.Equal(was.Labels, is.Labels) && r.sys.olderThan(n.seen)
	n.moved = n.moved || !n.still
}

// olderThan tells whether every view was in effect at an instant.
func (s *system) olderThan(t int64) bool {
	late := func(x *track) bool { v := x.newest(); return v != nil && v.effective > t }
	for _, st := range s.sources {
		if late(st.track) {
			return false
		}
	}
	for _, h := range s.hosts {
		if slices.ContainsFunc(h.tracks, late) {
			return false
		}
	}
	return true
}

// saidBy tells whether all that is known of the system was said, and confirmed,
// by an instant, so that it is known in the same way at every later one.
func (s *system) saidBy(t int64) bool {
	late := func(x *track) bool { v := x.newest(); return v != nil && (v.effective > t || v.confirmed > t) }
	for _, st := range s.sources {
		if late(st.track) {
			return false
		}
	}
	for _, h := range s.hosts {
		if slices.ContainsFunc(h.tracks, late) {
			return false
		}
	}
	return len(s.foreign) == 0
}

// timeAlone tells whether nothing but time has passed, or guidance changed,
// since the system was last evaluated.
func (p *plan) timeAlone() bool {
	h := p.sys.head
	if len(p.results) > 0 || p.changed || h.ReplayFrom != 0 || h.Attested || h.Latest == 0 || len(h.InventoryDigest) == 0 {
		return false
	}
	for _, cause := range p.touched {
		if cause != causeDerived {
			return false
		}
	}
	return true
}

// stood tells whether the state before was made by the same plan. Where the
// inventory stands still, and for less time than that state holds, it was made of
// the same facts too, and is neither packed nor digested again: results of one
// plan over one inventory are the same until the instant that they give, and so
// is what they read. A state that was found ahead of its time does not count: how
// long it holds was not kept.
func (r *replay) stood(s *seriesState, as *guides.Assignment) bool {
	return s.current != nil && !s.current.Ended && r.since.sameEngine &&
		s.current.Version == as.Plan.Checklist().Version() && s.entry.Effective <= s.entry.Recorded &&
		r.guides.At(r.since.seen).Series(as.Series, r.sys.id, r.merged.Inventory.System) == as.Plan
}

// stands tells whether an evaluation has just the results that a state has. They
// must be of the same plan over the same inventory, so that subjects need not be
// named: it is enough that each has one number in the state, and keeps it.
func stands(ev *assess.Evaluation, st *storev1.State) bool {
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
