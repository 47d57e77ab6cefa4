package compile

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// lists compiles a list.
func lists[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	switch {
	case n.Once:
		return onceList(g, n, k)
	case n.Kept:
		return keptList(g, n, k)
	}
	return listsAnew(g, n, k)
}

//go:noinline
func listsAnew[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	switch n.Op {
	case syntax.Const:
		v := k.literals(&n.Lit)
		return func(*machine.Machine) ([]T, gaps) { return v, 0 }
	case syntax.Param:
		get, i := k.values, n.Index
		return func(m *machine.Machine) ([]T, gaps) { return get(&m.Params[i]), 0 }
	case syntax.TableEntry:
		entry := tableEntry(g, n, k.values)
		return func(m *machine.Machine) ([]T, gaps) {
			v, st := entry(m)
			return v, st.Gap()
		}
	case syntax.Cond:
		return condList(g.boolean(n.Args[0]), lists(g, n.Args[1], k), lists(g, n.Args[2], k))
	case syntax.MakeList:
		return madeList(g, n, k)
	case syntax.Call: // the only one that makes lists is +
		return joined(lists(g, n.Args[0], k), lists(g, n.Args[1], k), k)
	case syntax.Filter:
		return filtered(g, n, k)
	case syntax.MapTo:
		return mapped(g, n, k)
	}
	return k.ownList(g, n)
}

//go:noinline
func condList[T any](c boolFn, then, other list[T]) list[T] {
	return func(m *machine.Machine) ([]T, gaps) {
		switch t := c(m); t {
		case calc.True:
			return then(m)
		case calc.False:
			return other(m)
		case calc.Unknown: // see cond
			then(m)
			other(m)
			return nil, more
		}
		return nil, wrong
	}
}

// madeList is a list that is written out. An element that is not known leaves
// a gap.
//
//go:noinline
func madeList[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	elems := make([]fn[T], len(n.Args))
	for i, a := range n.Args {
		elems[i] = scalars(g, a, k)
	}
	lane, cost := k.lane, syntax.ElementCost*int64(len(elems))
	return func(m *machine.Machine) ([]T, gaps) {
		ln, gap := laneAt[T](m, lane), gaps(0)
		from := len(ln.Stack)
		if !m.Spend(cost) {
			return nil, wrong
		}
		for _, elem := range elems {
			v, st := elem(m)
			if st != known {
				gap |= st.Gap()
				continue
			}
			ln.Stack = append(ln.Stack, v)
		}
		return ln.Stack[from:], gap
	}
}

// joined is a list after another.
//
//go:noinline
func joined[T any](a, b list[T], k *kit[T]) list[T] {
	lane := k.lane
	return func(m *machine.Machine) ([]T, gaps) {
		x, xGap := a(m)
		y, yGap := b(m)
		if !m.Spend(syntax.ElementCost * int64(len(x)+len(y))) {
			return nil, wrong
		}
		ln := laneAt[T](m, lane)
		from := len(ln.Stack)
		ln.Stack = append(append(ln.Stack, x...), y...)
		return ln.Stack[from:], xGap | yGap
	}
}

// sieve is the predicates of the filters around a list, innermost first: the
// elements pass through them one by one, and no list is made in between. One
// for which a predicate is not known leaves a gap, and what the predicate
// misses stands for it.
type sieve struct {
	keep  []boolFn
	slots []int
}

// peel takes the filters off a list.
func (g *generator) peel(n *syntax.Node) (*syntax.Node, sieve) {
	if n.Op != syntax.Filter || n.Once {
		return n, sieve{}
	}
	inner, s := g.peel(n.Args[0])
	s.keep = append(s.keep, g.boolean(n.Args[1]))
	s.slots = append(s.slots, n.Slot)
	return inner, s
}

// pass tells whether an element passes; what it adds to the gaps otherwise.
func pass[T any](m *machine.Machine, s *sieve, ln *machine.Lane[T], e T) (bool, gaps) {
	for i, keep := range s.keep {
		ln.Vars[s.slots[i]&machine.VarMask] = e
		if t := keep(m); t != calc.True {
			return false, state(t).Gap()
		}
	}
	return true, 0
}

// cost is what passing costs an element at most, beside the predicates' own
// comprehensions.
func (g *generator) cost(n *syntax.Node) int64 {
	each := int64(1)
	for n.Op == syntax.Filter && !n.Once {
		each += syntax.StraightCost(n.Args[1])
		n = n.Args[0]
	}
	return each
}

// filtered makes the list of the elements that pass the filters.
//
//go:noinline
func filtered[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	own := *n
	own.Once = false // that it is remembered is the caller's business
	each := g.cost(&own) + syntax.ElementCost
	inner, s := g.peel(&own)
	over, lane := lists(g, inner, k), k.lane
	return func(m *machine.Machine) ([]T, gaps) {
		elems, gap := over(m)
		if !m.Spend(each * int64(len(elems))) {
			return nil, wrong
		}
		ln := laneAt[T](m, lane)
		from := len(ln.Stack)
		for _, e := range elems {
			ok, g := pass(m, &s, ln, e)
			if gap |= g; m.Exhausted() {
				return nil, wrong
			}
			if ok {
				ln.Stack = append(ln.Stack, e)
			}
		}
		return ln.Stack[from:], gap
	}
}

// mapped computes a value of each element.
func mapped[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	switch n.Args[0].Type.Elem.Kind {
	case syntax.Message:
		return mappedFrom(g, n, msgKit, k)
	case syntax.Text:
		return mappedFrom(g, n, textKit, k)
	case syntax.Double:
		return mappedFrom(g, n, realKit, k)
	case syntax.Bool:
		return mappedFrom(g, n, boolKit, k)
	}
	return mappedFrom(g, n, intKit, k)
}

//go:noinline
func mappedFrom[S, T any](g *generator, n *syntax.Node, sk *kit[S], k *kit[T]) list[T] {
	inner, s := g.peel(n.Args[0])
	over, to := lists(g, inner, sk), scalars(g, n.Args[1], k)
	from, into, slot := sk.lane, k.lane, n.Slot
	each := syntax.StraightCost(n.Args[1]) + g.cost(n.Args[0]) + syntax.ElementCost
	return func(m *machine.Machine) ([]T, gaps) {
		elems, gap := over(m)
		if !m.Spend(each * int64(len(elems))) {
			return nil, wrong
		}
		src, out := laneAt[S](m, from), laneAt[T](m, into)
		top := len(out.Stack)
		for _, e := range elems {
			if m.Exhausted() {
				return nil, wrong
			}
			if ok, g := pass(m, &s, src, e); !ok {
				gap |= g
				continue
			}
			src.Vars[slot&machine.VarMask] = e
			v, st := to(m)
			if st != known {
				gap |= st.Gap()
				continue
			}
			out.Stack = append(out.Stack, v)
		}
		return out.Stack[top:], gap
	}
}

// messageList compiles a list field of messages.
func (g *generator) messageList(n *syntax.Node) list[unsafe.Pointer] {
	pl, base := g.place(n)
	return onList(base, pl.slot, listField[unsafe.Pointer](pl))
}

//go:noinline
func (g *generator) textList(n *syntax.Node) list[string] {
	if n.Op == syntax.Fact {
		f := declared(g, n, func(v *pb.FactValue) ([]string, bool) {
			x, ok := v.GetValue().(*pb.FactValue_StringList)
			if !ok {
				return nil, false
			}
			return x.StringList.GetValues(), true
		})
		return func(m *machine.Machine) ([]string, gaps) {
			v, st := f(m)
			return v, st.Gap()
		}
	}
	pl, base := g.place(n)
	return onList(base, pl.slot, listField[string](pl))
}

//go:noinline
func (g *generator) intList(n *syntax.Node) list[int64] {
	pl, base := g.place(n)
	field := listField[int32](pl)
	return onList(base, pl.slot, func(m *machine.Machine) ([]int64, gaps) {
		narrow, gap := field(m)
		from := len(m.Ints.Stack)
		for _, v := range narrow {
			m.Ints.Stack = append(m.Ints.Stack, int64(v))
		}
		return m.Ints.Stack[from:], gap
	})
}

// listField reads a list field whose elements have the Go type T. One that was
// not reported has no known element; one that is partial misses itself.
//
//go:noinline
func listField[T any](pl *place) list[T] {
	partial, _ := pl.field.Parent.PartialAt()
	return func(m *machine.Machine) ([]T, gaps) {
		base, p := pl.parent(m)
		if p == nil {
			return nil, m.Absent(base, pl.path).Gap()
		}
		elems := shape.ListAt[T](pl.leaf, p)
		if len(elems) == 0 || len(partial.Texts(p)) > 0 {
			return elems, gapsOf(m, pl, base, p)
		}
		m.Read(base, pl.path)
		return elems, 0
	}
}

// gapsOf looks at what is known of a list that may have gaps.
func gapsOf(m *machine.Machine, pl *place, base, p unsafe.Pointer) gaps {
	presence := pl.field.Presence(p)
	if presence != shape.Absent {
		m.Read(base, pl.path)
	}
	if presence == shape.Absent || presence == shape.Partial {
		return m.Absent(base, pl.path).Gap()
	}
	return 0
}
