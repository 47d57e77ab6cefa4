package digest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/inventorytest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func instant(seconds int64, nanos int) *timestamppb.Timestamp {
	return timestamppb.New(time.Unix(seconds, int64(nanos)))
}

// reference is the format written a second time, straight from the package
// documentation and without regard to speed.
type reference struct {
	model map[protoreflect.FullName]bool
}

func newReference() reference {
	r := reference{map[protoreflect.FullName]bool{}}
	r.learn((&pb.Inventory{}).ProtoReflect().Descriptor())
	return r
}

// learn notes the messages of the inventory model.
func (r reference) learn(md protoreflect.MessageDescriptor) {
	if r.model[md.FullName()] || md.ParentFile().Package() != "plumbline.v1" {
		return
	}
	r.model[md.FullName()] = true
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if fd.IsMap() {
			fd = fd.MapValue()
		}
		if fd.Message() != nil {
			r.learn(fd.Message())
		}
	}
}

func (r reference) encoding(m protoreflect.Message) []byte {
	head := append([]byte(m.Descriptor().FullName()), 0)
	return append(head, r.body(m)...)
}

func (r reference) body(m protoreflect.Message) (out []byte) {
	for n := protoreflect.FieldNumber(1); n < 2000; n++ {
		fd := m.Descriptor().Fields().ByNumber(n)
		if fd == nil || !m.Has(fd) {
			continue
		}
		out = binary.AppendUvarint(out, uint64(n))
		switch {
		case fd.IsMap():
			out = append(out, r.mapping(fd, m.Get(fd).Map())...)
		case fd.IsList():
			out = append(out, r.list(fd, m.Get(fd).List(), r.model[m.Descriptor().FullName()])...)
		default:
			out = append(out, r.value(fd, m.Get(fd))...)
		}
	}
	return append(out, 0)
}

func (r reference) mapping(fd protoreflect.FieldDescriptor, m protoreflect.Map) []byte {
	var keys []string
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k.String())
		return true
	})
	slices.Sort(keys)
	out := binary.AppendUvarint(nil, uint64(len(keys)))
	for _, k := range keys {
		out = append(binary.AppendUvarint(out, uint64(len(k))), k...)
		out = append(out, r.value(fd.MapValue(), m.Get(protoreflect.ValueOfString(k).MapKey()))...)
	}
	return out
}

func (r reference) list(fd protoreflect.FieldDescriptor, list protoreflect.List, set bool) []byte {
	values := make([]protoreflect.Value, list.Len())
	for i := range values {
		values[i] = list.Get(i)
	}
	if set {
		slices.SortStableFunc(values, func(a, b protoreflect.Value) int { return compare(fd, a, b) })
		if fd.Message() == nil {
			values = slices.CompactFunc(values, func(a, b protoreflect.Value) bool { return compare(fd, a, b) == 0 })
		}
	}
	out := binary.AppendUvarint(nil, uint64(len(values)))
	for _, v := range values {
		out = append(out, r.value(fd, v)...)
	}
	return out
}

func compare(fd protoreflect.FieldDescriptor, a, b protoreflect.Value) int {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		key := fd.Message().Fields().ByNumber(1)
		return bytes.Compare([]byte(a.Message().Get(key).String()), []byte(b.Message().Get(key).String()))
	case protoreflect.StringKind:
		return bytes.Compare([]byte(a.String()), []byte(b.String()))
	}
	return int(a.Int() - b.Int())
}

func (r reference) value(fd protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		if v.Bool() {
			return []byte{1}
		}
		return []byte{0}
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return binary.AppendVarint(nil, v.Int())
	case protoreflect.Uint64Kind:
		return binary.AppendUvarint(nil, v.Uint())
	case protoreflect.EnumKind:
		return binary.AppendVarint(nil, int64(v.Enum()))
	case protoreflect.DoubleKind:
		return binary.BigEndian.AppendUint64(nil, math.Float64bits(v.Float()))
	case protoreflect.BytesKind:
		return append(binary.AppendUvarint(nil, uint64(len(v.Bytes()))), v.Bytes()...)
	case protoreflect.StringKind:
		return append(binary.AppendUvarint(nil, uint64(len(v.String()))), v.String()...)
	}
	m := v.Message()
	switch t := m.Interface().(type) {
	case *timestamppb.Timestamp:
		return binary.AppendVarint(nil, t.AsTime().UnixMicro())
	case interface{ AsDuration() time.Duration }:
		return binary.AppendVarint(nil, t.AsDuration().Microseconds())
	}
	if fd.Parent().Name() == "Inventory" {
		sum := sha256.Sum256(r.encoding(m))
		return sum[:]
	}
	return r.body(m)
}

func TestAgainstReference(t *testing.T) {
	r := newReference()
	check := func(t *rapid.T, m proto.Message) {
		if got, want := digest.Append(nil, m), r.encoding(m.ProtoReflect()); !bytes.Equal(got, want) {
			t.Fatalf("%v\ngot  %x\nwant %x", m, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		inv := inventorytest.Config{}.Inventory().Draw(t, "inventory")
		if rapid.Bool().Draw(t, "shuffle") {
			inventorytest.Shuffle(t, inv)
		}
		check(t, inv)
		check(t, inv.GetSystem())
		for _, h := range inv.Hosts {
			check(t, h)
			for _, e := range h.Endpoints {
				check(t, e)
			}
		}
	})
}

// TestEveryMessageAgainstReference goes through all messages of the API, each
// with every field set.
func TestEveryMessageAgainstReference(t *testing.T) {
	r := newReference()
	n := 0
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		if mt.Descriptor().ParentFile().Package() != "plumbline.v1" || mt.Descriptor().IsMapEntry() {
			return true
		}
		n++
		m := filled(mt.New(), 4)
		got, want := digest.Append(nil, m.Interface()), r.encoding(m)
		if !bytes.Equal(got, want) {
			t.Errorf("%s\ngot  %.200x\nwant %.200x", mt.Descriptor().FullName(), got, want)
		}
		return true
	})
	if n < 50 {
		t.Fatalf("only %d messages are linked in", n)
	}
}

// filled sets every field of a message to something; in a oneof the last wins.
func filled(m protoreflect.Message, depth int) protoreflect.Message {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case fd.IsMap():
			entries := m.Mutable(fd).Map()
			for _, k := range []string{"b", "a"} {
				v := entries.NewValue()
				if fd.MapValue().Message() != nil && depth > 0 {
					filled(v.Message(), depth-1)
				}
				entries.Set(protoreflect.ValueOfString(k).MapKey(), v)
			}
		case fd.IsList():
			fillList(m.Mutable(fd).List(), fd, depth)
		case fd.Message() != nil:
			if sub := m.Mutable(fd).Message(); depth > 0 {
				filled(sub, depth-1)
			}
		default:
			m.Set(fd, some(fd, int64(i)))
		}
	}
	return m
}

func fillList(list protoreflect.List, fd protoreflect.FieldDescriptor, depth int) {
	for i := range int64(2) {
		if fd.Message() == nil {
			list.Append(some(fd, 2-i))
			continue
		}
		el := list.NewElement()
		if depth > 0 {
			filled(el.Message(), depth-1)
		}
		list.Append(el)
	}
}

func some(fd protoreflect.FieldDescriptor, n int64) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(n) * 1500) // also the nanoseconds of an instant
	case protoreflect.Int64Kind:
		if fd.Parent().ParentFile().Package() != "google.protobuf" { // a span has one sign
			n -= 3
		}
		return protoreflect.ValueOfInt64(n)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(uint64(n) << 40)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n) + 0.5)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{0, 1})
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("text" + string(rune('a'+n%26)))
	}
	panic("no value for " + fd.FullName())
}
