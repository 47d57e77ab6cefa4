package assessor

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// spaceCounters is the heads' space of counters; it is part of the format. Package
// envelope has the others.
const spaceCounters byte = 'n' // 1 → the next free stream

// version is one version of what a source says: from when it holds, until when
// it was confirmed, and the message. It is read from the ledger when asked for.
type version struct {
	entry     ledger.Entry
	effective int64
	confirmed int64 // the last confirmation; the effective instant where there was none
	depth     int
	payload   []byte        // the envelope's bytes, once loaded
	msg       proto.Message // decoded, once loaded
	staged    bool          // not in the ledger yet
	delta     *ledger.Base  // to what a staged version may be a difference
	corrects  *version      // the version of the same instant whose place a staged one took
}

// track is one timeline in memory, newest version first. It begins with the
// newest version, which the heads know, and reads the rest when an earlier
// instant is asked for.
type track struct {
	stream   *uint32 // in its head; 0 until the commit gives it one
	kind     byte
	versions []*version
	complete bool // all versions are in memory
	known    ledger.Seq
	sys      *system // in whose arena views are decoded
}

func (s *system) newTrack(stream *uint32, kind byte) *track {
	return &track{stream: stream, kind: kind, known: s.known, sys: s}
}

// The stored messages of which there are many.
var (
	systemViewType = wire.For[storev1.SystemView]()
	hostViewType   = wire.For[storev1.HostView]()
	hostHeadType   = wire.For[storev1.HostHead]()
)

// encodeView writes what decode reads, for records that are differences.
func encodeView(m proto.Message) []byte {
	if v, ok := m.(*storev1.HostView); ok {
		return envelope.EncodeView(hostViewType, v)
	}
	return envelope.EncodeView(systemViewType, m.(*storev1.SystemView))
}

// decode reads a version's bytes. Views go with the system's arena; states
// outlive it.
func (t *track) decode(b []byte) (proto.Message, error) {
	switch t.kind {
	case envelope.RecordSystemView:
		return envelope.DecodeIn(t.sys.arena, systemViewType, b)
	case envelope.RecordHostView:
		return envelope.DecodeIn(t.sys.arena, hostViewType, b)
	}
	return envelope.Decode[storev1.State](b)
}

// at is the version that holds at an instant; nil before the first.
func (t *track) at(tx *ledger.Tx, instant int64) (*version, error) {
	if v := t.find(instant); v != nil || t.complete {
		return v, nil
	}
	if err := t.loadAll(tx); err != nil {
		return nil, err
	}
	return t.find(instant), nil
}

func (t *track) find(instant int64) *version {
	for _, v := range t.versions {
		if v.effective <= instant {
			return v
		}
	}
	return nil
}

// newest is the version with the greatest effective instant; nil where there
// is none.
func (t *track) newest() *version {
	if len(t.versions) == 0 {
		return nil
	}
	return t.versions[0]
}

// loadAll reads the timeline's index; corrected entries are left out.
func (t *track) loadAll(tx *ledger.Tx) error {
	if t.complete {
		return nil
	}
	t.complete = true
	if *t.stream == 0 {
		return nil
	}
	have := t.versions
	t.versions = nil
	for e := range tx.Entries(*t.stream, ledger.MinInstant, ledger.MaxInstant, t.known) {
		if e.Shadowed {
			continue
		}
		v := &version{entry: e, effective: e.Effective, confirmed: max(e.Confirmed, e.Effective)}
		for _, h := range have {
			if h.entry.Addr == e.Addr {
				h.entry, v = e, h
			}
		}
		t.versions = append(t.versions, v)
	}
	for _, h := range have {
		if h.staged {
			t.insert(h)
		}
	}
	return nil
}

// insert puts a staged version in its place; it shadows one of the same instant.
func (t *track) insert(v *version) {
	i := 0
	for i < len(t.versions) && t.versions[i].effective > v.effective {
		i++
	}
	if i < len(t.versions) && t.versions[i].effective == v.effective {
		if v.corrects = t.versions[i]; v.corrects.staged {
			v.corrects = v.corrects.corrects
		}
		t.versions[i] = v
		return
	}
	t.versions = append(t.versions, nil)
	copy(t.versions[i+1:], t.versions[i:])
	t.versions[i] = v
}

// load decodes a version.
func (t *track) load(tx *ledger.Tx, v *version) (proto.Message, error) {
	if v.msg != nil {
		return v.msg, nil
	}
	r, err := tx.Load(v.entry.Addr)
	if err != nil {
		return nil, err
	}
	if r.Kind != t.kind {
		return nil, fmt.Errorf("%w: record %v is of kind %d where %d is due", ledger.ErrCorrupt, r.Addr, r.Kind, t.kind)
	}
	v.payload, v.depth = r.Payload, r.Depth
	v.msg, err = t.decode(r.Payload)
	return v.msg, err
}

func addressOf(a ledger.Addr, depth int) *storev1.Address {
	return &storev1.Address{Seq: uint64(a.Seq), Slot: uint32(a.Slot), Depth: uint32(depth)}
}

func addrOf(a *storev1.Address) ledger.Addr {
	return ledger.Addr{Seq: ledger.Seq(a.GetSeq()), Slot: uint16(a.GetSlot())}
}
