package shape_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// walk calls f for every message type below m, once.
func walk(m *shape.Message, seen map[*shape.Message]bool, f func(*shape.Message)) {
	if seen[m] {
		return
	}
	seen[m] = true
	f(m)
	for _, fl := range m.Fields {
		if fl.Elem != nil {
			walk(fl.Elem, seen, f)
		}
	}
}

// TestModel holds the inventory model to its own conventions: what has lists
// can say how much of them is known, and what stands in a list has a key.
func TestModel(t *testing.T) {
	types := 0
	walk(shape.Of((*pb.Inventory)(nil)), map[*shape.Message]bool{}, func(m *shape.Message) {
		types++
		p := m.New()
		for _, f := range m.Fields {
			if f.Card != shape.List {
				continue
			}
			f.MarkPartial(p)
			if got := f.Presence(p); got != shape.Partial {
				t.Errorf("%s.%s: presence %v after MarkPartial", m.Name, f.Name, got)
			}
			if f.Kind == shape.Nested && f.Elem.Key == nil {
				t.Errorf("%s.%s: its elements have no key in field 1", m.Name, f.Name)
			}
		}
	})
	if types < 30 {
		t.Errorf("only %d message types are reached from Inventory", types)
	}
}

// TestAgreesWithProtoreflect reads every field of a filled message both ways.
func TestAgreesWithProtoreflect(t *testing.T) {
	walk(shape.Of((*pb.Inventory)(nil)), map[*shape.Message]bool{}, func(m *shape.Message) {
		msg := m.Proto(m.New())
		r := msg.ProtoReflect()
		p := m.New()
		dst := m.Proto(p)
		for _, f := range m.Fields {
			fd := r.Descriptor().Fields().ByName(protoreflect.Name(f.Name))
			fill(r, fd)
		}
		src := shape.PtrOf(msg)
		for _, f := range m.Fields {
			if f.Presence(src) == shape.Absent {
				t.Errorf("%s.%s: set, but read as absent", m.Name, f.Name)
			}
			f.Copy(p, src)
		}
		if !proto.Equal(msg, dst) {
			t.Errorf("%s: copied field by field it differs:\n%v\n%v", m.Name, msg, dst)
		}
		for _, f := range m.Fields {
			f.Clear(p)
		}
		if !proto.Equal(dst, m.Proto(m.New())) {
			t.Errorf("%s: cleared field by field it is not empty: %v", m.Name, dst)
		}
	})
}

func fill(r protoreflect.Message, fd protoreflect.FieldDescriptor) {
	switch {
	case fd.IsMap():
		mp := r.Mutable(fd).Map()
		mp.Set(protoreflect.ValueOfString("k").MapKey(), sample(fd.MapValue(), mp.NewValue))
	case fd.IsList():
		l := r.Mutable(fd).List()
		l.Append(sample(fd, l.NewElement))
	default:
		r.Set(fd, sample(fd, func() protoreflect.Value { return r.NewField(fd) }))
	}
}

func sample(fd protoreflect.FieldDescriptor, empty func() protoreflect.Value) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(7)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1 << 40)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(0.5)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("text")
	}
	return empty()
}

func TestScalars(t *testing.T) {
	e := &pb.Endpoint{Id: "443", Port: proto.Int32(443), HstsMaxAge: durationpb.New(5e9)}
	m, p := shape.Of(e), shape.Ptr(e)
	if v, ok := m.Field("id").Text(p); v != "443" || !ok {
		t.Errorf("id: %q, %v", v, ok)
	}
	if v, ok := m.Field("port").Int(p); v != 443 || !ok {
		t.Errorf("port: %d, %v", v, ok)
	}
	if _, ok := m.Field("exposed").Bool(p); ok {
		t.Error("exposed: absent, but read as present")
	}
	if v, ok := m.Field("hsts_max_age").Micros(p); v != 5_000_000 || !ok {
		t.Errorf("hsts_max_age: %d, %v", v, ok)
	}
	os := &pb.OperatingSystem{PatchedTime: &timestamppb.Timestamp{Seconds: -1, Nanos: 999_999_999}}
	if v, ok := shape.Of(os).Field("patched_time").Micros(shape.Ptr(os)); v != -1 || !ok {
		t.Errorf("one nanosecond before 1970 is microsecond %d, %v", v, ok)
	}
}

func TestListPresence(t *testing.T) {
	hosts := shape.Of((*pb.Inventory)(nil)).Field("hosts")
	for _, c := range []struct {
		name string
		inv  *pb.Inventory
		want shape.Presence
	}{
		{"not sent", &pb.Inventory{}, shape.Absent},
		{"sent", &pb.Inventory{Hosts: []*pb.Host{{Id: "a"}}}, shape.Whole},
		{"reported empty", &pb.Inventory{ReportedEmpty: []string{"hosts"}}, shape.Empty},
		{"partial", &pb.Inventory{Hosts: []*pb.Host{{Id: "a"}}, Partial: []string{"hosts"}}, shape.Partial},
		{"another is empty", &pb.Inventory{ReportedEmpty: []string{"facilities"}}, shape.Absent},
	} {
		if got := hosts.Presence(shape.Ptr(c.inv)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
