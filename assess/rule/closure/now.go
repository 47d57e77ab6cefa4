package closure

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// Now is a comparison of now, shifted by constants, with a time. With e the
// time less the shift, now < e and now >= e turn at e, now <= e and now > e a
// microsecond later, which is the first instant after it. Only a turn that is
// still to come lowers the horizon.
type Now struct {
	before calc.Tri // what it is before it turns
	after  int64    // how long after the time it turns, in microseconds
	terms  []syntax.Term
	fixed  shift // where it does not depend on parameters
	varies bool
	faults *calc.Faults
}

// shift is what is added to now: the sum of its terms, and the first and last
// instant at which now can be so that no sum on the way leaves CEL's years 1 to
// 9999. Now itself is within them.
type shift struct{ by, from, to int64 }

// NewNow makes a comparison: now, with the terms added, on the left of op.
func NewNow(op Order, terms []syntax.Term, faults *calc.Faults) Now {
	c := Now{before: calc.Truth(op <= LessEqual), terms: terms, faults: faults}
	if op == LessEqual || op == Greater {
		c.after = 1
	}
	for _, t := range terms {
		c.varies = c.varies || t.Param >= 0
	}
	if !c.varies {
		c.fixed = shiftOf(terms, nil)
	}
	return c
}

// shiftOf adds up terms, some of which may be parameters.
func shiftOf(terms []syntax.Term, params []machine.Value) shift {
	s := shift{from: -machine.Forever, to: machine.Forever}
	for _, t := range terms {
		d := t.Micros
		if t.Param >= 0 {
			d = params[t.Param].I
		}
		if t.Negative {
			d = -d
		}
		s.by += d
		if s.by < 0 {
			s.from = max(s.from, syntax.MinTime-s.by)
		} else if s.by > 0 {
			s.to = min(s.to, syntax.MaxTime-s.by)
		}
	}
	return s
}

// With compares with any time.
//
//go:noinline
func (c Now) With(other Scalar[int64]) Condition {
	return func(m *machine.Machine) calc.Tri {
		v, st := other(m)
		if st != known {
			return calc.Tri(st)
		}
		return c.compare(m, v)
	}
}

// WithField is With for a field of a variable, which is the common case.
//
//go:noinline
func (c Now) WithField(pl *Place) Condition {
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Time(p); v != nil {
				m.Read(base, pl.Path)
				if v.Seconds < syntax.MinTime/1_000_000 || v.Seconds > syntax.MaxTime/1_000_000 {
					return calc.Tri(m.Fail(&c.faults[calc.TimeRange]))
				}
				return c.compare(m, v.Seconds*1_000_000+int64(v.Nanos)/1000)
			}
		}
		return calc.Tri(m.Absent(base, pl.Path))
	}
}

// compare decides for the time v, and says until when that holds.
func (c *Now) compare(m *machine.Machine, v int64) calc.Tri {
	s := c.fixed
	if c.varies {
		s = shiftOf(c.terms, m.Params)
	}
	if m.At < s.from || m.At > s.to {
		return c.outOfYears(m, s.from)
	}
	if s.to != machine.Forever {
		m.Until(s.to + 1)
	}
	turn := v - s.by + c.after
	if m.At < turn {
		m.Until(turn)
		return c.before
	}
	return c.before ^ 1
}

// outOfYears is the error of a shifted now that leaves the years 1 to 9999: for
// good, or until it comes within them.
func (c *Now) outOfYears(m *machine.Machine, from int64) calc.Tri {
	if m.At < from {
		m.Until(from)
	}
	return calc.Tri(m.Fail(&c.faults[calc.TimeRange]))
}
