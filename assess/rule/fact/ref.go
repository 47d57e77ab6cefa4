package fact

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
)

// Ref is one fact: a message of the inventory, and the way from it to the
// value. Refs to the same fact that come from one machine are equal. A Ref
// keeps its message alive, and is of use only while that is not changed.
type Ref struct {
	Base unsafe.Pointer // the message; for a group the *Group; nil for a table's entry
	Path *Path
}

// Group is a set of facts that several results share. It is written once and
// not changed while Refs to it are about.
type Group struct {
	Facts   []Ref // what was read
	Missing []Ref // what was missing
}

// ReadBy and MissingFrom make the one Ref that stands for a group's facts.
func ReadBy(g *Group) Ref { return Ref{Base: unsafe.Pointer(g), Path: &groupFacts} }

// MissingFrom makes the one Ref that stands for what a group misses.
func MissingFrom(g *Group) Ref { return Ref{Base: unsafe.Pointer(g), Path: &groupMissing} }

var (
	groupFacts   = Path{form: readGroup, text: "(shared facts)"}
	groupMissing = Path{form: missingGroup, text: "(shared missing facts)"}
)

// Shared returns the refs that a group's Ref stands for; ok is false for a
// Ref that is a fact itself.
func (r Ref) Shared() (refs []Ref, ok bool) {
	switch r.Path.form {
	case readGroup:
		return shape.As[Group](r.Base).Facts, true
	case missingGroup:
		return shape.As[Group](r.Base).Missing, true
	}
	return nil, false
}

// smallSet is how many refs are compared one by one before a map is worth it.
const smallSet = 24

// AppendDistinct appends refs to dst, groups replaced by what they stand for
// and every fact once, in the order in which it first stands.
func AppendDistinct(dst, refs []Ref) []Ref {
	d := distinct{dst: dst, from: len(dst)}
	d.add(refs)
	return d.dst
}

// distinct collects facts, each once: by comparing while they are few, by a
// map once they are many.
type distinct struct {
	dst  []Ref
	from int
	seen map[Ref]struct{}
}

func (d *distinct) add(refs []Ref) {
	for _, r := range refs {
		if shared, ok := r.Shared(); ok {
			d.add(shared)
			continue
		}
		if !d.has(r) {
			d.dst = append(d.dst, r)
			if d.seen != nil {
				d.seen[r] = struct{}{}
			}
		}
	}
}

func (d *distinct) has(r Ref) bool {
	own := d.dst[d.from:]
	if len(own) <= smallSet {
		for _, x := range own {
			if x == r {
				return true
			}
		}
		return false
	}
	if d.seen == nil {
		d.seen = make(map[Ref]struct{}, 4*smallSet)
		for _, x := range own {
			d.seen[x] = struct{}{}
		}
	}
	_, ok := d.seen[r]
	return ok
}
