package compile

import (
	"slices"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// onceScalar computes a value once a system.
//
//go:noinline
func onceScalar[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	index, f, slot := g.owner.OnceIndex(n.String()), scalarsAnew(g, n, k), k.memo
	compute := func(m *machine.Machine, e *machine.Memo) { *slot(e), e.State = f(m) }
	return func(m *machine.Machine) (T, state) {
		e := m.Remembered(index, compute)
		return *slot(e), e.State
	}
}

// onceBool computes a condition once a system.
//
//go:noinline
func onceBool(g *generator, n *syntax.Node) boolFn {
	index, f := g.owner.OnceIndex(n.String()), g.booleanAnew(n)
	compute := func(m *machine.Machine, e *machine.Memo) {
		t := f(m)
		e.B, e.State = t == calc.True, known
		if t > calc.True {
			e.State = state(t)
		}
	}
	return func(m *machine.Machine) calc.Tri {
		e := m.Remembered(index, compute)
		if e.State != known {
			return calc.Tri(e.State)
		}
		return calc.Truth(e.B)
	}
}

// computeList compiles a list into a memo. It is copied, since the stack does
// not last.
//
//go:noinline
func computeList[T any](g *generator, n *syntax.Node, k *kit[T]) (index int, compute func(*machine.Machine, *machine.Memo)) {
	f, slot, lane := listsAnew(g, n, k), k.memos, k.lane
	return g.owner.OnceIndex(n.String()), func(m *machine.Machine, e *machine.Memo) {
		ln := closure.LaneAt[T](m, lane)
		top := len(ln.Stack)
		items, gap := f(m)
		*slot(e), e.Gap = slices.Clone(items), gap
		ln.Stack = ln.Stack[:top]
	}
}

// onceList computes a list once a system.
//
//go:noinline
func onceList[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	index, compute := computeList(g, n, k)
	slot := k.memos
	return func(m *machine.Machine) ([]T, gaps) {
		e := m.Remembered(index, compute)
		return *slot(e), e.Gap
	}
}

// inMemo looks for a text in a remembered list.
//
//go:noinline
func inMemo(g *generator, x fn[string], l *syntax.Node) boolFn {
	index, compute := computeList(g, l, textKit)
	return func(m *machine.Machine) calc.Tri {
		mark := m.Mark()
		v, st := x(m)
		e := m.Remembered(index, compute)
		if st == known && e.Contains(v) {
			m.Settle(mark)
			return calc.True
		}
		switch st {
		case unknown:
			return calc.Unknown
		case failed:
			return e.Gap.Undecided(calc.Error)
		}
		return e.Gap.Undecided(calc.False)
	}
}

// keptScalar computes a value once a subject. One that is not known is
// computed each time, so that it is missed each time: what was missed before
// may have been dropped, because an element was decided in spite of it.
//
//go:noinline
func keptScalar[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	index, f, slot, cost := g.owner.KeptIndex(n.String()), scalarsAnew(g, n, k), k.memo, syntax.StraightCost(n)
	return func(m *machine.Machine) (T, state) {
		if e, ok := m.Kept(index); ok {
			return *slot(e), known
		}
		if !m.Spend(cost) {
			var none T
			return none, failed
		}
		v, st := f(m)
		if st == known {
			*slot(m.Keep(index)) = v
		}
		return v, st
	}
}

// keptBool is keptScalar for a condition.
//
//go:noinline
func keptBool(g *generator, n *syntax.Node) boolFn {
	index, f, cost := g.owner.KeptIndex(n.String()), g.booleanAnew(n), syntax.StraightCost(n)
	return func(m *machine.Machine) calc.Tri {
		if e, ok := m.Kept(index); ok {
			return calc.Truth(e.B)
		}
		if !m.Spend(cost) {
			return calc.Error
		}
		t := f(m)
		if t <= calc.True {
			m.Keep(index).B = t == calc.True
		}
		return t
	}
}

// keptList is for lists that last: a table's entries.
//
//go:noinline
func keptList[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	index, f, slot := g.owner.KeptIndex(n.String()), listsAnew(g, n, k), k.memos
	return func(m *machine.Machine) ([]T, gaps) {
		if e, ok := m.Kept(index); ok {
			return *slot(e), 0
		}
		items, gap := f(m)
		if gap == 0 {
			*slot(m.Keep(index)) = items
		}
		return items, gap
	}
}

// wholeEntry is a table's entry with its hash.
//
//go:noinline
func wholeEntry(g *generator, n *syntax.Node) fn[*machine.Value] {
	f := tableEntry(g, n, func(v *machine.Value) *machine.Value { return v })
	if !n.Kept {
		return f
	}
	index := g.owner.KeptIndex("entry " + n.String())
	return func(m *machine.Machine) (*machine.Value, state) {
		if e, ok := m.Kept(index); ok {
			return e.Entry, known
		}
		v, st := f(m)
		if st == known {
			m.Keep(index).Entry = v
		}
		return v, st
	}
}
