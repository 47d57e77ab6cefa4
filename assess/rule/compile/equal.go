package compile

import (
	"slices"

	"github.com/plumbline/plumbline/assess/rule/calc"
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

// textFieldEqual fuses the commonest condition of all, field == "constant",
// into one closure; nil where the operands are others.
//
//go:noinline
func (g *generator) textFieldEqual(a, b *syntax.Node, negate bool) boolFn {
	if a.Op != syntax.Field || a.Once || a.Kept || b.Op != syntax.Const {
		return nil
	}
	pl, base := g.place(a)
	if pl.field.Card == shape.Key { // which is always there
		return nil
	}
	c, yes, no := b.Lit.S, calc.Truth(!negate), calc.Truth(negate)
	return onBool(base, pl.slot, func(m *machine.Machine) calc.Tri {
		base, p := pl.parent(m)
		if p != nil {
			if v := pl.leaf.Text(p); v != nil {
				m.Read(base, pl.path)
				if *v == c {
					return yes
				}
				return no
			}
		}
		return calc.Tri(m.Absent(base, pl.path))
	})
}

// textAmong fuses field in ["constant", …] and variable in ["constant", …].
//
//go:noinline
func (g *generator) textAmong(a *syntax.Node, items []string) boolFn {
	if a.Op == syntax.Var {
		slot := a.Slot
		return func(m *machine.Machine) calc.Tri { return among(m.Texts.Vars[slot&machine.VarMask], items) }
	}
	if a.Op != syntax.Field || a.Once || a.Kept {
		return nil
	}
	pl, base := g.place(a)
	if pl.field.Card == shape.Key {
		return nil
	}
	return onBool(base, pl.slot, func(m *machine.Machine) calc.Tri {
		base, p := pl.parent(m)
		if p != nil {
			if v := pl.leaf.Text(p); v != nil {
				m.Read(base, pl.path)
				return among(*v, items)
			}
		}
		return calc.Tri(m.Absent(base, pl.path))
	})
}

func among(v string, items []string) calc.Tri {
	for i := range items {
		if items[i] == v {
			return calc.True
		}
	}
	return calc.False
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
	x := scalars(g, elem, k)
	if l.Op == syntax.Const {
		items := k.literals(&l.Lit)
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			m.Charge(len(items) / 4)
			return calc.Truth(slices.Contains(items, v))
		}
	}
	ys, lane := lists(g, l, k), k.lane
	return func(m *machine.Machine) calc.Tri {
		mark, ln := m.Mark(), laneAt[T](m, lane)
		top := len(ln.Stack)
		v, st := x(m)
		items, gap := ys(m)
		ln.Stack = ln.Stack[:top]
		m.Charge(len(items) / 4)
		switch {
		case st == known && slices.Contains(items, v):
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
	case l.Op == syntax.TableEntry && !l.Kept: // a kept one is searched below
		return inTable(x, tableEntry(g, l, func(v *machine.Value) *machine.Value { return v }))
	}
	return contained(g, elem, l, textKit)
}

// inTable looks for a text in a table's entry.
//
//go:noinline
func inTable(x fn[string], entry fn[*machine.Value]) boolFn {
	return func(m *machine.Machine) calc.Tri {
		v, st := x(m)
		e, entryState := entry(m)
		if st|entryState != known {
			return calc.Tri(calc.Both(st, entryState))
		}
		return calc.Truth(e.Contains(v))
	}
}
