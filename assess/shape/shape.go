package shape

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoimpl"
)

// Kind says what a field, or an element of a list, holds.
type Kind uint8

// The kinds. Time and Duration are google.protobuf's messages, Fact is
// plumbline.v1.FactValue; every other message is Nested.
const (
	Bool Kind = iota + 1
	Int32
	Int64
	Double
	Text
	Time
	Duration
	Fact
	Nested
)

// Card says how many values a field holds.
type Card uint8

// The cardinalities. A Key is a plain scalar without presence: field 1 of an
// element. One has presence.
const (
	Key Card = iota + 1
	One
	List
	Map
)

// Field is one field of a message type. It is immutable.
type Field struct {
	Parent *Message
	Name   string // the proto name, such as "patched_time"
	JSON   string // the JSON name, such as "patchedTime"
	Number int32
	Kind   Kind // of the field, of a list's elements or of a map's values
	Card   Card
	Elem   *Message // where Kind is Nested

	off uintptr
}

// Message is the table of a message type's fields. It is immutable.
type Message struct {
	Name   string // such as "Host"
	Fields []*Field
	Key    *Field // field 1 where it is a plain text, else nil

	byName  map[string]*Field
	goType  reflect.Type
	empty   *Field // reported_empty, or nil
	partial *Field // partial, or nil
	unknown uintptr
}

const (
	emptyName   = "reported_empty"
	partialName = "partial"
)

var (
	tablesMu sync.Mutex
	tables   = map[protoreflect.FullName]*Message{}
)

// Of returns the table of m's message type. Only m's type is used. It panics
// where the generated struct is not what the descriptor says, which a test
// over the whole inventory model rules out. It is safe for concurrent use.
func Of(m proto.Message) *Message {
	tablesMu.Lock()
	defer tablesMu.Unlock()
	return build(m.ProtoReflect().Descriptor(), reflect.TypeOf(m).Elem())
}

// Ptr returns the address of m's struct, which is what fields are read from.
func Ptr[T any](m *T) unsafe.Pointer { return unsafe.Pointer(m) }

// PtrOf is Ptr for a message whose Go type is not known statically.
func PtrOf(m proto.Message) unsafe.Pointer { return reflect.ValueOf(m).UnsafePointer() }

// New returns a new, empty struct of the message type.
func (m *Message) New() unsafe.Pointer { return reflect.New(m.goType).UnsafePointer() }

// Proto returns the message at p as a proto.Message that shares its memory.
func (m *Message) Proto(p unsafe.Pointer) proto.Message {
	return reflect.NewAt(m.goType, p).Interface().(proto.Message)
}

// Field returns the field of that proto name, or nil. The two fields that
// describe lists, reported_empty and partial, are not among the fields.
func (m *Message) Field(name string) *Field { return m.byName[name] }

// build makes the table of one type and of all that it refers to; the caller
// holds tablesMu. The table is registered before its fields are read, so that
// types may refer to each other.
func build(d protoreflect.MessageDescriptor, t reflect.Type) *Message {
	if m, ok := tables[d.FullName()]; ok {
		return m
	}
	m := &Message{Name: string(d.Name()), goType: t, byName: map[string]*Field{}}
	tables[d.FullName()] = m
	structs := structFields(t)
	unknown, ok := t.FieldByName("unknownFields")
	if !ok || unknown.Type != reflect.TypeFor[protoimpl.UnknownFields]() {
		panic(fmt.Sprintf("shape: %s has no unknownFields", t))
	}
	m.unknown = unknown.Offset
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic() {
			continue // only FactValue has one, and it is read as a whole
		}
		sf, ok := structs[int32(fd.Number())]
		if !ok {
			panic(fmt.Sprintf("shape: %s has no struct field for %s", t, fd.FullName()))
		}
		m.add(newField(m, fd, sf), fd)
	}
	return m
}

func (m *Message) add(f *Field, fd protoreflect.FieldDescriptor) {
	switch f.Name {
	case emptyName:
		m.empty = f
		return
	case partialName:
		m.partial = f
		return
	}
	if fd.Number() == 1 && f.Kind == Text && f.Card == Key {
		m.Key = f
	}
	m.Fields = append(m.Fields, f)
	m.byName[f.Name] = f
}

// structFields maps field numbers to struct fields by the tags that the
// generator writes.
func structFields(t reflect.Type) map[int32]reflect.StructField {
	out := map[int32]reflect.StructField{}
	for i := range t.NumField() {
		sf := t.Field(i)
		parts := strings.Split(sf.Tag.Get("protobuf"), ",")
		if len(parts) < 2 {
			continue
		}
		n, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil {
			panic(fmt.Sprintf("shape: %s.%s: tag %q", t, sf.Name, sf.Tag))
		}
		out[int32(n)] = sf
	}
	return out
}

func newField(m *Message, fd protoreflect.FieldDescriptor, sf reflect.StructField) *Field {
	f := &Field{Parent: m, Name: string(fd.Name()), JSON: fd.JSONName(), Number: int32(fd.Number()), off: sf.Offset}
	value, goType := fd, sf.Type
	switch {
	case fd.IsMap():
		f.Card, value, goType = Map, fd.MapValue(), sf.Type.Elem()
	case fd.IsList():
		f.Card, goType = List, sf.Type.Elem()
	case fd.HasPresence():
		f.Card = One
	default:
		f.Card = Key
	}
	f.Kind = kindOf(value)
	if want := goTypeOf(f.Kind, f.Card); want != nil && want != goType {
		panic(fmt.Sprintf("shape: %s is a %s, not a %s", fd.FullName(), goType, want))
	}
	if f.Kind == Nested {
		f.Elem = build(value.Message(), goType.Elem())
	}
	return f
}

func kindOf(fd protoreflect.FieldDescriptor) Kind {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return Bool
	case protoreflect.Int32Kind:
		return Int32
	case protoreflect.Int64Kind:
		return Int64
	case protoreflect.DoubleKind:
		return Double
	case protoreflect.StringKind:
		return Text
	case protoreflect.MessageKind:
		switch fd.Message().FullName() {
		case "google.protobuf.Timestamp":
			return Time
		case "google.protobuf.Duration":
			return Duration
		case "plumbline.v1.FactValue":
			return Fact
		}
		return Nested
	}
	panic(fmt.Sprintf("shape: %s: no inventory field has the kind %s", fd.FullName(), fd.Kind()))
}
