package assess_test

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// vocabulary is what a checklist's rules talk about, gathered from its
// examples and constants: inventories made of it are ones to which the rules
// apply, and that they decide in all ways.
type vocabulary struct {
	examples []*pb.Example
	scalars  map[protoreflect.FullName][]protoreflect.Value // also of lists' members and maps' values
	keys     map[protoreflect.FullName][]string             // of maps
	elements map[protoreflect.FullName][]protoreflect.Message
	fields   map[protoreflect.FullName][]protoreflect.FieldDescriptor // of a message, those that an example gives
	words    []string                                                 // constants of rules, parameters and tables
	numbers  []int64
	instants []int64
	subjects []string // of claims
	claims   []string
}

var quoted = regexp.MustCompile(`"([^"\\]*)"|'([^'\\]*)'`)

func vocabularyOf(c *assess.Checklist) *vocabulary {
	v := &vocabulary{
		scalars: map[protoreflect.FullName][]protoreflect.Value{}, keys: map[protoreflect.FullName][]string{},
		elements: map[protoreflect.FullName][]protoreflect.Message{}, fields: map[protoreflect.FullName][]protoreflect.FieldDescriptor{},
	}
	src := c.Source()
	for _, r := range c.Rules() {
		for _, x := range r.Examples {
			x = proto.CloneOf(x)
			v.examples = append(v.examples, x)
			v.message(x.Inventory.ProtoReflect())
		}
		for _, text := range []string{r.Applies, r.Check, r.Pair.GetLeft(), r.Pair.GetRight()} {
			for _, m := range quoted.FindAllStringSubmatch(text, -1) {
				v.words = append(v.words, m[1]+m[2])
			}
		}
	}
	for _, p := range src.Parameters {
		v.constant(p.Default)
	}
	for _, t := range src.Tables {
		v.words = append(v.words, slices.Collect(maps.Keys(t.Entries))...)
		for _, k := range slices.Sorted(maps.Keys(t.Entries)) {
			v.constant(t.Entries[k])
		}
	}
	for _, d := range src.Claims {
		v.claims = append(v.claims, d.Id)
	}
	v.subjects = append(v.subjects, "nobody")
	for _, list := range []protoreflect.FullName{"plumbline.v1.Host.facility", "plumbline.v1.Host.zone", "plumbline.v1.Host.unit"} {
		for _, f := range v.scalars[list] {
			v.subjects = append(v.subjects, f.String())
		}
	}
	v.instants = append(v.instants, exampleTime)
	slices.Sort(v.words)
	v.words = slices.Compact(v.words)
	slices.Sort(v.instants)
	v.instants = slices.Compact(v.instants)
	return v
}

func (v *vocabulary) constant(val *pb.Value) {
	switch x := val.GetValue().(type) {
	case *pb.Value_StringValue:
		v.words = append(v.words, x.StringValue)
	case *pb.Value_Strings:
		v.words = append(v.words, x.Strings.Values...)
	case *pb.Value_IntValue:
		v.numbers = append(v.numbers, x.IntValue-1, x.IntValue, x.IntValue+1)
	case *pb.Value_TimeValue:
		v.instants = append(v.instants, x.TimeValue.AsTime().UnixMicro())
	}
}

func (v *vocabulary) message(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.Number() == emptyNumber || fd.Number() == partialNumber {
			continue
		}
		if name := m.Descriptor().FullName(); !isKey(fd) && !slices.Contains(v.fields[name], fd) &&
			(m.Has(fd) || fd.IsList() && listed(m, fd, emptyNumber)) {
			v.fields[name] = append(v.fields[name], fd)
		}
		if !m.Has(fd) {
			continue
		}
		name := fd.FullName()
		switch {
		case fd.IsMap():
			m.Get(fd).Map().Range(func(k protoreflect.MapKey, val protoreflect.Value) bool {
				if !slices.Contains(v.keys[name], k.String()) {
					v.keys[name] = append(v.keys[name], k.String())
				}
				v.scalar(name, val)
				return true
			})
			slices.Sort(v.keys[name])
		case isModel(fd) && fd.IsList():
			for _, e := range membersOf(m, fd) {
				v.elements[name] = append(v.elements[name], e.Message())
				v.message(e.Message())
			}
		case isModel(fd):
			v.elements[name] = append(v.elements[name], m.Get(fd).Message())
			v.message(m.Get(fd).Message())
		case fd.IsList():
			for _, e := range membersOf(m, fd) {
				v.scalar(name, e)
			}
		default:
			v.scalar(name, m.Get(fd))
		}
	}
}

func (v *vocabulary) scalar(name protoreflect.FullName, val protoreflect.Value) {
	if !slices.ContainsFunc(v.scalars[name], func(o protoreflect.Value) bool { return o.Equal(val) }) {
		v.scalars[name] = append(v.scalars[name], val)
		slices.SortFunc(v.scalars[name], func(a, b protoreflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	}
}

// pick draws one of a list, and shows its number alone where a test fails.
func pick[T any](t *rapid.T, list []T, label string) T {
	return list[rapid.IntRange(0, len(list)-1).Draw(t, label)]
}

// inventory makes an inventory of one of the examples given, and perhaps one
// of any other, with changes. What no example speaks of is left out, which
// keeps it small.
func (v *vocabulary) inventory(t *rapid.T, examples []*pb.Example, changes int) *pb.Inventory {
	inv := proto.CloneOf(pick(t, examples, "example").Inventory)
	if rapid.IntRange(0, 2).Draw(t, "two") == 0 {
		v.join(inv.ProtoReflect(), pick(t, v.examples, "second").Inventory.ProtoReflect())
	}
	for i := range rapid.IntRange(0, changes).Draw(t, "changes") {
		v.change(t, inv, strconv.Itoa(i))
	}
	return inv
}

// join adds what from has and to lacks.
func (v *vocabulary) join(to, from protoreflect.Message) {
	from.Range(func(fd protoreflect.FieldDescriptor, val protoreflect.Value) bool {
		switch {
		case isKey(fd) || fd.Number() == emptyNumber || fd.Number() == partialNumber:
		case fd.IsList() && isModel(fd):
			setListed(to, fd, emptyNumber, false)
			for _, e := range membersOf(from, fd) {
				v.addElement(to, fd, e.Message())
			}
		case fd.IsMap(), fd.IsList() && to.Get(fd).List().Len() > 0:
		case isModel(fd) && to.Has(fd):
			v.join(to.Mutable(fd).Message(), val.Message())
		case !to.Has(fd) && !(fd.IsList() && listed(to, fd, emptyNumber)):
			to.Set(fd, proto.Clone(from.Interface()).ProtoReflect().Get(fd))
		}
		return true
	})
}

func (v *vocabulary) addElement(m protoreflect.Message, fd protoreflect.FieldDescriptor, e protoreflect.Message) {
	list := m.Mutable(fd).List()
	for i := range list.Len() {
		if memberName(list.Get(i), fd) == memberName(protoreflect.ValueOfMessage(e), fd) {
			v.join(list.Get(i).Message(), e)
			return
		}
	}
	list.Append(protoreflect.ValueOfMessage(proto.Clone(e.Interface()).ProtoReflect()))
}

// change changes one field of some message in place: to another value that an
// example gives it, to another state of its list, or to nothing.
func (v *vocabulary) change(t *rapid.T, inv *pb.Inventory, label string) {
	var all []protoreflect.Message
	var walk func(m protoreflect.Message)
	walk = func(m protoreflect.Message) {
		all = append(all, m)
		fields := m.Descriptor().Fields()
		for i := range fields.Len() {
			switch fd := fields.Get(i); {
			case !isModel(fd) || !m.Has(fd):
			case fd.IsList():
				for _, e := range membersOf(m, fd) {
					walk(e.Message())
				}
			default:
				walk(m.Get(fd).Message())
			}
		}
	}
	walk(inv.ProtoReflect())
	m := pick(t, all, "message "+label)
	fields := v.fields[m.Descriptor().FullName()]
	if len(fields) == 0 {
		return
	}
	fd := pick(t, fields, "field "+label)
	how := rapid.SampledFrom([]string{"set", "set", "set", "clear"}).Draw(t, "how "+label)
	switch {
	case fd.IsList():
		v.changeList(t, m, fd, label)
	case how == "clear":
		m.Clear(fd)
	case fd.IsMap():
		key := rapid.SampledFrom(v.keys[fd.FullName()]).Draw(t, "key "+label)
		m.Mutable(fd).Map().Set(protoreflect.ValueOfString(key).MapKey(), v.value(t, fd, fd.MapValue(), label))
	case isModel(fd):
		e := pick(t, v.elements[fd.FullName()], "value "+label)
		m.Set(fd, protoreflect.ValueOfMessage(proto.Clone(e.Interface()).ProtoReflect()))
	default:
		m.Set(fd, v.value(t, fd, fd, label))
	}
}

func (v *vocabulary) changeList(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor, label string) {
	switch how := rapid.SampledFrom([]string{"add", "add", "add", "partial", "empty", "absent", "remove"}).Draw(t, "list "+label); {
	case how == "add":
		setListed(m, fd, emptyNumber, false)
		if isModel(fd) {
			if len(v.elements[fd.FullName()]) == 0 {
				return // examples say only that there is none
			}
			v.addElement(m, fd, pick(t, v.elements[fd.FullName()], "element "+label))
		} else if val := v.value(t, fd, fd, label); !slices.ContainsFunc(membersOf(m, fd), val.Equal) {
			m.Mutable(fd).List().Append(val)
		}
	case how == "partial":
		setListed(m, fd, emptyNumber, false)
		setListed(m, fd, partialNumber, true)
	case how == "remove" && m.Get(fd).List().Len() > 1:
		setMembers(m, fd, membersOf(m, fd)[1:])
	default:
		setMembers(m, fd, nil)
		setListed(m, fd, partialNumber, false)
		setListed(m, fd, emptyNumber, how == "empty")
	}
}

// value draws a value for a field; name says of which field's vocabulary.
func (v *vocabulary) value(t *rapid.T, name, fd protoreflect.FieldDescriptor, label string) protoreflect.Value {
	values := v.scalars[name.FullName()]
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool "+label))
	case protoreflect.StringKind:
		if len(values) == 0 || rapid.IntRange(0, 5).Draw(t, "odd "+label) == 0 {
			return protoreflect.ValueOfString(rapid.SampledFrom(v.words).Draw(t, "word "+label))
		}
	case protoreflect.Int32Kind:
		values = append(slices.Clone(values), protoreflect.ValueOfInt32(0), protoreflect.ValueOfInt32(1<<20))
	case protoreflect.Int64Kind:
		values = append(slices.Clone(values), protoreflect.ValueOfInt64(0))
		for _, n := range v.numbers {
			values = append(values, protoreflect.ValueOfInt64(n))
		}
	case protoreflect.MessageKind:
		if fd.Message().Name() == "Timestamp" {
			at := rapid.SampledFrom(v.instants).Draw(t, "instant "+label)
			at += rapid.SampledFrom([]int64{-400, -1, 0, 1, 400}).Draw(t, "days "+label) * 24 * 3600e6
			return protoreflect.ValueOfMessage(timestamppb.New(time.UnixMicro(at)).ProtoReflect())
		}
	}
	if len(values) == 0 {
		panic(fmt.Sprintf("no values for %s", name.FullName()))
	}
	return pick(t, values, "value "+label)
}

// claimed draws claims about what inventories name; some are not in force.
func (v *vocabulary) claimed(t *rapid.T) (out []*pb.Claim) {
	if len(v.claims) == 0 {
		return nil
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "claims") {
		label := strconv.Itoa(i)
		from := day(rapid.IntRange(-500, 300).Draw(t, "from "+label))
		out = append(out, &pb.Claim{
			Claim:     rapid.SampledFrom(v.claims).Draw(t, "claim "+label),
			Subject:   rapid.SampledFrom(v.subjects).Draw(t, "subject "+label),
			StartTime: timestamppb.New(time.UnixMicro(from)), ExpireTime: timestamppb.New(time.UnixMicro(from + 365*24*3600e6)),
		})
	}
	return out
}

// at draws an instant near those that the rules speak of.
func (v *vocabulary) at(t *rapid.T) int64 {
	return rapid.SampledFrom(v.instants).Draw(t, "at") + 3600e6*rapid.Int64Range(-24*500, 24*500).Draw(t, "hours")
}
