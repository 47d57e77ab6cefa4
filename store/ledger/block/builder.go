package block

import (
	"slices"

	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/overlay"
)

// Builder collects the records of a batch and turns them into blocks.
type Builder struct {
	layout.Commit
	first   int      // slot of the open block's first record
	Records []Record // of the open block
	size    int      // bytes of their payloads
	Scratch Scratch
	key     []byte
}

// Reset begins with the records of a commit.
func (b *Builder) Reset(c layout.Commit) {
	clear(b.Records[:cap(b.Records)])
	*b = Builder{Commit: c, Records: b.Records[:0], Scratch: b.Scratch, key: b.key}
	if cap(b.Scratch.raw) > 1<<20 {
		b.Scratch = Scratch{}
	}
}

// Next is the slot of the record to come.
func (b *Builder) Next() int { return b.first + len(b.Records) }

// Append adds a record, whose payload it keeps, and returns its address.
func (b *Builder) Append(o *overlay.Overlay, r Record) layout.Addr {
	if n := len(b.Records); n == mostRecords || n > 0 && b.size+len(r.Payload) > mostBytes {
		b.seal(o)
	}
	a := layout.Addr{Seq: b.Seq, Slot: uint16(b.Next())}
	b.Records = append(b.Records, r)
	b.size += len(r.Payload)
	return a
}

// seal puts the open block, which may be empty.
func (b *Builder) seal(o *overlay.Overlay) {
	b.put(o, b.encode(len(b.Records)))
}

// encode returns the value of a block of the open block's first n records.
func (b *Builder) encode(n int) []byte {
	b.key = Key(b.key[:0], b.Seq, max(0, b.first+n-1))
	b.Scratch.value = Append(b.Scratch.value[:0], b.key, b.Commit, b.Records[:n], &b.Scratch)
	return b.Scratch.value
}

// put puts what encode returned for all records and begins the next block.
func (b *Builder) put(o *overlay.Overlay, value []byte) {
	copy(o.Put(b.key, len(value)), value)
	b.first = b.Next()
	b.Records, b.size = b.Records[:0], 0
}

// A last block whose value is of middling size is cut into smaller ones. A
// B-tree of 4 KiB pages that grows by one value at a time leaves room for two
// or three such values in each page: up to half of it.
const (
	cutFrom = 480
	cutTo   = 3000
	cutSize = 400
)

// Finish puts the last block of a commit.
func (b *Builder) Finish(o *overlay.Overlay) {
	all := b.Records
	value := b.encode(len(all))
	if len(value) < cutFrom || len(value) > cutTo {
		b.put(o, value)
		return
	}
	pieces := (len(value) + cutSize - 1) / cutSize
	for piece := range slices.Chunk(all, (len(all)+pieces-1)/pieces) {
		b.Records = piece
		b.seal(o)
	}
	b.Records = all[:0]
}

// At returns the record in the open block, if it is there.
func (b *Builder) At(a layout.Addr) (Record, bool) {
	i := int(a.Slot) - b.first
	if a.Seq != b.Seq || i < 0 || i >= len(b.Records) {
		return Record{}, false
	}
	return b.Records[i], true
}
