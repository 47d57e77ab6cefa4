package rule

import (
	"cel.dev/cel-go/common/operators"

	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// shift is what is added to now: the sum of its terms, and the instants at
// which now can be so that no sum on the way leaves CEL's years 1 to 9999.
type shift struct {
	by        int64
	from, to  int64 // first and last instant
	bothSides bool  // whether from and to are to be looked at
}

func (s *shift) add(term syntax.Term, vals []value) {
	d := term.Micros
	if term.Param >= 0 {
		d = vals[term.Param].i
	}
	if term.Negative {
		d = -d
	}
	s.by += d
	s.from, s.to = max(s.from, syntax.MinTime-s.by), min(s.to, syntax.MaxTime-s.by)
}

func shiftOf(terms []syntax.Term, vals []value) shift {
	s := shift{from: -Forever, to: Forever}
	for _, t := range terms {
		s.add(t, vals)
	}
	return s
}

// nowCompare compares now, shifted by constants, with a time. With e the time
// less the shift, now < e and now >= e turn at e, now <= e and now > e a
// microsecond later, which is the first instant after it. Only a turn that is
// still to come lowers the horizon.
func (g *generator) nowCompare(n *syntax.Node) boolFn {
	other, terms, fs := scalars(g, n.Args[0], intKit), n.Shift, faultsAt(n.Pos)
	inclusive := n.Name == operators.LessEquals || n.Name == operators.Greater
	before := triOf(n.Name == operators.Less || n.Name == operators.LessEquals)
	fixed := shiftOf(nil, nil)
	varies := false
	for _, t := range terms {
		varies = varies || t.Param >= 0
	}
	if !varies {
		fixed = shiftOf(terms, nil)
	}
	return func(m *Machine) Tri {
		v, st := other(m)
		if st != known {
			return Tri(st)
		}
		s := fixed
		if varies {
			s = shiftOf(terms, m.vals)
		}
		if m.at < s.from || m.at > s.to {
			if m.at < s.from {
				m.until(s.from)
			}
			return Tri(m.fail(&fs[timeRange]))
		}
		if s.to != Forever {
			m.until(s.to + 1)
		}
		turn := v - s.by
		if inclusive {
			turn++
		}
		if m.at < turn {
			m.until(turn)
			return before
		}
		return Not(before)
	}
}
