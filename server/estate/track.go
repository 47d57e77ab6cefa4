package estate

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// SpaceCounters is the heads' space of counters; it is part of the format. Package
// envelope has the others.
const SpaceCounters byte = 'n' // 1 → the next free stream

// Facilities by name, and where they stand. Their values are part of the format.
const (
	NameFacility byte = 'f'
	EdgeFacility byte = 'f' // facility number → system numbers
)

// Version is one version of what a source says: from when it holds, until when
// it was confirmed, and the message. It is read from the ledger when asked for.
type Version struct {
	Entry     ledger.Entry
	Effective int64
	Confirmed int64 // the last confirmation; the effective instant where there was none
	Depth     int
	Payload   []byte        // the envelope's bytes, once loaded
	Msg       proto.Message // decoded, once loaded
	Staged    bool          // not in the ledger yet
	Delta     *ledger.Base  // to what a staged version may be a difference
	Corrects  *Version      // the version of the same instant whose place a staged one took
}

// Track is one timeline in memory, newest version first. It begins with the
// newest version, which the heads know, and reads the rest when an earlier
// instant is asked for.
type Track struct {
	Stream   *uint32 // in its head; 0 until the commit gives it one
	Kind     byte
	Versions []*Version
	Complete bool // all versions are in memory
	known    ledger.Seq
	sys      *System // in whose arena views are decoded
}

// NewTrack is a timeline of records of a kind, of which nothing is in memory yet.
func (s *System) NewTrack(stream *uint32, kind byte) *Track {
	return &Track{Stream: stream, Kind: kind, known: s.Known, sys: s}
}

// The stored messages of which there are many.
var (
	systemViewType = wire.For[storev1.SystemView]()
	hostViewType   = wire.For[storev1.HostView]()
	hostHeadType   = wire.For[storev1.HostHead]()
)

// EncodeView writes what decode reads, for records that are differences.
func EncodeView(m proto.Message) []byte {
	if v, ok := m.(*storev1.HostView); ok {
		return envelope.EncodeView(hostViewType, v)
	}
	return envelope.EncodeView(systemViewType, m.(*storev1.SystemView))
}

// decode reads a version's bytes. Views go with the system's arena; states
// outlive it.
func (t *Track) decode(b []byte) (proto.Message, error) {
	switch t.Kind {
	case envelope.RecordSystemView:
		return envelope.DecodeIn(t.sys.Arena, systemViewType, b)
	case envelope.RecordHostView:
		return envelope.DecodeIn(t.sys.Arena, hostViewType, b)
	}
	return envelope.Decode[storev1.State](b)
}

// At is the version that holds at an instant; nil before the first.
func (t *Track) At(tx *ledger.Tx, instant int64) (*Version, error) {
	if v := t.Find(instant); v != nil || t.Complete {
		return v, nil
	}
	if err := t.LoadAll(tx); err != nil {
		return nil, err
	}
	return t.Find(instant), nil
}

// Find is At among the versions in memory.
func (t *Track) Find(instant int64) *Version {
	for _, v := range t.Versions {
		if v.Effective <= instant {
			return v
		}
	}
	return nil
}

// Newest is the version with the greatest effective instant; nil where there
// is none.
func (t *Track) Newest() *Version {
	if len(t.Versions) == 0 {
		return nil
	}
	return t.Versions[0]
}

// LoadAll reads the timeline's index; corrected entries are left out.
func (t *Track) LoadAll(tx *ledger.Tx) error {
	if t.Complete {
		return nil
	}
	t.Complete = true
	if *t.Stream == 0 {
		return nil
	}
	have := t.Versions
	t.Versions = nil
	for e := range tx.Entries(*t.Stream, ledger.MinInstant, ledger.MaxInstant, t.known) {
		if e.Shadowed {
			continue
		}
		v := &Version{Entry: e, Effective: e.Effective, Confirmed: max(e.Confirmed, e.Effective)}
		for _, h := range have {
			if h.Entry.Addr == e.Addr {
				h.Entry, v = e, h
			}
		}
		t.Versions = append(t.Versions, v)
	}
	for _, h := range have {
		if h.Staged {
			t.Insert(h)
		}
	}
	return nil
}

// Forget lets go of what was decoded, but for what is staged, which lies in nobody's
// arena.
func (t *Track) Forget() {
	for _, v := range t.Versions {
		if !v.Staged {
			v.Msg, v.Payload = nil, nil
		}
	}
}

// Insert puts a staged version in its place; it shadows one of the same instant.
func (t *Track) Insert(v *Version) {
	i := 0
	for i < len(t.Versions) && t.Versions[i].Effective > v.Effective {
		i++
	}
	if i < len(t.Versions) && t.Versions[i].Effective == v.Effective {
		if v.Corrects = t.Versions[i]; v.Corrects.Staged {
			v.Corrects = v.Corrects.Corrects
		}
		t.Versions[i] = v
		return
	}
	t.Versions = append(t.Versions, nil)
	copy(t.Versions[i+1:], t.Versions[i:])
	t.Versions[i] = v
}

// Load decodes a version.
func (t *Track) Load(tx *ledger.Tx, v *Version) (proto.Message, error) {
	if v.Msg != nil {
		return v.Msg, nil
	}
	r, err := tx.Load(v.Entry.Addr)
	if err != nil {
		return nil, err
	}
	if r.Kind != t.Kind {
		return nil, fmt.Errorf("%w: record %v is of kind %d where %d is due", ledger.ErrCorrupt, r.Addr, r.Kind, t.Kind)
	}
	v.Payload, v.Depth = r.Payload, r.Depth
	v.Msg, err = t.decode(r.Payload)
	return v.Msg, err
}

// AddressOf is an address as it is stored.
func AddressOf(a ledger.Addr, depth int) *storev1.Address {
	return &storev1.Address{Seq: uint64(a.Seq), Slot: uint32(a.Slot), Depth: uint32(depth)}
}

// AddrOf is the ledger's address of a stored one; zero for nil.
func AddrOf(a *storev1.Address) ledger.Addr {
	return ledger.Addr{Seq: ledger.Seq(a.GetSeq()), Slot: uint16(a.GetSlot())}
}

// LastConfirmed is Confirmed; 0 for nil.
func (v *Version) LastConfirmed() int64 {
	if v == nil {
		return 0
	}
	return v.Confirmed
}
