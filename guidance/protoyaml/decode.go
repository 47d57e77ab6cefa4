package protoyaml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Options changes how a document is decoded. The zero value is strict and
// keeps no places.
type Options struct {
	// Places makes the document remember where each field stands, for Place
	// and Locate.
	Places bool
	// Keyed makes two elements with the same key (field 1) in one list a
	// problem, in messages that describe their lists by reported_empty.
	Keyed bool
	// Custom decodes messages of some types from a form of their own.
	Custom map[protoreflect.FullName]CustomFunc
}

// CustomFunc decodes a value that stands in the field of a message. It
// returns the message, or says what is wrong with the value; a nil message
// without words leaves the value to the usual way.
type CustomFunc func(v Value) (m proto.Message, wrong string)

// Value is a value that a CustomFunc decodes.
type Value struct {
	Node  *yaml.Node // the value itself, never an alias
	Field protoreflect.FieldDescriptor
	Key   string     // where the field is a map: the key under which it stands
	in    *yaml.Node // the mapping of the message that has the field
}

// Sibling is the text of another field of the same message; empty where there
// is none or it is no scalar.
func (v Value) Sibling(name string) string { return TextOf(v.in, name) }

// TextOf is the text of one field of a mapping; empty where there is none or
// it is no scalar.
func TextOf(n *yaml.Node, name string) string {
	if f := lookup(n, name); f != nil && f.Kind == yaml.ScalarNode {
		return f.Value
	}
	return ""
}

// Elements are the elements of a list, never aliases; none where n is nil or
// no list.
func Elements(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, e := range n.Content {
		out[i] = target(e)
	}
	return out
}

// IsMapping tells whether the document is a mapping, as every message is.
func (d *Document) IsMapping() bool { return d.root.Kind == yaml.MappingNode }

// Lookup is the value of a key of the document's root, or nil; never an alias.
func (d *Document) Lookup(name string) *yaml.Node { return lookup(d.root, name) }

func lookup(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return target(n.Content[i+1])
		}
	}
	return nil
}

// target is what an alias stands for. Aliases of aliases do not exist in YAML.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Decode reads the document into m, which should be empty, and says what is
// wrong; what is right is set in any case. Constraints that concern more than
// one word are left to protovalidate.
func (d *Document) Decode(m proto.Message, o Options) []Problem {
	w := &walker{doc: d, o: o}
	if o.Places {
		d.places = map[string]place{}
	}
	w.message(d.root, m.ProtoReflect(), nil, 0)
	slices.SortStableFunc(w.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return w.problems
}

// path is the way to a field, told in words only when a problem needs it.
type path struct {
	up    *path
	name  string // a field's name
	index int    // an element's index, where name is empty
	key   string // a map's key, where it is quoted
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	up := p.up.String()
	switch {
	case p.name != "" && up == "":
		return p.name
	case p.name != "":
		return up + "." + p.name
	case p.key != "":
		return up + "[" + p.key + "]"
	}
	return up + "[" + strconv.Itoa(p.index) + "]"
}

// walker is one decoding under way.
type walker struct {
	doc      *Document
	o        Options
	problems []Problem
	aliases  int // how many aliases are being read, one in another
	aliased  int // how many values were read through aliases
	stopped  bool
}

func (w *walker) add(n *yaml.Node, p *path, format string, args ...any) {
	if w.stopped {
		return
	}
	w.problems = append(w.problems, Problem{Line: n.Line, Column: n.Column, Field: p.String(), Message: fmt.Sprintf(format, args...)})
	w.stopped = len(w.problems) >= maxProblems
}

// enter resolves an alias and counts; ok is false where reading must end.
func (w *walker) enter(n *yaml.Node, p *path, depth int) (_ *yaml.Node, leave func(), ok bool) {
	leave = func() {}
	if n.Kind == yaml.AliasNode {
		w.aliases++
		leave = func() { w.aliases-- }
		n = n.Alias
	}
	if w.aliases > 0 {
		w.aliased++
	}
	switch {
	case depth > maxDepth:
		w.add(n, p, "values nest more than %d deep", maxDepth)
	case w.aliased > maxAliased:
		w.add(n, p, "aliases stand for more than %d values; write the values out", maxAliased)
		w.stopped = true
	case !w.stopped:
		return n, leave, true
	}
	leave()
	return n, func() {}, false
}

func (w *walker) note(p *path, key, value *yaml.Node) {
	if w.o.Places {
		w.doc.places[p.String()] = place{key: key, value: value}
	}
}

// message reads a mapping into a message.
func (w *walker) message(n *yaml.Node, m protoreflect.Message, p *path, depth int) {
	n, leave, ok := w.enter(n, p, depth)
	defer leave()
	if !ok {
		return
	}
	if n.Kind != yaml.MappingNode {
		w.add(n, p, "is %s; write a mapping with the fields of %s, such as %q", kindName(n), m.Descriptor().Name(), exampleField(m.Descriptor()))
		return
	}
	if w.o.Places && p == nil {
		w.note(nil, n, n)
	}
	t := tableOf(m.Descriptor())
	seen := map[protoreflect.FieldNumber]*yaml.Node{}
	present := map[protoreflect.FieldNumber]bool{}
	for i := 0; i+1 < len(n.Content) && !w.stopped; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		fd := w.fieldOf(t, key, p)
		if fd == nil {
			continue
		}
		at := &path{up: p, name: string(fd.Name())}
		if first := seen[fd.Number()]; first != nil {
			w.add(key, at, "stands twice in one mapping; the first is on line %d", first.Line)
			continue
		}
		seen[fd.Number()] = key
		if one := fd.ContainingOneof(); one != nil && m.WhichOneof(one) != nil {
			w.add(key, at, "stands beside %s; write one of the two", m.WhichOneof(one).Name())
			continue
		}
		w.note(at, key, value)
		present[fd.Number()] = w.field(value, m, fd, at, n, depth+1)
	}
	for _, r := range t.required {
		if !present[r.field.Number()] {
			w.add(n, &path{up: p, name: string(r.field.Name())}, "is missing; %s", r.advice)
		}
	}
	w.marks(n, m, t, p)
}

// fieldOf finds the field that a key names.
func (w *walker) fieldOf(t *table, key *yaml.Node, p *path) protoreflect.FieldDescriptor {
	switch {
	case key.Kind != yaml.ScalarNode:
		w.add(key, p, "has %s where a field's name should stand", kindName(target(key)))
		return nil
	case key.ShortTag() == "!!merge":
		w.add(key, p, `"<<" is not supported; write the fields out, or use an alias for a whole value`)
		return nil
	}
	if fd := t.byName[key.Value]; fd != nil {
		return fd
	}
	at := &path{up: p, name: key.Value}
	if near := Nearest(key.Value, t.names); near != "" {
		w.add(key, at, "%s has no such field; write %q", t.desc.Name(), near)
	} else {
		w.add(key, at, "%s has no such field; its fields are %s", t.desc.Name(), strings.Join(t.names, ", "))
	}
	return nil
}

// field reads one field's value; false where it is null.
func (w *walker) field(n *yaml.Node, m protoreflect.Message, fd protoreflect.FieldDescriptor, p *path, in *yaml.Node, depth int) bool {
	n, leave, ok := w.enter(n, p, depth)
	defer leave()
	if !ok || isNull(n) {
		return !ok
	}
	switch {
	case fd.IsMap():
		w.mapping(n, m, fd, p, in, depth)
	case fd.IsList():
		w.list(n, m, fd, p, in, depth)
	default:
		if v, ok := w.value(n, m, fd, p, Value{Node: n, Field: fd, in: in}, depth); ok {
			m.Set(fd, v)
		}
	}
	return true
}

func (w *walker) list(n *yaml.Node, m protoreflect.Message, fd protoreflect.FieldDescriptor, p *path, in *yaml.Node, depth int) {
	if n.Kind != yaml.SequenceNode {
		w.add(n, p, "is %s; write a list: [%s, …] or one %q a line", kindName(n), sample(fd), "- "+sample(fd))
		return
	}
	l := m.Mutable(fd).List()
	keys := map[string]*yaml.Node{}
	for i, e := range n.Content {
		at := &path{up: p, index: i}
		w.note(at, e, e)
		if isNull(target(e)) {
			w.add(e, at, "is empty; write a value or leave the line away")
			continue
		}
		v, ok := w.value(e, m, fd, at, Value{Node: target(e), Field: fd, in: in}, depth+1)
		if !ok {
			continue
		}
		l.Append(v)
		w.unique(e, v, fd, keys, at)
	}
	if len(n.Content) == 0 {
		markEmpty(m, fd)
	}
}

// unique finds elements of a keyed list that have the same key.
func (w *walker) unique(n *yaml.Node, v protoreflect.Value, fd protoreflect.FieldDescriptor, keys map[string]*yaml.Node, p *path) {
	if !w.o.Keyed || fd.Message() == nil || tableOf(fd.ContainingMessage()).empty == nil {
		return
	}
	key := tableOf(fd.Message()).key
	if key == nil {
		return
	}
	id := v.Message().Get(key).String()
	if first := keys[id]; first != nil && id != "" {
		at := n
		if k := lookup(target(n), string(key.Name())); k != nil {
			at = k
		}
		w.add(at, &path{up: p, name: string(key.Name())}, "%q stands twice in this list; the first is on line %d", id, first.Line)
		return
	}
	keys[id] = n
}

func (w *walker) mapping(n *yaml.Node, m protoreflect.Message, fd protoreflect.FieldDescriptor, p *path, in *yaml.Node, depth int) {
	if n.Kind != yaml.MappingNode {
		w.add(n, p, "is %s; write a mapping, one %q a line", kindName(n), "name: value")
		return
	}
	mp := m.Mutable(fd).Map()
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := &path{up: p, key: strconv.Quote(key.Value)}
		w.note(at, key, value)
		switch first := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode || key.Value == "":
			w.add(key, p, "has %s where a name should stand", kindName(target(key)))
			continue
		case first != nil:
			w.add(key, at, "stands twice in one mapping; the first is on line %d", first.Line)
			continue
		}
		seen[key.Value] = key
		if isNull(target(value)) {
			continue
		}
		v, ok := w.value(value, m, fd.MapValue(), at, Value{Node: target(value), Field: fd, Key: key.Value, in: in}, depth+1)
		if ok {
			mp.Set(protoreflect.ValueOfString(key.Value).MapKey(), v)
		}
	}
}

// value reads one value: a scalar, or a message.
func (w *walker) value(n *yaml.Node, in protoreflect.Message, fd protoreflect.FieldDescriptor, p *path, v Value, depth int) (protoreflect.Value, bool) {
	if fd.Message() == nil {
		return w.scalar(n, fd, p, depth)
	}
	if m, wrong, ok := w.special(fd.Message().FullName(), v); ok {
		if wrong != "" {
			w.add(v.Node, p, "%s", wrong)
			return protoreflect.Value{}, false
		}
		return protoreflect.ValueOfMessage(m.ProtoReflect()), true
	}
	m := newMessage(in, fd, v)
	w.message(n, m, p, depth)
	return protoreflect.ValueOfMessage(m), true
}

// newMessage makes an empty message of the type that a field holds.
func newMessage(in protoreflect.Message, fd protoreflect.FieldDescriptor, v Value) protoreflect.Message {
	switch {
	case v.Field.IsMap():
		return in.NewField(v.Field).Map().NewValue().Message()
	case fd.IsList():
		return in.NewField(fd).List().NewElement().Message()
	}
	return in.NewField(fd).Message()
}

// special reads messages that have a form of their own.
func (w *walker) special(name protoreflect.FullName, v Value) (m proto.Message, wrong string, ok bool) {
	if f := w.o.Custom[name]; f != nil {
		m, wrong = f(v)
		return m, wrong, m != nil || wrong != ""
	}
	if f := builtin[name]; f != nil {
		m, wrong = f(v)
		return m, wrong, m != nil || wrong != ""
	}
	return nil, "", false
}
