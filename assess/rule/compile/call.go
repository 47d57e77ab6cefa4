package compile

import (
	"cmp"
	"regexp"
	"strings"

	"cel.dev/cel-go/common/overloads"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// boolCall compiles the functions that give truth values.
func (g *generator) boolCall(n *syntax.Node) boolFn {
	if op, types, ok := comparisonOf(n.Name); ok {
		return g.compare(n, op, types)
	}
	switch n.Name {
	case overloads.MatchesString:
		return g.matches(n)
	case overloads.ContainsString:
		return g.textTest(n, strings.Contains)
	case overloads.StartsWithString:
		return g.textTest(n, strings.HasPrefix)
	case overloads.EndsWithString:
		return g.textTest(n, strings.HasSuffix)
	case overloads.StringToBool:
		return closure.Truth(closure.Unary(scalars(g, n.Args[0], textKit), calc.TextToBool, calc.FaultsAt(n.Pos)))
	}
	return g.boolean(n.Args[0]) // bool_to_bool
}

// comparisonOf splits an overload's id into its operator and its types.
func comparisonOf(id string) (op closure.Order, types string, ok bool) {
	for _, x := range []struct {
		prefix string
		op     closure.Order
	}{{"less_equals_", closure.LessEqual}, {"less_", closure.Less}, {"greater_equals_", closure.GreaterEqual}, {"greater_", closure.Greater}} {
		if types, ok = strings.CutPrefix(id, x.prefix); ok {
			return x.op, types, true
		}
	}
	return 0, "", false
}

// compare compiles <, <=, > and >=, by the types in the overload's id.
func (g *generator) compare(n *syntax.Node, op closure.Order, types string) boolFn {
	a, b := n.Args[0], n.Args[1]
	switch types {
	case "string":
		return ordered(g, op, a, b, textKit)
	case "double":
		return ordered(g, op, a, b, realKit)
	case "bool":
		return closure.Compared(op, closure.Binary(g.boolAsInt(a), g.boolAsInt(b), closure.Minus, nil), 0)
	case "int64_double":
		return closure.Mixed(op, scalars(g, a, intKit), scalars(g, b, realKit), calc.CompareIntReal)
	case "double_int64":
		return closure.Mixed(op, scalars(g, a, realKit), scalars(g, b, intKit), func(x float64, y int64) (int, bool) {
			c, ok := calc.CompareIntReal(y, x)
			return -c, ok
		})
	}
	return ordered(g, op, a, b, intKit)
}

// boolAsInt makes numbers of truth values, for false < true.
//
//go:noinline
func (g *generator) boolAsInt(n *syntax.Node) fn[int64] {
	f := scalars(g, n, boolKit)
	return func(m *machine.Machine) (int64, state) {
		v, st := f(m)
		if v {
			return 1, st
		}
		return 0, st
	}
}

// ordered compares two values of one type; a constant on the right is the
// common case.
func ordered[T cmp.Ordered](g *generator, op closure.Order, a, b *syntax.Node, k *kit[T]) boolFn {
	x := scalars(g, a, k)
	if b.Op == syntax.Const {
		return closure.Compared(op, x, k.literal(&b.Lit))
	}
	return closure.Ordered(op, x, scalars(g, b, k))
}

// textTest compiles a test on two texts.
func (g *generator) textTest(n *syntax.Node, test func(s, part string) bool) boolFn {
	x := scalars(g, n.Args[0], textKit)
	if n.Args[1].Op == syntax.Const {
		return closure.TestConstant(x, n.Args[1].Lit.S, test)
	}
	return closure.Test(x, scalars(g, n.Args[1], textKit), test)
}

// matches compiles a test against a pattern that is a literal.
func (g *generator) matches(n *syntax.Node) boolFn {
	return closure.Matches(scalars(g, n.Args[0], textKit), regexp.MustCompile(n.Args[1].Lit.S))
}

// intCall compiles the functions that give whole numbers, instants and spans.
func (g *generator) intCall(n *syntax.Node) fn[int64] {
	fs := calc.FaultsAt(n.Pos)
	if f := calc.IntBinary[n.Name]; f != nil {
		return closure.Binary(scalars(g, n.Args[0], intKit), scalars(g, n.Args[1], intKit), f, fs)
	}
	if f := calc.IntUnary[n.Name]; f != nil {
		return closure.Unary(scalars(g, n.Args[0], intKit), f, fs)
	}
	if n.Name == overloads.DoubleToInt {
		return closure.Unary(scalars(g, n.Args[0], realKit), calc.RealToInt, fs)
	}
	return closure.Unary(closure.Costly(scalars(g, n.Args[0], textKit)), calc.IntOfText[n.Name], fs)
}

// realCall compiles the functions that give real numbers.
func (g *generator) realCall(n *syntax.Node) fn[float64] {
	fs := calc.FaultsAt(n.Pos)
	if f := calc.RealBinary[n.Name]; f != nil {
		return closure.Binary(scalars(g, n.Args[0], realKit), scalars(g, n.Args[1], realKit), f, fs)
	}
	switch n.Name {
	case overloads.IntToDouble:
		return closure.Unary(scalars(g, n.Args[0], intKit), calc.IntToReal, fs)
	case overloads.StringToDouble:
		return closure.Unary(scalars(g, n.Args[0], textKit), calc.TextToReal, fs)
	case overloads.NegateDouble:
		return closure.Unary(scalars(g, n.Args[0], realKit), func(d float64) (float64, calc.Cause) { return -d, calc.Fine }, fs)
	}
	return scalars(g, n.Args[0], realKit) // double_to_double
}

// textCall compiles the functions that give texts.
func (g *generator) textCall(n *syntax.Node) fn[string] {
	fs := calc.FaultsAt(n.Pos)
	if f := calc.TextOfText[n.Name]; f != nil {
		return closure.Unary(closure.Costly(scalars(g, n.Args[0], textKit)), f, fs)
	}
	if f := calc.TextOfInt[n.Name]; f != nil {
		return closure.Unary(scalars(g, n.Args[0], intKit), f, fs)
	}
	switch n.Name {
	case overloads.AddString:
		return closure.Concatenated(scalars(g, n.Args[0], textKit), scalars(g, n.Args[1], textKit), fs)
	case overloads.DoubleToString:
		return closure.Unary(scalars(g, n.Args[0], realKit), calc.RealToText, fs)
	}
	return closure.Unary(scalars(g, n.Args[0], boolKit), calc.BoolToText, fs)
}
