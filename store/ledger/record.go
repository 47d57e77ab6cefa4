package ledger

import (
	"fmt"

	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/patch"
)

// Kinds of records are the caller's, from 1 to MaxKind.
const MaxKind = block.DeltaBit - 1

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
	if kind == block.KindAudit || kind > MaxKind {
		b.fail(limit("the kind of a record is 1 to %d, not %d", MaxKind, kind))
		return Addr{}, 0
	}
	r := block.Record{Stream: stream, Effective: layout.Clamp(effective), Kind: kind}
	if !b.delta(&r, payload, base) {
		r.Payload = b.over.Copy(payload)
	}
	a := b.build.Append(&b.over, r)
	b.fresh = append(b.fresh, Entry{Stream: stream, Effective: r.Effective, Addr: a})
	return a, r.Depth()
}

// delta makes r a delta to base, where that is possible and halves it at least:
// a block compresses full records too, and a chain costs time when it is read.
func (b *Batch) delta(r *block.Record, payload []byte, base *Base) bool {
	if base == nil || base.Depth >= MaxDepth || base.Addr.IsZero() ||
		len(payload) < block.DeltaMin || len(payload) > block.DeltaMax ||
		len(base.Payload) < block.BaseMin || len(base.Payload) > block.DeltaMax {
		return false
	}
	if self := (Addr{Seq: b.build.Seq, Slot: uint16(b.build.Next())}); base.Addr.Compare(self) >= 0 {
		b.fail(limit("the base %v of record %v does not come before it", base.Addr, self))
		return false
	}
	b.tmp = patch.Encode(b.tmp[:0], base.Payload, payload)
	if 2*len(b.tmp) > len(payload) {
		return false
	}
	r.Payload = b.over.Copy(b.tmp)
	r.Delta = &block.Delta{Base: base.Addr, Depth: base.Depth + 1, Sum: layout.Checksum(nil, payload)}
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
		Addr: a, Stream: l.Stream, Effective: l.Effective, Recorded: l.recorded,
		Kind: l.Kind, Depth: l.Depth(), Payload: l.full,
	}, nil
}

// loaded is a record with its whole payload.
type loaded struct {
	block.Record
	addr     Addr
	recorded int64
	full     []byte
}

// load resolves the record at a, which must be at most depth deltas deep.
func (tx *Tx) load(a Addr, depth int) (loaded, error) {
	if l, ok := tx.records.find(func(l loaded) bool { return l.addr == a }); ok && l.Depth() <= depth {
		return l, nil
	}
	r, recorded, err := tx.stored(a)
	if err != nil {
		return loaded{}, err
	}
	l := loaded{Record: r, addr: a, recorded: recorded, full: r.Payload}
	if r.Delta == nil {
		if n := len(r.Payload); n >= block.BaseMin && n <= block.DeltaMax { // others are nobody's base
			tx.records.add(l)
		}
		return l, nil
	}
	if r.Depth() > depth {
		return loaded{}, layout.Corrupt(addrKey(a), "record %v is a delta in the wrong place", a)
	}
	base, err := tx.load(r.Delta.Base, r.Depth()-1)
	if err != nil {
		return loaded{}, err
	}
	if l.full, err = r.Delta.Apply(r.Payload, base.full); err != nil {
		return loaded{}, layout.Corrupt(addrKey(a), "record %v: %v", a, err)
	}
	tx.records.add(l)
	return l, nil
}

// stored returns the record at a as it stands in its block.
func (tx *Tx) stored(a Addr) (block.Record, int64, error) {
	if tx.batch != nil {
		if r, ok := tx.batch.build.At(a); ok {
			return r, tx.batch.Commit().Recorded, nil
		}
	}
	b, err := tx.block(a)
	if err != nil {
		return block.Record{}, 0, err
	}
	if r := b.At(a); !r.Gone {
		return r, b.Recorded, nil
	}
	return block.Record{}, 0, fmt.Errorf("record %v: %w", a, ErrGone)
}

// block returns the block that holds the record at a.
func (tx *Tx) block(a Addr) (*block.Block, error) {
	if b, ok := tx.blocks.find(func(b *block.Block) bool { return b.Contains(a) }); ok {
		return b, nil
	}
	const cacheable = 256 << 10 // bytes; larger blocks hold one record alone
	lo := block.Key(nil, a.Seq, int(a.Slot))
	for key, value := range tx.r.Scan(lo, []byte{layout.SpaceBlock + 1}) {
		b, err := block.Parse(key, value)
		if err != nil {
			return nil, err
		}
		if !b.Contains(a) {
			break
		}
		if b.Raw <= cacheable {
			tx.blocks.add(b)
		}
		return b, nil
	}
	return nil, layout.Corrupt(lo, "there is no record %v", a)
}

func addrKey(a Addr) []byte { return block.Key(nil, a.Seq, int(a.Slot)) }
