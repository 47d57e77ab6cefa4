package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// encoder appends an encoding to buf. Its scratch slices are stacks: a list or
// map that must be sorted pushes its elements, sorts and writes them, and pops;
// what is nested pushes above.
type encoder struct {
	buf   []byte
	texts []string
	ints  []int32
	elems []unsafe.Pointer
	own   []byte // the buffer of who asks for a digest alone
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// keepBytes is how large a buffer may be to be kept for the next caller.
const keepBytes = 1 << 20

// newEncoder returns an encoder that appends to buf, or to a buffer of its own
// where buf is nil. It goes back by bytes or sum.
func newEncoder(buf []byte) *encoder {
	e := encoders.Get().(*encoder)
	if buf == nil {
		buf = e.own[:0]
		e.own = nil // handed out by bytes, or kept again by sum
	}
	e.buf = buf
	return e
}

func (e *encoder) bytes() []byte {
	out := e.buf
	e.buf = nil
	encoders.Put(e)
	return out
}

func (e *encoder) sum() Digest {
	d := Digest(sha256.Sum256(e.buf))
	if cap(e.buf) <= keepBytes {
		e.own = e.buf
	}
	e.buf = nil
	encoders.Put(e)
	return d
}

func (e *encoder) head(name protoreflect.FullName) {
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, 0)
}

// number writes a field's number; numbers below 128, which all of ours are,
// take the short way.
func (e *encoder) number(n uint64) {
	if n < 0x80 {
		e.buf = append(e.buf, byte(n))
		return
	}
	e.buf = binary.AppendUvarint(e.buf, n)
}

func (e *encoder) end() { e.buf = append(e.buf, 0) }

func (e *encoder) count(n int) { e.number(uint64(n)) }

func (e *encoder) bool(v bool) {
	if v {
		e.buf = append(e.buf, 1)
		return
	}
	e.buf = append(e.buf, 0)
}

func (e *encoder) int(v int64) { e.buf = binary.AppendVarint(e.buf, v) }

// canonicalNaN stands for all NaNs, whose payloads carry no meaning.
const canonicalNaN = 0x7ff8000000000000

func (e *encoder) double(v float64) {
	bits := math.Float64bits(v)
	if v != v {
		bits = canonicalNaN
	}
	e.buf = binary.BigEndian.AppendUint64(e.buf, bits)
}

func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	e.buf = append(e.buf, s...)
}
