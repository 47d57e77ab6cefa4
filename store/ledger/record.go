package ledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/plumbline/plumbline/store/ledger/patch"
)

// Kinds of records are the caller's, from 1 to MaxKind.
const (
	kindAudit = 0
	MaxKind   = deltaBit - 1
)

// MaxDepth is how many deltas may follow each other before a full record.
const MaxDepth = 16

// Sizes between which a delta is tried: below, its overhead eats the gain;
// above, applying it costs too much for a read. A shorter base has little to give.
const (
	deltaMin = 64
	deltaMax = patch.MaxSize
	baseMin  = 16
)

// Addr is where a record stands: its commit, and its place within.
type Addr struct {
	Seq  Seq
	Slot uint16
}

// AddrSize is the length of an encoded Addr.
const AddrSize = 5 + 2

// Append appends the encoded address, which sorts as Compare does.
func (a Addr) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint16(appendSeq(b, a.Seq), a.Slot)
}

// ParseAddr reads an encoded address from the beginning of b.
func ParseAddr(b []byte) (Addr, bool) {
	if len(b) < AddrSize {
		return Addr{}, false
	}
	return Addr{Seq: seqOf(b), Slot: binary.BigEndian.Uint16(b[5:])}, true
}

// Compare orders addresses as their records were appended.
func (a Addr) Compare(b Addr) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Slot, b.Slot))
}

// IsZero says whether a is no address: commits count from 1.
func (a Addr) IsZero() bool { return a.Seq == 0 }

func (a Addr) String() string { return fmt.Sprintf("%d.%d", a.Seq, a.Slot) }

// Record is one appended record.
type Record struct {
	Addr      Addr
	Stream    uint32
	Effective int64
	Recorded  int64 // of its commit
	Kind      byte
	Depth     int // deltas between it and a full record; 0 where it is one
	Payload   []byte
}

// Base is a record that another may be stored as a difference to. Payload and
// Depth are what Load returned for Addr, or what was appended there.
type Base struct {
	Addr    Addr
	Payload []byte
	Depth   int
}

// Base makes r the base of a record to come. A Base that is put together by hand
// must say the same, since a wrong one shows only when the record is loaded.
func (r Record) Base() *Base { return &Base{Addr: r.Addr, Payload: r.Payload, Depth: r.Depth} }

// Append adds a record to the timeline of stream, effective from the given
// instant (Unix microseconds, clamped to MinInstant and MaxInstant), and
// returns its address and depth, which together with the payload are the Base
// of a later record. Where base is given and resembles payload, only the
// difference is stored.
func (b *Batch) Append(stream uint32, effective int64, kind byte, payload []byte, base *Base) (Addr, int) {
	if !b.takes(len(payload)) {
		return Addr{}, 0
	}
	if kind == kindAudit || kind > MaxKind {
		b.fail(limit("the kind of a record is 1 to %d, not %d", MaxKind, kind))
		return Addr{}, 0
	}
	r := stored{stream: stream, effective: clamp(effective), kind: kind}
	if !b.delta(&r, payload, base) {
		r.payload = b.over.Copy(payload)
	}
	a := b.build.append(&b.over, r)
	b.fresh = append(b.fresh, Entry{Stream: stream, Effective: r.effective, Addr: a})
	return a, r.depth()
}

// delta makes r a delta to base, where that is possible and halves it at least:
// a block compresses full records too, and a chain costs time when it is read.
func (b *Batch) delta(r *stored, payload []byte, base *Base) bool {
	if base == nil || base.Depth >= MaxDepth || base.Addr.IsZero() ||
		len(payload) < deltaMin || len(payload) > deltaMax ||
		len(base.Payload) < baseMin || len(base.Payload) > deltaMax {
		return false
	}
	if self := (Addr{Seq: b.build.Seq, Slot: uint16(b.build.next())}); base.Addr.Compare(self) >= 0 {
		b.fail(limit("the base %v of record %v does not come before it", base.Addr, self))
		return false
	}
	b.tmp = patch.Encode(b.tmp[:0], base.Payload, payload)
	if 2*len(b.tmp) > len(payload) {
		return false
	}
	r.payload = b.over.Copy(b.tmp)
	r.delta = &delta{base: base.Addr, depth: base.Depth + 1, sum: crc32.Checksum(payload, castagnoli)}
	return true
}

// Load returns the record at a. That there is none is an ErrCorrupt, since
// addresses come from what is stored. Its payload is the caller's to read for
// good, and never changes, unless it is one that the batch itself has appended.
func (tx *Tx) Load(a Addr) (Record, error) {
	l, err := tx.load(a, MaxDepth)
	if err != nil {
		return Record{}, err
	}
	return Record{
		Addr: a, Stream: l.stream, Effective: l.effective, Recorded: l.recorded,
		Kind: l.kind, Depth: l.depth(), Payload: l.full,
	}, nil
}

// depth is the number of deltas between r and a full record.
func (r stored) depth() int {
	if r.delta == nil {
		return 0
	}
	return r.delta.depth
}

// loaded is a record with its whole payload.
type loaded struct {
	stored
	addr     Addr
	recorded int64
	full     []byte
}

// load resolves the record at a, which must be at most depth deltas deep.
func (tx *Tx) load(a Addr, depth int) (loaded, error) {
	if l, ok := tx.records.find(func(l loaded) bool { return l.addr == a }); ok && l.depth() <= depth {
		return l, nil
	}
	r, recorded, err := tx.stored(a)
	if err != nil {
		return loaded{}, err
	}
	l := loaded{stored: r, addr: a, recorded: recorded, full: r.payload}
	if r.delta == nil {
		if n := len(r.payload); n >= baseMin && n <= deltaMax { // others are nobody's base
			tx.records.add(l)
		}
		return l, nil
	}
	if r.depth() > depth {
		return loaded{}, corrupt(addrKey(a), "record %v is a delta in the wrong place", a)
	}
	base, err := tx.load(r.delta.base, r.depth()-1)
	if err != nil {
		return loaded{}, err
	}
	if l.full, err = undelta(r.delta, r.payload, base.full); err != nil {
		return loaded{}, corrupt(addrKey(a), "record %v: %v", a, err)
	}
	tx.records.add(l)
	return l, nil
}

// undelta applies a delta to the payload of its base.
func undelta(d *delta, payload, base []byte) ([]byte, error) {
	if len(base) < baseMin || len(base) > deltaMax {
		return nil, fmt.Errorf("its base %v cannot be one", d.base)
	}
	full, err := patch.Decode(base, payload)
	if err != nil {
		return nil, fmt.Errorf("it does not fit its base %v", d.base)
	}
	// The base that Append was given may not have been what stands at its
	// address: a block's checksum cannot tell, this one does.
	if crc32.Checksum(full, castagnoli) != d.sum {
		return nil, fmt.Errorf("the checksum of what it makes of its base %v differs", d.base)
	}
	return full, nil
}

// stored returns the record at a as it stands in its block.
func (tx *Tx) stored(a Addr) (stored, int64, error) {
	if tx.batch != nil {
		if r, ok := tx.batch.build.at(a); ok {
			return r, tx.batch.Commit().Recorded, nil
		}
	}
	b, err := tx.block(a)
	if err != nil {
		return stored{}, 0, err
	}
	if r := b.at(a); !r.gone {
		return r, b.Recorded, nil
	}
	return stored{}, 0, fmt.Errorf("record %v: %w", a, ErrGone)
}

// block returns the block that holds the record at a.
func (tx *Tx) block(a Addr) (*block, error) {
	if b, ok := tx.blocks.find(func(b *block) bool { return b.contains(a) }); ok {
		return b, nil
	}
	const cacheable = 256 << 10 // bytes; larger blocks hold one record alone
	lo := blockKey(nil, a.Seq, int(a.Slot))
	for key, value := range tx.r.Scan(lo, []byte{spaceBlock + 1}) {
		b, err := parseBlock(key, value)
		if err != nil {
			return nil, err
		}
		if !b.contains(a) {
			break
		}
		if b.raw <= cacheable {
			tx.blocks.add(b)
		}
		return b, nil
	}
	return nil, corrupt(lo, "there is no record %v", a)
}

func addrKey(a Addr) []byte { return blockKey(nil, a.Seq, int(a.Slot)) }
