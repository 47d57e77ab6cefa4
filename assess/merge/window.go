package merge

import (
	"slices"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The tables of the messages that the merge knows by name.
var (
	inventoryTable = shape.Of(&pb.Inventory{})
	systemTable    = shape.Of(&pb.System{})
	hostTable      = shape.Of(&pb.Host{})
	facilityTable  = shape.Of(&pb.Facility{})

	facilitiesField = inventoryTable.Field("facilities")
	hostsField      = inventoryTable.Field("hosts")
	systemField     = inventoryTable.Field("system")
)

// windows are how long one source's words hold. Those of facilities stand below
// a window of the inventory, since what is known of their list may be stale too.
type windows struct{ system, host, facilities *window }

// window is how long the values at one place of the model hold: those of a
// message or list and of all below it that has no window of its own.
type window struct {
	hold  int64 // microseconds
	below map[*shape.Field]*window
	keys  map[string]int64 // of a map, the keys that differ
	all   []int64          // hold and all holds below, ascending, each once
}

// newWindows compiles the rules that are about a source.
func newWindows(rules []freshnessRule, source string) *windows {
	var mine []freshnessRule
	for _, r := range rules {
		if r.source == "" || r.source == source {
			mine = append(mine, r)
		}
	}
	facility := newWindow(mine, []string{"facility"}, facilityTable)
	list := &window{hold: facility.hold, all: facility.all}
	list.below = map[*shape.Field]*window{facilitiesField: facility}
	return &windows{
		system:     newWindow(mine, []string{"system"}, systemTable),
		host:       newWindow(mine, []string{"host"}, hostTable),
		facilities: list,
	}
}

// newWindow makes the window of the place that path names; t is the message
// there, or nil.
func newWindow(rules []freshnessRule, path []string, t *shape.Message) *window {
	w := &window{hold: holdAt(rules, path)}
	w.all = []int64{w.hold}
	for _, r := range rules {
		if len(r.path) <= len(path) || !slices.Equal(r.path[:len(path)], path) {
			continue
		}
		next := r.path[:len(path)+1]
		name := next[len(path)]
		if t == nil { // path names a map, so the next step is its key
			w.setKey(name, holdAt(rules, next))
			continue
		}
		f := t.Field(name)
		if w.below[f] == nil {
			w.setBelow(f, newWindow(rules, next, f.Elem))
		}
	}
	slices.Sort(w.all)
	w.all = slices.Compact(w.all)
	return w
}

// setKey gives a map's key a freshness of its own.
func (w *window) setKey(key string, hold int64) {
	if w.keys == nil {
		w.keys = map[string]int64{}
	}
	w.keys[key] = hold
	w.all = append(w.all, hold)
}

// setBelow gives a field a window of its own.
func (w *window) setBelow(f *shape.Field, sub *window) {
	if w.below == nil {
		w.below = map[*shape.Field]*window{}
	}
	w.below[f] = sub
	w.all = append(w.all, sub.all...)
}

// holdAt is the duration of the most specific rule for a place: the one with
// the longest path, and of two such the one that names the source.
func holdAt(rules []freshnessRule, path []string) int64 {
	best := -1
	for i, r := range rules {
		if len(r.path) > len(path) || !slices.Equal(r.path, path[:len(r.path)]) {
			continue
		}
		if best < 0 || moreSpecific(r, rules[best]) {
			best = i
		}
	}
	return rules[best].hold // the default has the empty path
}

// moreSpecific orders rules that are about the same place. A path says more than
// a source: that certificates are looked at daily holds whoever looks.
func moreSpecific(a, b freshnessRule) bool {
	if len(a.path) != len(b.path) {
		return len(a.path) > len(b.path)
	}
	return a.source != "" || b.source == ""
}

// next is the first instant after at when something that was confirmed then
// becomes stale. It is a lower bound: it does not look whether the view has a
// value there.
func (w *window) next(confirmed, at int64) int64 {
	for _, hold := range w.all {
		if s := after(confirmed, hold); s > at {
			return s
		}
	}
	return Never
}

// fresh is the message at p without what is stale at that age: p itself where
// nothing is, nil where all is. What is stale is what hold <= age.
func (w *window) fresh(t *shape.Message, p unsafe.Pointer, age int64) unsafe.Pointer {
	if w.all[0] > age {
		return p
	}
	if w.all[len(w.all)-1] <= age {
		return nil
	}
	q := t.New()
	kept := w.hold > age
	var m marks
	for _, f := range t.Fields {
		switch c, ok := w.below[f]; {
		case f.Card == shape.Key:
			f.Copy(q, p) // a key is identity and says nothing by itself
		case ok:
			kept = c.freshField(f, q, p, age, &m) || kept
		case w.hold > age:
			f.Copy(q, p)
			m.note(f, f.Presence(p))
		}
	}
	if !kept {
		return nil
	}
	m.set(t, q)
	return q
}

// freshField copies a field's fresh part from p to q and says whether there is
// one. The window is the field's own.
func (w *window) freshField(f *shape.Field, q, p unsafe.Pointer, age int64, m *marks) bool {
	presence := f.Presence(p)
	switch {
	case presence == shape.Absent:
		return false
	case f.Card == shape.List && f.Kind == shape.Nested:
		return w.freshElems(f, q, p, age, m)
	case f.Card == shape.Map:
		return w.freshMap(f, q, p, age)
	case f.Card == shape.One && f.Kind == shape.Nested:
		sub := w.fresh(f.Elem, f.Nested(p), age)
		f.SetNested(q, sub)
		return sub != nil
	case w.hold > age:
		f.Copy(q, p)
		m.note(f, presence)
		return true
	}
	return false
}

// freshElems copies a list's elements. Where the list itself is stale, that it
// was whole is stale too: elements with a fact that still holds stay, in a list
// that is partial.
func (w *window) freshElems(f *shape.Field, q, p unsafe.Pointer, age int64, m *marks) bool {
	var kept []unsafe.Pointer
	for _, el := range f.Elems(p) {
		if el := w.fresh(f.Elem, el, age); el != nil {
			kept = append(kept, el)
		}
	}
	f.SetElems(q, kept)
	if w.hold > age {
		m.note(f, f.Presence(p))
		return true
	}
	if len(kept) > 0 {
		m.note(f, shape.Partial)
	}
	return len(kept) > 0
}

// freshMap copies the entries of a map that still hold.
func (w *window) freshMap(f *shape.Field, q, p unsafe.Pointer, age int64) bool {
	if f.Kind == shape.Fact {
		kept := freshKeys(w, f.FactMap(p), age)
		f.SetFactMap(q, kept)
		return len(kept) > 0
	}
	kept := freshKeys(w, f.TextMap(p), age)
	f.SetTextMap(q, kept)
	return len(kept) > 0
}

// freshKeys are those entries, in a map of their own: views are never changed.
func freshKeys[V any](w *window, from map[string]V, age int64) map[string]V {
	kept := map[string]V{}
	for k, v := range from {
		hold, ok := w.keys[k]
		if !ok {
			hold = w.hold
		}
		if hold > age {
			kept[k] = v
		}
	}
	return kept
}

// marks gathers the names for a message's reported_empty and partial.
type marks struct{ empty, partial []string }

// note keeps a list's name where its presence must be marked. A list with
// elements needs no mark to be whole, and one that is not reported has none.
func (m *marks) note(f *shape.Field, p shape.Presence) {
	if f.Card != shape.List {
		return
	}
	switch p {
	case shape.Empty:
		m.empty = append(m.empty, f.Name)
	case shape.Partial:
		m.partial = append(m.partial, f.Name)
	}
}

// set writes the marks in the order that equal knowledge always has.
func (m *marks) set(t *shape.Message, p unsafe.Pointer) {
	slices.Sort(m.empty)
	slices.Sort(m.partial)
	t.SetMarks(p, m.empty, m.partial)
}
