package names

import (
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
)

// Reads is what expressions name, whatever an inventory holds: declarations of
// the checklist by their names, and kinds of facts by their paths. It grows
// with each tree that is added.
type Reads struct {
	Params map[string]bool
	Tables map[string]bool
	Claims map[string]bool
	Facts  map[FactName]bool
	// Paths are paths from the inventory's root with "*" for the keys of
	// elements, such as "hosts/*/os/patched_time"; a list stands for itself, and
	// "hosts/*" for a host that is looked up by its id.
	Paths map[string]bool
}

// FactName names a declared fact.
type FactName struct{ Scope, Name string }

// NewReads makes an empty set.
func NewReads() *Reads {
	return &Reads{Params: map[string]bool{}, Tables: map[string]bool{}, Claims: map[string]bool{},
		Facts: map[FactName]bool{}, Paths: map[string]bool{}}
}

// Places says where the messages of a scope's variables may stand: as paths
// with "*" for keys.
type Places struct{ Subject, Second []string }

// systemPlace is where the system stands; its lists stand at the root.
const systemPlace = "system"

// hostPlace is where hosts stand.
const hostPlace = "hosts/*"

// scopePlaces are where the subjects of the scopes stand.
var scopePlaces = map[string][]string{
	"system": {systemPlace}, "unit": {"units/*"}, "host": {hostPlace}, "component": {hostPlace + "/components/*"},
	"endpoint": {hostPlace + "/endpoints/*"}, "zone": {"zones/*"}, "boundary": {"boundaries/*"},
	"channel": {"channels/*"}, "population": {"populations/*"}, "domain": {"domains/*"},
	"account": {"accounts/*", hostPlace + "/accounts/*"}, "facility": {"facilities/*"},
}

// PlacesOf are where the scope's variables stand. A pair's are those of its two
// lists, which the scope alone does not tell.
func PlacesOf(s syntax.Scope) Places {
	p := Places{Subject: scopePlaces[s.Name]}
	if s.Name == "component" || s.Name == "endpoint" {
		p.Second = []string{hostPlace}
	}
	return p
}

// Add adds what a tree names. It returns where its elements stand, if it is a
// list of messages.
func (r *Reads) Add(d *syntax.Decls, tree *syntax.Node, at Places) []string {
	v := visitor{Reads: r, decls: d}
	v.vars[syntax.InventorySlot] = []string{""}
	v.vars[syntax.SystemSlot] = []string{systemPlace}
	v.vars[syntax.SubjectSlot], v.vars[syntax.SecondSlot] = at.Subject, at.Second
	return v.visit(tree)
}

// visitor walks a tree with the places of the variables.
type visitor struct {
	*Reads
	decls *syntax.Decls
	vars  [syntax.Slots][]string
}

// visit notes what a node names, and returns where the message that it gives
// may stand, or the elements of the list.
func (v *visitor) visit(n *syntax.Node) []string {
	switch n.Op {
	case syntax.Var:
		return v.vars[n.Slot]
	case syntax.Param:
		v.Params[n.Name] = true
	case syntax.Field:
		return v.field(v.visit(n.Args[0]), n.Steps)
	case syntax.Entry:
		key := "*"
		if k := n.Args[1]; k.Op == syntax.Const {
			key = shape.PathKey(k.Lit.S)
		}
		v.visit(n.Args[1])
		v.note(below(v.visit(n.Args[0]), n.Steps), "/"+key)
		return nil
	case syntax.Fact:
		v.Facts[FactName{strings.ToLower(n.Args[0].Type.Msg.Name), n.Name}] = true
		facts := []*shape.Field{n.Args[0].Type.Msg.Field("facts")}
		v.note(below(v.visit(n.Args[0]), facts), "/"+shape.PathKey(n.Name))
		return nil
	case syntax.Lookup:
		v.visit(n.Args[1])
		return v.note(below(v.visit(n.Args[0]), n.Steps), "/*")
	case syntax.All, syntax.Exists, syntax.ExistsOne, syntax.Filter, syntax.MapTo:
		return v.loop(n)
	case syntax.Cond:
		v.visit(n.Args[0])
		return union(v.visit(n.Args[1]), v.visit(n.Args[2]))
	}
	return v.others(n)
}

// others visits a node whose arguments say all of where messages stand.
func (v *visitor) others(n *syntax.Node) (places []string) {
	switch n.Op {
	case syntax.TableEntry:
		v.Tables[n.Name] = true
	case syntax.Claimed:
		v.Claims[n.Name] = true
	case syntax.NowCompare:
		for _, s := range n.Shift {
			if s.Param >= 0 {
				v.Params[v.decls.Params[s.Param].Name] = true
			}
		}
	}
	for _, a := range n.Args {
		places = union(places, v.visit(a))
	}
	return places
}

// loop visits a comprehension.
func (v *visitor) loop(n *syntax.Node) []string {
	elems := v.visit(n.Args[0])
	v.vars[n.Slot] = elems
	body := v.visit(n.Args[1])
	switch n.Op {
	case syntax.Filter:
		return elems
	case syntax.MapTo:
		return body
	}
	return nil
}

// field notes a field below each of the places. An element's key is known
// wherever the element is; only a system may lack its own.
func (v *visitor) field(bases []string, steps []*shape.Field) []string {
	last := steps[len(steps)-1]
	if last.Card == shape.Key {
		for _, b := range bases {
			if b == systemPlace {
				v.note(below([]string{b}, steps), "")
			}
		}
		return nil
	}
	paths := v.note(below(bases, steps), "")
	if last.Card != shape.List {
		return paths
	}
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = p + "/*"
	}
	return out
}

// note notes paths with something at their end.
func (v *visitor) note(paths []string, end string) []string {
	for i, p := range paths {
		paths[i] = p + end
		v.Paths[paths[i]] = true
	}
	return paths
}

// below are the paths of a field, by the steps to it from each of the places.
func below(bases []string, steps []*shape.Field) []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.Name
	}
	path := strings.Join(names, "/")
	out := make([]string, len(bases))
	for i, b := range bases {
		if b == "" || b == systemPlace && steps[0].Card == shape.List {
			out[i] = path
			continue
		}
		out[i] = b + "/" + path
	}
	return out
}

// union joins places.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}
