package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Decode reads a message. The bytes must never change afterwards, since texts of
// the message point into them.
func (t Type[T]) Decode(a *Arena, b []byte) (*T, error) {
	a.decoded += len(b)
	p := a.take(t.t, 1)
	d := decoder{a: a, b: unsafe.String(unsafe.SliceData(b), len(b))}
	if !d.message(t.t, p, 0, len(b)) {
		return nil, fmt.Errorf("%s: %w", t.t.name, errMalformed)
	}
	return (*T)(p), nil
}

// DecodeStrictly is Decode into an empty message of the caller's, and refuses what
// Decode keeps as unknown although the message has a field of that number.
func (t Type[T]) DecodeStrictly(a *Arena, m *T, b []byte) error {
	a.decoded += len(b)
	d := decoder{a: a, b: unsafe.String(unsafe.SliceData(b), len(b)), strict: true}
	if !d.message(t.t, unsafe.Pointer(m), 0, len(b)) {
		return fmt.Errorf("%s: %w", t.t.name, errMalformed)
	}
	return nil
}

var errMalformed = errors.New("the bytes are no message of that type")

// noField is what the message has of a number beyond all of its own.
var noField field

// decoder walks one message's bytes.
type decoder struct {
	a      *Arena
	b      string
	strict bool // a field that is something else than the table says is an error
}

// uvarint reads a varint between at and end; next is -1 where there is none.
func (d *decoder) uvarint(at, end int) (v uint64, next int) {
	if at < end && d.b[at] < 0x80 {
		return uint64(d.b[at]), at + 1
	}
	return d.longUvarint(at, end)
}

// longUvarint takes what has several bytes, mostly two. It takes what the generated code takes: bits beyond the 64th of the
// tenth byte are dropped.
//
//go:noinline
func (d *decoder) longUvarint(at, end int) (v uint64, next int) {
	if at+1 < end && d.b[at+1] < 0x80 {
		return uint64(d.b[at]&0x7f) | uint64(d.b[at+1])<<7, at + 2
	}
	for shift := 0; at < end && shift < 64; shift += 7 {
		c := d.b[at]
		at++
		if v |= uint64(c&0x7f) << shift; c < 0x80 {
			return v, at
		}
	}
	return 0, -1
}

// span reads a length and returns where what has it begins and ends.
func (d *decoder) span(at, end int) (from, to int) {
	if at >= end {
		return 0, -1
	}
	n, from := uint64(d.b[at]), at+1
	if n >= 0x80 {
		if n, from = d.longUvarint(at, end); from < 0 {
			return 0, -1
		}
	}
	if n > uint64(end-from) {
		return 0, -1
	}
	return from, from + int(n)
}

// message decodes into the message at p what stands between at and end.
func (d *decoder) message(t *table, p unsafe.Pointer, at, end int) bool {
	if t.fact {
		return d.fact(t, (*pb.FactValue)(p), at, end)
	}
	for at < end {
		begin, tag, next := at, uint64(d.b[at]), at+1
		if tag >= 0x80 {
			if tag, next = d.longUvarint(at, end); next < 0 {
				return false
			}
		}
		var f *field
		if number := tag >> 3; number < uint64(len(t.fields)) {
			f = &t.fields[number]
		} else {
			f = &noField
		}
		switch wire := protowire.Type(tag & 7); {
		case wire == f.wire && wire == protowire.BytesType:
			at = d.bytes(f, p, tag, next, end)
		case wire == f.wire && f.op != opUnknown:
			at = d.number(f, p, next, end)
		case wire == protowire.BytesType && (f.op == opInt32s || f.op == opInt64s):
			at = d.packed(f, p, next, end)
		case d.strict && f.op != opUnknown:
			return false
		default:
			at = d.keepUnknown(place[[]byte](p, t.unknown), begin, end)
		}
		if at < 0 {
			return false
		}
	}
	return true
}

// Truth values are shared: nobody writes through a message's pointers.
var truths = [2]bool{false, true}

// number decodes a scalar that is no text and returns where it ends.
func (d *decoder) number(f *field, p unsafe.Pointer, at, end int) int {
	if f.op == opDouble {
		if end-at < 8 {
			return -1
		}
		v := d.a.doubles.one()
		*v = math.Float64frombits(binary.LittleEndian.Uint64(d.raw(at, at+8)))
		*place[*float64](p, f.off) = v
		return at + 8
	}
	v, next := d.uvarint(at, end)
	if next < 0 {
		return -1
	}
	switch f.op {
	case opBool:
		truth := &truths[0]
		if v != 0 {
			truth = &truths[1]
		}
		*place[*bool](p, f.off) = truth
	case opInt32:
		x := d.a.int32s.one()
		*x = int32(v)
		*place[*int32](p, f.off) = x
	case opInt64:
		x := d.a.int64s.one()
		*x = int64(v)
		*place[*int64](p, f.off) = x
	case opPlainBool:
		*place[bool](p, f.off) = v != 0
	case opPlainInt32:
		*place[int32](p, f.off) = int32(v)
	case opPlainInt64:
		*place[int64](p, f.off) = int64(v)
	case opInt32s:
		push(&d.a.int32s, place[[]int32](p, f.off), int32(v))
	case opInt64s:
		push(&d.a.int64s, place[[]int64](p, f.off), int64(v))
	}
	return next
}

// packed decodes a list of numbers that is sent as one value.
func (d *decoder) packed(f *field, p unsafe.Pointer, at, end int) int {
	at, end = d.span(at, end)
	if end < 0 {
		return -1
	}
	n := 0 // numbers: bytes that end one
	for i := at; i < end; i++ {
		if d.b[i] < 0x80 {
			n++
		}
	}
	if f.op == opInt32s {
		grow(&d.a.int32s, place[[]int32](p, f.off), n)
	} else {
		grow(&d.a.int64s, place[[]int64](p, f.off), n)
	}
	for at < end {
		if at = d.number(f, p, at, end); at < 0 {
			return -1
		}
	}
	return at
}

// bytes decodes what has a length and returns where it ends.
func (d *decoder) bytes(f *field, p unsafe.Pointer, tag uint64, at, end int) int {
	from, to := d.span(at, end)
	if to < 0 {
		return -1
	}
	switch f.op {
	case opText:
		s := d.a.texts.one()
		*s = d.b[from:to]
		*place[*string](p, f.off) = s
	case opPlainText:
		*place[string](p, f.off) = d.b[from:to]
	case opBytes:
		*place[[]byte](p, f.off) = d.raw(from, to)
	case opTexts:
		list := place[[]string](p, f.off)
		if len(*list) == cap(*list) {
			grow(&d.a.texts, list, 1+d.alike(tag, to, end))
		}
		*list = append(*list, d.b[from:to])
	case opMessage:
		sub := *place[unsafe.Pointer](p, f.off)
		if sub == nil {
			sub = d.a.take(f.elem, 1)
			*place[unsafe.Pointer](p, f.off) = sub
		}
		if !d.message(f.elem, sub, from, to) {
			return -1
		}
	case opMessages:
		return d.messages(f, p, tag, from, to, end)
	case opTextMap:
		return d.textEntry(place[map[string]string](p, f.off), tag, from, to, end)
	case opFactMap:
		return d.factEntry(f.elem, place[map[string]*pb.FactValue](p, f.off), tag, from, to, end)
	}
	return to
}

// messages decodes an element of a list, and those that follow it at once.
func (d *decoder) messages(f *field, p unsafe.Pointer, tag uint64, from, to, end int) int {
	n := 1 + d.alike(tag, to, end)
	list := place[[]unsafe.Pointer](p, f.off)
	grow(&d.a.lists, list, n)
	first := d.a.take(f.elem, n)
	for i := range n {
		if i > 0 {
			_, next := d.uvarint(to, end)
			if from, to = d.span(next, end); to < 0 {
				return -1
			}
		}
		el := unsafe.Add(first, uintptr(i)*f.elem.size)
		*list = append(*list, el)
		if !d.message(f.elem, el, from, to) {
			return -1
		}
	}
	return to
}

// alike counts the values of the same field that follow each other from at on.
func (d *decoder) alike(tag uint64, at, end int) (n int) {
	for at < end {
		t, next := d.uvarint(at, end)
		if next < 0 || t != tag {
			return n
		}
		if _, at = d.span(next, end); at < 0 {
			return n
		}
		n++
	}
	return n
}

// textEntry decodes an entry of a map of texts.
func (d *decoder) textEntry(m *map[string]string, tag uint64, from, to, end int) int {
	var e entry
	value := ""
	for e.begin(from); e.next(d, to); {
		value = d.b[e.from:e.to]
	}
	if e.bad {
		return -1
	}
	if *m == nil {
		*m = d.a.textMap(1 + d.alike(tag, to, end))
	}
	(*m)[e.key] = value
	return to
}

// factEntry decodes an entry of a map of declared facts.
func (d *decoder) factEntry(t *table, m *map[string]*pb.FactValue, tag uint64, from, to, end int) int {
	var e entry
	value := (*pb.FactValue)(d.a.take(t, 1))
	for e.begin(from); e.next(d, to); {
		if !d.fact(t, value, e.from, e.to) {
			return -1
		}
	}
	if e.bad {
		return -1
	}
	if *m == nil {
		*m = d.a.factMap(1 + d.alike(tag, to, end))
	}
	(*m)[e.key] = value
	return to
}

// entry walks an entry of a map whose key and value have a length.
type entry struct {
	key      string
	from, to int // the value
	at       int
	bad      bool
}

func (e *entry) begin(at int) { e.at = at }

// next goes on to the entry's value, which may come more than once.
func (e *entry) next(d *decoder, end int) bool {
	const key, value = 1<<3 | uint64(protowire.BytesType), 2<<3 | uint64(protowire.BytesType)
	for e.at < end {
		tag, next := d.uvarint(e.at, end)
		if next < 0 || tag != key && tag != value {
			if e.at = d.skip(e.at, end); e.at < 0 {
				e.bad = true
				return false
			}
			continue
		}
		from, to := d.span(next, end)
		if to < 0 {
			e.bad = true
			return false
		}
		if e.at = to; tag == value {
			e.from, e.to = from, to
			return true
		}
		e.key = d.b[from:to]
	}
	return false
}

// skip passes over the field whose tag begins at at.
func (d *decoder) skip(at, end int) int {
	_, _, n := protowire.ConsumeField(d.raw(at, end))
	if n < 0 {
		return -1
	}
	return at + n
}

// keepUnknown keeps a field that the message does not have, or has as something
// else.
func (d *decoder) keepUnknown(unknown *[]byte, at, end int) int {
	next := d.skip(at, end)
	if next >= 0 {
		*unknown = append(*unknown, d.b[at:next]...)
	}
	return next
}

// raw is part of the bytes as bytes.
func (d *decoder) raw(from, to int) []byte {
	return unsafe.Slice(unsafe.StringData(d.b[from:to]), to-from)[: to-from : to-from]
}

// grow makes room for n more values of a list.
func grow[T any](p *pool[T], list *[]T, n int) {
	if was := *list; len(was)+n > cap(was) {
		*list = append(p.take(len(was) + n)[:0], was...)
	}
}

// push appends one number to a list.
func push[T any](p *pool[T], list *[]T, v T) {
	if len(*list) == cap(*list) {
		grow(p, list, max(len(*list), 4))
	}
	*list = append(*list, v)
}
