package compile

import (
	"cmp"
	"regexp"
	"strings"

	"cel.dev/cel-go/common/overloads"

	"github.com/plumbline/plumbline/assess/rule/calc"
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
		return condition(unary(scalars(g, n.Args[0], textKit), calc.TextToBool, calc.FaultsAt(n.Pos)))
	}
	return g.boolean(n.Args[0]) // bool_to_bool
}

// order is what a comparison asks for.
type order uint8

const (
	less order = iota
	lessEqual
	greater
	greaterEqual
)

// comparisonOf splits an overload's id into its operator and its types.
func comparisonOf(id string) (op order, types string, ok bool) {
	for _, x := range []struct {
		prefix string
		op     order
	}{{"less_equals_", lessEqual}, {"less_", less}, {"greater_equals_", greaterEqual}, {"greater_", greater}} {
		if types, ok = strings.CutPrefix(id, x.prefix); ok {
			return x.op, types, true
		}
	}
	return 0, "", false
}

func (g *generator) compare(n *syntax.Node, op order, types string) boolFn {
	a, b := n.Args[0], n.Args[1]
	switch types {
	case "string":
		return ordered(g, op, a, b, textKit)
	case "double":
		return ordered(g, op, a, b, realKit)
	case "bool":
		return compared(op, binary(g.boolAsInt(a), g.boolAsInt(b), minus, nil), 0)
	case "int64_double":
		return mixed(op, scalars(g, a, intKit), scalars(g, b, realKit), calc.CompareIntReal)
	case "double_int64":
		return mixed(op, scalars(g, a, realKit), scalars(g, b, intKit), func(x float64, y int64) (int, bool) {
			c, ok := calc.CompareIntReal(y, x)
			return -c, ok
		})
	}
	return ordered(g, op, a, b, intKit)
}

func minus(x, y int64) (int64, calc.Cause) { return x - y, calc.Fine }

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
//
//go:noinline
func ordered[T cmp.Ordered](g *generator, op order, a, b *syntax.Node, k *kit[T]) boolFn {
	x := scalars(g, a, k)
	if b.Op == syntax.Const {
		return compared(op, x, k.literal(&b.Lit))
	}
	y := scalars(g, b, k)
	return func(m *machine.Machine) calc.Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return calc.Tri(calc.Both(vState, wState))
		}
		switch op {
		case less:
			return calc.Truth(v < w)
		case lessEqual:
			return calc.Truth(v <= w)
		case greater:
			return calc.Truth(v > w)
		}
		return calc.Truth(v >= w)
	}
}

//go:noinline
func compared[T cmp.Ordered](op order, x fn[T], c T) boolFn {
	switch op {
	case less:
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			return calc.Truth(v < c)
		}
	case lessEqual:
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			return calc.Truth(v <= c)
		}
	case greater:
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			return calc.Truth(v > c)
		}
	}
	return func(m *machine.Machine) calc.Tri {
		v, st := x(m)
		if st != known {
			return calc.Tri(st)
		}
		return calc.Truth(v >= c)
	}
}

// mixed compares numbers of two types; what has no order, NaN, compares false.
//
//go:noinline
func mixed[A, B any](op order, x fn[A], y fn[B], compare func(A, B) (int, bool)) boolFn {
	return func(m *machine.Machine) calc.Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return calc.Tri(calc.Both(vState, wState))
		}
		c, ok := compare(v, w)
		switch op {
		case less:
			ok = ok && c < 0
		case lessEqual:
			ok = ok && c <= 0
		case greater:
			ok = ok && c > 0
		default:
			ok = ok && c >= 0
		}
		return calc.Truth(ok)
	}
}

// textTest compiles a test on two texts.
//
//go:noinline
func (g *generator) textTest(n *syntax.Node, test func(s, part string) bool) boolFn {
	x, y := scalars(g, n.Args[0], textKit), scalars(g, n.Args[1], textKit)
	if n.Args[1].Op == syntax.Const {
		c := n.Args[1].Lit.S
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			m.Charge(len(v) / 16)
			return calc.Truth(test(v, c))
		}
	}
	return func(m *machine.Machine) calc.Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return calc.Tri(calc.Both(vState, wState))
		}
		m.Charge((len(v) + len(w)) / 16)
		return calc.Truth(test(v, w))
	}
}

// matches compiles a test against a pattern that is a literal.
//
//go:noinline
func (g *generator) matches(n *syntax.Node) boolFn {
	x, re := scalars(g, n.Args[0], textKit), regexp.MustCompile(n.Args[1].Lit.S)
	return func(m *machine.Machine) calc.Tri {
		v, st := x(m)
		if st != known {
			return calc.Tri(st)
		}
		if !m.Spend(int64(4 + 4*len(v))) {
			return calc.Error
		}
		return calc.Truth(re.MatchString(v))
	}
}

// unary compiles a function of one argument.
//
//go:noinline
func unary[A, R any](x fn[A], f func(A) (R, calc.Cause), fs *calc.Faults) fn[R] {
	return func(m *machine.Machine) (out R, st state) {
		v, st := x(m)
		if st != known {
			return out, st
		}
		out, c := f(v)
		if c != calc.Fine {
			return out, m.Fail(&fs[c])
		}
		return out, known
	}
}

// binary compiles a function of two arguments.
//
//go:noinline
func binary[A, B, R any](x fn[A], y fn[B], f func(A, B) (R, calc.Cause), fs *calc.Faults) fn[R] {
	return func(m *machine.Machine) (out R, st state) {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return out, calc.Both(vState, wState)
		}
		out, c := f(v, w)
		if c != calc.Fine {
			return out, m.Fail(&fs[c])
		}
		return out, known
	}
}

func (g *generator) intCall(n *syntax.Node) fn[int64] {
	fs := calc.FaultsAt(n.Pos)
	if f := calc.IntBinary[n.Name]; f != nil {
		return binary(scalars(g, n.Args[0], intKit), scalars(g, n.Args[1], intKit), f, fs)
	}
	if f := calc.IntUnary[n.Name]; f != nil {
		return unary(scalars(g, n.Args[0], intKit), f, fs)
	}
	if n.Name == overloads.DoubleToInt {
		return unary(scalars(g, n.Args[0], realKit), calc.RealToInt, fs)
	}
	return unary(costly(scalars(g, n.Args[0], textKit)), calc.IntOfText[n.Name], fs)
}

func (g *generator) realCall(n *syntax.Node) fn[float64] {
	fs := calc.FaultsAt(n.Pos)
	if f := calc.RealBinary[n.Name]; f != nil {
		return binary(scalars(g, n.Args[0], realKit), scalars(g, n.Args[1], realKit), f, fs)
	}
	switch n.Name {
	case overloads.IntToDouble:
		return unary(scalars(g, n.Args[0], intKit), calc.IntToReal, fs)
	case overloads.StringToDouble:
		return unary(scalars(g, n.Args[0], textKit), calc.TextToReal, fs)
	case overloads.NegateDouble:
		return unary(scalars(g, n.Args[0], realKit), func(d float64) (float64, calc.Cause) { return -d, calc.Fine }, fs)
	}
	return scalars(g, n.Args[0], realKit) // double_to_double
}

func (g *generator) textCall(n *syntax.Node) fn[string] {
	fs := calc.FaultsAt(n.Pos)
	if f := calc.TextOfText[n.Name]; f != nil {
		return unary(costly(scalars(g, n.Args[0], textKit)), f, fs)
	}
	if f := calc.TextOfInt[n.Name]; f != nil {
		return unary(scalars(g, n.Args[0], intKit), f, fs)
	}
	switch n.Name {
	case overloads.AddString:
		return concatenated(scalars(g, n.Args[0], textKit), scalars(g, n.Args[1], textKit), fs)
	case overloads.DoubleToString:
		return unary(scalars(g, n.Args[0], realKit), calc.RealToText, fs)
	}
	return unary(scalars(g, n.Args[0], boolKit), calc.BoolToText, fs)
}

// costly counts a text's length before it is worked on, or copied.
//
//go:noinline
func costly(x fn[string]) fn[string] {
	return func(m *machine.Machine) (string, state) {
		v, st := x(m)
		if !m.Spend(int64(len(v) / 2)) {
			return "", failed
		}
		return v, st
	}
}

// maxText bounds the texts that a rule makes, in bytes: doubling one in nested
// comprehensions would else fill the memory before the budget is spent.
const maxText = 1 << 20

//go:noinline
func concatenated(x, y fn[string], fs *calc.Faults) fn[string] {
	return func(m *machine.Machine) (string, state) {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return "", calc.Both(vState, wState)
		}
		if len(v)+len(w) > maxText {
			return "", m.Fail(&fs[calc.TooLong])
		}
		if !m.Spend(int64((len(v) + len(w)) / 2)) {
			return "", failed
		}
		return v + w, known
	}
}
