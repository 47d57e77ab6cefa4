package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Append appends the bytes that proto.Marshal writes of a message when it is
// asked to be deterministic: fields by number, maps by key. So messages that
// differ little have bytes that differ little.
func (t Type[T]) Append(b []byte, m *T) []byte {
	e := encoder{b: b}
	e.message(t.t, ptr(m))
	return e.b
}

type encoder struct {
	b    []byte
	keys []string // a stack: maps nest
}

// message appends the fields of the message at p; nil has none.
func (e *encoder) message(t *table, p unsafe.Pointer) {
	if p == nil {
		return
	}
	if t.fact {
		e.fact((*pb.FactValue)(p))
		return
	}
	for n := range t.fields {
		if f := &t.fields[n]; f.op != opUnknown {
			e.field(protowire.Number(n), f, p)
		}
	}
	e.b = append(e.b, *place[[]byte](p, t.unknown)...)
}

func (e *encoder) tag(n protowire.Number, w protowire.Type) {
	e.b = protowire.AppendTag(e.b, n, w)
}

func (e *encoder) field(n protowire.Number, f *field, p unsafe.Pointer) {
	switch f.op {
	case opBool, opInt32, opInt64, opDouble, opPlainBool, opPlainInt32, opPlainInt64:
		e.number(n, f, p)
	case opText:
		if v := *place[*string](p, f.off); v != nil {
			e.text(n, *v)
		}
	case opPlainText:
		if v := *place[string](p, f.off); v != "" {
			e.text(n, v)
		}
	case opBytes:
		if v := *place[[]byte](p, f.off); len(v) > 0 {
			e.tag(n, protowire.BytesType)
			e.b = protowire.AppendBytes(e.b, v)
		}
	case opMessage:
		if sub := *place[unsafe.Pointer](p, f.off); sub != nil {
			e.below(n, f.elem, sub)
		}
	case opTexts:
		for _, v := range *place[[]string](p, f.off) {
			e.text(n, v)
		}
	case opMessages:
		for _, sub := range *place[[]unsafe.Pointer](p, f.off) {
			e.below(n, f.elem, sub)
		}
	case opInt32s, opInt64s:
		e.packed(n, f, p)
	case opTextMap:
		m := *place[map[string]string](p, f.off)
		entries(e, m, func(k string) {
			e.entry(n, k, func() { e.text(2, m[k]) })
		})
	case opFactMap:
		m := *place[map[string]*pb.FactValue](p, f.off)
		entries(e, m, func(k string) {
			e.entry(n, k, func() { e.below(2, f.elem, unsafe.Pointer(m[k])) })
		})
	}
}

func (e *encoder) text(n protowire.Number, s string) {
	e.tag(n, protowire.BytesType)
	e.b = protowire.AppendString(e.b, s)
}

// int32 widens a number of 32 bits as its kind wants it.
func (f *field) int32(v int32) uint64 {
	if f.unsigned {
		return uint64(uint32(v))
	}
	return uint64(int64(v))
}

// number appends a number, where there is one.
func (e *encoder) number(n protowire.Number, f *field, p unsafe.Pointer) {
	v, ok := uint64(0), false
	switch f.op {
	case opDouble:
		if x := *place[*float64](p, f.off); x != nil {
			e.tag(n, protowire.Fixed64Type)
			e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(*x))
		}
		return
	case opBool:
		if x := *place[*bool](p, f.off); x != nil {
			v, ok = protowire.EncodeBool(*x), true
		}
	case opInt32:
		if x := *place[*int32](p, f.off); x != nil {
			v, ok = f.int32(*x), true
		}
	case opInt64:
		if x := *place[*int64](p, f.off); x != nil {
			v, ok = uint64(*x), true
		}
	case opPlainBool:
		v = protowire.EncodeBool(*place[bool](p, f.off))
	case opPlainInt32:
		v = f.int32(*place[int32](p, f.off))
	case opPlainInt64:
		v = uint64(*place[int64](p, f.off))
	}
	if ok || v != 0 {
		e.tag(n, protowire.VarintType)
		e.b = protowire.AppendVarint(e.b, v)
	}
}

// packed appends a list of numbers as one value.
func (e *encoder) packed(n protowire.Number, f *field, p unsafe.Pointer) {
	from := 0
	if f.op == opInt32s {
		for i, v := range *place[[]int32](p, f.off) {
			if i == 0 {
				from = e.begin(n)
			}
			e.b = protowire.AppendVarint(e.b, f.int32(v))
		}
	} else {
		for i, v := range *place[[]int64](p, f.off) {
			if i == 0 {
				from = e.begin(n)
			}
			e.b = protowire.AppendVarint(e.b, uint64(v))
		}
	}
	if from > 0 {
		e.end(from)
	}
}

// begin appends a tag and leaves room for a length below 128; end, which gets
// what begin returned, makes more where that is too little.
func (e *encoder) begin(n protowire.Number) int {
	e.tag(n, protowire.BytesType)
	e.b = append(e.b, 0)
	return len(e.b)
}

func (e *encoder) end(from int) {
	n := len(e.b) - from
	if more := protowire.SizeVarint(uint64(n)) - 1; more > 0 {
		e.b = slices.Grow(e.b, more)[:len(e.b)+more]
		copy(e.b[from+more:], e.b[from:from+n])
	}
	protowire.AppendVarint(e.b[:from-1], uint64(n))
}

// below appends a message that stands in another.
func (e *encoder) below(n protowire.Number, t *table, p unsafe.Pointer) {
	from := e.begin(n)
	e.message(t, p)
	e.end(from)
}

// entries calls f for the keys of a map, in order.
func entries[V any](e *encoder, m map[string]V, f func(key string)) {
	mark := len(e.keys)
	for k := range m {
		e.keys = append(e.keys, k)
	}
	keys := e.keys[mark:]
	slices.Sort(keys)
	for _, k := range keys {
		f(k)
	}
	e.keys = e.keys[:mark]
}

// entry appends an entry of a map.
func (e *encoder) entry(n protowire.Number, key string, value func()) {
	from := e.begin(n)
	e.text(1, key)
	value()
	e.end(from)
}

// fact appends a declared fact's value, in which there is no map.
func (e *encoder) fact(v *pb.FactValue) {
	n := v.SizeVT()
	e.b = slices.Grow(e.b, n)[:len(e.b)+n]
	if _, err := v.MarshalToSizedBufferVT(e.b[len(e.b)-n:]); err != nil {
		panic(fmt.Sprintf("wire: a FactValue does not marshal: %v", err)) // the generated code has no error to return
	}
}
