package closure

import (
	"strconv"

	"github.com/plumbline/plumbline/assess/rule/machine"
)

// AppendBool writes a truth value.
func AppendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// AppendText writes a text as it is.
func AppendText(b []byte, v string) []byte { return append(b, v...) }

// AppendReal writes a real number as shortly as it can be read back.
func AppendReal(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'g', -1, 64) }

// Show writes a value in a format.
//
//go:noinline
func Show[T any](f Scalar[T], format func([]byte, T) []byte) Shown {
	return func(m *machine.Machine, b []byte) ([]byte, state) {
		v, st := f(m)
		if st != known {
			return b, st
		}
		return format(b, v), known
	}
}

// ShowList shows the known elements, and "…" where there may be more.
//
//go:noinline
func ShowList[T any](f List[T], format func([]byte, T) []byte) Shown {
	return func(m *machine.Machine, b []byte) ([]byte, state) {
		items, gap := f(m)
		if len(items) == 0 && gap&more != 0 {
			return b, unknown
		}
		if gap&wrong != 0 {
			return b, failed
		}
		for i, v := range items {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = format(b, v)
		}
		if gap != 0 {
			b = append(b, ", …"...)
		}
		return b, known
	}
}
