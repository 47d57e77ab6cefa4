package closure

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
)

// TextField reads a text. A key is not noted as a fact: it says no more than
// that the element is there, which the list says already. One that is empty is
// that of a system that was not reported.
//
//go:noinline
func TextField(pl *Place) Scalar[string] {
	if pl.Field.Card == shape.Key {
		return func(m *machine.Machine) (string, state) {
			base, p := pl.Parent(m)
			if p != nil {
				if v := pl.Leaf.Plain(p); v != "" {
					return v, known
				}
			}
			return "", m.Absent(base, pl.Path)
		}
	}
	return func(m *machine.Machine) (string, state) {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Text(p); v != nil {
				m.Read(base, pl.Path)
				return *v, known
			}
		}
		return "", m.Absent(base, pl.Path)
	}
}

// IntField reads a whole number, an instant or a span of time, as the field is
// declared. What is absent is missing; what CEL has no value for is an error.
//
//go:noinline
func IntField(pl *Place, fs *calc.Faults) Scalar[int64] {
	switch pl.Field.Kind {
	case shape.Time:
		return timeField(pl, fs)
	case shape.Duration:
		return spanField(pl, fs)
	case shape.Int32:
		return func(m *machine.Machine) (int64, state) {
			base, p := pl.Parent(m)
			if p != nil {
				if v := pl.Leaf.Int32(p); v != nil {
					m.Read(base, pl.Path)
					return int64(*v), known
				}
			}
			return 0, m.Absent(base, pl.Path)
		}
	}
	return func(m *machine.Machine) (int64, state) {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Int64(p); v != nil {
				m.Read(base, pl.Path)
				return *v, known
			}
		}
		return 0, m.Absent(base, pl.Path)
	}
}

// timeField reads an instant, cut off to microseconds towards the past. One
// that is not within the years 1 to 9999 is an error, as it is in CEL's own
// arithmetic, and its microseconds would not be a number.
//
//go:noinline
func timeField(pl *Place, fs *calc.Faults) Scalar[int64] {
	return func(m *machine.Machine) (int64, state) {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Time(p); v != nil {
				m.Read(base, pl.Path)
				if v.Seconds < syntax.MinTime/1_000_000 || v.Seconds > syntax.MaxTime/1_000_000 {
					return 0, m.Fail(&fs[calc.TimeRange])
				}
				return v.Seconds*1_000_000 + int64(v.Nanos)/1000, known
			}
		}
		return 0, m.Absent(base, pl.Path)
	}
}

// spanField reads a span of time. CEL's are nanoseconds in 64 bits, so longer
// ones overflow there and are an error here.
//
//go:noinline
func spanField(pl *Place, fs *calc.Faults) Scalar[int64] {
	return func(m *machine.Machine) (int64, state) {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Duration(p); v != nil {
				m.Read(base, pl.Path)
				if v.Seconds < -syntax.MaxDuration/1_000_000 || v.Seconds > syntax.MaxDuration/1_000_000-1 {
					return 0, m.Fail(&fs[calc.Overflow])
				}
				return v.Seconds*1_000_000 + int64(v.Nanos)/1000, known
			}
		}
		return 0, m.Absent(base, pl.Path)
	}
}

// beyond is a number of seconds that is out of range for instants and spans
// of time, and whose microseconds still are a number.
const beyond = 1_000_000_000_000

// Clamp gives the microseconds of an instant or a span. Seconds that are far
// out of range are cut to some that are just so, which is then found.
func Clamp(seconds int64, nanos int32) int64 {
	return max(-beyond, min(beyond, seconds))*1_000_000 + int64(nanos)/1000
}

// BoolField is a truth value as a condition.
//
//go:noinline
func BoolField(pl *Place) Condition {
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Bool(p); v != nil {
				m.Read(base, pl.Path)
				return calc.Truth(*v)
			}
		}
		return calc.Tri(m.Absent(base, pl.Path))
	}
}
