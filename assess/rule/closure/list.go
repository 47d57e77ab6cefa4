package closure

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
)

// IfList is the ternary of lists; see IfScalar.
//
//go:noinline
func IfList[T any](c Condition, then, other List[T]) List[T] {
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

// Joined is a list after another.
//
//go:noinline
func Joined[T any](a, b List[T], lane uintptr) List[T] {
	return func(m *machine.Machine) ([]T, gaps) {
		x, xGap := a(m)
		y, yGap := b(m)
		if !m.Spend(syntax.ElementCost * int64(len(x)+len(y))) {
			return nil, wrong
		}
		ln := LaneAt[T](m, lane)
		from := len(ln.Stack)
		ln.Stack = append(append(ln.Stack, x...), y...)
		return ln.Stack[from:], xGap | yGap
	}
}

// Sieve is the predicates of the filters around a list, innermost first: the
// elements pass through them one by one, and no list is made in between. One
// for which a predicate is not known leaves a gap, and what the predicate
// misses stands for it.
type Sieve struct {
	Keep  []Condition
	Slots []int
}

// Pass tells whether an element passes; what it adds to the gaps otherwise.
func Pass[T any](m *machine.Machine, s *Sieve, ln *machine.Lane[T], e T) (bool, gaps) {
	for i, keep := range s.Keep {
		ln.Vars[s.Slots[i]&machine.VarMask] = e
		if t := keep(m); t != calc.True {
			return false, state(t).Gap()
		}
	}
	return true, 0
}

// ListField reads a list field whose elements have the Go type T. One that was
// not reported has no known element; one that is partial misses itself.
//
//go:noinline
func ListField[T any](pl *Place) List[T] {
	partial, _ := pl.Field.Parent.PartialAt()
	return func(m *machine.Machine) ([]T, gaps) {
		base, p := pl.Parent(m)
		if p == nil {
			return nil, m.Absent(base, pl.Path).Gap()
		}
		elems := shape.ListAt[T](pl.Leaf, p)
		if len(elems) == 0 || len(partial.Texts(p)) > 0 {
			return elems, gapsOf(m, pl, base, p)
		}
		m.Read(base, pl.Path)
		return elems, 0
	}
}

// gapsOf looks at what is known of a list that may have gaps.
func gapsOf(m *machine.Machine, pl *Place, base, p unsafe.Pointer) gaps {
	presence := pl.Field.Presence(p)
	if presence != shape.Absent {
		m.Read(base, pl.Path)
	}
	if presence == shape.Absent || presence == shape.Partial {
		return m.Absent(base, pl.Path).Gap()
	}
	return 0
}

// Filtered makes the list of the elements that pass.
//
//go:noinline
func Filtered[T any](over List[T], s Sieve, lane uintptr, each int64) List[T] {
	return func(m *machine.Machine) ([]T, gaps) {
		elems, gap := over(m)
		if !m.Spend(each * int64(len(elems))) {
			return nil, wrong
		}
		ln := LaneAt[T](m, lane)
		from := len(ln.Stack)
		for _, e := range elems {
			ok, g := Pass(m, &s, ln, e)
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

// Mapping is what maps a list's elements to values of another type.
type Mapping[S, T any] struct {
	Over  List[S]
	Sieve Sieve
	To    Scalar[T]
	From  uintptr // the lane of S
	Into  uintptr // the lane of T
	Slot  int
	Each  int64 // cost
}

// Mapped makes the list of the values. One that is not known leaves a gap.
//
//go:noinline
func Mapped[S, T any](p Mapping[S, T]) List[T] {
	return func(m *machine.Machine) ([]T, gaps) {
		elems, gap := p.Over(m)
		if !m.Spend(p.Each * int64(len(elems))) {
			return nil, wrong
		}
		src, out := LaneAt[S](m, p.From), LaneAt[T](m, p.Into)
		top := len(out.Stack)
		for _, e := range elems {
			if m.Exhausted() {
				return nil, wrong
			}
			if ok, g := Pass(m, &p.Sieve, src, e); !ok {
				gap |= g
				continue
			}
			src.Vars[p.Slot&machine.VarMask] = e
			v, st := p.To(m)
			if st != known {
				gap |= st.Gap()
				continue
			}
			out.Stack = append(out.Stack, v)
		}
		return out.Stack[top:], gap
	}
}

// Made is a list that is written out. An element that is not known leaves a
// gap.
//
//go:noinline
func Made[T any](elems []Scalar[T], lane uintptr) List[T] {
	cost := syntax.ElementCost * int64(len(elems))
	return func(m *machine.Machine) ([]T, gaps) {
		ln, gap := LaneAt[T](m, lane), gaps(0)
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
