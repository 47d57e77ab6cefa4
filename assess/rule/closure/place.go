package closure

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/shape"
)

// Constant is a value that is always the same.
//
//go:noinline
func Constant[T any](v T) Scalar[T] {
	return func(*machine.Machine) (T, state) { return v, known }
}

// Variable is a comprehension's variable.
//
//go:noinline
func Variable[T any](lane uintptr, slot int) Scalar[T] {
	return func(m *machine.Machine) (T, state) { return LaneAt[T](m, lane).Vars[slot&machine.VarMask], known }
}

// Param is a parameter.
//
//go:noinline
func Param[T any](get func(*machine.Value) T, index int) Scalar[T] {
	return func(m *machine.Machine) (T, state) { return get(&m.Params[index]), known }
}

// TableEntry looks into a checklist's table, whose path is path.
//
//go:noinline
func TableEntry[T any](key Scalar[string], entries map[string]*machine.Value, path *fact.Path, get func(*machine.Value) T) Scalar[T] {
	return func(m *machine.Machine) (out T, st state) {
		k, st := key(m)
		if st != known {
			return out, st
		}
		if v := entries[k]; v != nil {
			return get(v), known
		}
		return out, m.Absent(nil, m.Keyed(path, k))
	}
}

// LaneAt is a machine's lane of one type; offset is the kit's.
func LaneAt[T any](m *machine.Machine, offset uintptr) *machine.Lane[T] {
	return (*machine.Lane[T])(unsafe.Add(unsafe.Pointer(m), offset))
}

// Place is where a field lies: a message variable, the single messages on the
// way, and the field.
type Place struct {
	Slot  uint8 // of the message variable
	Leaf  shape.Offset
	Field *shape.Field
	Path  *fact.Path // from the message variable

	hops uint8
	hop  shape.Offset // the first single message
	rest []shape.Offset
}

// NewPlace lays out a field: steps lead to it from the message in the slot.
func NewPlace(slot int, steps []*shape.Field, path *fact.Path) *Place {
	last := len(steps) - 1
	pl := &Place{Slot: uint8(slot), Leaf: steps[last].Offset(), Field: steps[last], Path: path, hops: uint8(last)}
	for i, s := range steps[:last] {
		if i == 0 {
			pl.hop = s.Offset()
		} else {
			pl.rest = append(pl.rest, s.Offset())
		}
	}
	return pl
}

// Parent finds the message that holds the field; nil where one on the way is
// absent.
func (pl *Place) Parent(m *machine.Machine) (base, parent unsafe.Pointer) {
	base = m.Msgs.Vars[pl.Slot&machine.VarMask]
	parent = base
	if pl.hops > 0 {
		parent = pl.hop.Nested(base)
		if pl.hops > 1 {
			parent = pl.walk(parent)
		}
	}
	return base, parent
}

// walk goes on from the first single message.
func (pl *Place) walk(p unsafe.Pointer) unsafe.Pointer {
	for _, hop := range pl.rest {
		if p == nil {
			return nil
		}
		p = hop.Nested(p)
	}
	return p
}

// On makes leaf, which reads from a slot, read from what base finds.
//
//go:noinline
func On[T any](base Message, slot uint8, leaf Scalar[T]) Scalar[T] {
	if base == nil {
		return leaf
	}
	return func(m *machine.Machine) (out T, st state) {
		p, st := base(m)
		if st != known {
			return out, st
		}
		m.Msgs.Vars[slot&machine.VarMask] = p
		return leaf(m)
	}
}

// OnCondition is On for conditions.
//
//go:noinline
func OnCondition(base Message, slot uint8, leaf Condition) Condition {
	if base == nil {
		return leaf
	}
	return func(m *machine.Machine) calc.Tri {
		p, st := base(m)
		if st != known {
			return calc.Tri(st)
		}
		m.Msgs.Vars[slot&machine.VarMask] = p
		return leaf(m)
	}
}

// OnList is On for lists.
//
//go:noinline
func OnList[T any](base Message, slot uint8, leaf List[T]) List[T] {
	if base == nil {
		return leaf
	}
	return func(m *machine.Machine) ([]T, gaps) {
		p, st := base(m)
		if st != known {
			return nil, st.Gap()
		}
		m.Msgs.Vars[slot&machine.VarMask] = p
		return leaf(m)
	}
}
