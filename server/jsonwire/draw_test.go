package jsonwire_test

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// samples are the types that messages are drawn of.
var samples = []proto.Message{
	&pb.Inventory{}, &pb.SubmitInventoryRequest{}, &pb.ListFindingsResponse{}, &pb.Assessment{},
	&pb.Explanation{}, &pb.Policy{}, &pb.ListAuditEntriesResponse{}, &pb.EffectiveInventory{},
	&pb.SystemRecord{}, &pb.Assignment{}, &pb.Checklist{}, &pb.Claim{},
}

// onlyOneKind tells the types in which no other kind of type stands, for which
// one option of protojson gives the same.
func onlyOneKind(m proto.Message) bool {
	switch m.(type) {
	case *pb.Inventory, *pb.ListFindingsResponse, *pb.Assessment, *pb.Explanation, *pb.Policy,
		*pb.ListAuditEntriesResponse, *pb.Assignment, *pb.Claim:
		return true
	}
	return false
}

// drawMessage draws a message with content in some of its fields.
func drawMessage(t *rapid.T, mt protoreflect.MessageType, depth int) protoreflect.Message {
	m := mt.New()
	switch mt.Descriptor().FullName() {
	case "google.protobuf.Timestamp":
		set(m, rapid.Int64Range(-62135596800, 253402300799).Draw(t, "s"), rapid.Int32Range(0, 999999999).Draw(t, "ns"))
		return m
	case "google.protobuf.Duration":
		set(m, rapid.Int64Range(0, 315576000000-1).Draw(t, "s"), rapid.SampledFrom([]int32{0, 1, 500000000, 1000}).Draw(t, "ns"))
		return m
	}
	fields := mt.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if rapid.IntRange(0, 3).Draw(t, "set") != 0 {
			continue
		}
		drawField(t, m, fd, depth)
	}
	return m
}

func set(m protoreflect.Message, s int64, nanos int32) {
	m.Set(m.Descriptor().Fields().ByNumber(1), protoreflect.ValueOfInt64(s))
	m.Set(m.Descriptor().Fields().ByNumber(2), protoreflect.ValueOfInt32(nanos))
}

func drawField(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	if sub := fd.Message(); sub != nil && (depth == 0 || sub.ParentFile().Package() == "google.rpc") && !fd.IsMap() {
		return
	}
	n := rapid.IntRange(1, 2).Draw(t, "n")
	switch {
	case fd.IsMap():
		if fd.MapValue().Message() != nil && depth == 0 {
			return
		}
		mp := m.Mutable(fd).Map()
		for range n {
			key := protoreflect.ValueOfString(rapid.String().Draw(t, "key")).MapKey()
			if fd.MapValue().Message() != nil {
				mp.Set(key, protoreflect.ValueOfMessage(drawMessage(t, mp.NewValue().Message().Type(), depth-1)))
				continue
			}
			mp.Set(key, drawScalar(t, fd.MapValue()))
		}
	case fd.IsList():
		list := m.Mutable(fd).List()
		for range n {
			if fd.Message() != nil {
				list.Append(protoreflect.ValueOfMessage(drawMessage(t, list.NewElement().Message().Type(), depth-1)))
				continue
			}
			list.Append(drawScalar(t, fd))
		}
	case fd.Message() != nil:
		m.Set(fd, protoreflect.ValueOfMessage(drawMessage(t, m.NewField(fd).Message().Type(), depth-1)))
	default:
		m.Set(fd, drawScalar(t, fd))
	}
}

func drawScalar(t *rapid.T, fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.Float64().Draw(t, "double"))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(fd.Enum().Values().Get(0).Number())
	}
	return protoreflect.ValueOfString(rapid.String().Draw(t, "text"))
}
