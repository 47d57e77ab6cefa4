package closure

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
)

// TextEqual is field == constant, or != with the answers exchanged: the
// commonest condition of all, in one closure.
//
//go:noinline
func TextEqual(pl *Place, c string, yes, no calc.Tri) Condition {
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Text(p); v != nil {
				m.Read(base, pl.Path)
				if *v == c {
					return yes
				}
				return no
			}
		}
		return calc.Tri(m.Absent(base, pl.Path))
	}
}

// KeyEqual is TextEqual for an element's key.
//
//go:noinline
func KeyEqual(pl *Place, c string, yes, no calc.Tri) Condition {
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Plain(p); v != "" { // see TextField
				if v == c {
					return yes
				}
				return no
			}
		}
		return calc.Tri(m.Absent(base, pl.Path))
	}
}

// FoldEqual is x.lowerAscii() == constant, without making the text.
//
//go:noinline
func FoldEqual(x Scalar[string], lower string, negate bool) Condition {
	return func(m *machine.Machine) calc.Tri {
		v, st := x(m)
		if st != known {
			return calc.Tri(st)
		}
		return calc.Truth(calc.LowerEqual(v, lower) != negate)
	}
}

// VarAmong is variable in [constants].
//
//go:noinline
func VarAmong(slot int, items []string) Condition {
	return func(m *machine.Machine) calc.Tri { return Among(m.Texts.Vars[slot&machine.VarMask], items) }
}

// FieldAmong is field in [constants].
//
//go:noinline
func FieldAmong(pl *Place, items []string) Condition {
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Text(p); v != nil {
				m.Read(base, pl.Path)
				return Among(*v, items)
			}
		}
		return calc.Tri(m.Absent(base, pl.Path))
	}
}

// IntAmong fuses a field of 32 bits, such as a port, in [constants].
//
//go:noinline
func IntAmong(pl *Place, items []int64) Condition {
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Int32(p); v != nil {
				m.Read(base, pl.Path)
				m.Charge(len(items) / 4)
				return Among(int64(*v), items)
			}
		}
		return calc.Tri(m.Absent(base, pl.Path))
	}
}

// Among looks through a short list one by one.
func Among[T Comparable](v T, items []T) calc.Tri {
	for i := range items {
		if items[i] == v {
			return calc.True
		}
	}
	return calc.False
}

// InTable looks for a text in a table's entry.
//
//go:noinline
func InTable(x Scalar[string], entry Scalar[*machine.Value]) Condition {
	return func(m *machine.Machine) calc.Tri {
		v, st := x(m)
		e, entryState := entry(m)
		if st|entryState != known {
			return calc.Tri(calc.Both(st, entryState))
		}
		return calc.Truth(e.Contains(v))
	}
}
