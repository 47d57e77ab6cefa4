package attest

import (
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	inventoryTable = shape.Of((*pb.Inventory)(nil))
	systemTable    = shape.Of((*pb.System)(nil))
)

// System is the subject that stands for the system as a whole.
const System = "system"

// Place is where a fact stands.
type Place struct {
	Subject string // the nearest element around it, or System
	Fact    string // its name, or its path below the subject
	Pattern string // its path from the inventory's root with "*" for keys of elements
	Form    Form
	Field   *shape.Field // the field; the list or the map where it is an element or an entry
}

// Form says what stands at a place.
type Form uint8

// The forms. A person can state a Scalar, a Texts, an Entry or a Declared.
const (
	Scalar   Form = iota + 1 // a field with one value
	Texts                    // a list of texts
	Entry                    // a text under a key of a map
	Declared                 // a declared fact
	List                     // a list of elements, or of numbers
	Element                  // an element that is not there
	Message                  // a message
	Key                      // what an element or the system goes by
)

// Locate finds the place of a fact by its path from the inventory's root, as
// evaluation writes it: "hosts/web1/os/patched_time", "system/product", "zones".
// It is false where the model has no such place.
func Locate(path string) (Place, bool) {
	steps := strings.Split(path, "/")
	at := walker{table: inventoryTable, subject: System}
	switch {
	case steps[0] == System && len(steps) > 1:
		at.table, steps = systemTable, steps[1:]
		at.pattern = []string{System}
	case inventoryTable.Field(steps[0]) == nil:
		at.table = systemTable
	}
	if !at.walk(steps) {
		return Place{}, false
	}
	return at.place(), true
}

// walker follows the steps of a path through the model.
type walker struct {
	table   *shape.Message
	field   *shape.Field // the last one
	key     bool         // whether the last step was a key of an element
	entry   string       // the key in a map
	subject string
	below   []string // the steps below the subject
	pattern []string

	outer      string   // the subject around the last one
	outerBelow []string // the steps from there to the last one
}

// walk follows steps; it is false where one leads nowhere.
func (w *walker) walk(steps []string) bool {
	root := ""
	if w.subject != System {
		root = w.subject + "/"
	}
	for i := 0; i < len(steps); i++ {
		if w.table == nil {
			return false
		}
		f := w.table.Field(steps[i])
		if f == nil {
			return false
		}
		w.field, w.key = f, false
		w.below, w.pattern = append(w.below, steps[i]), append(w.pattern, f.Name)
		switch {
		case f.Card == shape.Map:
			if i+1 < len(steps) {
				key := strings.Join(steps[i+1:], "/")
				w.entry = shape.KeyOfPath(key)
				w.below, w.pattern = append(w.below, key), append(w.pattern, key)
				w.table = nil
				return w.entry != ""
			}
		case f.Card == shape.List && f.Kind == shape.Nested && i+1 < len(steps):
			i++
			w.outer, w.outerBelow = w.subject, append(w.below, steps[i])
			w.pattern = append(w.pattern, "*")
			w.subject, w.below, w.key = root+strings.Join(steps[:i+1], "/"), nil, true
			if steps[i] == "" {
				return false
			}
		}
		w.table = f.Elem
		if f.Card == shape.Map || f.Card == shape.List && !w.key {
			w.table = nil
		}
	}
	return len(steps) > 0
}

// place is where the walk has come to.
func (w *walker) place() Place {
	pattern := w.pattern
	if pattern[0] == System && systemTable.Field(pattern[1]).Card == shape.List {
		pattern = pattern[1:] // a system's lists stand at the root
	}
	p := Place{Subject: w.subject, Fact: strings.Join(w.below, "/"), Pattern: strings.Join(pattern, "/"), Field: w.field}
	switch f := w.field; {
	case w.key:
		p.Form, p.Subject, p.Fact = Element, w.outer, strings.Join(w.outerBelow, "/")
	case f.Card == shape.Map && w.entry == "":
		p.Form = Message // a map as a whole has no answer
	case f.Card == shape.Map && f.Kind == shape.Fact:
		p.Form = Declared
		if bare := w.below[len(w.below)-1]; len(w.below) == 2 && !ownName(f.Parent, bare) {
			p.Fact = bare
		}
	case f.Card == shape.Map:
		p.Form = Entry
	case f.Card == shape.List && f.Kind == shape.Text:
		p.Form = Texts
	case f.Card == shape.List:
		p.Form = List
	case f.Card == shape.Key:
		p.Form = Key
	case f.Kind == shape.Nested:
		p.Form = Message
	default:
		p.Form = Scalar
	}
	return p
}

// Type is the type that the value of a fact must have, as declarations write
// it: "bool", "int", "double", "string", "timestamp", "duration" or
// "list(string)". It is empty for a declared fact, which its declaration says,
// and for what a person cannot state.
func (p Place) Type() string {
	switch p.Form {
	case Texts:
		return "list(string)"
	case Entry:
		return "string"
	case Scalar:
		return typeNames[p.Field.Kind]
	}
	return ""
}

var typeNames = map[shape.Kind]string{
	shape.Bool: "bool", shape.Int32: "int", shape.Int64: "int", shape.Double: "double", shape.Text: "string",
	shape.Time: "timestamp", shape.Duration: "duration",
}

// ownName tells whether a name without a slash is that of a field, and not of a
// declared fact.
func ownName(m *shape.Message, name string) bool {
	f := m.Field(name)
	return f != nil && f.Kind != shape.Nested && f.Kind != shape.Fact && f.Card != shape.Map
}

// names are the fields of a message that a fact can begin with, sorted.
func names(m *shape.Message) (out []string) {
	for _, f := range m.Fields {
		if f.Card != shape.Key {
			out = append(out, f.Name)
		}
	}
	slices.Sort(out)
	return out
}
