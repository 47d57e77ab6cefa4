package compile

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
)

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
		if f := g.lowerEqual(a, b, negate); f != nil {
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

// equalTo compares two scalars; a constant stands on the right.
//
//go:noinline
func equalTo[T comparableTo](g *generator, a, b *syntax.Node, negate bool, k *kit[T]) boolFn {
	x := scalars(g, a, k)
	yes, no := calc.Truth(!negate), calc.Truth(negate)
	if b.Op == syntax.Const {
		c := k.literal(&b.Lit)
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			switch {
			case st != known:
				return calc.Tri(st)
			case v == c:
				return yes
			}
			return no
		}
	}
	y := scalars(g, b, k)
	return func(m *machine.Machine) calc.Tri {
		v, vState := x(m)
		w, wState := y(m)
		switch {
		case vState|wState != known:
			return calc.Tri(calc.Both(vState, wState))
		case v == w:
			return yes
		}
		return no
	}
}

// fused lays out a field that a condition reads in one closure with its test;
// nil where the operand is something else.
func (g *generator) fused(n *syntax.Node) (pl *closure.Place, base messageFn) {
	if n.Op != syntax.Field || n.Once || n.Kept {
		return nil, nil
	}
	return g.place(n)
}

// textFieldEqual fuses the commonest condition of all, field == "constant",
// into one closure; nil where the operands are others.
func (g *generator) textFieldEqual(a, b *syntax.Node, negate bool) boolFn {
	if b.Op != syntax.Const {
		return nil
	}
	pl, base := g.fused(a)
	c, yes, no := b.Lit.S, calc.Truth(!negate), calc.Truth(negate)
	switch {
	case pl == nil:
		return nil
	case pl.Field.Card == shape.Key:
		return closure.OnCondition(base, pl.Slot, closure.KeyEqual(pl, c, yes, no))
	}
	return closure.OnCondition(base, pl.Slot, closure.TextEqual(pl, c, yes, no))
}

// lowerEqual fuses text.lowerAscii() == "constant", without making the text.
func (g *generator) lowerEqual(a, b *syntax.Node, negate bool) boolFn {
	if a.Op != syntax.Call || a.Name != "string_lower_ascii" || a.Once || a.Kept || b.Op != syntax.Const {
		return nil
	}
	return closure.FoldEqual(closure.Costly(scalars(g, a.Args[0], textKit)), b.Lit.S, negate)
}

// textAmong fuses field in ["constant", …] and variable in ["constant", …].
func (g *generator) textAmong(a *syntax.Node, items []string) boolFn {
	if a.Op == syntax.Var {
		return closure.VarAmong(a.Slot, items)
	}
	pl, base := g.fused(a)
	if pl == nil || pl.Field.Card == shape.Key {
		return nil
	}
	return closure.OnCondition(base, pl.Slot, closure.FieldAmong(pl, items))
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
//
//go:noinline
func contained[T comparableTo](g *generator, elem, l *syntax.Node, k *kit[T]) boolFn {
	if l.Op == syntax.Const && elem.Type.Kind == syntax.Int {
		if pl, base := g.fused(elem); pl != nil && pl.Field.Kind == shape.Int32 {
			return closure.OnCondition(base, pl.Slot, closure.IntAmong(pl, l.Lit.Is))
		}
	}
	x := scalars(g, elem, k)
	if l.Op == syntax.Const {
		items := k.literals(&l.Lit)
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			m.Charge(len(items) / 4)
			return closure.Among(v, items)
		}
	}
	ys, lane := lists(g, l, k), k.lane
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), closure.LaneAt[T](m, lane)
		top := len(ln.Stack)
		v, st := x(m)
		items, gap := ys(m)
		ln.Stack = ln.Stack[:top]
		m.Charge(len(items) / 4)
		switch {
		case st == known && closure.Among(v, items) == calc.True:
			m.Settle(mark)
			return calc.True
		case st == unknown:
			return calc.Unknown
		case st == failed:
			return gap.Undecided(calc.Error)
		}
		return gap.Undecided(calc.False)
	}
}

// textIn uses a hash where a list of texts is long and the same for many
// subjects.
//
//go:noinline
func (g *generator) textIn(elem, l *syntax.Node) boolFn {
	if l.Op == syntax.Const && len(l.Lit.Ss) <= machine.LongList {
		if f := g.textAmong(elem, l.Lit.Ss); f != nil {
			return f
		}
	}
	x := scalars(g, elem, textKit)
	switch {
	case l.Op == syntax.Const && len(l.Lit.Ss) > machine.LongList:
		set := machine.SetOf(l.Lit.Ss)
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			_, ok := set[v]
			return calc.Truth(ok)
		}
	case l.Op == syntax.Param:
		i := l.Index
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			return calc.Truth(m.Params[i].Contains(v))
		}
	case l.Once:
		return inMemo(g, x, l)
	case l.Op == syntax.TableEntry:
		return closure.InTable(x, wholeEntry(g, l))
	}
	return contained(g, elem, l, textKit)
}
