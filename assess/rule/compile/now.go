package compile

import (
	"cel.dev/cel-go/common/operators"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// shift is what is added to now: the sum of its terms, and the first and last
// instant at which now can be so that no sum on the way leaves CEL's years 1 to
// 9999. Now itself is within them.
type shift struct{ by, from, to int64 }

func shiftOf(terms []syntax.Term, vals []machine.Value) shift {
	s := shift{from: -machine.Forever, to: machine.Forever}
	for _, t := range terms {
		d := t.Micros
		if t.Param >= 0 {
			d = vals[t.Param].I
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

// nowCompare compares now, shifted by constants, with a time. With e the time
// less the shift, now < e and now >= e turn at e, now <= e and now > e a
// microsecond later, which is the first instant after it. Only a turn that is
// still to come lowers the horizon.
func (g *generator) nowCompare(n *syntax.Node) boolFn {
	terms, fs := n.Shift, calc.FaultsAt(n.Pos)
	after := int64(0)
	if n.Name == operators.LessEquals || n.Name == operators.Greater {
		after = 1
	}
	before := calc.Truth(n.Name == operators.Less || n.Name == operators.LessEquals)
	fixed, varies := shift{}, false
	for _, t := range terms {
		varies = varies || t.Param >= 0
	}
	if !varies {
		fixed = shiftOf(terms, nil)
	}
	c := nowComparison{before: before, after: after, fixed: fixed, varies: varies, terms: terms, fs: fs}
	if o := n.Args[0]; o.Op == syntax.Field && !o.Once && !o.Kept {
		if pl, base := g.place(o); base == nil {
			return c.withField(pl)
		}
	}
	return c.with(scalars(g, n.Args[0], intKit))
}

// nowComparison is a comparison of now with a time that is computed.
type nowComparison struct {
	before calc.Tri // what it is before it turns
	after  int64    // how long after the time it turns, in microseconds
	fixed  shift
	varies bool // whether the shift depends on parameters
	terms  []syntax.Term
	fs     *calc.Faults
}

//go:noinline
func (c nowComparison) with(other fn[int64]) boolFn {
	return func(m *machine.Machine) calc.Tri {
		v, st := other(m)
		if st != known {
			return calc.Tri(st)
		}
		return c.compare(m, v)
	}
}

// withField is with for a field of a variable, which is the common case.
//
//go:noinline
func (c nowComparison) withField(pl *place) boolFn {
	return func(m *machine.Machine) calc.Tri {
		base, p := pl.parent(m)
		if p != nil {
			if v := pl.leaf.Time(p); v != nil {
				m.Read(base, pl.path)
				if v.Seconds < syntax.MinTime/1_000_000 || v.Seconds > syntax.MaxTime/1_000_000 {
					return calc.Tri(m.Fail(&c.fs[calc.TimeRange]))
				}
				return c.compare(m, v.Seconds*1_000_000+int64(v.Nanos)/1000)
			}
		}
		return calc.Tri(m.Absent(base, pl.path))
	}
}

func (c *nowComparison) compare(m *machine.Machine, v int64) calc.Tri {
	by, from, to := c.fixed.by, c.fixed.from, c.fixed.to
	if c.varies {
		s := shiftOf(c.terms, m.Params)
		by, from, to = s.by, s.from, s.to
	}
	if m.At < from || m.At > to {
		return outOfYears(m, from, c.fs)
	}
	if to != machine.Forever {
		m.Until(to + 1)
	}
	turn := v - by + c.after
	if m.At < turn {
		m.Until(turn)
		return c.before
	}
	return c.before ^ 1
}

// outOfYears is the error of a shifted now that leaves the years 1 to 9999: for
// good, or until it comes within them.
func outOfYears(m *machine.Machine, from int64, fs *calc.Faults) calc.Tri {
	if m.At < from {
		m.Until(from)
	}
	return calc.Tri(m.Fail(&fs[calc.TimeRange]))
}
