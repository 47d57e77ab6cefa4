package compile

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// boolean compiles a condition.
func (g *generator) boolean(n *syntax.Node) boolFn {
	switch {
	case n.Once:
		return onceBool(g, n)
	case n.Kept:
		return keptBool(g, n)
	}
	return g.booleanAnew(n)
}

//go:noinline
func (g *generator) booleanAnew(n *syntax.Node) boolFn {
	switch n.Op {
	case syntax.Const:
		v := calc.Truth(n.Lit.B)
		return func(*machine.Machine) calc.Tri { return v }
	case syntax.Field:
		pl, base := g.place(n)
		return onBool(base, pl.slot, boolField(pl))
	case syntax.Not:
		return not(g.boolean(n.Args[0]))
	case syntax.And:
		return conjunction(g.booleans(n.Args))
	case syntax.Or:
		return disjunction(g.booleans(n.Args))
	case syntax.Equal, syntax.NotEqual:
		return g.equal(n)
	case syntax.In:
		return g.in(n)
	case syntax.All, syntax.Exists, syntax.ExistsOne:
		return g.quantified(n)
	case syntax.Claimed:
		return claimed(n.Name, scalars(g, n.Args[0], textKit))
	case syntax.NowCompare:
		return g.nowCompare(n)
	case syntax.Cond:
		return condBool(g.boolean(n.Args[0]), g.boolean(n.Args[1]), g.boolean(n.Args[2]))
	case syntax.Call:
		return g.boolCall(n)
	}
	return condition(scalarsAnew(g, n, boolKit))
}

func (g *generator) booleans(nodes []*syntax.Node) []boolFn {
	out := make([]boolFn, len(nodes))
	for i, n := range nodes {
		out[i] = g.boolean(n)
	}
	return out
}

// truth compiles a truth value that is used as a value, such as a list's
// element.
//
//go:noinline
func (g *generator) truth(n *syntax.Node) fn[bool] {
	if n.Op == syntax.Fact {
		return declared(g, n, func(v *pb.FactValue) (bool, bool) {
			x, ok := v.GetValue().(*pb.FactValue_BoolValue)
			if !ok {
				return false, false
			}
			return x.BoolValue, true
		})
	}
	f := g.booleanAnew(n)
	return func(m *machine.Machine) (bool, state) {
		t := f(m)
		if t > calc.True {
			return false, state(t)
		}
		return t == calc.True, known
	}
}

// condition makes a condition of a truth value.
//
//go:noinline
func condition(f fn[bool]) boolFn {
	return func(m *machine.Machine) calc.Tri {
		v, st := f(m)
		if st != known {
			return calc.Tri(st)
		}
		return calc.Truth(v)
	}
}

//go:noinline
func not(f boolFn) boolFn {
	return func(m *machine.Machine) calc.Tri { return calc.Not(f(m)) }
}

//go:noinline
func condBool(c, then, other boolFn) boolFn {
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

// conjunction is false as soon as one part is: what the others miss or how
// they fail does not matter then. Of several errors the first is told.
//
//go:noinline
func conjunction(parts []boolFn) boolFn {
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

//go:noinline
func conjunctionOfTwo(a, b boolFn) boolFn {
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
func second(m *machine.Machine, x, decisive calc.Tri, b boolFn, mark int) calc.Tri {
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

// disjunction is true as soon as one part is.
//
//go:noinline
func disjunction(parts []boolFn) boolFn {
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

//go:noinline
func disjunctionOfTwo(a, b boolFn) boolFn {
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

// claimed asks for a claim. It is two-valued but for an unknown subject: then
// it is false while no claim of the id is in force for anybody, else unknown.
// So an exception that rests on a person's word cannot hide a failure.
//
//go:noinline
func claimed(id string, subject fn[string]) boolFn {
	return func(m *machine.Machine) calc.Tri {
		mark := m.Mark()
		name, st := subject(m)
		switch {
		case st == known:
			return calc.Truth(m.Claimed(id, name))
		case !m.AnyClaimed(id):
			m.Settle(mark)
			return calc.False
		}
		return calc.Tri(st)
	}
}
