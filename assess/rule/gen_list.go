package rule

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// lists compiles a list.
func lists[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	if n.Once {
		return onceList(g, n, k)
	}
	return listsAnew(g, n, k)
}

func listsAnew[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	switch n.Op {
	case syntax.Const:
		v := k.literals(&n.Lit)
		return func(*Machine) ([]T, gaps) { return v, 0 }
	case syntax.Param:
		get, i := k.values, n.Index
		return func(m *Machine) ([]T, gaps) { return get(&m.vals[i]), 0 }
	case syntax.TableEntry:
		entry := tableEntry(g, n, k.values)
		return func(m *Machine) ([]T, gaps) {
			v, st := entry(m)
			return v, st.gap()
		}
	case syntax.Cond:
		return condList(g.boolean(n.Args[0]), lists(g, n.Args[1], k), lists(g, n.Args[2], k))
	case syntax.MakeList:
		return madeList(g, n, k)
	case syntax.Call: // the only one that makes lists is +
		return joined(lists(g, n.Args[0], k), lists(g, n.Args[1], k), k)
	case syntax.Filter:
		return filtered(lists(g, n.Args[0], k), g.boolean(n.Args[1]), n, k)
	case syntax.MapTo:
		return mapped(g, n, k)
	}
	return k.ownList(g, n)
}

func condList[T any](c boolFn, then, other list[T]) list[T] {
	return func(m *Machine) ([]T, gaps) {
		switch t := c(m); t {
		case True:
			return then(m)
		case False:
			return other(m)
		case Unknown: // see cond
			then(m)
			other(m)
			return nil, more
		}
		return nil, wrong
	}
}

// madeList is a list that is written out. An element that is not known leaves
// a gap.
func madeList[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	elems := make([]fn[T], len(n.Args))
	for i, a := range n.Args {
		elems[i] = scalars(g, a, k)
	}
	stack := k.stack
	return func(m *Machine) ([]T, gaps) {
		from, gap := len(*stack(m)), gaps(0)
		for _, elem := range elems {
			v, st := elem(m)
			if st != known {
				gap |= st.gap()
				continue
			}
			*stack(m) = append(*stack(m), v)
		}
		return (*stack(m))[from:], gap
	}
}

// joined is a list after another.
func joined[T any](a, b list[T], k *kit[T]) list[T] {
	stack := k.stack
	return func(m *Machine) ([]T, gaps) {
		x, xGap := a(m)
		y, yGap := b(m)
		if !m.spend(int64(len(x) + len(y))) {
			return nil, wrong
		}
		from := len(*stack(m))
		*stack(m) = append(append(*stack(m), x...), y...)
		return (*stack(m))[from:], xGap | yGap
	}
}

// filtered keeps the elements for which the predicate holds. One for which it
// is not known leaves a gap, and the predicate's missing facts stand for it.
func filtered[T any](over list[T], keep boolFn, n *syntax.Node, k *kit[T]) list[T] {
	slots, slot, stack := k.slot, n.Slot&slotMask, k.stack
	each := syntax.StraightCost(n.Args[1]) + 1
	return func(m *Machine) ([]T, gaps) {
		elems, gap := over(m)
		from := len(*stack(m))
		for _, e := range elems {
			if !m.spend(each) {
				return nil, wrong
			}
			slots(m)[slot] = e
			switch keep(m) {
			case True:
				*stack(m) = append(*stack(m), e)
			case Unknown:
				gap |= more
			case Error:
				gap |= wrong
			}
		}
		return (*stack(m))[from:], gap
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

func mappedFrom[S, T any](g *generator, n *syntax.Node, sk *kit[S], k *kit[T]) list[T] {
	over, to := lists(g, n.Args[0], sk), scalars(g, n.Args[1], k)
	slots, slot, stack := sk.slot, n.Slot&slotMask, k.stack
	each := syntax.StraightCost(n.Args[1]) + 1
	return func(m *Machine) ([]T, gaps) {
		elems, gap := over(m)
		from := len(*stack(m))
		for _, e := range elems {
			if !m.spend(each) {
				return nil, wrong
			}
			slots(m)[slot] = e
			v, st := to(m)
			if st != known {
				gap |= st.gap()
				continue
			}
			*stack(m) = append(*stack(m), v)
		}
		return (*stack(m))[from:], gap
	}
}

// messageList compiles a list field of messages.
func (g *generator) messageList(n *syntax.Node) list[unsafe.Pointer] {
	pl, base := g.place(n)
	return onList(base, pl.slot, listField(pl, pl.leaf.Elems))
}

func (g *generator) textList(n *syntax.Node) list[string] {
	if n.Op == syntax.Fact {
		f := declared(g, n, func(v *pb.FactValue) ([]string, bool) {
			x, ok := v.GetValue().(*pb.FactValue_StringList)
			if !ok {
				return nil, false
			}
			return x.StringList.GetValues(), true
		})
		return func(m *Machine) ([]string, gaps) {
			v, st := f(m)
			return v, st.gap()
		}
	}
	pl, base := g.place(n)
	return onList(base, pl.slot, listField(pl, pl.leaf.Texts))
}

func (g *generator) intList(n *syntax.Node) list[int64] {
	pl, base := g.place(n)
	field := listField(pl, pl.leaf.Int32s)
	return onList(base, pl.slot, func(m *Machine) ([]int64, gaps) {
		narrow, gap := field(m)
		from := len(m.intStack)
		for _, v := range narrow {
			m.intStack = append(m.intStack, int64(v))
		}
		return m.intStack[from:], gap
	})
}

// listField reads a list field. One that was not reported has no known
// element; one that is partial misses itself.
func listField[T any](pl *place, get func(unsafe.Pointer) []T) list[T] {
	field := pl.field
	return func(m *Machine) ([]T, gaps) {
		base, p := pl.parent(m)
		if p == nil {
			return nil, m.absent(base, pl.path).gap()
		}
		switch field.Presence(p) {
		case shape.Absent:
			return nil, m.absent(base, pl.path).gap()
		case shape.Partial:
			m.read(base, pl.path)
			return get(p), m.absent(base, pl.path).gap()
		}
		m.read(base, pl.path)
		return get(p), 0
	}
}

// quantified compiles all, exists and exists_one.
func (g *generator) quantified(n *syntax.Node) boolFn {
	switch n.Args[0].Type.Elem.Kind {
	case syntax.Message:
		return quantify(g, n, msgKit)
	case syntax.Text:
		return quantify(g, n, textKit)
	case syntax.Double:
		return quantify(g, n, realKit)
	case syntax.Bool:
		return quantify(g, n, boolKit)
	}
	return quantify(g, n, intKit)
}

func quantify[T any](g *generator, n *syntax.Node, k *kit[T]) boolFn {
	over, holds := lists(g, n.Args[0], k), g.boolean(n.Args[1])
	each := syntax.StraightCost(n.Args[1]) + 1
	switch n.Op {
	case syntax.All:
		return untilOne(over, holds, False, k, n.Slot, each)
	case syntax.Exists:
		return untilOne(over, holds, True, k, n.Slot, each)
	}
	return exactlyOne(over, holds, k, n.Slot, each)
}

// untilOne is all and exists: an element for which the predicate comes to
// decisive decides; else what is not known leaves it open, and at last the
// contrary holds.
func untilOne[T any](over list[T], holds boolFn, decisive Tri, k *kit[T], slot int, each int64) boolFn {
	slots, stack := k.slot, k.stack
	slot &= slotMask
	return func(m *Machine) Tri {
		at, top := m.mark(), len(*stack(m))
		elems, gap := over(m)
		vars := slots(m)
		for i := range elems {
			if !m.spend(each) {
				return Error
			}
			vars[slot] = elems[i]
			switch t := holds(m); {
			case t == decisive:
				m.settle(at)
				*stack(m) = (*stack(m))[:top]
				return decisive
			case t > True:
				gap |= state(t).gap()
			}
		}
		*stack(m) = (*stack(m))[:top]
		return gap.undecided(Not(decisive))
	}
}

// exactlyOne is false at two certain matches, else it needs all to be known.
func exactlyOne[T any](over list[T], holds boolFn, k *kit[T], slot int, each int64) boolFn {
	slots, stack := k.slot, k.stack
	slot &= slotMask
	return func(m *Machine) Tri {
		at, top, found := m.mark(), len(*stack(m)), 0
		elems, gap := over(m)
		vars := slots(m)
		for i := range elems {
			if !m.spend(each) {
				return Error
			}
			vars[slot] = elems[i]
			switch t := holds(m); {
			case t > True:
				gap |= state(t).gap()
			case t == True:
				found++
			}
			if found == 2 {
				m.settle(at)
				break
			}
		}
		*stack(m) = (*stack(m))[:top]
		if found == 2 {
			return False
		}
		return gap.undecided(triOf(found == 1))
	}
}

// size is the length of a list; of one with gaps it is not known.
func (g *generator) size(n *syntax.Node) fn[int64] {
	switch n.Args[0].Type.Elem.Kind {
	case syntax.Message:
		return length(lists(g, n.Args[0], msgKit), msgKit)
	case syntax.Text:
		return length(lists(g, n.Args[0], textKit), textKit)
	case syntax.Double:
		return length(lists(g, n.Args[0], realKit), realKit)
	case syntax.Bool:
		return length(lists(g, n.Args[0], boolKit), boolKit)
	}
	return length(lists(g, n.Args[0], intKit), intKit)
}

func length[T any](l list[T], k *kit[T]) fn[int64] {
	stack := k.stack
	return func(m *Machine) (int64, state) {
		top := len(*stack(m))
		elems, gap := l(m)
		*stack(m) = (*stack(m))[:top]
		if gap != 0 {
			return 0, state(gap.undecided(True))
		}
		return int64(len(elems)), known
	}
}

// equalLists compares lists of scalars, element by element as CEL does.
func (g *generator) equalLists(a, b *syntax.Node, negate bool) boolFn {
	switch a.Type.Elem.Kind {
	case syntax.Text:
		return sameList(lists(g, a, textKit), lists(g, b, textKit), negate, textKit)
	case syntax.Double:
		return sameList(lists(g, a, realKit), lists(g, b, realKit), negate, realKit)
	case syntax.Bool:
		return sameList(lists(g, a, boolKit), lists(g, b, boolKit), negate, boolKit)
	}
	return sameList(lists(g, a, intKit), lists(g, b, intKit), negate, intKit)
}

func sameList[T comparableTo](a, b list[T], negate bool, k *kit[T]) boolFn {
	stack := k.stack
	return func(m *Machine) Tri {
		at, top := m.mark(), len(*stack(m))
		x, xGap := a(m)
		y, yGap := b(m)
		*stack(m) = (*stack(m))[:top]
		if !m.spend(int64(len(x) + len(y))) {
			return Error
		}
		t := compareLists(x, y, xGap, yGap)
		if t <= True {
			m.settle(at)
		}
		if negate {
			return Not(t)
		}
		return t
	}
}

// compareLists is unknown where a list has gaps, unless the known elements of
// it cannot all stand, in their order, in the other: then they differ whatever
// the gaps hold.
func compareLists[T comparable](x, y []T, xGap, yGap gaps) Tri {
	switch {
	case xGap == 0 && yGap == 0:
		return triOf(len(x) == len(y) && within(x, y))
	case xGap == 0 && !within(y, x), yGap == 0 && !within(x, y):
		return False
	}
	return (xGap | yGap).undecided(True)
}

// within tells whether part can be made of whole by leaving elements out.
func within[T comparable](part, whole []T) bool {
	i := 0
	for _, v := range whole {
		if i < len(part) && part[i] == v {
			i++
		}
	}
	return i == len(part)
}
