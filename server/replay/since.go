package replay

import (
	"slices"

	"github.com/plumbline/plumbline/server/guides"
)

// Since is what has happened since a system was last evaluated.
type Since struct {
	TimeAlone  bool  // nothing but time has passed, or guidance has changed
	SameEngine bool  // this engine evaluated the system last
	Seen       int64 // the instant that was evaluated last
	Stale      int64 // until when nothing becomes stale, and no attestation begins or ends
	fresh      bool  // nothing becomes stale, begins or ends at the instant under way
	still      bool  // the inventory at the instant under way is the one of seen
	Moved      bool  // it was not at some instant
}

// look tells whether the inventory stands still up to an instant.
func (n *Since) look(r *Walk, t int64) {
	n.fresh = !r.Late && t < n.Stale
	was, is := r.Guides.At(n.Seen), r.Guides.At(t)
	n.still = n.TimeAlone && t < n.Stale && was.PolicyDigest == is.PolicyDigest && slices.Equal(was.Labels, is.Labels) && r.System.OlderThan(n.Seen)
	n.Moved = n.Moved || !n.still
}

// stood tells whether the state before was made by the same plan. Where the
// inventory stands still, and for less time than that state holds, it was made of
// the same facts too, and is neither packed nor digested again: results of one
// plan over one inventory are the same until the instant that they give, and so
// is what they read. A state that was found ahead of its time does not count: how
// long it holds was not kept.
func (r *Walk) stood(s *Series, as *guides.Assignment) bool {
	return s.Current != nil && !s.Current.Ended && r.Since.SameEngine &&
		s.Current.Version == as.Plan.Checklist().Version() && s.Entry.Effective <= s.Entry.Recorded &&
		r.Guides.At(r.Since.Seen).Series(as.Series, r.System.ID, r.Merged.Inventory.System) == as.Plan
}
