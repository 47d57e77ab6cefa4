package sslscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// guard bounds what reaches the XML decoder: the file as a whole, and the bytes
// between two '>'. The decoder builds a tag with all its attributes before it
// hands it over, so a cap that looks at finished tokens comes too late.
type guard struct {
	r     io.Reader
	left  int64
	limit int64
	run   int
	max   int
}

func newGuard(r io.Reader, l Limits) *guard {
	return &guard{r: r, left: l.Bytes, limit: l.Bytes, max: l.TokenBytes}
}

func (g *guard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return g.end()
	}
	if int64(len(p)) > g.left {
		p = p[:g.left]
	}
	n, err := g.r.Read(p)
	g.left -= int64(n)
	for rest := p[:n]; ; {
		i := bytes.IndexByte(rest, '>')
		if i < 0 {
			g.run += len(rest)
			break
		}
		if g.run+i > g.max {
			g.run += i
			break
		}
		g.run, rest = 0, rest[i+1:]
	}
	if g.run > g.max {
		return 0, fmt.Errorf("a tag or text is longer than %d bytes", g.max)
	}
	return n, err
}

// end tells a file that is as long as allowed from one that is longer.
func (g *guard) end() (int, error) {
	var one [1]byte
	n, err := io.ReadFull(g.r, one[:])
	if n > 0 {
		return 0, fmt.Errorf("the file is larger than %d bytes", g.limit)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return 0, err
}
