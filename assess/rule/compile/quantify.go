package compile

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/syntax"
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

// quantify chooses the closure: over a filtered list, over a field of a
// variable, or over any list.
func quantify[T any](g *generator, n *syntax.Node, k *kit[T]) boolFn {
	inner, s := g.peel(n.Args[0])
	q := closure.Quantifier[T]{
		Over: lists(g, inner, k), Sieve: s, Holds: g.boolean(n.Args[1]), Lane: k.lane, Slot: n.Slot,
		Each: syntax.StraightCost(n.Args[1]) + g.cost(n.Args[0]),
	}
	decisive := calc.False
	switch n.Op {
	case syntax.ExistsOne:
		return q.ExactlyOne()
	case syntax.Exists:
		decisive = calc.True
	}
	switch {
	case len(s.Keep) > 0:
		return q.UntilOneSifted(decisive)
	case inner.Op == syntax.Field && !inner.Once && !inner.Kept && inner.Type.Elem.Kind != syntax.Int:
		if pl, base := g.place(inner); base == nil {
			return q.UntilOneIn(pl, decisive)
		}
	}
	return q.UntilOne(decisive)
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

// length chooses the closure for size().
func length[T any](g *generator, n *syntax.Node, k *kit[T]) fn[int64] {
	each := g.cost(n)
	inner, s := g.peel(n)
	if len(s.Keep) == 0 {
		return closure.Length(lists(g, inner, k), k.lane)
	}
	return closure.LengthSifted(lists(g, inner, k), s, k.lane, each)
}

// equalLists compares lists of scalars, element by element as CEL does.
func (g *generator) equalLists(a, b *syntax.Node, negate bool) boolFn {
	switch a.Type.Elem.Kind {
	case syntax.Text:
		return closure.SameList(lists(g, a, textKit), lists(g, b, textKit), negate, textKit.lane)
	case syntax.Double:
		return closure.SameList(lists(g, a, realKit), lists(g, b, realKit), negate, realKit.lane)
	case syntax.Bool:
		return closure.SameList(lists(g, a, boolKit), lists(g, b, boolKit), negate, boolKit.lane)
	}
	return closure.SameList(lists(g, a, intKit), lists(g, b, intKit), negate, intKit.lane)
}
