package layout

import "encoding/binary"

// Parser takes values off the beginning of a body. After a bad one it is bad,
// and its values mean nothing.
type Parser struct {
	Body []byte
	at   int
	Bad  bool
}

// Check makes p bad where ok is not.
func (p *Parser) Check(ok bool) { p.Bad = p.Bad || !ok }

// More says whether anything is left.
func (p *Parser) More() bool { return p.at < len(p.Body) }

// Bytes takes n bytes.
func (p *Parser) Bytes(n int) []byte {
	if p.Bad || n > len(p.Body)-p.at {
		p.Bad = true
		return nil
	}
	p.at += n
	return p.Body[p.at-n : p.at : p.at]
}

// Varint takes a varint.
func (p *Parser) Varint() int64 {
	v, n := binary.Varint(p.Body[p.at:])
	p.skip(n)
	return v
}

// Uvarint takes a uvarint of at most most.
func (p *Parser) Uvarint(most int) int {
	v, n := binary.Uvarint(p.Body[p.at:])
	p.skip(n)
	if v > uint64(most) {
		p.Bad = true
		return 0
	}
	return int(v)
}

// skip goes on after a varint of n bytes; n <= 0 is none.
func (p *Parser) skip(n int) {
	if n <= 0 {
		p.Bad, n = true, len(p.Body)-p.at
	}
	p.at += n
}
