package retention

import (
	"cmp"
	"slices"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Phases of a pass.
const (
	phaseSystems = iota
	phaseHosts
	phaseBlocks
)

// Bounds of one commit's work.
const (
	stepOwners = 1000 // systems or hosts looked at
	stepDrops  = 1000 // entries that go
	stepBlocks = 64   // blocks written anew
	atOnce     = 500  // entries that go of one timeline; the rest is for the next commit
)

// step is one commit's work of a pass.
type step struct {
	b       *ledger.Batch
	line    *Line
	pass    *storev1.RetentionPassRecord
	pins    pinner
	dropped int
	again   bool // a timeline is not through: its owner is looked at once more
	stirred []string
}

// run does the next part of the pass; it is over where it ends.
func (s *step) run() error {
	s.pins = pinner{tx: s.b.Tx}
	for n := 0; n < stepOwners && s.dropped < stepDrops && s.pass.Phase != phaseBlocks; n++ {
		more, err := s.next()
		if err != nil {
			return err
		}
		if !more {
			s.pass.Phase, s.pass.Cursor = s.pass.Phase+1, ""
		}
	}
	if err := s.stir(); err != nil || s.pass.Phase != phaseBlocks || s.dropped > 0 {
		return err
	}
	swept := s.b.Sweep(stepBlocks)
	s.pass.Freed += swept.Freed
	if swept.Done {
		s.pass.Ended = s.b.Commit().Recorded
	}
	return s.b.Err()
}

// next looks at the system or host after the cursor; false where there is none.
func (s *step) next() (bool, error) {
	kind, look := envelope.NameSystem, s.system
	if s.pass.Phase == phaseHosts {
		kind, look = envelope.NameHost, s.host
	}
	for id, number := range s.b.Names(kind, s.pass.Cursor) {
		s.again = false
		if err := look(id, number); err != nil {
			return false, err
		}
		if !s.again {
			s.pass.Cursor = id
			s.pass.LookedAt++
		}
		return true, s.b.Err()
	}
	return false, s.b.Err()
}

// thin takes what goes out of one timeline, and returns how many entries that
// were, and the base of those to come.
func (s *step) thin(stream uint32, pins []Pin, base *storev1.Address, systemViews bool) (int, *storev1.Address, error) {
	if stream == 0 {
		return 0, base, nil
	}
	gone, err := drops(s.b.Tx, stream, s.line, s.pass.From, pins, systemViews)
	if err != nil || len(gone) == 0 {
		return 0, base, err
	}
	if n := len(gone) - atOnce; n > 0 {
		gone, s.again = gone[n:], true // the oldest
	}
	s.dropped += len(gone)
	was := ledger.Addr{Seq: ledger.Seq(base.GetSeq()), Slot: uint16(base.GetSlot())}
	now := s.b.Thin(stream, gone, was)
	switch {
	case now.IsZero():
		base = nil
	case now != was:
		base = &storev1.Address{Seq: uint64(now.Seq), Slot: uint32(now.Slot)}
	}
	return len(gone), base, s.b.Err()
}

// system thins a system's views and its series.
func (s *step) system(id string, number uint32) error {
	h, _, err := envelope.Head[storev1.SystemHead](s.b.Tx, envelope.SpaceSystem, number)
	if err != nil || h == nil {
		return err
	}
	pins, err := s.pins.of(id)
	if err != nil {
		return err
	}
	total := 0
	for _, e := range h.Series {
		n, err := s.series(e.Stream, pins)
		if err != nil {
			return err
		}
		total += n
		s.pass.States += int64(n)
	}
	views, err := s.views(id, number, h)
	if total += views; total == 0 || err != nil {
		return err
	}
	h.MadeDue++ // whoever has the system in memory reads it anew
	s.b.PutHead(envelope.SpaceSystem, number, envelope.Encode(h))
	return s.b.Err()
}

func (s *step) views(id string, number uint32, h *storev1.SystemHead) (total int, err error) {
	var pins []Pin
	for _, src := range h.Sources {
		// Where nothing goes, nobody asks for the pins of all that share hosts.
		gone, err := drops(s.b.Tx, src.Stream, s.line, s.pass.From, nil, false)
		if err != nil {
			return total, err
		}
		if len(gone) == 0 {
			continue
		}
		if pins == nil {
			near, err := neighbours(s.b.Tx, number, id)
			if err != nil {
				return total, err
			}
			if pins, err = s.pins.all(near); err != nil {
				return total, err
			}
		}
		n, base, err := s.thin(src.Stream, pins, src.Base, true)
		if err != nil {
			return total, err
		}
		src.Base = base
		total += n
		s.pass.Views += int64(n)
	}
	return total, nil
}

// series thins a series' states, and says in its head what is left.
func (s *step) series(stream uint32, pins []Pin) (int, error) {
	n, _, err := s.thin(stream, pins, nil, false)
	if err != nil || n == 0 {
		return n, err
	}
	h, _, err := envelope.Head[storev1.SeriesHead](s.b.Tx, envelope.SpaceSeries, stream)
	if err != nil || h == nil {
		return n, err
	}
	h.Breakpoints -= int32(n)
	if e, ok := s.b.Next(stream, ledger.MinInstant, ledger.Latest); ok {
		h.First = e.Effective
	}
	s.b.PutHead(envelope.SpaceSeries, stream, envelope.Encode(h))
	return n, s.b.Err()
}

// host thins what sources said of a host.
func (s *step) host(_ string, number uint32) error {
	h, _, err := envelope.Head[storev1.HostHead](s.b.Tx, envelope.SpaceHost, number)
	if err != nil || h == nil {
		return err
	}
	total := 0
	for _, src := range h.Sources {
		pins, err := s.pins.all(h.Systems)
		if err != nil {
			return err
		}
		n, base, err := s.thin(src.Stream, pins, src.Base, false)
		if err != nil {
			return err
		}
		src.Base = base
		total += n
	}
	if total == 0 {
		return nil
	}
	s.pass.Views += int64(total)
	s.stirred = append(s.stirred, h.Systems...)
	s.b.PutHead(envelope.SpaceHost, number, envelope.Encode(h))
	return s.b.Err()
}

// stir changes the heads of systems whose hosts were thinned.
func (s *step) stir() error {
	slices.SortFunc(s.stirred, cmp.Compare[string])
	for _, id := range slices.Compact(s.stirred) {
		number, ok := s.b.Number(envelope.NameSystem, id)
		if !ok {
			continue
		}
		h, _, err := envelope.Head[storev1.SystemHead](s.b.Tx, envelope.SpaceSystem, number)
		if err != nil {
			return err
		}
		if h != nil {
			h.MadeDue++
			s.b.PutHead(envelope.SpaceSystem, number, envelope.Encode(h))
		}
	}
	return s.b.Err()
}
