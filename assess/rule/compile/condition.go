package compile

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
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

// booleanAnew compiles a condition without looking whether it is remembered.
//
//go:noinline
func (g *generator) booleanAnew(n *syntax.Node) boolFn {
	switch n.Op {
	case syntax.Const:
		v := calc.Truth(n.Lit.B)
		return func(*machine.Machine) calc.Tri { return v }
	case syntax.Field:
		pl, base := g.place(n)
		return closure.OnCondition(base, pl.Slot, closure.BoolField(pl))
	case syntax.Not:
		return closure.Not(g.boolean(n.Args[0]))
	case syntax.And:
		return closure.And(g.booleans(n.Args))
	case syntax.Or:
		return closure.Or(g.booleans(n.Args))
	case syntax.Equal, syntax.NotEqual:
		return g.equal(n)
	case syntax.In:
		return g.in(n)
	case syntax.All, syntax.Exists, syntax.ExistsOne:
		return g.quantified(n)
	case syntax.Claimed:
		return closure.Claimed(n.Name, scalars(g, n.Args[0], textKit))
	case syntax.NowCompare:
		return g.nowCompare(n)
	case syntax.Cond:
		return closure.If(g.boolean(n.Args[0]), g.boolean(n.Args[1]), g.boolean(n.Args[2]))
	case syntax.Call:
		return g.boolCall(n)
	}
	return closure.Truth(scalarsAnew(g, n, boolKit))
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
