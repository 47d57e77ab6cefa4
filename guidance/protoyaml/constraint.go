package protoyaml

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// table is what the walker needs of a message type.
type table struct {
	desc     protoreflect.MessageDescriptor
	byName   map[string]protoreflect.FieldDescriptor // by proto and by JSON name
	names    []string                                // proto names in the order of the .proto
	required []requirement
	key      protoreflect.FieldDescriptor // field 1 where it is a text without presence, else nil
	empty    protoreflect.FieldDescriptor // reported_empty, or nil
	partial  protoreflect.FieldDescriptor // partial, or nil
}

// requirement is a field that may not be missing.
type requirement struct {
	field  protoreflect.FieldDescriptor
	advice string // what to write
}

var tables sync.Map // protoreflect.FullName → *table

func tableOf(d protoreflect.MessageDescriptor) *table {
	if t, ok := tables.Load(d.FullName()); ok {
		return t.(*table)
	}
	t := &table{desc: d, byName: map[string]protoreflect.FieldDescriptor{}}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		t.byName[fd.JSONName()], t.byName[string(fd.Name())] = fd, fd
		t.names = append(t.names, string(fd.Name()))
		switch {
		case fd.Name() == "reported_empty":
			t.empty = fd
		case fd.Name() == "partial" && fd.IsList():
			t.partial = fd
		case fd.Number() == 1 && fd.Kind() == protoreflect.StringKind && !fd.IsList() && !fd.HasPresence():
			t.key = fd
		}
		if advice, ok := mustStand(fd); ok {
			t.required = append(t.required, requirement{fd, advice})
		}
	}
	actual, _ := tables.LoadOrStore(d.FullName(), t)
	return actual.(*table)
}

// Rules are the constraints that a field's .proto states; never nil.
func Rules(fd protoreflect.FieldDescriptor) *validate.FieldRules {
	opts, _ := fd.Options().(*descriptorpb.FieldOptions)
	if opts != nil && proto.HasExtension(opts, validate.E_Field) {
		return proto.GetExtension(opts, validate.E_Field).(*validate.FieldRules)
	}
	return &validate.FieldRules{}
}

// Words are the only texts that a field, or an element of it, may hold; nil
// where it may hold others.
func Words(fd protoreflect.FieldDescriptor) []string {
	r := Rules(fd)
	if in := r.GetString().GetIn(); in != nil {
		return in
	}
	return r.GetRepeated().GetItems().GetString().GetIn()
}

// mustStand tells whether a field's constraints refuse its absence, and what
// to write.
func mustStand(fd protoreflect.FieldDescriptor) (advice string, must bool) {
	r := Rules(fd)
	name := fd.Name()
	switch s := r.GetString(); {
	case fd.IsList():
		return fmt.Sprintf("write %q with at least one element", name+":"), r.GetRepeated().GetMinItems() > 0
	case r.GetRequired():
		return fmt.Sprintf("write %q with a value", name+":"), true
	case s == nil || fd.HasPresence():
		return "", false
	case len(s.GetIn()) > 0:
		return "write one of " + wordList(s.GetIn()), !slices.Contains(s.GetIn(), "")
	case s.GetPattern() != "":
		return fmt.Sprintf("write %q with %s", name+":", PatternWords(s.GetPattern())), !regexp.MustCompile(s.GetPattern()).MatchString("")
	default:
		return fmt.Sprintf("write %q with a text", name+":"), s.GetMinLen() > 0
	}
}

// patternWords says in words what the model's patterns ask for.
var patternWords = map[string]string{
	`^[a-z0-9][a-z0-9-]{0,63}$`:                                             "at most 64 lower-case letters, digits and hyphens",
	`^[a-z][a-z0-9_]{0,63}$`:                                                "at most 64 lower-case letters, digits and underscores, a letter first",
	`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`:                                   "at most 128 letters, digits, dots, underscores and hyphens",
	`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`:                                    "at most 64 letters, digits, dots, underscores and hyphens",
	`^[^/[:cntrl:]]{1,256}$`:                                                "at most 256 characters, no slash among them",
	`^systems/[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`:                           `"systems/" and the system's id`,
	`^(tcp|udp|sctp)/[0-9]{1,5}(@.{1,64})?$`:                                `transport and number, such as "tcp/443"`,
	`^([0-9a-f]{64})?$`:                                                     "64 lower-case hexadecimal digits",
	`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$`: `a semantic version such as "1.0.0"`,
}

// PatternWords says in words what a pattern of the model asks for; the
// pattern itself where no words are known.
func PatternWords(pattern string) string {
	if w, ok := patternWords[pattern]; ok {
		return w
	}
	return "a text that matches " + pattern
}

// wordRule is what a field's constraints say of one text.
type wordRule struct {
	words   []string       // the only ones allowed; nil for any
	pattern *regexp.Regexp // nil for none
}

var wordRules sync.Map // protoreflect.FullName → *wordRule; compiled once, since every text is held against one

func wordRuleOf(fd protoreflect.FieldDescriptor) *wordRule {
	if r, ok := wordRules.Load(fd.FullName()); ok {
		return r.(*wordRule)
	}
	r := &wordRule{words: Words(fd)}
	if p := Rules(fd).GetString().GetPattern(); p != "" {
		r.pattern = regexp.MustCompile(p)
	}
	actual, _ := wordRules.LoadOrStore(fd.FullName(), r)
	return actual.(*wordRule)
}

// checkWord holds a text against the words and the pattern that its field allows.
func checkWord(fd protoreflect.FieldDescriptor, v protoreflect.Value) (wrong string) {
	if fd.Kind() != protoreflect.StringKind {
		return ""
	}
	r, s := wordRuleOf(fd), v.String()
	if r.words != nil && !slices.Contains(r.words, s) {
		if near := Nearest(s, r.words); near != "" {
			return fmt.Sprintf("%q is not known here; write %q, or another of %s", s, near, wordList(r.words))
		}
		return fmt.Sprintf("%q is not known here; write one of %s", s, wordList(r.words))
	}
	if r.pattern != nil && !r.pattern.MatchString(s) {
		return fmt.Sprintf("%q does not fit; write %s", shorten(s), PatternWords(r.pattern.String()))
	}
	return ""
}

func wordList(words []string) string {
	var shown []string
	for _, s := range words {
		if s != "" {
			shown = append(shown, s)
		}
	}
	return strings.Join(shown, ", ")
}

// markEmpty puts a list's name into its message's reported_empty.
func markEmpty(m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	t := tableOf(m.Descriptor())
	if t.empty == nil || fd == t.empty || fd == t.partial {
		return
	}
	l := m.Mutable(t.empty).List()
	for i := range l.Len() {
		if l.Get(i).String() == string(fd.Name()) {
			return
		}
	}
	l.Append(protoreflect.ValueOfString(string(fd.Name())))
}

// marks checks what a message says of its lists, and drops from
// reported_empty the names of lists that are partial: "[]" of a partial list
// means that no element is known, not that there is none.
func (w *walker) marks(n *yaml.Node, m protoreflect.Message, t *table, p *path) {
	if t.empty == nil {
		return
	}
	var lists []string
	for i := range t.desc.Fields().Len() {
		if fd := t.desc.Fields().Get(i); fd.IsList() && fd != t.empty && fd != t.partial {
			lists = append(lists, string(fd.Name()))
		}
	}
	partial := w.markNames(n, m, t, t.partial, lists, p)
	empty := w.markNames(n, m, t, t.empty, lists, p)
	m.Clear(t.empty)
	kept := m.Mutable(t.empty).List()
	for _, name := range empty {
		if m.Get(t.byName[name]).List().Len() > 0 {
			w.add(markNode(n, t.empty, -1), &path{up: p, name: "reported_empty"}, "names %s, which has elements; take the name or the elements away", name)
		}
		if !slices.Contains(partial, name) {
			kept.Append(protoreflect.ValueOfString(name))
		}
	}
	if kept.Len() == 0 {
		m.Clear(t.empty)
	}
}

// markNames are the names in one of the two fields, those left out that are
// no list's.
func (w *walker) markNames(n *yaml.Node, m protoreflect.Message, t *table, fd protoreflect.FieldDescriptor, lists []string, p *path) []string {
	if fd == nil {
		return nil
	}
	var names []string
	for i := range m.Get(fd).List().Len() {
		name := m.Get(fd).List().Get(i).String()
		if slices.Contains(lists, name) {
			names = append(names, name)
			continue
		}
		at := &path{up: &path{up: p, name: string(fd.Name())}, index: i}
		advice := "write one of " + strings.Join(lists, ", ")
		if near := Nearest(name, lists); near != "" {
			advice = fmt.Sprintf("write %q", near)
		}
		w.add(markNode(n, fd, i), at, "%q is no list of %s; %s", name, t.desc.Name(), advice)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// markNode is where an element of reported_empty or partial stands; the list
// for -1, and the mapping n where the file lacks it.
func markNode(n *yaml.Node, fd protoreflect.FieldDescriptor, i int) *yaml.Node {
	list := lookup(n, string(fd.Name()))
	if list == nil {
		list = lookup(n, fd.JSONName())
	}
	switch e := Elements(list); {
	case list == nil:
		return n
	case i >= 0 && i < len(e):
		return e[i]
	}
	return list
}

// exampleField is a field's name that shows how a mapping begins.
func exampleField(d protoreflect.MessageDescriptor) string {
	return string(d.Fields().Get(0).Name()) + ": …"
}

// sample is an element that shows how a list is written.
func sample(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.Message() != nil:
		return "{" + exampleField(fd.Message()) + "}"
	case len(Words(fd)) > 0:
		return Words(fd)[0]
	case fd.Kind() == protoreflect.StringKind:
		return "text"
	}
	return "1"
}

// Required tells whether a field's constraints refuse its absence.
func Required(fd protoreflect.FieldDescriptor) bool {
	_, must := mustStand(fd)
	return must
}
