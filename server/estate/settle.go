package estate

import (
	"sync"

	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
)

// Settle makes a system that was committed into one that was read. raw is its
// head as it was written; nil where it was not.
func (s *System) Settle(raw []byte) {
	if raw != nil {
		s.Raw = raw
	}
	s.Tx, s.Foreign, s.statements = nil, nil, nil
	s.Arena = new(wire.Arena) // the old one would hold what is replaced
	for _, st := range s.Sources {
		st.Track.settle()
	}
	for _, h := range s.Hosts {
		if h.Changed {
			h.Raw, h.Written = h.Written, nil
		}
		h.Changed, h.Joins = false, false
		for _, t := range h.Tracks {
			t.settle()
		}
	}
}

// settle makes staged versions stored ones. Only the newest stays: it is what
// the next plan needs, and the rest can be read.
func (t *Track) settle() {
	for _, v := range t.Versions {
		v.Staged, v.Delta = false, nil
	}
	if len(t.Versions) > 1 {
		t.Versions = t.Versions[:1]
	}
	t.Complete = false
	if v := t.Newest(); v != nil {
		v.Payload = nil // its decoded form is kept
	}
}

// Arenas are memory for systems of which nothing is kept. The zero value is empty.
type Arenas struct {
	free sync.Pool // of *wire.Arena
}

// Take is memory that was used before, for who gives it back.
func (a *Arenas) Take() *wire.Arena {
	if x, ok := a.free.Get().(*wire.Arena); ok {
		return x
	}
	return new(wire.Arena)
}

// Give has memory used again; nothing that was decoded into it may be held.
func (a *Arenas) Give(x *wire.Arena) {
	x.Reset()
	a.free.Put(x)
}

// AdoptHead puts a head that was read anew in the place of the one that the
// last commit may have changed afterwards.
func (s *System) AdoptHead(h *storev1.SystemHead) {
	s.Head = h
	s.Sources = s.Sources[:len(h.Sources)]
	for i, src := range h.Sources {
		st := s.Sources[i]
		st.Head, st.Track.Stream = src, &src.Stream
	}
}
