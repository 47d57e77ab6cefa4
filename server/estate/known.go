package estate

import (
	"slices"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// RetiredAt tells whether the system was retired at an instant, as known at
// another: it is retired at the instant at which that is recorded.
func (s *System) RetiredAt(t, knownAt int64) bool {
	h := s.Head
	for i := 0; i+1 < len(h.Retirements); i += 2 {
		if h.Retirements[i] <= min(t, knownAt) && t < h.Retirements[i+1] {
			return true
		}
	}
	return h.Retired != 0 && min(t, knownAt) >= h.Retired
}

// Loose is a system of no name, through which hosts are read by themselves.
func Loose(tx *ledger.Tx) *System {
	return &System{Tx: tx, Arena: new(wire.Arena), Known: ledger.Latest, Head: &storev1.SystemHead{}, Hosts: map[string]*Host{}}
}

// NotFound says that a system has never been submitted.
func NotFound(system string) error {
	return fault.NotFound("systems/"+system, "submit it first, or list what is there with ListSystems")
}

// MaxAhead is how far an instant that somebody tells may lie ahead, in
// microseconds, since clocks differ.
const MaxAhead = 5 * 60 * 1e6

// Moment is an instant as known at another, in microseconds since 1970 UTC.
type Moment struct {
	At    int64
	Known ledger.Seq
	// KnownAt is the instant of Known; MaxInstant where everything is known.
	KnownAt int64
}

// Stored is a system that is there; NOT_FOUND otherwise.
func Stored(tx *ledger.Tx, id string, known ledger.Seq) (*System, error) {
	s, err := Open(tx, id, known)
	if err != nil {
		return nil, err
	}
	if s.IsNew() {
		return nil, NotFound(id)
	}
	return s, nil
}

// ViewsAt is views for a historical read: heads know what is newest now,
// which is not what was known then, so timelines are read from the index.
func (s *System) ViewsAt(policy *merge.Policy, r Moment) (merge.Input, error) {
	in, err := s.KnownViews(policy, r)
	if err == nil {
		_, err = s.Attested(&in, r.KnownAt)
	}
	return in, err
}

// KnownViews is ViewsAt without what people attested.
func (s *System) KnownViews(policy *merge.Policy, r Moment) (merge.Input, error) {
	if r.Known != ledger.Latest {
		s.knownAt = r.KnownAt
		reload := func(t *Track) error {
			t.Complete, t.known = false, r.Known
			return t.LoadAll(s.Tx)
		}
		for _, st := range s.Sources {
			if err := reload(st.Track); err != nil {
				return merge.Input{}, err
			}
		}
		hosts, err := s.AllHosts()
		if err != nil {
			return merge.Input{}, err
		}
		for _, h := range hosts {
			for _, t := range h.Tracks {
				if err := reload(t); err != nil {
					return merge.Input{}, err
				}
			}
		}
	}
	return s.Views(policy, r.At)
}

// OlderThan tells whether every view was in effect at an instant.
func (s *System) OlderThan(t int64) bool {
	late := func(x *Track) bool { v := x.Newest(); return v != nil && v.Effective > t }
	for _, st := range s.Sources {
		if late(st.Track) {
			return false
		}
	}
	for _, h := range s.Hosts {
		if slices.ContainsFunc(h.Tracks, late) {
			return false
		}
	}
	return true
}

// SaidBy tells whether all that is known of the system was said, and confirmed,
// by an instant, so that it is known in the same way at every later one.
func (s *System) SaidBy(t int64) bool {
	late := func(x *Track) bool { v := x.Newest(); return v != nil && (v.Effective > t || v.Confirmed > t) }
	for _, st := range s.Sources {
		if late(st.Track) {
			return false
		}
	}
	for _, h := range s.Hosts {
		if slices.ContainsFunc(h.Tracks, late) {
			return false
		}
	}
	return len(s.Foreign) == 0
}
