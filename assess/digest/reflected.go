package digest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// any writes head and body of a message by the encoder that its type wants.
func (e *encoder) any(m proto.Message) {
	r := root()
	switch m := m.(type) {
	case *pb.Host:
		e.head(r.host.name)
		e.message(r.host, shape.Ptr(m))
	case *pb.System:
		e.head(r.system.name)
		e.message(r.system, shape.Ptr(m))
	case *pb.Facility:
		e.head(r.facility.name)
		e.message(r.facility, shape.Ptr(m))
	case *pb.Inventory:
		e.head(inventoryName)
		e.message(r.inventory, shape.Ptr(m))
	default:
		rm := m.ProtoReflect()
		e.head(rm.Descriptor().FullName())
		e.below(rm)
	}
}

// below writes the body of a message that stands at the root or below another
// by the rules of its own type: the inventory model's wherever it stands.
func (e *encoder) below(m protoreflect.Message) {
	name := m.Descriptor().FullName()
	if p, ok := plans()[name]; ok {
		if ptr, ok := structOf(m, p.goType); ok {
			e.message(p, ptr)
			return
		}
	}
	switch v := m.Interface().(type) {
	case *pb.FactValue:
		e.fact(v)
	case *pb.StringList:
		e.stringList(v)
	default:
		e.reflected(m, nil)
	}
}

// structOf is the address of a generated struct; a dynamic message has none.
func structOf(m protoreflect.Message, want reflect.Type) (unsafe.Pointer, bool) {
	v := reflect.ValueOf(m.Interface())
	if v.Type() != want {
		return nil, false
	}
	return v.UnsafePointer(), true
}

// reflected writes a body whose lists keep their order.
func (e *encoder) reflected(m protoreflect.Message, without []protoreflect.Name) {
	for _, fd := range byNumber(m.Descriptor().Fields()) {
		if !m.Has(fd) || slices.Contains(without, fd.Name()) {
			continue
		}
		e.number(uint64(fd.Number()))
		v := m.Get(fd)
		switch {
		case fd.IsMap():
			e.reflectedMap(fd, v.Map())
		case fd.IsList():
			list := v.List()
			e.count(list.Len())
			for i := range list.Len() {
				e.value(fd, list.Get(i))
			}
		default:
			e.value(fd, v)
		}
	}
	e.end()
}

func byNumber(fields protoreflect.FieldDescriptors) []protoreflect.FieldDescriptor {
	out := make([]protoreflect.FieldDescriptor, fields.Len())
	for i := range out {
		out[i] = fields.Get(i)
	}
	slices.SortFunc(out, func(a, b protoreflect.FieldDescriptor) int { return cmp.Compare(a.Number(), b.Number()) })
	return out
}

func (e *encoder) reflectedMap(fd protoreflect.FieldDescriptor, m protoreflect.Map) {
	keys := make([]protoreflect.MapKey, 0, m.Len())
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return cmp.Compare(a.String(), b.String()) })
	e.count(len(keys))
	for _, k := range keys {
		e.text(k.String())
		e.value(fd.MapValue(), m.Get(k))
	}
}

// value writes one value of a field, of a list or of a map.
func (e *encoder) value(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		e.bool(v.Bool())
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind,
		protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		e.int(v.Int())
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		e.number(v.Uint())
	case protoreflect.EnumKind:
		e.int(int64(v.Enum()))
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		e.double(v.Float())
	case protoreflect.StringKind:
		e.text(v.String())
	case protoreflect.BytesKind:
		e.text(string(v.Bytes()))
	case protoreflect.MessageKind:
		e.reflectedMessage(v.Message())
	default: // groups, which proto3 does not have
		panic(fmt.Sprintf("digest: %s: a %s has no canonical encoding", fd.FullName(), fd.Kind()))
	}
}

func (e *encoder) reflectedMessage(m protoreflect.Message) {
	switch m.Descriptor().FullName() {
	case "google.protobuf.Timestamp", "google.protobuf.Duration":
		fields := m.Descriptor().Fields()
		e.int(m.Get(fields.ByNumber(1)).Int()*1e6 + m.Get(fields.ByNumber(2)).Int()/1e3)
	default:
		e.below(m)
	}
}
