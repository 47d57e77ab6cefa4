package block

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/klauspost/compress/s2"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// A block is sealed when it has mostRecords, or before the record that would
// take its payloads beyond mostBytes. Small enough that reading one record
// costs some microseconds, large enough that neighbours compress each other and
// that rounding up to whole pages costs little. (A value of half a page, which
// is what 64 small records make, fills a page alone.)
const (
	mostRecords = 256
	mostBytes   = 8 << 10
)

// The header of a block's value: format, flags, recorded, count.
const (
	format     = 1
	headerSize = 1 + 1 + 8 + 2

	flagPacked = 1 << 0 // the body is s2-compressed
	flagGone   = 1 << 2 // records that were here are gone
	flagsKnown = flagPacked | FlagAudit | flagGone
)

// FlagAudit marks a block that has audit entries.
const FlagAudit = 1 << 1

// rawLimit bounds what a body may say it decompresses to: one largest record
// alone, or a block of small ones with the columns before them.
const rawLimit = layout.MaxPayload + mostBytes

// DeltaBit marks, in the kinds column, a payload that is a delta. Alone it is
// what is left of a record that is gone: its slot.
const DeltaBit = 0x80

// Record is a record as it stands in a block.
type Record struct {
	Payload   []byte // or the delta
	Effective int64
	Stream    uint32
	Kind      byte
	Delta     *Delta // nil where the payload is whole
	Gone      bool   // thinned out: kind and payload are none
}

// Delta says to what a payload is a delta.
type Delta struct {
	Base  layout.Addr
	Depth int    // deltas from here to the full record, this one included
	Sum   uint32 // CRC-32C of what it makes
}

// Header is what is known of a block without its records.
type Header struct {
	layout.Commit
	First, Last int // slots; Last < First where there are no records
	Flags       byte
	body        []byte
}

// Block is a block that has been read.
type Block struct {
	Header
	Records []Record
	Raw     int // bytes of the body, decompressed
}

// Key is the key of the block whose last record has slot last. By that a
// Scan from a record's own address begins at its block.
func Key(b []byte, seq layout.Seq, last int) []byte {
	b = layout.AppendSeq(append(b, layout.SpaceBlock), seq)
	return binary.BigEndian.AppendUint16(b, uint16(last))
}

const keySize = 1 + 5 + 2

// appendBody appends the body of a block: one column after the other, since
// records of one commit resemble each other and a column of equal values
// compresses to nothing, where the same values between payloads would not.
func appendBody(b []byte, c layout.Commit, records []Record) []byte {
	for _, r := range records {
		kind := r.Kind
		if r.Delta != nil || r.Gone {
			kind |= DeltaBit
		}
		b = append(b, kind)
	}
	stream, effective := int64(0), c.Recorded
	for _, r := range records {
		b = binary.AppendVarint(b, int64(r.Stream)-stream)
		stream = int64(r.Stream)
	}
	for _, r := range records {
		b = binary.AppendVarint(b, r.Effective-effective)
		effective = r.Effective
	}
	for _, r := range records {
		b = binary.AppendUvarint(b, uint64(len(r.Payload)))
	}
	for _, r := range records {
		if d := r.Delta; d != nil {
			b = append(b, byte(d.Depth))
			b = binary.AppendUvarint(b, uint64(c.Seq-d.Base.Seq))
			b = binary.AppendUvarint(b, uint64(d.Base.Slot))
			b = binary.BigEndian.AppendUint32(b, d.Sum)
		}
	}
	for _, r := range records {
		b = append(b, r.Payload...)
	}
	return b
}

// Append appends the value of a block.
func Append(b, key []byte, c layout.Commit, records []Record, s *Scratch) []byte {
	s.raw = appendBody(s.raw[:0], c, records)
	body, flags := s.raw, byte(0)
	s.packed = s2.Encode(s.packed[:cap(s.packed)], s.raw)
	if len(s.packed) < len(s.raw) {
		body, flags = s.packed, flags|flagPacked
	}
	for _, r := range records {
		switch {
		case r.Gone:
			flags |= flagGone
		case r.Kind == KindAudit:
			flags |= FlagAudit
		}
	}
	begin := len(b)
	b = append(b, format, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Recorded))
	b = binary.BigEndian.AppendUint16(b, uint16(len(records)))
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, layout.Checksum(key, b[begin:]))
}

// Scratch is memory that encoding uses again and again.
type Scratch struct{ raw, packed, value []byte }

// ParseHeader verifies a block's checksum and reads its header.
func ParseHeader(key, value []byte) (Header, error) {
	if len(key) != keySize || key[0] != layout.SpaceBlock {
		return Header{}, layout.Corrupt(key, "not the key of a block")
	}
	v, err := layout.Unseal(key, value)
	switch {
	case err != nil:
		return Header{}, err
	case len(v) < headerSize:
		return Header{}, layout.Corrupt(key, "%d bytes are too few for a block", len(value))
	case v[0] != format || v[1]&^flagsKnown != 0:
		return Header{}, layout.Corrupt(key, "unknown format of a block %#02x %#02x", v[0], v[1])
	}
	h := Header{
		Commit: layout.Commit{Seq: layout.SeqOf(key[1:]), Recorded: int64(binary.BigEndian.Uint64(v[2:]))},
		Last:   int(binary.BigEndian.Uint16(key[6:])),
		Flags:  v[1],
		body:   v[headerSize:],
	}
	count := int(binary.BigEndian.Uint16(v[10:]))
	if count == 0 {
		h.Last-- // the only block of a commit without records
	}
	h.First = h.Last - count + 1
	if count > mostRecords || h.First < 0 {
		return Header{}, layout.Corrupt(key, "%d records", count)
	}
	return h, nil
}

// Parse reads a block whole, into memory of its own.
func Parse(key, value []byte) (*Block, error) {
	h, err := ParseHeader(key, value)
	if err != nil {
		return nil, err
	}
	body := h.body
	if h.Flags&flagPacked == 0 {
		body = bytes.Clone(body) // payloads outlive the transaction, as decompressed ones do
	} else {
		n, err := s2.DecodedLen(body)
		if err != nil || n > rawLimit {
			return nil, layout.Corrupt(key, "the body's length cannot be")
		}
		if body, err = s2.Decode(nil, body); err != nil {
			return nil, layout.Corrupt(key, "the body does not decompress")
		}
	}
	b := &Block{Header: h, Raw: len(body), Records: make([]Record, h.Last-h.First+1)}
	b.body = nil
	p := layout.Parser{Body: body}
	b.columns(&p)
	if p.Bad || p.More() {
		return nil, layout.Corrupt(key, "the body is not a block's")
	}
	return b, nil
}

// columns reads the records.
func (b *Block) columns(p *layout.Parser) {
	for i, kind := range p.Bytes(len(b.Records)) {
		b.Records[i].Kind = kind &^ DeltaBit
		switch {
		case kind == DeltaBit:
			b.Records[i].Gone = true
			p.Check(b.Flags&flagGone != 0)
		case kind&DeltaBit != 0:
			b.Records[i].Delta = new(Delta)
		}
	}
	stream, effective := int64(0), b.Recorded
	for i := range b.Records {
		stream += p.Varint()
		p.Check(stream >= 0 && stream <= math.MaxUint32)
		b.Records[i].Stream = uint32(stream)
	}
	for i := range b.Records {
		effective += p.Varint()
		p.Check(effective >= layout.MinInstant && effective <= layout.MaxInstant)
		b.Records[i].Effective = effective
	}
	var sizes [mostRecords]int
	for i := range b.Records {
		sizes[i] = p.Uvarint(layout.MaxPayload)
		p.Check(!b.Records[i].Gone || sizes[i] == 0)
	}
	for i := range b.Records {
		if d := b.Records[i].Delta; d != nil {
			d.parse(p, layout.Addr{Seq: b.Seq, Slot: uint16(b.First + i)})
		}
	}
	for i := range b.Records {
		b.Records[i].Payload = p.Bytes(sizes[i])
	}
}

// parse reads a delta of the record at self.
func (d *Delta) parse(p *layout.Parser, self layout.Addr) {
	if b := p.Bytes(1); b != nil {
		d.Depth = int(b[0])
	}
	back := p.Uvarint(int(self.Seq))
	d.Base = layout.Addr{Seq: self.Seq - layout.Seq(back), Slot: uint16(p.Uvarint(math.MaxUint16))}
	if b := p.Bytes(4); b != nil {
		d.Sum = binary.BigEndian.Uint32(b)
	}
	// A base always came before, so that a chain ends.
	p.Check(d.Depth >= 1 && d.Depth <= MaxDepth && d.Base.Compare(self) < 0)
}

// Contains says whether the record at a is one of the block's.
func (b *Block) Contains(a layout.Addr) bool {
	return b.Seq == a.Seq && b.First <= int(a.Slot) && int(a.Slot) <= b.Last
}

// At is the record at a, which the block contains.
func (b *Block) At(a layout.Addr) Record { return b.Records[int(a.Slot)-b.First] }
