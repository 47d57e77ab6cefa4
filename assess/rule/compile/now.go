package compile

import (
	"cel.dev/cel-go/common/operators"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

var orders = map[string]closure.Order{
	operators.Less: closure.Less, operators.LessEquals: closure.LessEqual,
	operators.Greater: closure.Greater, operators.GreaterEquals: closure.GreaterEqual,
}

// nowCompare compares now, shifted by constants, with a time.
func (g *generator) nowCompare(n *syntax.Node) boolFn {
	c := closure.NewNow(orders[n.Name], n.Shift, calc.FaultsAt(n.Pos))
	if pl, base := g.fused(n.Args[0]); pl != nil && base == nil {
		return c.WithField(pl)
	}
	return c.With(scalars(g, n.Args[0], intKit))
}
