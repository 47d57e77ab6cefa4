package compile

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
)

// A compiled expression is a closure of its type. A scalar's gives the value
// and whether it is known; a list's gives the known elements and what they
// lack. What a closure finds missing it leaves on the machine's list of missing
// facts; one that is decided in spite of that takes it off again, so that a
// result is unknown for exactly the facts that stand there in the end.
type (
	boolFn       func(*machine.Machine) calc.Tri
	fn[T any]    func(*machine.Machine) (T, state)
	list[T any]  func(*machine.Machine) ([]T, gaps)
	showFn       func(*machine.Machine, []byte) ([]byte, state)
	messageFn    = fn[unsafe.Pointer]
	comparableTo interface {
		bool | int64 | float64 | string
	}
)

// kit is what code that is written once for all types needs for one of them.
type kit[T any] struct {
	lane     uintptr                   // where a Machine has its variables and its stack
	literal  func(*syntax.Literal) T   // a constant
	literals func(*syntax.Literal) []T // a constant list
	value    func(*machine.Value) T    // a parameter or a table's entry
	values   func(*machine.Value) []T  // one that is a list
	memo     func(*machine.Memo) *T    // a remembered value
	memos    func(*machine.Memo) *[]T  // a remembered list
	own      func(*generator, *syntax.Node) fn[T]
	ownList  func(*generator, *syntax.Node) list[T]
}

// laneAt is a machine's lane of one type; offset is the kit's.
func laneAt[T any](m *machine.Machine, offset uintptr) *machine.Lane[T] {
	return (*machine.Lane[T])(unsafe.Add(unsafe.Pointer(m), offset))
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
		lane:    unsafe.Offsetof(machine.Machine{}.Msgs),
		memo:    func(e *machine.Memo) *unsafe.Pointer { return &e.P },
		memos:   func(e *machine.Memo) *[]unsafe.Pointer { return &e.Ps },
		own:     (*generator).message,
		ownList: (*generator).messageList,
	}
	textKit = &kit[string]{
		lane:     unsafe.Offsetof(machine.Machine{}.Texts),
		literal:  func(l *syntax.Literal) string { return l.S },
		literals: func(l *syntax.Literal) []string { return l.Ss },
		value:    func(v *machine.Value) string { return v.S },
		values:   func(v *machine.Value) []string { return v.Ss },
		memo:     func(e *machine.Memo) *string { return &e.S },
		memos:    func(e *machine.Memo) *[]string { return &e.Ss },
		own:      (*generator).text,
		ownList:  (*generator).textList,
	}
	intKit = &kit[int64]{
		lane:     unsafe.Offsetof(machine.Machine{}.Ints),
		literal:  func(l *syntax.Literal) int64 { return l.I },
		literals: func(l *syntax.Literal) []int64 { return l.Is },
		value:    func(v *machine.Value) int64 { return v.I },
		values:   func(v *machine.Value) []int64 { return v.Is },
		memo:     func(e *machine.Memo) *int64 { return &e.I },
		memos:    func(e *machine.Memo) *[]int64 { return &e.Is },
		own:      (*generator).integer,
		ownList:  (*generator).intList,
	}
	realKit = &kit[float64]{
		lane:     unsafe.Offsetof(machine.Machine{}.Reals),
		literal:  func(l *syntax.Literal) float64 { return l.D },
		literals: func(l *syntax.Literal) []float64 { return l.Ds },
		value:    func(v *machine.Value) float64 { return v.D },
		memo:     func(e *machine.Memo) *float64 { return &e.D },
		memos:    func(e *machine.Memo) *[]float64 { return &e.Ds },
		own:      (*generator).real,
	}
	boolKit = &kit[bool]{
		lane:     unsafe.Offsetof(machine.Machine{}.Bools),
		literal:  func(l *syntax.Literal) bool { return l.B },
		literals: func(l *syntax.Literal) []bool { return l.Bs },
		value:    func(v *machine.Value) bool { return v.B },
		memo:     func(e *machine.Memo) *bool { return &e.B },
		memos:    func(e *machine.Memo) *[]bool { return &e.Bs },
		own:      (*generator).truth,
	}
}

// generator turns one tree into closures.
type generator struct {
	owner   *machine.Owner
	nesting int // of map keys below looked-up messages, each with a slot of its own
}

// scalars compiles a node of a scalar type or a message.
func scalars[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	switch {
	case n.Once:
		return onceScalar(g, n, k)
	case n.Kept:
		return keptScalar(g, n, k)
	}
	return scalarsAnew(g, n, k)
}

//go:noinline
func scalarsAnew[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	switch n.Op {
	case syntax.Const:
		v := k.literal(&n.Lit)
		return func(*machine.Machine) (T, state) { return v, known }
	case syntax.Var:
		lane, i := k.lane, n.Slot
		return func(m *machine.Machine) (T, state) { return laneAt[T](m, lane).Vars[i&machine.VarMask], known }
	case syntax.Param:
		get, i := k.value, n.Index
		return func(m *machine.Machine) (T, state) { return get(&m.Params[i]), known }
	case syntax.TableEntry:
		return tableEntry(g, n, k.value)
	case syntax.Cond:
		return cond(g.boolean(n.Args[0]), scalars(g, n.Args[1], k), scalars(g, n.Args[2], k))
	}
	return k.own(g, n)
}

// tableEntry looks into a checklist's table.
//
//go:noinline
func tableEntry[T any](g *generator, n *syntax.Node, get func(*machine.Value) T) fn[T] {
	entries, path := g.owner.Tables[n.Index], g.owner.Paths.Table(n.Name)
	key := scalars(g, n.Args[0], textKit)
	return func(m *machine.Machine) (out T, st state) {
		k, st := key(m)
		if st != known {
			return out, st
		}
		if v := entries[k]; v != nil {
			return get(v), known
		}
		return out, m.Absent(nil, m.Keyed(path, k))
	}
}

// cond is the ternary. While the condition is not known neither is the value,
// even if both branches agree: a condition that turned out to be an error would
// make it one. The branches are looked at all the same, for what they miss.
//
//go:noinline
func cond[T any](c boolFn, then, other fn[T]) fn[T] {
	return func(m *machine.Machine) (out T, st state) {
		switch t := c(m); t {
		case calc.True:
			return then(m)
		case calc.False:
			return other(m)
		case calc.Unknown:
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
func (pl *place) parent(m *machine.Machine) (base, parent unsafe.Pointer) {
	base = m.Msgs.Vars[pl.slot&machine.VarMask]
	parent = base
	if pl.hops > 0 {
		parent = pl.hop.Nested(base)
		if pl.hops > 1 {
			parent = pl.walk(parent)
		}
	}
	return base, parent
}

// walk goes on from the first single message.
func (pl *place) walk(p unsafe.Pointer) unsafe.Pointer {
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
	pl.path = g.owner.Paths.Field(owner.Type.Msg, n.Steps)
	if owner.Op == syntax.Var {
		pl.slot = uint8(owner.Slot)
		return pl, nil
	}
	pl.slot = uint8(machine.Scratch + g.nesting%syntax.Slots)
	return pl, scalars(g, owner, msgKit)
}

// on makes leaf, which reads from a slot, read from what base finds.
//
//go:noinline
func on[T any](base messageFn, slot uint8, leaf fn[T]) fn[T] {
	if base == nil {
		return leaf
	}
	return func(m *machine.Machine) (out T, st state) {
		p, st := base(m)
		if st != known {
			return out, st
		}
		m.Msgs.Vars[slot&machine.VarMask] = p
		return leaf(m)
	}
}

// onBool is on for conditions.
//
//go:noinline
func onBool(base messageFn, slot uint8, leaf boolFn) boolFn {
	if base == nil {
		return leaf
	}
	return func(m *machine.Machine) calc.Tri {
		p, st := base(m)
		if st != known {
			return calc.Tri(st)
		}
		m.Msgs.Vars[slot&machine.VarMask] = p
		return leaf(m)
	}
}

// onList is on for lists.
//
//go:noinline
func onList[T any](base messageFn, slot uint8, leaf list[T]) list[T] {
	if base == nil {
		return leaf
	}
	return func(m *machine.Machine) ([]T, gaps) {
		p, st := base(m)
		if st != known {
			return nil, st.Gap()
		}
		m.Msgs.Vars[slot&machine.VarMask] = p
		return leaf(m)
	}
}
