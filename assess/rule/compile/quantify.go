package compile

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
)

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
	inner, s := g.peel(n.Args[0])
	q := quantifier[T]{
		over: lists(g, inner, k), sieve: s, holds: g.boolean(n.Args[1]), lane: k.lane, slot: n.Slot,
		each: syntax.StraightCost(n.Args[1]) + g.cost(n.Args[0]),
	}
	decisive := calc.False
	switch n.Op {
	case syntax.ExistsOne:
		return q.exactlyOne()
	case syntax.Exists:
		decisive = calc.True
	}
	switch {
	case len(s.keep) > 0:
		return q.untilOneSifted(decisive)
	case inner.Op == syntax.Field && !inner.Once && !inner.Kept && inner.Type.Elem.Kind != syntax.Int:
		if pl, base := g.place(inner); base == nil {
			return q.untilOneIn(pl, decisive)
		}
	}
	return q.untilOne(decisive)
}

// quantifier is all, exists or exists_one.
type quantifier[T any] struct {
	over  list[T]
	sieve sieve
	holds boolFn
	lane  uintptr
	slot  int
	each  int64
}

// untilOne is all and exists: an element for which the predicate comes to
// decisive decides; else what is not known leaves it open, and at last the
// contrary holds.
//
//go:noinline
func (q quantifier[T]) untilOne(decisive calc.Tri) boolFn {
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), laneAt[T](m, q.lane)
		top := len(ln.Stack)
		elems, gap := q.over(m)
		t := run(m, &q, ln, elems, gap, decisive)
		ln.Stack = ln.Stack[:top]
		if t == decisive {
			m.Settle(mark)
		}
		return t
	}
}

// untilOneIn is untilOne over a field of a variable, which is the common case.
//
//go:noinline
func (q quantifier[T]) untilOneIn(pl *place, decisive calc.Tri) boolFn {
	partial, _ := pl.field.Parent.PartialAt()
	whole := calc.Not(decisive)
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.parent(m)
		if p == nil {
			return calc.Tri(m.Absent(base, pl.path))
		}
		elems := shape.ListAt[T](pl.leaf, p)
		if len(elems) == 0 || len(partial.Texts(p)) > 0 {
			mark := m.Mark()
			t := run(m, &q, laneAt[T](m, q.lane), elems, gapsOf(m, pl, base, p), decisive)
			if t == decisive {
				m.Settle(mark)
			}
			return t
		}
		m.Read(base, pl.path)
		if !m.Spend(q.each * int64(len(elems))) {
			return calc.Error
		}
		mark, holds, at := m.Mark(), q.holds, &laneAt[T](m, q.lane).Vars[q.slot&machine.VarMask]
		for i := range elems {
			*at = elems[i]
			if t := holds(m); t != whole {
				if t != decisive {
					// From here on it matters how elements are undecided.
					t = rest(m, &q, laneAt[T](m, q.lane), elems[i+1:], t, decisive)
				}
				if t == decisive {
					m.Settle(mark)
				}
				return t
			}
		}
		return whole
	}
}

// run asks the predicate for all elements.
func run[T any](m *machine.Machine, q *quantifier[T], ln *machine.Lane[T], elems []T, gap gaps, decisive calc.Tri) calc.Tri {
	if !m.Spend(q.each * int64(len(elems))) {
		return calc.Error
	}
	return asked(m, q, ln, elems, gap, nil, decisive)
}

// rest goes on after an element for which the predicate came to t.
func rest[T any](m *machine.Machine, q *quantifier[T], ln *machine.Lane[T], elems []T, t, decisive calc.Tri) calc.Tri {
	fault := (*calc.Fault)(nil)
	if t == calc.Error {
		fault = m.Fault()
	}
	return asked(m, q, ln, elems, state(t).Gap(), fault, decisive)
}

func asked[T any](m *machine.Machine, q *quantifier[T], ln *machine.Lane[T], elems []T, gap gaps, fault *calc.Fault, decisive calc.Tri) calc.Tri {
	whole := calc.Not(decisive)
	for _, e := range elems {
		ln.Vars[q.slot&machine.VarMask] = e
		t := q.holds(m)
		if t == whole {
			continue
		}
		if t == decisive {
			return decisive
		}
		if t == calc.Error {
			if m.Exhausted() {
				return t
			}
			if fault == nil {
				fault = m.Fault()
			}
		}
		gap |= state(t).Gap()
	}
	return closed(m, gap, whole, fault)
}

// closed is what a quantifier comes to that no element decided.
func closed(m *machine.Machine, gap gaps, whole calc.Tri, fault *calc.Fault) calc.Tri {
	if gap == 0 {
		return whole
	}
	if fault != nil {
		m.Fail(fault)
	}
	return gap.Undecided(whole)
}

// untilOneSifted is untilOne over a filtered list. The last filter's predicate
// is asked here, those below it by pass.
//
//go:noinline
func (q quantifier[T]) untilOneSifted(decisive calc.Tri) boolFn {
	last := len(q.sieve.keep) - 1
	keep, keepSlot := q.sieve.keep[last], q.sieve.slots[last]
	below := sieve{q.sieve.keep[:last], q.sieve.slots[:last]}
	whole := calc.Not(decisive)
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), laneAt[T](m, q.lane)
		top := len(ln.Stack)
		elems, gap := q.over(m)
		if !m.Spend(q.each * int64(len(elems))) {
			return calc.Error
		}
		fault := (*calc.Fault)(nil)
		for _, e := range elems {
			if len(below.keep) > 0 {
				if ok, g := pass(m, &below, ln, e); !ok {
					if gap |= g; m.Exhausted() {
						return calc.Error
					}
					continue
				}
			}
			ln.Vars[keepSlot&machine.VarMask] = e
			t := keep(m)
			if t == calc.True {
				ln.Vars[q.slot&machine.VarMask] = e
				if t = q.holds(m); t == decisive {
					m.Settle(mark)
					ln.Stack = ln.Stack[:top]
					return decisive
				}
			}
			if t <= calc.True {
				continue
			}
			if t == calc.Error {
				if m.Exhausted() {
					return t
				}
				if fault == nil {
					fault = m.Fault()
				}
			}
			gap |= state(t).Gap()
		}
		ln.Stack = ln.Stack[:top]
		return closed(m, gap, whole, fault)
	}
}

// exactlyOne is false at two certain matches, else it needs all to be known.
//
//go:noinline
func (q quantifier[T]) exactlyOne() boolFn {
	return func(m *machine.Machine) calc.Tri {
		mark, ln, found := m.Mark(), laneAt[T](m, q.lane), 0
		top := len(ln.Stack)
		elems, gap := q.over(m)
		if !m.Spend(q.each * int64(len(elems))) {
			return calc.Error
		}
		for _, e := range elems {
			if m.Exhausted() {
				return calc.Error
			}
			if ok, g := pass(m, &q.sieve, ln, e); !ok {
				gap |= g
				continue
			}
			ln.Vars[q.slot&machine.VarMask] = e
			switch t := q.holds(m); t {
			case calc.False:
			case calc.True:
				found++
			default:
				gap |= state(t).Gap()
			}
			if found == 2 {
				break
			}
		}
		ln.Stack = ln.Stack[:top]
		if found == 2 {
			m.Settle(mark)
			return calc.False
		}
		return gap.Undecided(calc.Truth(found == 1))
	}
}

// size is the length of a list; of one with gaps it is not known.
func (g *generator) size(n *syntax.Node) fn[int64] {
	switch n.Args[0].Type.Elem.Kind {
	case syntax.Message:
		return length(g, n.Args[0], msgKit)
	case syntax.Text:
		return length(g, n.Args[0], textKit)
	case syntax.Double:
		return length(g, n.Args[0], realKit)
	case syntax.Bool:
		return length(g, n.Args[0], boolKit)
	}
	return length(g, n.Args[0], intKit)
}

//go:noinline
func length[T any](g *generator, n *syntax.Node, k *kit[T]) fn[int64] {
	each := g.cost(n)
	inner, s := g.peel(n)
	over, lane := lists(g, inner, k), k.lane
	return func(m *machine.Machine) (int64, state) {
		ln := laneAt[T](m, lane)
		top := len(ln.Stack)
		elems, gap := over(m)
		n := len(elems)
		if len(s.keep) > 0 {
			n = 0
			if !m.Spend(each * int64(len(elems))) {
				return 0, failed
			}
			for _, e := range elems {
				ok, g := pass(m, &s, ln, e)
				if gap |= g; m.Exhausted() {
					return 0, failed
				}
				if ok {
					n++
				}
			}
		}
		ln.Stack = ln.Stack[:top]
		if gap != 0 {
			return 0, state(gap.Undecided(calc.True))
		}
		return int64(n), known
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

//go:noinline
func sameList[T comparableTo](a, b list[T], negate bool, k *kit[T]) boolFn {
	lane := k.lane
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), laneAt[T](m, lane)
		top := len(ln.Stack)
		x, xGap := a(m)
		y, yGap := b(m)
		ln.Stack = ln.Stack[:top]
		if !m.Spend(int64(len(x) + len(y))) {
			return calc.Error
		}
		t := calc.SameList(x, y, xGap, yGap)
		if t <= calc.True {
			m.Settle(mark)
		}
		if negate {
			return calc.Not(t)
		}
		return t
	}
}
