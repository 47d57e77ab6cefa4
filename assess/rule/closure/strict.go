package closure

import (
	"cmp"
	"regexp"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
)

// Minus is the difference of two numbers that are small.
func Minus(x, y int64) (int64, calc.Cause) { return x - y, calc.Fine }

// Compared compares a value with a constant. Each order is a closure of its
// own, since asking which one it is would cost as much as comparing.
//
//go:noinline
func Compared[T cmp.Ordered](op Order, x Scalar[T], c T) Condition {
	switch op {
	case Less:
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			return calc.Truth(v < c)
		}
	case LessEqual:
		return func(m *machine.Machine) calc.Tri {
			v, st := x(m)
			if st != known {
				return calc.Tri(st)
			}
			return calc.Truth(v <= c)
		}
	case Greater:
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

// Mixed compares numbers of two types; what has no order, NaN, compares false.
//
//go:noinline
func Mixed[A, B any](op Order, x Scalar[A], y Scalar[B], compare func(A, B) (int, bool)) Condition {
	return func(m *machine.Machine) calc.Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return calc.Tri(calc.Both(vState, wState))
		}
		c, ok := compare(v, w)
		switch op {
		case Less:
			ok = ok && c < 0
		case LessEqual:
			ok = ok && c <= 0
		case Greater:
			ok = ok && c > 0
		default:
			ok = ok && c >= 0
		}
		return calc.Truth(ok)
	}
}

// Unary makes a function of one argument.
//
//go:noinline
func Unary[A, R any](x Scalar[A], f func(A) (R, calc.Cause), fs *calc.Faults) Scalar[R] {
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

// Binary makes a function of two arguments.
//
//go:noinline
func Binary[A, B, R any](x Scalar[A], y Scalar[B], f func(A, B) (R, calc.Cause), fs *calc.Faults) Scalar[R] {
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

// Costly counts a text's length before it is worked on, or copied.
//
//go:noinline
func Costly(x Scalar[string]) Scalar[string] {
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

// Concatenated is + of texts. The bytes that it makes are counted, and a text
// has a greatest length: a rule that doubles texts in nested loops has to end
// before the memory does.
//
//go:noinline
func Concatenated(x, y Scalar[string], fs *calc.Faults) Scalar[string] {
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

// Ordered compares two values of one type.
//
//go:noinline
func Ordered[T cmp.Ordered](op Order, x, y Scalar[T]) Condition {
	return func(m *machine.Machine) calc.Tri {
		v, vState := x(m)
		w, wState := y(m)
		if vState|wState != known {
			return calc.Tri(calc.Both(vState, wState))
		}
		switch op {
		case Less:
			return calc.Truth(v < w)
		case LessEqual:
			return calc.Truth(v <= w)
		case Greater:
			return calc.Truth(v > w)
		}
		return calc.Truth(v >= w)
	}
}

// Test is a test on two texts.
//
//go:noinline
func Test(x, y Scalar[string], test func(s, part string) bool) Condition {
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

// TestConstant is a test on a text and a constant.
//
//go:noinline
func TestConstant(x Scalar[string], part string, test func(s, part string) bool) Condition {
	return func(m *machine.Machine) calc.Tri {
		v, st := x(m)
		if st != known {
			return calc.Tri(st)
		}
		m.Charge(len(v) / 16)
		return calc.Truth(test(v, part))
	}
}

// Matches tests a text against a pattern. RE2 takes time in proportion to the
// text, and much for each byte.
//
//go:noinline
func Matches(x Scalar[string], re *regexp.Regexp) Condition {
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
