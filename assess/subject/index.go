package subject

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/assess/waive"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// scopes are what rules are about, by the names of the lists in which it stands.
var scopes = map[string]string{
	"units": "unit", "hosts": "host", "components": "component", "endpoints": "endpoint", "zones": "zone",
	"boundaries": "boundary", "channels": "channel", "populations": "population", "domains": "domain",
	"accounts": "account", "facilities": "facility",
}

// isScope has the values of scopes.
var isScope = func() map[string]bool {
	out := map[string]bool{}
	for _, s := range scopes {
		out[s] = true
	}
	return out
}()

// Index knows what an inventory holds. It keeps the inventory, which must not
// change, and is immutable itself.
type Index struct {
	inv    *pb.Inventory
	system string
	paths  []string                       // of all that has a scope
	ids    map[string]map[string]struct{} // by scope: what has the id, or is referred to by it
}

// NewIndex goes over an inventory; nil is an empty one.
func NewIndex(inv *pb.Inventory) *Index {
	if inv == nil {
		inv = &pb.Inventory{}
	}
	x := &Index{inv: inv, system: inv.GetSystem().GetId(), ids: map[string]map[string]struct{}{}}
	x.walk(shape.Of(inv), shape.Ptr(inv), "", "")
	return x
}

// walk notes what stands below an element; list is the list in which it stands.
func (x *Index) walk(m *shape.Message, p unsafe.Pointer, path, list string) {
	for _, f := range m.Fields {
		switch {
		case f.Kind == shape.Nested && f.Card == shape.One:
			if below := f.Nested(p); below != nil {
				x.walk(f.Elem, below, path, list) // the system, or a part such as one end of a channel
			}
		case f.Kind == shape.Nested && f.Card == shape.List && f.Elem.Key != nil:
			for _, el := range f.Elems(p) {
				key, _ := f.Elem.Key.Text(el)
				at := path + f.Name + "/" + shape.PathKey(key)
				if s, ok := scopes[f.Name]; ok {
					x.paths = append(x.paths, at)
					x.note(s, key)
				}
				x.walk(f.Elem, el, at+"/", f.Name)
			}
		case f.Kind == shape.Text:
			x.refer(f, p, list)
		}
	}
}

// refer notes what a field refers to: one with the name of a scope, behind
// another word perhaps, and the parent of something.
func (x *Index) refer(f *shape.Field, p unsafe.Pointer, list string) {
	word := f.Name[strings.LastIndexByte(f.Name, '_')+1:]
	switch {
	case f.Card == shape.One && f.Name == "parent":
		if v, ok := f.Text(p); ok {
			x.note(scopes[list], v)
		}
	case f.Card == shape.One && isScope[word]:
		if v, ok := f.Text(p); ok {
			x.note(word, v)
		}
	case f.Card == shape.List && scopes[word] != "":
		for _, v := range f.Texts(p) {
			x.note(scopes[word], v)
		}
	}
}

func (x *Index) note(scope, id string) {
	ids := x.ids[scope]
	if ids == nil {
		ids = map[string]struct{}{}
		x.ids[scope] = ids
	}
	ids[id] = struct{}{}
}

// ID tells whether an inventory has something of a scope with an id, or refers
// to such; if not, near are the ids that are nearest, at most three.
func (x *Index) ID(scope, id string) (near []string, ok bool) {
	if scope == attest.System {
		return []string{x.system}, id == x.system || id == attest.System
	}
	if x.has(scope, id) {
		return nil, true
	}
	if steps := strings.Split(id, "/"); len(steps) == 2 && scopes[steps[0]] == scope { // it was written as a path
		if key := shape.KeyOfPath(steps[1]); x.has(scope, key) {
			return []string{key}, false
		}
	} else if len(steps) > 2 && attest.Scope(id) == scope && attest.Has(x.inv, id) {
		return nil, true // an id alone would not say which
	}
	return nearest(id, slices.Collect(maps.Keys(x.ids[scope]))), false
}

func (x *Index) has(scope, id string) bool {
	_, ok := x.ids[scope][id]
	return ok
}

// Has tells whether an inventory has just what a subject names.
func (x *Index) Has(subject string) bool { return attest.Has(x.inv, subject) }

// Path tells whether an inventory has what a subject names; if not, near are
// the subjects of its kind that are nearest, at most three. Of a pattern it is
// enough that it fits one, of a pair both ends must be there.
func (x *Index) Path(subject string) (near []string, ok bool) {
	if left, right, pair := strings.Cut(subject, "|"); pair {
		near, ok = x.Path(left)
		if more, there := x.Path(right); !there {
			return append(near, more...), false
		}
		return near, ok
	}
	if strings.Contains(subject, "*") {
		return nil, x.matches(subject)
	}
	// "hosts/?" stands for the hosts that nobody reports.
	if list, open := strings.CutSuffix(subject, "/?"); open {
		above := list[:max(0, strings.LastIndexByte(list, '/'))]
		return nil, above == "" || attest.Has(x.inv, above)
	}
	if attest.Has(x.inv, subject) {
		return nil, true
	}
	kind := attest.Scope(subject)
	var all []string
	for _, p := range x.paths {
		if kind == "" || attest.Scope(p) == kind {
			all = append(all, p)
		}
	}
	return nearest(subject, all), false
}

// matches tells whether a pattern fits an element, or two ends of a pair.
func (x *Index) matches(pattern string) bool {
	if x.fits(pattern) || waive.Pattern(pattern)(attest.System) {
		return true
	}
	for i := range len(pattern) {
		if pattern[i] == '*' && x.fits(pattern[:i+1]) && x.fits(pattern[i:]) {
			return true
		}
	}
	return false
}

func (x *Index) fits(pattern string) bool {
	fit := waive.Pattern(pattern)
	return slices.ContainsFunc(x.paths, fit)
}

// named is how many near names are given, and looked at how many are compared.
const (
	named    = 3
	lookedAt = 2_000
)

// nearest are the names that are most like one, those first that are more.
func nearest(name string, all []string) []string {
	type like struct {
		name     string
		distance int
	}
	list := make([]like, 0, min(len(all), lookedAt))
	for _, n := range all[:min(len(all), lookedAt)] {
		list = append(list, like{n, attest.Distance(n, name)})
	}
	slices.SortFunc(list, func(a, b like) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	out := make([]string, 0, named)
	for _, l := range list[:min(len(list), named)] {
		out = append(out, l.name)
	}
	return out
}
