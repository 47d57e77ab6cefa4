package assess_test

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Numbers of the fields that say how much of a message's lists is known.
const (
	emptyNumber   = 101 // reported_empty
	partialNumber = 102 // partial
)

// eachRemoval takes away, one after the other, everything that can be taken
// from an inventory without contradicting it: a scalar, a message, a map's
// entry, a whole list, an element of a list that is partial then, and the
// knowledge that a list is whole. It changes the inventory in place, visits,
// and puts back what it took. path is that of what was taken.
func eachRemoval(inv *pb.Inventory, visit func(path string)) {
	remover{visit}.message(inv.ProtoReflect(), "")
}

type remover struct{ visit func(path string) }

func (r remover) message(m protoreflect.Message, path string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		at := join(path, string(fd.Name()))
		if path == "system" && fd.IsList() {
			at = string(fd.Name()) // the system's lists stand at the root
		}
		switch {
		case fd.Number() == emptyNumber || fd.Number() == partialNumber || isKey(fd):
		case fd.IsList():
			r.list(m, fd, at)
		case fd.IsMap():
			r.entries(m, fd, at)
		case m.Has(fd):
			old := m.Get(fd)
			m.Clear(fd)
			r.visit(at)
			m.Set(fd, old)
			if isModel(fd) {
				r.message(old.Message(), at)
			}
		}
	}
}

func (r remover) entries(m protoreflect.Message, fd protoreflect.FieldDescriptor, path string) {
	entries := m.Get(fd).Map()
	for _, k := range mapKeys(entries) {
		key := protoreflect.ValueOfString(k).MapKey()
		old := entries.Get(key)
		entries.Clear(key)
		r.visit(join(path, k))
		entries.Set(key, old)
	}
}

func (r remover) list(m protoreflect.Message, fd protoreflect.FieldDescriptor, path string) {
	empty, partial := listed(m, fd, emptyNumber), listed(m, fd, partialNumber)
	members := membersOf(m, fd)
	if len(members) == 0 && !empty && !partial {
		return
	}
	put := func(members []protoreflect.Value, empty, partial bool) {
		setMembers(m, fd, members)
		setListed(m, fd, emptyNumber, empty)
		setListed(m, fd, partialNumber, partial)
	}
	put(nil, false, false)
	r.visit(path)
	if !partial {
		put(members, false, true)
		r.visit(path)
	}
	for i := range members {
		put(slices.Delete(slices.Clone(members), i, i+1), false, true)
		r.visit(join(path, memberName(members[i], fd)))
	}
	put(members, empty, partial)
	if isModel(fd) {
		for _, e := range members {
			r.message(e.Message(), join(path, memberName(e, fd)))
		}
	}
}

func join(path, step string) string { return strings.TrimPrefix(path+"/"+step, "/") }

// isKey tells whether a field is the key of its message.
func isKey(fd protoreflect.FieldDescriptor) bool {
	return fd.Number() == 1 && fd.Kind() == protoreflect.StringKind && !fd.HasPresence() && !fd.IsList()
}

// isModel tells whether a field holds messages whose fields are facts.
func isModel(fd protoreflect.FieldDescriptor) bool {
	return fd.Kind() == protoreflect.MessageKind && !fd.IsMap() &&
		fd.Message().ParentFile().Package() == "plumbline.v1" && fd.Message().Name() != "FactValue"
}

func memberName(v protoreflect.Value, fd protoreflect.FieldDescriptor) string {
	if !isModel(fd) {
		return v.String()
	}
	m := v.Message()
	return strings.ReplaceAll(strings.ReplaceAll(m.Get(m.Descriptor().Fields().ByNumber(1)).String(), "%", "%25"), "/", "%2F")
}

func membersOf(m protoreflect.Message, fd protoreflect.FieldDescriptor) []protoreflect.Value {
	list := m.Get(fd).List()
	out := make([]protoreflect.Value, list.Len())
	for i := range out {
		out[i] = list.Get(i)
	}
	return out
}

func setMembers(m protoreflect.Message, fd protoreflect.FieldDescriptor, members []protoreflect.Value) {
	m.Clear(fd)
	if len(members) == 0 {
		return
	}
	list := m.Mutable(fd).List()
	for _, v := range members {
		list.Append(v)
	}
}

// listed tells whether a list is named in reported_empty or partial.
func listed(m protoreflect.Message, fd protoreflect.FieldDescriptor, number protoreflect.FieldNumber) bool {
	names := m.Get(m.Descriptor().Fields().ByNumber(number)).List()
	for i := range names.Len() {
		if names.Get(i).String() == string(fd.Name()) {
			return true
		}
	}
	return false
}

func setListed(m protoreflect.Message, fd protoreflect.FieldDescriptor, number protoreflect.FieldNumber, on bool) {
	if listed(m, fd, number) == on {
		return
	}
	marks := m.Descriptor().Fields().ByNumber(number)
	if on {
		m.Mutable(marks).List().Append(protoreflect.ValueOfString(string(fd.Name())))
		return
	}
	rest := slices.DeleteFunc(membersOf(m, marks), func(v protoreflect.Value) bool { return v.String() == string(fd.Name()) })
	setMembers(m, marks, rest)
}

func mapKeys(m protoreflect.Map) (keys []string) {
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k.String())
		return true
	})
	slices.Sort(keys)
	return keys
}
