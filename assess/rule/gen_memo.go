package rule

import (
	"slices"
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// memo is the value of a part of a rule that does not depend on the subject,
// computed once for a machine's context, with all that computing it found.
type memo struct {
	fact.Group
	cycle   uint64
	state   state
	gap     gaps
	horizon int64
	fault   *Fault
	claim   *claim
	spent   bool

	b   bool
	i   int64
	d   float64
	s   string
	p   unsafe.Pointer
	bs  []bool
	is  []int64
	ds  []float64
	ss  []string
	ps  []unsafe.Pointer
	set map[string]struct{} // of ss, where that is long
}

// remembered returns the memo of an index, computed if need be, and takes over
// what it found as if it had been computed here: its facts as one.
func (m *Machine) remembered(index int, compute func(*Machine, *memo)) *memo {
	if index >= len(m.memos) {
		m.memos = append(m.memos, make([]*memo, index+1-len(m.memos))...)
	}
	e := m.memos[index]
	if e == nil {
		e = &memo{}
		m.memos[index] = e
	}
	if e.cycle != m.cycle {
		m.remember(e, compute)
	}
	if len(e.Facts) > 0 {
		m.facts = append(m.facts, fact.ReadBy(&e.Group))
	}
	if len(e.Missing) > 0 {
		m.missing = append(m.missing, fact.MissingFrom(&e.Group))
	}
	m.until(e.horizon)
	if e.fault != nil {
		m.fault = e.fault
	}
	if e.claim != nil {
		m.claim = e.claim
	}
	if e.spent {
		m.left = -1
	}
	return e
}

// remember computes a memo. It has a budget of its own: what a subject may
// spend must not depend on whether another was evaluated before it.
func (m *Machine) remember(e *memo, compute func(*Machine, *memo)) {
	saved := m.outcome
	vars, texts, ints, reals, bools := m.vars, m.texts, m.ints, m.reals, m.bools
	m.outcome = outcome{facts: e.Facts[:0], missing: e.Missing[:0], horizon: Forever, left: m.budget}
	compute(m, e)
	e.cycle = m.cycle
	e.Facts = fact.AppendDistinct(nil, m.facts)
	e.Missing = fact.AppendDistinct(nil, m.missing)
	e.horizon, e.claim, e.spent, e.fault = m.horizon, m.claim, m.left < 0, nil
	if e.state == failed || e.gap&wrong != 0 {
		e.fault = m.fault
	}
	m.outcome = saved
	m.vars, m.texts, m.ints, m.reals, m.bools = vars, texts, ints, reals, bools
}

func onceScalar[T any](g *generator, n *syntax.Node, k *kit[T]) fn[T] {
	index, f, slot := g.env.onceIndex(n.String()), scalarsAnew(g, n, k), k.memo
	compute := func(m *Machine, e *memo) { *slot(e), e.state = f(m) }
	return func(m *Machine) (T, state) {
		e := m.remembered(index, compute)
		return *slot(e), e.state
	}
}

func onceBool(g *generator, n *syntax.Node) boolFn {
	index, f := g.env.onceIndex(n.String()), g.booleanAnew(n)
	compute := func(m *Machine, e *memo) {
		t := f(m)
		e.b, e.state = t == True, known
		if t > True {
			e.state = state(t)
		}
	}
	return func(m *Machine) Tri {
		e := m.remembered(index, compute)
		if e.state != known {
			return Tri(e.state)
		}
		return triOf(e.b)
	}
}

func computeList[T any](g *generator, n *syntax.Node, k *kit[T]) (index int, compute func(*Machine, *memo)) {
	f, slot, stack := listsAnew(g, n, k), k.memos, k.stack
	return g.env.onceIndex(n.String()), func(m *Machine, e *memo) {
		top := len(*stack(m))
		items, gap := f(m)
		*slot(e), e.gap = slices.Clone(items), gap
		*stack(m) = (*stack(m))[:top]
		e.set = setOf(e.ss)
	}
}

func onceList[T any](g *generator, n *syntax.Node, k *kit[T]) list[T] {
	index, compute := computeList(g, n, k)
	slot := k.memos
	return func(m *Machine) ([]T, gaps) {
		e := m.remembered(index, compute)
		return *slot(e), e.gap
	}
}

// inMemo looks for a text in a remembered list.
func inMemo(g *generator, x fn[string], l *syntax.Node) boolFn {
	index, compute := computeList(g, l, textKit)
	return func(m *Machine) Tri {
		at := m.mark()
		v, st := x(m)
		e := m.remembered(index, compute)
		if st == known && e.contains(v) {
			m.settle(at)
			return True
		}
		switch st {
		case unknown:
			return Unknown
		case failed:
			return e.gap.undecided(Error)
		}
		return e.gap.undecided(False)
	}
}

func (e *memo) contains(v string) bool {
	if e.set != nil {
		_, ok := e.set[v]
		return ok
	}
	return slices.Contains(e.ss, v)
}
