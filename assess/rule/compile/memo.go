package compile

import (
	"slices"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

//go:noinline
func onceScalar[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	index, f, slot := g.owner.OnceIndex(n.String()), scalarsAnew(g, n, k), k.memo
	compute := func(m *machine.Machine, e *machine.Memo) { *slot(e), e.State = f(m) }
	return func(m *machine.Machine) (T, state) {
		e := m.Remembered(index, compute)
		return *slot(e), e.State
	}
}

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

//go:noinline
func computeList[T any](g *generator, n *syntax.Node, k *kit[T]) (index int, compute func(*machine.Machine, *machine.Memo)) {
	f, slot, lane := listsAnew(g, n, k), k.memos, k.lane
	return g.owner.OnceIndex(n.String()), func(m *machine.Machine, e *machine.Memo) {
		ln := laneAt[T](m, lane)
		top := len(ln.Stack)
		items, gap := f(m)
		*slot(e), e.Gap = slices.Clone(items), gap
		ln.Stack = ln.Stack[:top]
	}
}

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
