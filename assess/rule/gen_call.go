package rule

import (
	"cmp"
	"regexp"
	"strings"

	"cel.dev/cel-go/common/overloads"

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
		return condition(unary(scalars(g, n.Args[0], textKit), textToBool, faultsAt(n.Pos)))
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
		return mixed(op, scalars(g, a, intKit), scalars(g, b, realKit), compareIntReal)
	case "double_int64":
		return mixed(op, scalars(g, a, realKit), scalars(g, b, intKit), func(x float64, y int64) (int, bool) {
			c, ok := compareIntReal(y, x)
			return -c, ok
		})
	}
	return ordered(g, op, a, b, intKit)
}

func minus(x, y int64) (int64, cause) { return x - y, fine }

func (g *generator) boolAsInt(n *syntax.Node) fn[int64] {
	f := scalars(g, n, boolKit)
	return func(m *Machine) (int64, state) {
		v, st := f(m)
		if v {
			return 1, st
		}
		return 0, st
	}
}

// ordered compares two values of one type; a constant on the right is the
// common case.
func ordered[T cmp.Ordered](g *generator, op order, a, b *syntax.Node, k *kit[T]) boolFn {
	x := scalars(g, a, k)
	if b.Op == syntax.Const {
		return compared(op, x, k.literal(&b.Lit))
	}
	y := scalars(g, b, k)
	return func(m *Machine) Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return Tri(both(vState, wState))
		}
		switch op {
		case less:
			return triOf(v < w)
		case lessEqual:
			return triOf(v <= w)
		case greater:
			return triOf(v > w)
		}
		return triOf(v >= w)
	}
}

func compared[T cmp.Ordered](op order, x fn[T], c T) boolFn {
	switch op {
	case less:
		return func(m *Machine) Tri {
			v, st := x(m)
			if st != known {
				return Tri(st)
			}
			return triOf(v < c)
		}
	case lessEqual:
		return func(m *Machine) Tri {
			v, st := x(m)
			if st != known {
				return Tri(st)
			}
			return triOf(v <= c)
		}
	case greater:
		return func(m *Machine) Tri {
			v, st := x(m)
			if st != known {
				return Tri(st)
			}
			return triOf(v > c)
		}
	}
	return func(m *Machine) Tri {
		v, st := x(m)
		if st != known {
			return Tri(st)
		}
		return triOf(v >= c)
	}
}

// mixed compares numbers of two types; what has no order, NaN, compares false.
func mixed[A, B any](op order, x fn[A], y fn[B], compare func(A, B) (int, bool)) boolFn {
	return func(m *Machine) Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return Tri(both(vState, wState))
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
		return triOf(ok)
	}
}

// compareIntReal compares as CEL does: as doubles, unless the double is beyond
// all whole numbers.
func compareIntReal(i int64, d float64) (int, bool) {
	switch {
	case d != d:
		return 0, false
	case d < -1<<63:
		return 1, true
	case d > 1<<63:
		return -1, true
	}
	return cmp.Compare(float64(i), d), true
}

// textTest compiles a test on two texts.
func (g *generator) textTest(n *syntax.Node, test func(s, part string) bool) boolFn {
	x, y := scalars(g, n.Args[0], textKit), scalars(g, n.Args[1], textKit)
	if n.Args[1].Op == syntax.Const {
		c := n.Args[1].Lit.S
		return func(m *Machine) Tri {
			v, st := x(m)
			if st != known {
				return Tri(st)
			}
			m.left -= int64(len(v) / 16)
			return triOf(test(v, c))
		}
	}
	return func(m *Machine) Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return Tri(both(vState, wState))
		}
		m.left -= int64((len(v) + len(w)) / 16)
		return triOf(test(v, w))
	}
}

// matches compiles a test against a pattern that is a literal.
func (g *generator) matches(n *syntax.Node) boolFn {
	x, re := scalars(g, n.Args[0], textKit), regexp.MustCompile(n.Args[1].Lit.S)
	return func(m *Machine) Tri {
		v, st := x(m)
		if st != known {
			return Tri(st)
		}
		if !m.spend(int64(4 + len(v))) {
			return Error
		}
		return triOf(re.MatchString(v))
	}
}

// unary compiles a function of one argument.
func unary[A, R any](x fn[A], f func(A) (R, cause), fs *faults) fn[R] {
	return func(m *Machine) (out R, st state) {
		v, st := x(m)
		if st != known {
			return out, st
		}
		out, c := f(v)
		if c != fine {
			return out, m.fail(&fs[c])
		}
		return out, known
	}
}

// binary compiles a function of two arguments.
func binary[A, B, R any](x fn[A], y fn[B], f func(A, B) (R, cause), fs *faults) fn[R] {
	return func(m *Machine) (out R, st state) {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return out, both(vState, wState)
		}
		out, c := f(v, w)
		if c != fine {
			return out, m.fail(&fs[c])
		}
		return out, known
	}
}

func (g *generator) intCall(n *syntax.Node) fn[int64] {
	fs := faultsAt(n.Pos)
	if f := intBinary[n.Name]; f != nil {
		return binary(scalars(g, n.Args[0], intKit), scalars(g, n.Args[1], intKit), f, fs)
	}
	if f := intUnary[n.Name]; f != nil {
		return unary(scalars(g, n.Args[0], intKit), f, fs)
	}
	if n.Name == overloads.DoubleToInt {
		return unary(scalars(g, n.Args[0], realKit), realToInt, fs)
	}
	return unary(costly(scalars(g, n.Args[0], textKit)), intOfText[n.Name], fs)
}

func (g *generator) realCall(n *syntax.Node) fn[float64] {
	fs := faultsAt(n.Pos)
	if f := realBinary[n.Name]; f != nil {
		return binary(scalars(g, n.Args[0], realKit), scalars(g, n.Args[1], realKit), f, fs)
	}
	switch n.Name {
	case overloads.IntToDouble:
		return unary(scalars(g, n.Args[0], intKit), intToReal, fs)
	case overloads.StringToDouble:
		return unary(scalars(g, n.Args[0], textKit), textToReal, fs)
	case overloads.NegateDouble:
		return unary(scalars(g, n.Args[0], realKit), func(d float64) (float64, cause) { return -d, fine }, fs)
	}
	return scalars(g, n.Args[0], realKit) // double_to_double
}

func (g *generator) textCall(n *syntax.Node) fn[string] {
	fs := faultsAt(n.Pos)
	if f := textOfText[n.Name]; f != nil {
		return unary(costly(scalars(g, n.Args[0], textKit)), f, fs)
	}
	if f := textOfInt[n.Name]; f != nil {
		return unary(scalars(g, n.Args[0], intKit), f, fs)
	}
	switch n.Name {
	case overloads.AddString:
		return concatenated(scalars(g, n.Args[0], textKit), scalars(g, n.Args[1], textKit), fs)
	case overloads.DoubleToString:
		return unary(scalars(g, n.Args[0], realKit), realToText, fs)
	}
	return unary(scalars(g, n.Args[0], boolKit), boolToText, fs)
}

// costly counts a text's length before it is worked on.
func costly(x fn[string]) fn[string] {
	return func(m *Machine) (string, state) {
		v, st := x(m)
		m.left -= int64(len(v) / 16)
		return v, st
	}
}

// maxText bounds the texts that a rule makes, in bytes: doubling one in nested
// comprehensions would else fill the memory before the budget is spent.
const maxText = 1 << 20

func concatenated(x, y fn[string], fs *faults) fn[string] {
	return func(m *Machine) (string, state) {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return "", both(vState, wState)
		}
		if len(v)+len(w) > maxText {
			return "", m.fail(&fs[tooLong])
		}
		if !m.spend(int64((len(v) + len(w)) / 8)) {
			return "", failed
		}
		return v + w, known
	}
}
