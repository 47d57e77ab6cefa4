package closure

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/shape"
)

// Quantifier is all, exists or exists_one.
type Quantifier[T any] struct {
	Over  List[T]
	Sieve Sieve
	Holds Condition
	Lane  uintptr
	Slot  int
	Each  int64 // cost
}

// UntilOne is all and exists: an element for which the predicate comes to
// decisive decides; else what is not known leaves it open, and at last the
// contrary holds.
//
//go:noinline
func (q Quantifier[T]) UntilOne(decisive calc.Tri) Condition {
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), LaneAt[T](m, q.Lane)
		top := len(ln.Stack)
		elems, gap := q.Over(m)
		t := run(m, &q, ln, elems, gap, decisive)
		ln.Stack = ln.Stack[:top]
		if t == decisive {
			m.Settle(mark)
		}
		return t
	}
}

// UntilOneIn is UntilOne over a field of a variable, which is the common case.
//
//go:noinline
func (q Quantifier[T]) UntilOneIn(pl *Place, decisive calc.Tri) Condition {
	partial, _ := pl.Field.Parent.PartialAt()
	whole := calc.Not(decisive)
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.Parent(m)
		if p == nil {
			return calc.Tri(m.Absent(base, pl.Path))
		}
		elems := shape.ListAt[T](pl.Leaf, p)
		if len(elems) == 0 || len(partial.Texts(p)) > 0 {
			mark := m.Mark()
			t := run(m, &q, LaneAt[T](m, q.Lane), elems, gapsOf(m, pl, base, p), decisive)
			if t == decisive {
				m.Settle(mark)
			}
			return t
		}
		m.Read(base, pl.Path)
		if !m.Spend(q.Each * int64(len(elems))) {
			return calc.Error
		}
		mark, holds, at := m.Mark(), q.Holds, &LaneAt[T](m, q.Lane).Vars[q.Slot&machine.VarMask]
		for i := range elems {
			*at = elems[i]
			if t := holds(m); t != whole {
				if t != decisive {
					// From here on it matters how elements are undecided.
					t = rest(m, &q, LaneAt[T](m, q.Lane), elems[i+1:], t, decisive)
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
func run[T any](m *machine.Machine, q *Quantifier[T], ln *machine.Lane[T], elems []T, gap gaps, decisive calc.Tri) calc.Tri {
	if !m.Spend(q.Each * int64(len(elems))) {
		return calc.Error
	}
	return asked(m, q, ln, elems, gap, nil, decisive)
}

// rest goes on after an element for which the predicate came to t.
func rest[T any](m *machine.Machine, q *Quantifier[T], ln *machine.Lane[T], elems []T, t, decisive calc.Tri) calc.Tri {
	fault := (*calc.Fault)(nil)
	if t == calc.Error {
		fault = m.Fault()
	}
	return asked(m, q, ln, elems, state(t).Gap(), fault, decisive)
}

// asked is the loop itself. Where an element gave an error it looks at the
// budget, so that nested loops end soon once it is spent.
func asked[T any](m *machine.Machine, q *Quantifier[T], ln *machine.Lane[T], elems []T, gap gaps, fault *calc.Fault, decisive calc.Tri) calc.Tri {
	whole := calc.Not(decisive)
	for _, e := range elems {
		ln.Vars[q.Slot&machine.VarMask] = e
		t := q.Holds(m)
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

// UntilOneSifted is UntilOne over a filtered list. The last filter's predicate
// is asked here, those below it by pass.
//
//go:noinline
func (q Quantifier[T]) UntilOneSifted(decisive calc.Tri) Condition {
	last := len(q.Sieve.Keep) - 1
	keep, keepSlot := q.Sieve.Keep[last], q.Sieve.Slots[last]
	below := Sieve{q.Sieve.Keep[:last], q.Sieve.Slots[:last]}
	whole := calc.Not(decisive)
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), LaneAt[T](m, q.Lane)
		top := len(ln.Stack)
		elems, gap := q.Over(m)
		if !m.Spend(q.Each * int64(len(elems))) {
			return calc.Error
		}
		fault := (*calc.Fault)(nil)
		for _, e := range elems {
			if len(below.Keep) > 0 {
				if ok, g := Pass(m, &below, ln, e); !ok {
					if gap |= g; m.Exhausted() {
						return calc.Error
					}
					continue
				}
			}
			ln.Vars[keepSlot&machine.VarMask] = e
			t := keep(m)
			if t == calc.True {
				ln.Vars[q.Slot&machine.VarMask] = e
				if t = q.Holds(m); t == decisive {
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

// ExactlyOne is false at two certain matches, else it needs all to be known.
//
//go:noinline
func (q Quantifier[T]) ExactlyOne() Condition {
	return func(m *machine.Machine) calc.Tri {
		mark, ln, found := m.Mark(), LaneAt[T](m, q.Lane), 0
		top := len(ln.Stack)
		elems, gap := q.Over(m)
		if !m.Spend(q.Each * int64(len(elems))) {
			return calc.Error
		}
		for _, e := range elems {
			if len(q.Sieve.Keep) > 0 {
				if ok, g := Pass(m, &q.Sieve, ln, e); !ok {
					gap |= g
					continue
				}
			}
			ln.Vars[q.Slot&machine.VarMask] = e
			t := q.Holds(m)
			if t == calc.False {
				continue
			}
			if t == calc.True {
				if found++; found == 2 {
					break
				}
				continue
			}
			if gap |= state(t).Gap(); m.Exhausted() {
				return calc.Error
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

// Length is the length of a list; of one with gaps it is not known.
//
//go:noinline
func Length[T any](over List[T], lane uintptr) Scalar[int64] {
	return func(m *machine.Machine) (int64, state) {
		ln := LaneAt[T](m, lane)
		top := len(ln.Stack)
		elems, gap := over(m)
		ln.Stack = ln.Stack[:top]
		if gap != 0 {
			return 0, state(gap.Undecided(calc.True))
		}
		return int64(len(elems)), known
	}
}

// LengthSifted is Length of a filtered list, which is counted and not made.
//
//go:noinline
func LengthSifted[T any](over List[T], s Sieve, lane uintptr, each int64) Scalar[int64] {
	last := len(s.Keep) - 1
	keep, slot := s.Keep[last], s.Slots[last]
	below := Sieve{s.Keep[:last], s.Slots[:last]}
	return func(m *machine.Machine) (int64, state) {
		ln := LaneAt[T](m, lane)
		top, count := len(ln.Stack), int64(0)
		elems, gap := over(m)
		if !m.Spend(each * int64(len(elems))) {
			return 0, failed
		}
		for _, e := range elems {
			if len(below.Keep) > 0 {
				if ok, g := Pass(m, &below, ln, e); !ok {
					gap |= g
					continue
				}
			}
			ln.Vars[slot&machine.VarMask] = e
			switch t := keep(m); t {
			case calc.True:
				count++
			case calc.False:
			default:
				if gap |= state(t).Gap(); m.Exhausted() {
					return 0, failed
				}
			}
		}
		ln.Stack = ln.Stack[:top]
		if gap != 0 {
			return 0, state(gap.Undecided(calc.True))
		}
		return count, known
	}
}

// SameList is == or, with negate, != of two lists; calc.SameList says how lists
// with gaps compare.
//
//go:noinline
func SameList[T Comparable](a, b List[T], negate bool, lane uintptr) Condition {
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), LaneAt[T](m, lane)
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
