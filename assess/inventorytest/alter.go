package inventorytest

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// spot is one field of one message somewhere in an inventory.
type spot struct {
	path string
	m    protoreflect.Message
	fd   protoreflect.FieldDescriptor
}

// spots are the fields of m and of all below it that are no marks and no keys.
func spots(m protoreflect.Message, path string) (out []spot) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if isMark(fd) || isKey(fd) {
			continue
		}
		at := strings.TrimPrefix(path+"/"+string(fd.Name()), "/")
		out = append(out, spot{at, m, fd})
		switch {
		case !m.Has(fd) || fd.IsMap() || !isNested(fd):
		case fd.IsList():
			list := m.Get(fd).List()
			for j := range list.Len() {
				el := list.Get(j).Message()
				out = append(out, spots(el, at+"/"+keyOf(el))...)
			}
		default:
			out = append(out, spots(m.Get(fd).Message(), at)...)
		}
	}
	return out
}

// isNested says whether a field holds messages of the inventory model that have
// fields of their own.
func isNested(fd protoreflect.FieldDescriptor) bool {
	return fd.Kind() == protoreflect.MessageKind && !fd.IsMap() &&
		fd.Message().ParentFile().Package() == "plumbline.v1" && fd.Message().Name() != "FactValue"
}

// keyOf is the key of an element.
func keyOf(m protoreflect.Message) string {
	return m.Get(m.Descriptor().Fields().ByNumber(1)).String()
}

// presence is that of a list: absent, empty, partial or whole.
func presence(m protoreflect.Message, fd protoreflect.FieldDescriptor) string {
	switch name := string(fd.Name()); {
	case slices.Contains(marks(m, partialNumber), name):
		return "partial"
	case m.Get(fd).List().Len() > 0:
		return "whole"
	case slices.Contains(marks(m, emptyNumber), name):
		return "empty"
	}
	return "absent"
}

// unmark takes a list out of reported_empty and partial.
func unmark(m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	for _, number := range []protoreflect.FieldNumber{emptyNumber, partialNumber} {
		names := slices.DeleteFunc(marks(m, number), func(n string) bool { return n == string(fd.Name()) })
		setMarks(m, number, names)
	}
}

// Less takes something away from a copy of an inventory: a scalar, a message, a
// whole list, a map's key, or an element whose list is then partial. It returns
// the inventory itself where nothing can be taken. Neither keys nor the system
// go. What it returns knows less and contradicts nothing.
func Less(t *rapid.T, inv *pb.Inventory) (less *pb.Inventory, taken string) {
	less = proto.Clone(inv).(*pb.Inventory)
	var can []spot
	for _, s := range spots(less.ProtoReflect(), "") {
		known := s.m.Has(s.fd)
		if s.fd.IsList() {
			known = presence(s.m, s.fd) != "absent"
		}
		if known && s.path != "system" {
			can = append(can, s)
		}
	}
	if len(can) == 0 {
		return inv, ""
	}
	s := can[rapid.IntRange(0, len(can)-1).Draw(t, "spot")]
	switch {
	case s.fd.IsList():
		return less, s.path + " " + takeFromList(t, s)
	case s.fd.IsMap():
		keys := mapKeys(s.m.Get(s.fd).Map())
		k := rapid.SampledFrom(keys).Draw(t, "key")
		s.m.Mutable(s.fd).Map().Clear(protoreflect.ValueOfString(k).MapKey())
		return less, s.path + "/" + k
	}
	s.m.Clear(s.fd)
	return less, s.path
}

// takeFromList takes a list away or makes it partial, with an element less or
// with all that it had.
func takeFromList(t *rapid.T, s spot) string {
	list := s.m.Mutable(s.fd).List()
	bare := presence(s.m, s.fd) == "partial" && list.Len() == 0
	if bare || rapid.Bool().Draw(t, "whole list") {
		s.m.Clear(s.fd)
		unmark(s.m, s.fd)
		return "as a whole"
	}
	what := "is partial"
	if list.Len() > 0 && (presence(s.m, s.fd) == "partial" || rapid.Bool().Draw(t, "remove")) {
		i := rapid.IntRange(0, list.Len()-1).Draw(t, "element")
		removeAt(list, i)
		what = fmt.Sprintf("without element %d", i)
	}
	unmark(s.m, s.fd)
	mark(s.m, partialNumber, s.fd.Name())
	return what
}

// removeAt keeps the order of the others.
func removeAt(list protoreflect.List, i int) {
	for ; i+1 < list.Len(); i++ {
		list.Set(i, list.Get(i+1))
	}
	list.Truncate(list.Len() - 1)
}

// mapKeys are a map's keys in order, so that a draw can be repeated.
func mapKeys(m protoreflect.Map) (keys []string) {
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k.String())
		return true
	})
	slices.Sort(keys)
	return keys
}

// Change changes one thing in a message of the inventory model, in place, and
// says where: a value, presence, a list's elements or how much of it is known.
// The content afterwards always differs.
func Change(t *rapid.T, m proto.Message) string {
	all := spots(m.ProtoReflect(), "")
	s := all[rapid.IntRange(0, len(all)-1).Draw(t, "spot")]
	switch {
	case s.fd.IsList():
		changeList(t, s)
	case s.fd.IsMap():
		changeMap(t, s)
	case s.m.Has(s.fd) && (isNested(s.fd) || rapid.Bool().Draw(t, "clear")):
		s.m.Clear(s.fd)
	case s.m.Has(s.fd):
		s.m.Set(s.fd, other(s.fd, s.m.Get(s.fd)))
	default:
		s.m.Set(s.fd, s.m.NewField(s.fd)) // present and zero, or empty
	}
	return s.path
}

// changeList goes from one state of a list to another, or changes its members.
func changeList(t *rapid.T, s spot) {
	was := presence(s.m, s.fd)
	how := "other members"
	if was == "absent" || was == "empty" || rapid.Bool().Draw(t, "other state") {
		how = rapid.SampledFrom([]string{"absent", "empty", "partial"}).Filter(func(h string) bool { return h != was }).Draw(t, "state")
	}
	switch how {
	case "absent", "empty":
		s.m.Clear(s.fd)
		unmark(s.m, s.fd)
		if how == "empty" {
			mark(s.m, emptyNumber, s.fd.Name())
		}
	case "partial":
		unmark(s.m, s.fd)
		mark(s.m, partialNumber, s.fd.Name())
	default:
		addMember(s.m.Mutable(s.fd).List(), s.fd)
	}
}

// addMember adds what no generated list has.
func addMember(list protoreflect.List, fd protoreflect.FieldDescriptor) {
	switch fd.Kind() {
	case protoreflect.StringKind:
		list.Append(protoreflect.ValueOfString("~"))
	case protoreflect.Int32Kind:
		list.Append(protoreflect.ValueOfInt32(1<<31 - 1))
	default:
		el := list.NewElement()
		el.Message().Set(el.Message().Descriptor().Fields().ByNumber(1), protoreflect.ValueOfString("~"))
		list.Append(el)
	}
}

// changeMap adds, removes or changes an entry.
func changeMap(t *rapid.T, s spot) {
	keys := mapKeys(s.m.Get(s.fd).Map())
	m := s.m.Mutable(s.fd).Map()
	key := func(k string) protoreflect.MapKey { return protoreflect.ValueOfString(k).MapKey() }
	how := "add"
	if len(keys) > 0 {
		how = rapid.SampledFrom([]string{"add", "remove", "change"}).Draw(t, "map")
	}
	switch how {
	case "add":
		m.Set(key("~"), m.NewValue())
	case "remove":
		m.Clear(key(keys[0]))
	default:
		m.Set(key(keys[0]), other(s.fd.MapValue(), m.Get(key(keys[0]))))
	}
}

// other is a value that differs.
func other(fd protoreflect.FieldDescriptor, v protoreflect.Value) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!v.Bool())
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(v.Int()) + 1)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(v.Int() + 1)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(v.Float() + 0.25)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(v.String() + "~")
	}
	m := proto.Clone(v.Message().Interface()).ProtoReflect()
	fields := m.Descriptor().Fields()
	switch m.Descriptor().Name() {
	case "Timestamp", "Duration":
		seconds := fields.ByNumber(1)
		m.Set(seconds, protoreflect.ValueOfInt64(m.Get(seconds).Int()+1))
	case "StringList":
		m.Mutable(fields.ByNumber(1)).List().Append(protoreflect.ValueOfString("~"))
	default: // a FactValue: the value that is set, changed
		set := m.WhichOneof(m.Descriptor().Oneofs().Get(0))
		m.Set(set, other(set, m.Get(set)))
	}
	return protoreflect.ValueOfMessage(m)
}

// Shuffle writes the same content in another order, in place: lists are
// permuted, and some members of sets stand twice.
func Shuffle(t *rapid.T, m proto.Message) {
	for _, s := range spots(m.ProtoReflect(), "") {
		if s.fd.IsList() && s.m.Has(s.fd) {
			shuffleList(t, s.m.Mutable(s.fd).List(), isNested(s.fd))
		}
		if s.fd.IsMap() && s.fd.MapValue().Kind() == protoreflect.MessageKind {
			s.m.Get(s.fd).Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				if f, ok := v.Message().Interface().(*pb.FactValue); ok {
					slices.Reverse(f.GetStringList().GetValues())
				}
				return true
			})
		}
	}
}

// shuffleList permutes a list; a set may then hold a member twice.
func shuffleList(t *rapid.T, list protoreflect.List, keyed bool) {
	order := make([]int, list.Len())
	for i := range order {
		order[i] = i
	}
	order = rapid.Permutation(order).Draw(t, "order")
	values := make([]protoreflect.Value, len(order))
	for i, from := range order {
		values[i] = list.Get(from)
	}
	for i, v := range values {
		list.Set(i, v)
	}
	if !keyed && list.Len() > 0 && rapid.Bool().Draw(t, "twice") {
		list.Append(list.Get(0))
	}
}
