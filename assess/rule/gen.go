package rule

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
)

// A compiled expression is a closure of its type. A scalar's gives the value
// and whether it is known; a list's gives the known elements and what they
// lack. What a closure finds missing it leaves on the machine's list of missing
// facts; one that is decided in spite of that takes it off again, so that a
// result is unknown for exactly the facts that stand there in the end.
type (
	boolFn       func(*Machine) Tri
	fn[T any]    func(*Machine) (T, state)
	list[T any]  func(*Machine) ([]T, gaps)
	showFn       func(*Machine, []byte) ([]byte, state)
	messageFn    = fn[unsafe.Pointer]
	comparableTo interface {
		bool | int64 | float64 | string
	}
)

// kit is what code that is written once for all types needs for one of them.
type kit[T any] struct {
	slot     func(*Machine) *[slots]T  // the variables of comprehensions
	stack    func(*Machine) *[]T       // where computed lists lie
	literal  func(*syntax.Literal) T   // a constant
	literals func(*syntax.Literal) []T // a constant list
	value    func(*value) T            // a parameter or a table's entry
	values   func(*value) []T          // one that is a list
	memo     func(*memo) *T            // a remembered value
	memos    func(*memo) *[]T          // a remembered list
	own      func(*generator, *syntax.Node) fn[T]
	ownList  func(*generator, *syntax.Node) list[T]
}

// The kits of the types. Instants and spans of time are int64 too.
var (
	msgKit  *kit[unsafe.Pointer]
	textKit *kit[string]
	intKit  *kit[int64]
	realKit *kit[float64]
	boolKit *kit[bool]
)

func init() {
	msgKit = &kit[unsafe.Pointer]{
		slot:    func(m *Machine) *[slots]unsafe.Pointer { return (*[slots]unsafe.Pointer)(m.vars[:slots]) },
		stack:   func(m *Machine) *[]unsafe.Pointer { return &m.msgStack },
		memo:    func(e *memo) *unsafe.Pointer { return &e.p },
		memos:   func(e *memo) *[]unsafe.Pointer { return &e.ps },
		own:     (*generator).message,
		ownList: (*generator).messageList,
	}
	textKit = &kit[string]{
		slot:     func(m *Machine) *[slots]string { return &m.texts },
		stack:    func(m *Machine) *[]string { return &m.textStack },
		literal:  func(l *syntax.Literal) string { return l.S },
		literals: func(l *syntax.Literal) []string { return l.Ss },
		value:    func(v *value) string { return v.s },
		values:   func(v *value) []string { return v.ss },
		memo:     func(e *memo) *string { return &e.s },
		memos:    func(e *memo) *[]string { return &e.ss },
		own:      (*generator).text,
		ownList:  (*generator).textList,
	}
	intKit = &kit[int64]{
		slot:     func(m *Machine) *[slots]int64 { return &m.ints },
		stack:    func(m *Machine) *[]int64 { return &m.intStack },
		literal:  func(l *syntax.Literal) int64 { return l.I },
		literals: func(l *syntax.Literal) []int64 { return l.Is },
		value:    func(v *value) int64 { return v.i },
		values:   func(v *value) []int64 { return v.is },
		memo:     func(e *memo) *int64 { return &e.i },
		memos:    func(e *memo) *[]int64 { return &e.is },
		own:      (*generator).integer,
		ownList:  (*generator).intList,
	}
	realKit = &kit[float64]{
		slot:     func(m *Machine) *[slots]float64 { return &m.reals },
		stack:    func(m *Machine) *[]float64 { return &m.realStack },
		literal:  func(l *syntax.Literal) float64 { return l.D },
		literals: func(l *syntax.Literal) []float64 { return l.Ds },
		value:    func(v *value) float64 { return v.d },
		memo:     func(e *memo) *float64 { return &e.d },
		memos:    func(e *memo) *[]float64 { return &e.ds },
		own:      (*generator).real,
	}
	boolKit = &kit[bool]{
		slot:     func(m *Machine) *[slots]bool { return &m.bools },
		stack:    func(m *Machine) *[]bool { return &m.boolStack },
		literal:  func(l *syntax.Literal) bool { return l.B },
		literals: func(l *syntax.Literal) []bool { return l.Bs },
		value:    func(v *value) bool { return v.b },
		memo:     func(e *memo) *bool { return &e.b },
		memos:    func(e *memo) *[]bool { return &e.bs },
		own:      (*generator).truth,
	}
}

// generator turns one tree into closures.
type generator struct {
	env     *Env
	nesting int // of map keys below looked-up messages, each with a slot of its own
}

// scalars compiles a node of a scalar type or a message.
func scalars[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	if n.Once {
		return onceScalar(g, n, k)
	}
	return scalarsAnew(g, n, k)
}

func scalarsAnew[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	switch n.Op {
	case syntax.Const:
		v := k.literal(&n.Lit)
		return func(*Machine) (T, state) { return v, known }
	case syntax.Var:
		slots, i := k.slot, n.Slot&slotMask
		return func(m *Machine) (T, state) { return slots(m)[i], known }
	case syntax.Param:
		get, i := k.value, n.Index
		return func(m *Machine) (T, state) { return get(&m.vals[i]), known }
	case syntax.TableEntry:
		return tableEntry(g, n, k.value)
	case syntax.Cond:
		return cond(g.boolean(n.Args[0]), scalars(g, n.Args[1], k), scalars(g, n.Args[2], k))
	}
	return k.own(g, n)
}

// tableEntry looks into a checklist's table.
func tableEntry[T any](g *generator, n *syntax.Node, get func(*value) T) fn[T] {
	entries, path := g.env.tables[n.Index], g.env.paths.Table(n.Name)
	key := scalars(g, n.Args[0], textKit)
	return func(m *Machine) (out T, st state) {
		k, st := key(m)
		if st != known {
			return out, st
		}
		if v, ok := entries[k]; ok {
			return get(&v), known
		}
		return out, m.absent(nil, m.keyed(path, k))
	}
}

// cond is the ternary. While the condition is not known neither is the value,
// even if both branches agree: a condition that turned out to be an error would
// make it one. The branches are looked at all the same, for what they miss.
func cond[T any](c boolFn, then, other fn[T]) fn[T] {
	return func(m *Machine) (out T, st state) {
		switch t := c(m); t {
		case True:
			return then(m)
		case False:
			return other(m)
		case Unknown:
			then(m)
			other(m)
			return out, unknown
		}
		return out, failed
	}
}

// place is where a field lies: a message variable, the single messages on the
// way, and the field.
type place struct {
	slot  uint8
	hops  uint8
	hop   shape.Offset // the first single message
	rest  []shape.Offset
	leaf  shape.Offset
	field *shape.Field
	path  *fact.Path
}

// parent finds the message that holds the field; nil where one on the way is
// absent.
func (pl *place) parent(m *Machine) (base, parent unsafe.Pointer) {
	base = m.vars[pl.slot&varMask]
	if pl.hops == 0 {
		return base, base
	}
	return base, pl.walk(base)
}

func (pl *place) walk(p unsafe.Pointer) unsafe.Pointer {
	p = pl.hop.Nested(p)
	for _, hop := range pl.rest {
		if p == nil {
			return nil
		}
		p = hop.Nested(p)
	}
	return p
}

// place lays out a node whose first argument is a message. Where that is no
// variable, base computes it, and the caller puts it into the slot first.
func (g *generator) place(n *syntax.Node) (pl *place, base messageFn) {
	owner := n.Args[0]
	pl = &place{hops: uint8(len(n.Steps) - 1), field: n.Steps[len(n.Steps)-1]}
	pl.leaf = pl.field.Offset()
	for i, s := range n.Steps[:len(n.Steps)-1] {
		if i == 0 {
			pl.hop = s.Offset()
		} else {
			pl.rest = append(pl.rest, s.Offset())
		}
	}
	pl.path = g.env.paths.Field(owner.Type.Msg, n.Steps)
	if owner.Op == syntax.Var {
		pl.slot = uint8(owner.Slot)
		return pl, nil
	}
	pl.slot = uint8(scratch + g.nesting%slots)
	return pl, scalars(g, owner, msgKit)
}

// on makes leaf, which reads from a slot, read from what base finds.
func on[T any](base messageFn, slot uint8, leaf fn[T]) fn[T] {
	if base == nil {
		return leaf
	}
	return func(m *Machine) (out T, st state) {
		p, st := base(m)
		if st != known {
			return out, st
		}
		m.vars[slot&varMask] = p
		return leaf(m)
	}
}

// onBool is on for conditions.
func onBool(base messageFn, slot uint8, leaf boolFn) boolFn {
	if base == nil {
		return leaf
	}
	return func(m *Machine) Tri {
		p, st := base(m)
		if st != known {
			return Tri(st)
		}
		m.vars[slot&varMask] = p
		return leaf(m)
	}
}

// onList is on for lists.
func onList[T any](base messageFn, slot uint8, leaf list[T]) list[T] {
	if base == nil {
		return leaf
	}
	return func(m *Machine) ([]T, gaps) {
		p, st := base(m)
		if st != known {
			return nil, st.gap()
		}
		m.vars[slot&varMask] = p
		return leaf(m)
	}
}
