package compile

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
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

// The kits of the types. Instants and spans of time are int64 too.
var (
	msgKit  *kit[unsafe.Pointer]
	textKit *kit[string]
	intKit  *kit[int64]
	realKit *kit[float64]
	boolKit *kit[bool]
)

// The kits refer to the generator's methods, which refer to the kits.
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

// scalarsAnew compiles a scalar without looking whether it is remembered.
func scalarsAnew[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	switch n.Op {
	case syntax.Const:
		return closure.Constant(k.literal(&n.Lit))
	case syntax.Var:
		return closure.Variable[T](k.lane, n.Slot)
	case syntax.Param:
		return closure.Param(k.value, n.Index)
	case syntax.TableEntry:
		return tableEntry(g, n, k.value)
	case syntax.Cond:
		return closure.IfScalar(g.boolean(n.Args[0]), scalars(g, n.Args[1], k), scalars(g, n.Args[2], k))
	}
	return k.own(g, n)
}

// tableEntry looks into a checklist's table.
func tableEntry[T any](g *generator, n *syntax.Node, get func(*machine.Value) T) fn[T] {
	return closure.TableEntry(scalars(g, n.Args[0], textKit), g.owner.Tables[n.Index], g.owner.Paths.Table(n.Name), get)
}

// place lays out a node whose first argument is a message. Where that is no
// variable, base computes it, and the caller puts it into the slot first.
func (g *generator) place(n *syntax.Node) (pl *closure.Place, base messageFn) {
	owner := n.Args[0]
	path := g.owner.Paths.Field(owner.Type.Msg, n.Steps)
	if owner.Op == syntax.Var {
		return closure.NewPlace(owner.Slot, n.Steps, path), nil
	}
	return closure.NewPlace(machine.Scratch+g.nesting%syntax.Slots, n.Steps, path), scalars(g, owner, msgKit)
}
