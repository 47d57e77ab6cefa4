package compile

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
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

// listsAnew compiles a list without looking whether it is remembered.
//
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
		return closure.IfList(g.boolean(n.Args[0]), lists(g, n.Args[1], k), lists(g, n.Args[2], k))
	case syntax.MakeList:
		return madeList(g, n, k)
	case syntax.Call: // the only one that makes lists is +
		return closure.Joined(lists(g, n.Args[0], k), lists(g, n.Args[1], k), k.lane)
	case syntax.Filter:
		return filtered(g, n, k)
	case syntax.MapTo:
		return mapped(g, n, k)
	}
	return k.ownList(g, n)
}

// madeList compiles a list that is written out.
func madeList[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	elems := make([]fn[T], len(n.Args))
	for i, a := range n.Args {
		elems[i] = scalars(g, a, k)
	}
	return closure.Made(elems, k.lane)
}

// peel takes the filters off a list.
func (g *generator) peel(n *syntax.Node) (*syntax.Node, closure.Sieve) {
	if n.Op != syntax.Filter || n.Once {
		return n, closure.Sieve{}
	}
	inner, s := g.peel(n.Args[0])
	s.Keep = append(s.Keep, g.boolean(n.Args[1]))
	s.Slots = append(s.Slots, n.Slot)
	return inner, s
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

// filtered compiles a filter whose list is wanted itself, and not only looked
// through.
func filtered[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	own := *n
	own.Once = false // that it is remembered is the caller's business
	inner, s := g.peel(&own)
	return closure.Filtered(lists(g, inner, k), s, k.lane, g.cost(&own)+syntax.ElementCost)
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

// mappedFrom compiles a map from elements of one type to another.
func mappedFrom[S, T any](g *generator, n *syntax.Node, sk *kit[S], k *kit[T]) list[T] {
	inner, s := g.peel(n.Args[0])
	return closure.Mapped(closure.Mapping[S, T]{
		Over: lists(g, inner, sk), Sieve: s, To: scalars(g, n.Args[1], k), From: sk.lane, Into: k.lane, Slot: n.Slot,
		Each: syntax.StraightCost(n.Args[1]) + g.cost(n.Args[0]) + syntax.ElementCost,
	})
}

// messageList compiles a list field of messages.
func (g *generator) messageList(n *syntax.Node) list[unsafe.Pointer] {
	pl, base := g.place(n)
	return closure.OnList(base, pl.Slot, closure.ListField[unsafe.Pointer](pl))
}

// textList compiles a list field of texts, or a declared fact that is a list.
//
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
	return closure.OnList(base, pl.Slot, closure.ListField[string](pl))
}

// intList compiles a list field of numbers. The model has them in 32 bits; they
// are widened on the stack.
//
//go:noinline
func (g *generator) intList(n *syntax.Node) list[int64] {
	pl, base := g.place(n)
	field := closure.ListField[int32](pl)
	return closure.OnList(base, pl.Slot, func(m *machine.Machine) ([]int64, gaps) {
		narrow, gap := field(m)
		from := len(m.Ints.Stack)
		for _, v := range narrow {
			m.Ints.Stack = append(m.Ints.Stack, int64(v))
		}
		return m.Ints.Stack[from:], gap
	})
}
