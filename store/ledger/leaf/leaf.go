package leaf

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Most is how many entries a leaf has at most: a timeline is cut into leaves, each
// one value. One key for each entry would be simpler and cost three times the bytes: a key
// repeats the stream, and a B-tree adds as much again for its slot and for the
// room that it keeps between keys.
//
// A leaf's key ends with its bound: no entry of the leaf is older. The first
// leaf of a stream has the bound 0xff, which is older than everything, so that
// a scan from where an entry belongs always finds the leaf for it. A full leaf
// leaves its older part under its key and gives the newer part a key of its own.
const Most = 32

const (
	streamSize = 1 + 4
	boundSize  = layout.InstantSize + layout.AddrSize
)

// LastBound is the bound of a stream's first leaf. MinInstant keeps all others
// below it.
var LastBound = []byte{0xff}

// StreamKey is what the keys of a stream's leaves begin with.
func StreamKey(b []byte, stream uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, layout.SpaceTimeline), stream)
}

// Entry is a record's place in the timeline of its stream.
type Entry struct {
	Stream    uint32
	Effective int64
	Addr      layout.Addr // what was recorded later has a greater one
	Confirmed int64       // as SetConfirmed set it; 0 where it never did

	// Shadowed: another entry with the same effective instant was recorded
	// later (and not after the K asked for), which corrects this one.
	Shadowed bool
}

// appendBound appends the entry's place in the order of keys. Instant and
// address are inverted, so that a scan forward, the only one there is, goes
// from the newest to the oldest.
func (e Entry) appendBound(b []byte) []byte {
	b = layout.AppendInverted(b, e.Effective)
	b = layout.AppendSeq(b, layout.Latest-e.Addr.Seq)
	return binary.BigEndian.AppendUint16(b, ^e.Addr.Slot)
}

// AppendKey is where a scan for the entry's leaf begins.
func (e Entry) AppendKey(b []byte) []byte { return e.appendBound(StreamKey(b, e.Stream)) }

// Older orders entries as their leaf does, the oldest first.
func Older(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Effective, b.Effective), a.Addr.Compare(b.Addr))
}

// Append appends the value of a leaf, without checksum. Each entry is the
// difference to the one before: instants grow, numbers of commits mostly do.
func Append(b []byte, entries []Entry) []byte {
	effective, seq := layout.MinInstant, layout.Seq(0)
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.Effective-effective))
		b = binary.AppendVarint(b, int64(e.Addr.Seq)-int64(seq))
		effective, seq = e.Effective, e.Addr.Seq
		slot := uint64(e.Addr.Slot) << 1
		if e.Confirmed == 0 {
			b = binary.AppendUvarint(b, slot)
			continue
		}
		b = binary.AppendUvarint(b, slot|1)
		b = binary.AppendVarint(b, e.Confirmed-e.Effective)
	}
	return b
}

// Parse appends the entries of a leaf to entries, oldest first.
func Parse(entries []Entry, key, value []byte) ([]Entry, error) {
	v, err := layout.Unseal(key, value)
	if err != nil {
		return nil, err
	}
	if len(key) != streamSize+boundSize && len(key) != streamSize+len(LastBound) {
		return nil, layout.Corrupt(key, "not the key of a timeline")
	}
	e := Entry{Stream: binary.BigEndian.Uint32(key[1:]), Effective: layout.MinInstant}
	p := layout.Parser{Body: v}
	for p.More() && len(entries) <= Most {
		e.Effective += int64(p.Uvarint(int(layout.MaxInstant - layout.MinInstant)))
		e.Addr.Seq += layout.Seq(p.Varint())
		slot := p.Uvarint(math.MaxUint16<<1 | 1)
		e.Addr.Slot, e.Confirmed = uint16(slot>>1), 0
		if slot&1 != 0 {
			e.Confirmed = e.Effective + p.Varint()
		}
		p.Check(e.Effective <= layout.MaxInstant && e.Addr.Seq <= layout.Latest)
		entries = append(entries, e)
	}
	if p.Bad || len(entries) == 0 || len(entries) > Most {
		return nil, layout.Corrupt(key, "not a part of a timeline")
	}
	return entries, nil
}
