package ledger

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/plumbline/plumbline/store/ledger/overlay"
)

// A block is sealed when it has blockRecords, or before the record that would
// take its payloads beyond blockBytes. Small enough that reading one record
// costs some microseconds, large enough that neighbours compress each other and
// that rounding up to whole pages costs little. (A value of half a page, which
// is what 64 small records make, fills a page alone.)
const (
	blockRecords = 256
	blockBytes   = 8 << 10
)

// The header of a block's value: format, flags, recorded, count.
const (
	blockFormat = 1
	headerSize  = 1 + 1 + 8 + 2

	flagPacked = 1 << 0 // the body is s2-compressed
	flagAudit  = 1 << 1 // has audit entries
	flagGone   = 1 << 2 // records that were here are gone
	flagsKnown = flagPacked | flagAudit | flagGone
)

// rawLimit bounds what a body may say it decompresses to: one largest record
// alone, or a block of small ones with the columns before them.
const rawLimit = MaxPayload + blockBytes

// deltaBit marks, in the kinds column, a payload that is a delta. Alone it is
// what is left of a record that is gone: its slot.
const deltaBit = 0x80

// stored is a record as it stands in a block.
type stored struct {
	payload   []byte // or the delta
	effective int64
	stream    uint32
	kind      byte
	delta     *delta // nil where the payload is whole
	gone      bool   // thinned out: kind and payload are none
}

// delta says to what a payload is a delta.
type delta struct {
	base  Addr
	depth int    // deltas from here to the full record, this one included
	sum   uint32 // CRC-32C of what it makes
}

// header is what is known of a block without its records.
type header struct {
	Commit
	first, last int // slots; last < first where there are no records
	flags       byte
	body        []byte
}

// block is a block that has been read.
type block struct {
	header
	records []stored
	raw     int // bytes of the body, decompressed
}

// blockKey is the key of the block whose last record has slot last. By that a
// Scan from a record's own address begins at its block.
func blockKey(b []byte, seq Seq, last int) []byte {
	b = appendSeq(append(b, spaceBlock), seq)
	return binary.BigEndian.AppendUint16(b, uint16(last))
}

const blockKeySize = 1 + 5 + 2

// appendBody appends the body of a block: one column after the other, since
// records of one commit resemble each other and a column of equal values
// compresses to nothing, where the same values between payloads would not.
func appendBody(b []byte, c Commit, records []stored) []byte {
	for _, r := range records {
		kind := r.kind
		if r.delta != nil || r.gone {
			kind |= deltaBit
		}
		b = append(b, kind)
	}
	stream, effective := int64(0), c.Recorded
	for _, r := range records {
		b = binary.AppendVarint(b, int64(r.stream)-stream)
		stream = int64(r.stream)
	}
	for _, r := range records {
		b = binary.AppendVarint(b, r.effective-effective)
		effective = r.effective
	}
	for _, r := range records {
		b = binary.AppendUvarint(b, uint64(len(r.payload)))
	}
	for _, r := range records {
		if d := r.delta; d != nil {
			b = append(b, byte(d.depth))
			b = binary.AppendUvarint(b, uint64(c.Seq-d.base.Seq))
			b = binary.AppendUvarint(b, uint64(d.base.Slot))
			b = binary.BigEndian.AppendUint32(b, d.sum)
		}
	}
	for _, r := range records {
		b = append(b, r.payload...)
	}
	return b
}

// appendBlock appends the value of a block.
func appendBlock(b, key []byte, c Commit, records []stored, s *scratch) []byte {
	s.raw = appendBody(s.raw[:0], c, records)
	body, flags := s.raw, byte(0)
	s.packed = s2.Encode(s.packed[:cap(s.packed)], s.raw)
	if len(s.packed) < len(s.raw) {
		body, flags = s.packed, flags|flagPacked
	}
	for _, r := range records {
		switch {
		case r.gone:
			flags |= flagGone
		case r.kind == kindAudit:
			flags |= flagAudit
		}
	}
	begin := len(b)
	b = append(b, blockFormat, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Recorded))
	b = binary.BigEndian.AppendUint16(b, uint16(len(records)))
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, checksum(key, b[begin:]))
}

// scratch is memory that encoding uses again and again.
type scratch struct{ raw, packed, value []byte }

// parseHeader verifies a block's checksum and reads its header.
func parseHeader(key, value []byte) (header, error) {
	if len(key) != blockKeySize || key[0] != spaceBlock {
		return header{}, corrupt(key, "not the key of a block")
	}
	v, err := unseal(key, value)
	switch {
	case err != nil:
		return header{}, err
	case len(v) < headerSize:
		return header{}, corrupt(key, "%d bytes are too few for a block", len(value))
	case v[0] != blockFormat || v[1]&^flagsKnown != 0:
		return header{}, corrupt(key, "unknown format of a block %#02x %#02x", v[0], v[1])
	}
	h := header{
		Commit: Commit{Seq: seqOf(key[1:]), Recorded: int64(binary.BigEndian.Uint64(v[2:]))},
		last:   int(binary.BigEndian.Uint16(key[6:])),
		flags:  v[1],
		body:   v[headerSize:],
	}
	count := int(binary.BigEndian.Uint16(v[10:]))
	if count == 0 {
		h.last-- // the only block of a commit without records
	}
	h.first = h.last - count + 1
	if count > blockRecords || h.first < 0 {
		return header{}, corrupt(key, "%d records", count)
	}
	return h, nil
}

// parseBlock reads a block whole, into memory of its own.
func parseBlock(key, value []byte) (*block, error) {
	h, err := parseHeader(key, value)
	if err != nil {
		return nil, err
	}
	body := h.body
	if h.flags&flagPacked == 0 {
		body = bytes.Clone(body) // payloads outlive the transaction, as decompressed ones do
	} else {
		n, err := s2.DecodedLen(body)
		if err != nil || n > rawLimit {
			return nil, corrupt(key, "the body's length cannot be")
		}
		if body, err = s2.Decode(nil, body); err != nil {
			return nil, corrupt(key, "the body does not decompress")
		}
	}
	b := &block{header: h, raw: len(body), records: make([]stored, h.last-h.first+1)}
	b.body = nil
	p := parser{body: body}
	p.columns(b)
	if p.bad || p.more() {
		return nil, corrupt(key, "the body is not a block's")
	}
	return b, nil
}

// parser takes values off the beginning of a body. After a bad one it is bad,
// and its values mean nothing.
type parser struct {
	body []byte
	at   int
	bad  bool
}

func (p *parser) columns(b *block) {
	for i, kind := range p.bytes(len(b.records)) {
		b.records[i].kind = kind &^ deltaBit
		switch {
		case kind == deltaBit:
			b.records[i].gone = true
			p.check(b.flags&flagGone != 0)
		case kind&deltaBit != 0:
			b.records[i].delta = new(delta)
		}
	}
	stream, effective := int64(0), b.Recorded
	for i := range b.records {
		stream += p.varint()
		p.check(stream >= 0 && stream <= math.MaxUint32)
		b.records[i].stream = uint32(stream)
	}
	for i := range b.records {
		effective += p.varint()
		p.check(effective >= MinInstant && effective <= MaxInstant)
		b.records[i].effective = effective
	}
	var sizes [blockRecords]int
	for i := range b.records {
		sizes[i] = p.uvarint(MaxPayload)
		p.check(!b.records[i].gone || sizes[i] == 0)
	}
	for i := range b.records {
		if d := b.records[i].delta; d != nil {
			p.delta(Addr{Seq: b.Seq, Slot: uint16(b.first + i)}, d)
		}
	}
	for i := range b.records {
		b.records[i].payload = p.bytes(sizes[i])
	}
}

func (p *parser) delta(self Addr, d *delta) {
	if b := p.bytes(1); b != nil {
		d.depth = int(b[0])
	}
	back := p.uvarint(int(self.Seq))
	d.base = Addr{Seq: self.Seq - Seq(back), Slot: uint16(p.uvarint(math.MaxUint16))}
	if b := p.bytes(4); b != nil {
		d.sum = binary.BigEndian.Uint32(b)
	}
	// A base always came before, so that a chain ends.
	p.check(d.depth >= 1 && d.depth <= MaxDepth && d.base.Compare(self) < 0)
}

func (p *parser) check(ok bool) { p.bad = p.bad || !ok }

// more says whether anything is left.
func (p *parser) more() bool { return p.at < len(p.body) }

func (p *parser) bytes(n int) []byte {
	if p.bad || n > len(p.body)-p.at {
		p.bad = true
		return nil
	}
	p.at += n
	return p.body[p.at-n : p.at : p.at]
}

func (p *parser) varint() int64 {
	v, n := binary.Varint(p.body[p.at:])
	p.skip(n)
	return v
}

func (p *parser) uvarint(most int) int {
	v, n := binary.Uvarint(p.body[p.at:])
	p.skip(n)
	if v > uint64(most) {
		p.bad = true
		return 0
	}
	return int(v)
}

// skip goes on after a varint of n bytes; n <= 0 is none.
func (p *parser) skip(n int) {
	if n <= 0 {
		p.bad, n = true, len(p.body)-p.at
	}
	p.at += n
}

// builder collects the records of a batch and turns them into blocks.
type builder struct {
	Commit
	first   int      // slot of the open block's first record
	records []stored // of the open block
	size    int      // bytes of their payloads
	scratch scratch
	key     []byte
}

func (b *builder) reset(c Commit) {
	clear(b.records[:cap(b.records)])
	*b = builder{Commit: c, records: b.records[:0], scratch: b.scratch, key: b.key}
	if cap(b.scratch.raw) > 1<<20 {
		b.scratch = scratch{}
	}
}

// next is the slot of the record to come.
func (b *builder) next() int { return b.first + len(b.records) }

// append adds a record, whose payload it keeps, and returns its address.
func (b *builder) append(o *overlay.Overlay, r stored) Addr {
	if n := len(b.records); n == blockRecords || n > 0 && b.size+len(r.payload) > blockBytes {
		b.seal(o)
	}
	a := Addr{Seq: b.Seq, Slot: uint16(b.next())}
	b.records = append(b.records, r)
	b.size += len(r.payload)
	return a
}

// seal puts the open block, which may be empty.
func (b *builder) seal(o *overlay.Overlay) {
	b.put(o, b.encode(len(b.records)))
}

// encode returns the value of a block of the open block's first n records.
func (b *builder) encode(n int) []byte {
	b.key = blockKey(b.key[:0], b.Seq, max(0, b.first+n-1))
	b.scratch.value = appendBlock(b.scratch.value[:0], b.key, b.Commit, b.records[:n], &b.scratch)
	return b.scratch.value
}

// put puts what encode returned for all records and begins the next block.
func (b *builder) put(o *overlay.Overlay, value []byte) {
	copy(o.Put(b.key, len(value)), value)
	b.first = b.next()
	b.records, b.size = b.records[:0], 0
}

// A last block whose value is of middling size is cut into smaller ones. A
// B-tree of 4 KiB pages that grows by one value at a time leaves room for two
// or three such values in each page: up to half of it.
const (
	cutFrom = 480
	cutTo   = 3000
	cutSize = 400
)

// finish puts the last block of a commit.
func (b *builder) finish(o *overlay.Overlay) {
	all := b.records
	value := b.encode(len(all))
	if len(value) < cutFrom || len(value) > cutTo {
		b.put(o, value)
		return
	}
	pieces := (len(value) + cutSize - 1) / cutSize
	for piece := range slices.Chunk(all, (len(all)+pieces-1)/pieces) {
		b.records = piece
		b.seal(o)
	}
	b.records = all[:0]
}

// at returns the record in the open block, if it is there.
func (b *builder) at(a Addr) (stored, bool) {
	i := int(a.Slot) - b.first
	if a.Seq != b.Seq || i < 0 || i >= len(b.records) {
		return stored{}, false
	}
	return b.records[i], true
}

func (b *block) contains(a Addr) bool {
	return b.Seq == a.Seq && b.first <= int(a.Slot) && int(a.Slot) <= b.last
}

func (b *block) at(a Addr) stored { return b.records[int(a.Slot)-b.first] }
