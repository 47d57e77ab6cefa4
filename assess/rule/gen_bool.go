package rule

import (
	"slices"

	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// boolean compiles a condition.
func (g *generator) boolean(n *syntax.Node) boolFn {
	if n.Once {
		return onceBool(g, n)
	}
	return g.booleanAnew(n)
}

func (g *generator) booleanAnew(n *syntax.Node) boolFn {
	switch n.Op {
	case syntax.Const:
		v := triOf(n.Lit.B)
		return func(*Machine) Tri { return v }
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
	return func(m *Machine) (bool, state) {
		t := f(m)
		if t > True {
			return false, state(t)
		}
		return t == True, known
	}
}

// condition makes a condition of a truth value.
func condition(f fn[bool]) boolFn {
	return func(m *Machine) Tri {
		v, st := f(m)
		if st != known {
			return Tri(st)
		}
		return triOf(v)
	}
}

func not(f boolFn) boolFn {
	return func(m *Machine) Tri { return Not(f(m)) }
}

func condBool(c, then, other boolFn) boolFn {
	return func(m *Machine) Tri {
		t := c(m)
		switch t {
		case True:
			return then(m)
		case False:
			return other(m)
		case Unknown: // see cond
			then(m)
			other(m)
		}
		return t
	}
}

// conjunction is false as soon as one part is: what the others miss or how
// they fail does not matter then.
func conjunction(parts []boolFn) boolFn {
	if len(parts) == 2 {
		return conjunctionOfTwo(parts[0], parts[1])
	}
	return func(m *Machine) Tri {
		k, out := m.mark(), True
		for _, part := range parts {
			switch t := part(m); t {
			case True:
			case False:
				m.settle(k)
				return False
			default:
				out = And(out, t)
			}
		}
		return out
	}
}

func conjunctionOfTwo(a, b boolFn) boolFn {
	return func(m *Machine) Tri {
		k := m.mark()
		x := a(m)
		if x == False {
			return False
		}
		y := b(m)
		if x == True {
			return y
		}
		if y == False {
			m.settle(k)
		}
		return And(x, y)
	}
}

// disjunction is true as soon as one part is.
func disjunction(parts []boolFn) boolFn {
	if len(parts) == 2 {
		return disjunctionOfTwo(parts[0], parts[1])
	}
	return func(m *Machine) Tri {
		k, out := m.mark(), False
		for _, part := range parts {
			switch t := part(m); t {
			case False:
			case True:
				m.settle(k)
				return True
			default:
				out = Or(out, t)
			}
		}
		return out
	}
}

func disjunctionOfTwo(a, b boolFn) boolFn {
	return func(m *Machine) Tri {
		k := m.mark()
		x := a(m)
		if x == True {
			return True
		}
		y := b(m)
		if x == False {
			return y
		}
		if y == True {
			m.settle(k)
		}
		return Or(x, y)
	}
}

// equal compiles == and != of scalars and of lists of scalars.
func (g *generator) equal(n *syntax.Node) boolFn {
	a, b, negate := n.Args[0], n.Args[1], n.Op == syntax.NotEqual
	if a.Op == syntax.Const {
		a, b = b, a
	}
	switch a.Type.Kind {
	case syntax.Text:
		if f := g.textFieldEqual(a, b, negate); f != nil {
			return f
		}
		return equalTo(g, a, b, negate, textKit)
	case syntax.Double:
		return equalTo(g, a, b, negate, realKit)
	case syntax.Bool:
		return equalTo(g, a, b, negate, boolKit)
	case syntax.List:
		return g.equalLists(a, b, negate)
	}
	return equalTo(g, a, b, negate, intKit)
}

func equalTo[T comparableTo](g *generator, a, b *syntax.Node, negate bool, k *kit[T]) boolFn {
	x := scalars(g, a, k)
	yes, no := triOf(!negate), triOf(negate)
	if b.Op == syntax.Const {
		c := k.literal(&b.Lit)
		return func(m *Machine) Tri {
			v, st := x(m)
			switch {
			case st != known:
				return Tri(st)
			case v == c:
				return yes
			}
			return no
		}
	}
	y := scalars(g, b, k)
	return func(m *Machine) Tri {
		v, vState := x(m)
		w, wState := y(m)
		switch {
		case vState|wState != known:
			return Tri(both(vState, wState))
		case v == w:
			return yes
		}
		return no
	}
}

// textFieldEqual fuses the commonest condition of all, field == "constant",
// into one closure; nil where the operands are others.
func (g *generator) textFieldEqual(a, b *syntax.Node, negate bool) boolFn {
	if a.Op != syntax.Field || a.Once || b.Op != syntax.Const {
		return nil
	}
	pl, base := g.place(a)
	if pl.field.Card == 1 { // a key, which is always there
		return nil
	}
	c, yes, no := b.Lit.S, triOf(!negate), triOf(negate)
	return onBool(base, pl.slot, func(m *Machine) Tri {
		base, p := pl.parent(m)
		if p != nil {
			if v := pl.leaf.Text(p); v != nil {
				m.read(base, pl.path)
				if *v == c {
					return yes
				}
				return no
			}
		}
		return Tri(m.absent(base, pl.path))
	})
}

// in compiles membership in a list of scalars.
func (g *generator) in(n *syntax.Node) boolFn {
	elem, l := n.Args[0], n.Args[1]
	switch elem.Type.Kind {
	case syntax.Text:
		return g.textIn(elem, l)
	case syntax.Double:
		return contained(g, elem, l, realKit)
	case syntax.Bool:
		return contained(g, elem, l, boolKit)
	}
	return contained(g, elem, l, intKit)
}

// contained looks for an element among the known ones; where it is not there
// a gap leaves it open.
func contained[T comparableTo](g *generator, elem, l *syntax.Node, k *kit[T]) boolFn {
	x := scalars(g, elem, k)
	if l.Op == syntax.Const {
		items := k.literals(&l.Lit)
		return func(m *Machine) Tri {
			v, st := x(m)
			if st != known {
				return Tri(st)
			}
			m.left -= int64(len(items) / 4)
			return triOf(slices.Contains(items, v))
		}
	}
	ys, stack := lists(g, l, k), k.stack
	return func(m *Machine) Tri {
		at := m.mark()
		top := len(*stack(m))
		v, st := x(m)
		items, gap := ys(m)
		*stack(m) = (*stack(m))[:top]
		m.left -= int64(len(items) / 4)
		switch {
		case st == known && slices.Contains(items, v):
			m.settle(at)
			return True
		case st == unknown:
			return Unknown
		case st == failed:
			return gap.undecided(Error)
		}
		return gap.undecided(False)
	}
}

// textIn uses a hash where a list of texts is long and the same for many
// subjects.
func (g *generator) textIn(elem, l *syntax.Node) boolFn {
	x := scalars(g, elem, textKit)
	switch {
	case l.Op == syntax.Const && len(l.Lit.Ss) > longList:
		set := setOf(l.Lit.Ss)
		return func(m *Machine) Tri {
			v, st := x(m)
			if st != known {
				return Tri(st)
			}
			_, ok := set[v]
			return triOf(ok)
		}
	case l.Op == syntax.Param:
		i := l.Index
		return func(m *Machine) Tri {
			v, st := x(m)
			if st != known {
				return Tri(st)
			}
			param := &m.vals[i]
			if param.set != nil {
				_, ok := param.set[v]
				return triOf(ok)
			}
			return triOf(slices.Contains(param.ss, v))
		}
	case l.Once:
		return inMemo(g, x, l)
	}
	return contained(g, elem, l, textKit)
}
