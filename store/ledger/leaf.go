package ledger

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// A timeline is cut into leaves of at most leafMax entries, each one value. One
// key for each entry would be simpler and cost three times the bytes: a key
// repeats the stream, and a B-tree adds as much again for its slot and for the
// room that it keeps between keys.
//
// A leaf's key ends with its bound: no entry of the leaf is older. The first
// leaf of a stream has the bound 0xff, which is older than everything, so that
// a scan from where an entry belongs always finds the leaf for it. A full leaf
// leaves its older part under its key and gives the newer part a key of its own.
const leafMax = 32

const (
	streamSize = 1 + 4
	boundSize  = instantSize + AddrSize
)

var lastBound = []byte{0xff} // MinInstant keeps all others below it

func streamKey(b []byte, stream uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, spaceTimeline), stream)
}

// appendBound appends the entry's place in the order of keys. Instant and
// address are inverted, so that a scan forward, the only one there is, goes
// from the newest to the oldest.
func (e Entry) appendBound(b []byte) []byte {
	b = appendInverted(b, e.Effective)
	b = appendSeq(b, Latest-e.Addr.Seq)
	return binary.BigEndian.AppendUint16(b, ^e.Addr.Slot)
}

// key is where a scan for the entry's leaf begins.
func (e Entry) key(b []byte) []byte { return e.appendBound(streamKey(b, e.Stream)) }

// older orders entries as their leaf does, the oldest first.
func older(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Effective, b.Effective), a.Addr.Compare(b.Addr))
}

// appendLeaf appends the value of a leaf, without checksum. Each entry is the
// difference to the one before: instants grow, numbers of commits mostly do.
func appendLeaf(b []byte, entries []Entry) []byte {
	effective, seq := MinInstant, Seq(0)
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

// parseLeaf appends the entries of a leaf to entries, oldest first.
func parseLeaf(entries []Entry, key, value []byte) ([]Entry, error) {
	v, err := unseal(key, value)
	if err != nil {
		return nil, err
	}
	if len(key) != streamSize+boundSize && len(key) != streamSize+len(lastBound) {
		return nil, corrupt(key, "not the key of a timeline")
	}
	e := Entry{Stream: binary.BigEndian.Uint32(key[1:]), Effective: MinInstant}
	p := parser{body: v}
	for p.more() && len(entries) <= leafMax {
		e.Effective += int64(p.uvarint(int(MaxInstant - MinInstant)))
		e.Addr.Seq += Seq(p.varint())
		slot := p.uvarint(math.MaxUint16<<1 | 1)
		e.Addr.Slot, e.Confirmed = uint16(slot>>1), 0
		if slot&1 != 0 {
			e.Confirmed = e.Effective + p.varint()
		}
		p.check(e.Effective <= MaxInstant && e.Addr.Seq <= Latest)
		entries = append(entries, e)
	}
	if p.bad || len(entries) == 0 || len(entries) > leafMax {
		return nil, corrupt(key, "not a part of a timeline")
	}
	return entries, nil
}

// takeLeaf returns memory for the entries of a leaf, giveLeaf gives it back:
// loops over timelines nest, so each has its own.
func (tx *Tx) takeLeaf() []Entry {
	if n := len(tx.leaves) - 1; n >= 0 {
		entries := tx.leaves[n]
		tx.leaves = tx.leaves[:n]
		return entries[:0]
	}
	return make([]Entry, 0, leafMax+1)
}

func (tx *Tx) giveLeaf(entries []Entry) { tx.leaves = append(tx.leaves, entries) }

// leafOf appends to entries those of the leaf in which e is or belongs, and
// returns its key, nil where the stream has none yet.
func (tx *Tx) leafOf(entries []Entry, e Entry) ([]byte, []Entry, error) {
	hi := after(streamKey(nil, e.Stream))
	for key, value := range tx.r.Scan(e.key(nil), hi) {
		entries, err := parseLeaf(entries, key, value)
		return key, entries, err
	}
	return nil, entries, nil
}

// place enters the entries that the batch appended since the last time into
// their leaves. It is put off until somebody looks, and then done in order of
// key.
func (tx *Tx) place() {
	b := tx.batch
	if b == nil || len(b.fresh) == 0 {
		return
	}
	b.placed++
	slices.SortFunc(b.fresh, func(x, y Entry) int {
		return cmp.Or(cmp.Compare(x.Stream, y.Stream), older(y, x))
	})
	entries := b.takeLeaf()
	for _, e := range b.fresh {
		if b.err == nil {
			b.insert(entries[:0], e)
		}
	}
	b.giveLeaf(entries)
	b.fresh = b.fresh[:0]
}

// insert adds e to its leaf. entries is scratch memory.
func (b *Batch) insert(entries []Entry, e Entry) {
	key, entries, err := b.leafOf(entries, e)
	if err != nil {
		b.fail(err)
		return
	}
	if key == nil {
		key = append(streamKey(nil, e.Stream), lastBound...)
	}
	at, _ := slices.BinarySearchFunc(entries, e, older)
	entries = slices.Insert(entries, at, e)
	if len(entries) <= leafMax {
		b.putLeaf(key, entries)
		return
	}
	// Mostly time goes on, and a leaf that is full stays full. What comes late
	// to it is likely to have company.
	cut := leafMax
	if at < leafMax {
		cut = len(entries) / 2
	}
	b.putLeaf(entries[cut].key(nil), entries[cut:])
	b.putLeaf(key, entries[:cut])
}

func (b *Batch) putLeaf(key []byte, entries []Entry) {
	b.tmp = appendLeaf(b.tmp[:0], entries)
	b.putSealed(key, b.tmp)
}
