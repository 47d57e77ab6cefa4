package attest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// SetFact writes the value of a fact into an inventory, which is then a view
// that says so, and no more: the lists that it has to create for the subject are
// marked partial. Where the fact stands already, it is replaced. The value is
// copied. Nothing is written where an error is returned, which names the field
// and says what to write instead.
//
// The system that it creates has no id; a caller who knows it sets it, before or
// after.
func SetFact(inv *pb.Inventory, subject, fact string, v *pb.FactValue) error {
	p, err := resolve(subject, fact)
	if err != nil {
		return err
	}
	v = proto.CloneOf(v)
	if err := check(p, subject, fact, v); err != nil {
		return err
	}
	m := inv.ProtoReflect()
	steps := strings.Split(subject, "/")
	if subject == System {
		steps = nil
	}
	if subject == System || inventoryTable.Field(steps[0]) == nil {
		m = child(m, "system")
	}
	m = descend(m, steps)
	below := strings.Split(p.Fact, "/")
	if p.Form == Declared && len(below) == 1 {
		below = []string{"facts", below[0]}
	}
	last := len(below) - 1
	if p.Form == Entry || p.Form == Declared {
		last--
	}
	for _, name := range below[:last] {
		m = child(m, name)
	}
	write(m, p, below[last:], v)
	return nil
}

// child is a single message below m, made if need be.
func child(m protoreflect.Message, name string) protoreflect.Message {
	return m.Mutable(m.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
}

// descend follows the path of an element, and makes what is not there.
func descend(m protoreflect.Message, steps []string) protoreflect.Message {
	for len(steps) > 0 {
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(steps[0]))
		if !fd.IsList() {
			m, steps = child(m, steps[0]), steps[1:]
			continue
		}
		m, steps = element(m, fd, shape.KeyOfPath(steps[1])), steps[2:]
	}
	return m
}

// element is the element of a list with that key, made if need be.
func element(m protoreflect.Message, fd protoreflect.FieldDescriptor, key string) protoreflect.Message {
	list := m.Mutable(fd).List()
	keyField := fd.Message().Fields().ByNumber(1)
	if el := find(list, fd, key); el != nil {
		return el
	}
	if list.Len() == 0 {
		mark(m, "partial", fd, true)
		mark(m, "reported_empty", fd, false)
	}
	el := list.AppendMutable().Message()
	el.Set(keyField, protoreflect.ValueOfString(key))
	return el
}

// mark puts a list's name among the names of lists of its kind, or takes it out.
func mark(m protoreflect.Message, among string, list protoreflect.FieldDescriptor, in bool) {
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(among))
	var names []string
	for i := range m.Get(fd).List().Len() {
		if n := m.Get(fd).List().Get(i).String(); n != string(list.Name()) {
			names = append(names, n)
		}
	}
	if in {
		names = append(names, string(list.Name()))
		slices.Sort(names)
	}
	setTexts(m, fd, names)
}

func setTexts(m protoreflect.Message, fd protoreflect.FieldDescriptor, texts []string) {
	m.Clear(fd)
	for _, s := range texts {
		m.Mutable(fd).List().Append(protoreflect.ValueOfString(s))
	}
}

// write puts a checked value into the message that has the field; steps are the
// field's name, and for a map the key.
func write(m protoreflect.Message, p Place, steps []string, v *pb.FactValue) {
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(steps[0]))
	switch p.Form {
	case Declared:
		m.Mutable(fd).Map().Set(protoreflect.ValueOfString(shape.KeyOfPath(steps[1])).MapKey(), protoreflect.ValueOfMessage(v.ProtoReflect()))
	case Entry:
		m.Mutable(fd).Map().Set(protoreflect.ValueOfString(shape.KeyOfPath(steps[1])).MapKey(), protoreflect.ValueOfString(v.GetStringValue()))
	case Texts:
		texts := slices.Compact(slices.Sorted(slices.Values(v.GetStringList().GetValues())))
		setTexts(m, fd, texts)
		mark(m, "partial", fd, false)
		mark(m, "reported_empty", fd, len(texts) == 0)
	default:
		m.Set(fd, scalar(fd, v))
	}
}

// scalar is the value as the field has it.
func scalar(fd protoreflect.FieldDescriptor, v *pb.FactValue) protoreflect.Value {
	switch x := v.Value.(type) {
	case *pb.FactValue_BoolValue:
		return protoreflect.ValueOfBool(x.BoolValue)
	case *pb.FactValue_IntValue:
		switch fd.Kind() {
		case protoreflect.DoubleKind:
			return protoreflect.ValueOfFloat64(float64(x.IntValue))
		case protoreflect.Int32Kind:
			return protoreflect.ValueOfInt32(int32(x.IntValue))
		}
		return protoreflect.ValueOfInt64(x.IntValue)
	case *pb.FactValue_DoubleValue:
		return protoreflect.ValueOfFloat64(x.DoubleValue)
	case *pb.FactValue_StringValue:
		return protoreflect.ValueOfString(x.StringValue)
	case *pb.FactValue_TimeValue:
		return protoreflect.ValueOfMessage(x.TimeValue.ProtoReflect())
	}
	return protoreflect.ValueOfMessage(v.GetDurationValue().ProtoReflect())
}

// check refuses a value that the fact cannot have.
func check(p Place, subject, fact string, v *pb.FactValue) error {
	got := TypeOf(v)
	switch want := p.Type(); {
	case got == "":
		return fmt.Errorf("value: is empty; write one of type %s", orDeclared(want))
	case want == "" || got == want || want == "double" && got == "int":
	default:
		return fmt.Errorf("value: is of type %s, but %s of %s is of type %s", got, fact, subject, want)
	}
	switch x := v.Value.(type) {
	case *pb.FactValue_TimeValue:
		if err := x.TimeValue.CheckValid(); err != nil {
			return fmt.Errorf("value: is no instant: %w", err)
		}
	case *pb.FactValue_DurationValue:
		if err := x.DurationValue.CheckValid(); err != nil {
			return fmt.Errorf("value: is no span of time: %w", err)
		}
	case *pb.FactValue_IntValue:
		if p.Form == Scalar && p.Field.Kind == shape.Int32 && (x.IntValue < math.MinInt32 || x.IntValue > math.MaxInt32) {
			return fmt.Errorf("value: %d is out of the range of %s, which is from %d to %d", x.IntValue, fact, math.MinInt32, math.MaxInt32)
		}
	case *pb.FactValue_DoubleValue:
		if math.IsNaN(x.DoubleValue) || math.IsInf(x.DoubleValue, 0) {
			return fmt.Errorf("value: %v is no number that %s can have", x.DoubleValue, fact)
		}
	}
	return nil
}

func orDeclared(want string) string {
	if want == "" {
		return "that the checklist declares"
	}
	return want
}

// TypeOf is the type of a value, as declarations write it; empty where there is
// none.
func TypeOf(v *pb.FactValue) string {
	switch x := v.GetValue().(type) {
	case *pb.FactValue_BoolValue:
		return "bool"
	case *pb.FactValue_IntValue:
		return "int"
	case *pb.FactValue_DoubleValue:
		return "double"
	case *pb.FactValue_StringValue:
		return "string"
	case *pb.FactValue_TimeValue:
		if x.TimeValue != nil {
			return "timestamp"
		}
	case *pb.FactValue_DurationValue:
		if x.DurationValue != nil {
			return "duration"
		}
	case *pb.FactValue_StringList:
		return "list(string)"
	}
	return ""
}
