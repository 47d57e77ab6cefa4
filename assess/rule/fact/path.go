package fact

import (
	"strings"
	"sync"

	"github.com/plumbline/plumbline/assess/shape"
)

// form says what a Path leads to.
type form uint8

const (
	field        form = iota // a field: its steps lead there
	entry                    // the entry of a map field under a key
	element                  // the element of a list with a key; only ever missing
	table                    // a checklist's table; it has no base
	tableEntry               // an entry of a table
	readGroup                // a Group's facts
	missingGroup             // what a Group misses
)

// Path leads from a message to one fact. It is immutable.
type Path struct {
	form  form
	text  string         // such as "os/patched_time" or "labels/tier"
	root  *shape.Message // the type of the message that it starts from
	steps []*shape.Field // the last is the field; those before are single messages
	key   string         // of the entry or the element

	plain plain          // how to read what it leads to
	way   []shape.Offset // of the steps before the last
	at    shape.Offset   // of the last

	head  string       // the canonical bytes of its text
	keyed bool         // whether root has a key
	keyAt shape.Offset // where
}

// prepare sets what follows from the rest.
func (p *Path) prepare() {
	if p.head != "" {
		return
	}
	p.head = string(appendText(nil, p.text))
	if p.root != nil && p.root.Key != nil {
		p.keyed, p.keyAt = true, p.root.Key.Offset()
	}
	if p.form == field {
		p.plain = plainOf(p.leaf())
		for _, s := range p.steps[:len(p.steps)-1] {
			p.way = append(p.way, s.Offset())
		}
		p.at = p.leaf().Offset()
	}
}

// String is the path from the message that it starts from.
func (p *Path) String() string { return p.text }

// leaf is the field that the path leads to.
func (p *Path) leaf() *shape.Field { return p.steps[len(p.steps)-1] }

// Interner makes Paths and gives the same one for the same steps, so that
// equal facts have equal Refs. The zero value is ready. It is safe for
// concurrent use.
type Interner struct {
	mu    sync.Mutex
	paths map[id]*Path
}

// id is what tells paths apart.
type id struct {
	form form
	root *shape.Message
	text string
}

// Field is the path to a field: steps lead from a message of the type root.
func (in *Interner) Field(root *shape.Message, steps []*shape.Field) *Path {
	return in.get(&Path{form: field, root: root, steps: steps, text: join(steps)})
}

// Entry is the path to a map field's entry; steps lead to the map.
func (in *Interner) Entry(root *shape.Message, steps []*shape.Field, key string) *Path {
	return in.get(&Path{form: entry, root: root, steps: steps, key: key, text: join(steps) + "/" + shape.PathKey(key)})
}

// Table is the path of a checklist's table, which is no fact itself.
func (in *Interner) Table(name string) *Path {
	return in.get(&Path{form: table, text: "tables/" + name})
}

// Below is the path of a key in what parent leads to: the entry of a map or a
// table, or the element that a list lacks. Keys that come from inventories are
// without number, so this one is not kept.
func (in *Interner) Below(parent *Path, key string) *Path {
	p := &Path{root: parent.root, steps: parent.steps, key: key, text: parent.text + "/" + shape.PathKey(key)}
	switch {
	case parent.form == table:
		p.form = tableEntry
	case parent.leaf().Card == shape.List:
		p.form = element
	default:
		p.form = entry
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if old := in.paths[id{p.form, p.root, p.text}]; old != nil {
		return old
	}
	p.prepare()
	return p
}

// Keep makes a path that Below made the one for its steps and key.
func (in *Interner) Keep(p *Path) *Path { return in.get(p) }

// get returns the path that is there already, or keeps p.
func (in *Interner) get(p *Path) *Path {
	in.mu.Lock()
	defer in.mu.Unlock()
	k := id{p.form, p.root, p.text}
	if old := in.paths[k]; old != nil {
		return old
	}
	if in.paths == nil {
		in.paths = map[id]*Path{}
	}
	p.prepare()
	in.paths[k] = p
	return p
}

func join(steps []*shape.Field) string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.Name
	}
	return strings.Join(names, "/")
}
