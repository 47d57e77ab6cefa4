package wire

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoimpl"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// op is what to do with a field.
type op uint8

const (
	opUnknown op = iota // the number is not in use: the bytes are kept
	opBool              // with presence, as are those that follow
	opInt32
	opInt64
	opDouble
	opText
	opPlainBool // without
	opPlainInt32
	opPlainInt64
	opPlainText
	opBytes
	opMessage
	opTexts
	opInt32s
	opInt64s
	opMessages
	opTextMap
	opFactMap
)

// field is one field of a message type. Kinds that are alike in memory share an
// op: 32 bits are 32 bits, signed or not.
type field struct {
	op       op
	unsigned bool           // of 32 bits that are
	wire     protowire.Type // of one value; lists of numbers may be packed instead
	off      uintptr
	elem     *table
}

// table is a message type. It is immutable.
type table struct {
	name    string
	goType  reflect.Type
	size    uintptr
	unknown uintptr
	fields  []field // by number
	slab    int     // the index of the type's slabs in every arena
	fact    bool    // it is a FactValue
}

// Type is a message type whose messages can be decoded. It is immutable and
// safe for concurrent use.
type Type[T any] struct{ t *table }

// For returns the type of T, whose pointer is a generated message. It panics
// where a field is of a kind that no stored message has, or where the generated
// struct is not what the descriptor says; a test over all stored messages rules
// that out.
func For[T any]() Type[T] {
	m, ok := any(new(T)).(proto.Message)
	if !ok {
		panic(fmt.Sprintf("wire: %T is no message", new(T)))
	}
	mu.Lock()
	defer mu.Unlock()
	return Type[T]{build(m.ProtoReflect().Descriptor(), reflect.TypeFor[T]())}
}

var (
	mu     sync.Mutex
	tables = map[reflect.Type]*table{}
)

// build makes the table of a type and of all that it refers to; the caller holds
// mu. It is registered first, so that types may refer to each other.
func build(d protoreflect.MessageDescriptor, goType reflect.Type) *table {
	if t, ok := tables[goType]; ok {
		return t
	}
	t := &table{name: string(d.Name()), goType: goType, size: goType.Size(), slab: len(tables), fact: goType == reflect.TypeFor[pb.FactValue]()}
	tables[goType] = t
	unknown, ok := goType.FieldByName("unknownFields")
	if !ok || unknown.Type != reflect.TypeFor[protoimpl.UnknownFields]() {
		panic(fmt.Sprintf("wire: %s has no unknownFields", goType))
	}
	t.unknown = unknown.Offset
	if t.fact {
		return t
	}
	structs := structFields(goType)
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		sf, ok := structs[fd.Number()]
		if !ok || fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic() {
			panic(fmt.Sprintf("wire: %s has no field of its own for %s", goType, fd.FullName()))
		}
		n := int(fd.Number())
		for len(t.fields) <= n {
			t.fields = append(t.fields, field{})
		}
		t.fields[n] = newField(fd, sf)
	}
	return t
}

// structFields maps field numbers to struct fields by the tags that the
// generator writes.
func structFields(t reflect.Type) map[protoreflect.FieldNumber]reflect.StructField {
	out := map[protoreflect.FieldNumber]reflect.StructField{}
	for i := range t.NumField() {
		parts := strings.Split(t.Field(i).Tag.Get("protobuf"), ",")
		if len(parts) < 2 {
			continue
		}
		n, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil {
			panic(fmt.Sprintf("wire: %s.%s: tag %q", t, t.Field(i).Name, t.Field(i).Tag))
		}
		out[protoreflect.FieldNumber(n)] = t.Field(i)
	}
	return out
}

// kinds are the ops of the kinds of fields that stored messages have, and the Go
// type that each writes.
var kinds = map[protoreflect.Kind]struct {
	with, without, list op // with presence, without, repeated
	wire                protowire.Type
	goType              reflect.Type
}{
	protoreflect.BoolKind:    {opBool, opPlainBool, opUnknown, protowire.VarintType, reflect.TypeFor[bool]()},
	protoreflect.Int32Kind:   {opInt32, opPlainInt32, opInt32s, protowire.VarintType, reflect.TypeFor[int32]()},
	protoreflect.Uint32Kind:  {opInt32, opPlainInt32, opInt32s, protowire.VarintType, reflect.TypeFor[uint32]()},
	protoreflect.Int64Kind:   {opInt64, opPlainInt64, opInt64s, protowire.VarintType, reflect.TypeFor[int64]()},
	protoreflect.Uint64Kind:  {opInt64, opPlainInt64, opInt64s, protowire.VarintType, reflect.TypeFor[uint64]()},
	protoreflect.DoubleKind:  {opDouble, opUnknown, opUnknown, protowire.Fixed64Type, reflect.TypeFor[float64]()},
	protoreflect.StringKind:  {opText, opPlainText, opTexts, protowire.BytesType, reflect.TypeFor[string]()},
	protoreflect.BytesKind:   {opUnknown, opBytes, opUnknown, protowire.BytesType, reflect.TypeFor[[]byte]()},
	protoreflect.MessageKind: {opMessage, opUnknown, opMessages, protowire.BytesType, nil},
}

func newField(fd protoreflect.FieldDescriptor, sf reflect.StructField) field {
	f := field{off: sf.Offset, unsigned: fd.Kind() == protoreflect.Uint32Kind}
	goType := sf.Type
	if fd.IsMap() {
		f.wire = protowire.BytesType
		switch goType {
		case reflect.TypeFor[map[string]string]():
			f.op = opTextMap
		case reflect.TypeFor[map[string]*pb.FactValue]():
			f.op, f.elem = opFactMap, build(fd.MapValue().Message(), reflect.TypeFor[pb.FactValue]())
		default:
			panic(fmt.Sprintf("wire: %s is a map of another kind", fd.FullName()))
		}
		return f
	}
	k := kinds[fd.Kind()]
	f.wire = k.wire
	switch {
	case fd.IsList():
		f.op, goType = k.list, goType.Elem()
	case fd.HasPresence():
		f.op = k.with
		if fd.Message() == nil {
			goType = goType.Elem()
		}
	default:
		f.op = k.without
	}
	if fd.Message() != nil && goType.Kind() == reflect.Pointer {
		f.elem = build(fd.Message(), goType.Elem())
	}
	if f.op == opUnknown || k.goType != nil && k.goType != goType || k.goType == nil && f.elem == nil {
		panic(fmt.Sprintf("wire: %s is a %s, of a kind that no stored message has", fd.FullName(), sf.Type))
	}
	return f
}

// place is where a field of the message at p lies, as a T.
func place[T any](p unsafe.Pointer, off uintptr) *T { return (*T)(unsafe.Add(p, off)) }

func ptr[T any](m *T) unsafe.Pointer { return unsafe.Pointer(m) }
