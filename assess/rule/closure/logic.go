package closure

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
)

// Truth makes a condition of a truth value.
//
//go:noinline
func Truth(f Scalar[bool]) Condition {
	return func(m *machine.Machine) calc.Tri {
		v, st := f(m)
		if st != known {
			return calc.Tri(st)
		}
		return calc.Truth(v)
	}
}

// Not turns true and false round, and leaves the others.
//
//go:noinline
func Not(f Condition) Condition {
	return func(m *machine.Machine) calc.Tri { return calc.Not(f(m)) }
}

// If is the ternary of conditions; see IfScalar.
//
//go:noinline
func If(c, then, other Condition) Condition {
	return func(m *machine.Machine) calc.Tri {
		t := c(m)
		switch t {
		case calc.True:
			return then(m)
		case calc.False:
			return other(m)
		case calc.Unknown: // see cond
			then(m)
			other(m)
		}
		return t
	}
}

// And is false as soon as one part is: what the others miss or how
// they fail does not matter then. Of several errors the first is told.
//
//go:noinline
func And(parts []Condition) Condition {
	if len(parts) == 2 {
		return conjunctionOfTwo(parts[0], parts[1])
	}
	return func(m *machine.Machine) calc.Tri {
		mark, out, fault := m.Mark(), calc.True, (*calc.Fault)(nil)
		for _, part := range parts {
			t := part(m)
			if t == calc.True {
				continue
			}
			if t == calc.False {
				m.Settle(mark)
				return calc.False
			}
			if t == calc.Error && fault == nil {
				fault = m.Fault()
			}
			out = calc.And(out, t)
		}
		if fault != nil {
			m.Fail(fault)
		}
		return out
	}
}

// conjunctionOfTwo is And of two parts, which is what most are.
//
//go:noinline
func conjunctionOfTwo(a, b Condition) Condition {
	return func(m *machine.Machine) calc.Tri {
		mark := m.Mark()
		x := a(m)
		if x == calc.False {
			return calc.False
		}
		if x == calc.True {
			return b(m)
		}
		return second(m, x, calc.False, b, mark)
	}
}

// second is the other operand's turn where the first, x, did not decide. It
// decides if it comes to decisive.
func second(m *machine.Machine, x, decisive calc.Tri, b Condition, mark int) calc.Tri {
	fault := m.Fault()
	y := b(m)
	if y == decisive {
		m.Settle(mark)
		return decisive
	}
	if x == calc.Error {
		m.Fail(fault)
	}
	if x == calc.Unknown || y == calc.Unknown {
		return calc.Unknown
	}
	return calc.Error
}

// Or is true as soon as one part is.
//
//go:noinline
func Or(parts []Condition) Condition {
	if len(parts) == 2 {
		return disjunctionOfTwo(parts[0], parts[1])
	}
	return func(m *machine.Machine) calc.Tri {
		mark, out, fault := m.Mark(), calc.False, (*calc.Fault)(nil)
		for _, part := range parts {
			t := part(m)
			if t == calc.False {
				continue
			}
			if t == calc.True {
				m.Settle(mark)
				return calc.True
			}
			if t == calc.Error && fault == nil {
				fault = m.Fault()
			}
			out = calc.Or(out, t)
		}
		if fault != nil {
			m.Fail(fault)
		}
		return out
	}
}

// disjunctionOfTwo is Or of two parts.
//
//go:noinline
func disjunctionOfTwo(a, b Condition) Condition {
	return func(m *machine.Machine) calc.Tri {
		mark := m.Mark()
		x := a(m)
		if x == calc.True {
			return calc.True
		}
		if x == calc.False {
			return b(m)
		}
		return second(m, x, calc.True, b, mark)
	}
}

// Claimed asks for a claim. It is two-valued but for an unknown subject: then
// it is false while no claim of the id is in force for anybody, else unknown.
// So an exception that rests on a person's word cannot hide a failure.
//
//go:noinline
func Claimed(id string, subject Scalar[string]) Condition {
	return func(m *machine.Machine) calc.Tri {
		mark := m.Mark()
		name, st := subject(m)
		switch {
		case st == known:
			return calc.Truth(m.Claimed(id, name))
		case !m.AnyClaimed(id):
			m.Nameless(mark)
			m.Settle(mark)
			return calc.False
		}
		return calc.Tri(st)
	}
}

// IfScalar is the ternary. While the condition is not known neither is the value,
// even if both branches agree: a condition that turned out to be an error would
// make it one. The branches are looked at all the same, for what they miss.
//
//go:noinline
func IfScalar[T any](c Condition, then, other Scalar[T]) Scalar[T] {
	return func(m *machine.Machine) (out T, st state) {
		switch t := c(m); t {
		case calc.True:
			return then(m)
		case calc.False:
			return other(m)
		case calc.Unknown:
			then(m)
			other(m)
			return out, unknown
		}
		return out, failed
	}
}
