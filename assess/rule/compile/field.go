package compile

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// text compiles what is particular to texts.
func (g *generator) text(n *syntax.Node) fn[string] {
	switch n.Op {
	case syntax.Field:
		pl, base := g.place(n)
		return closure.On(base, pl.Slot, closure.TextField(pl))
	case syntax.Entry:
		return g.entry(n)
	case syntax.Fact:
		return declared(g, n, func(v *pb.FactValue) (string, bool) {
			x, ok := v.GetValue().(*pb.FactValue_StringValue)
			if !ok {
				return "", false
			}
			return x.StringValue, true
		})
	}
	return g.textCall(n)
}

// entry reads a map field's entry.
//
//go:noinline
func (g *generator) entry(n *syntax.Node) fn[string] {
	if k := n.Args[1]; k.Op == syntax.Const {
		pl, base := g.place(n)
		key, path := k.Lit.S, g.owner.Paths.Below(pl.Path, k.Lit.S)
		path = g.owner.Paths.Keep(path)
		return closure.On(base, pl.Slot, func(m *machine.Machine) (string, state) {
			base, p := pl.Parent(m)
			if p != nil {
				if v, ok := pl.Leaf.TextMap(p)[key]; ok {
					m.Read(base, path)
					return v, known
				}
			}
			return "", m.Absent(base, path)
		})
	}
	// The key is computed after the message was put into its slot, so what is
	// looked up for the key has to use another one.
	pl, base := g.place(n)
	g.nesting++
	key := scalars(g, n.Args[1], textKit)
	g.nesting--
	return closure.On(base, pl.Slot, func(m *machine.Machine) (string, state) {
		k, st := key(m)
		if st != known {
			return "", st
		}
		base, p := pl.Parent(m)
		path := m.Keyed(pl.Path, k)
		if p != nil {
			if v, ok := pl.Leaf.TextMap(p)[k]; ok {
				m.Read(base, path)
				return v, known
			}
		}
		return "", m.Absent(base, path)
	})
}

// factPlace lays out a declared fact: the map that holds it, and its path.
func (g *generator) factPlace(n *syntax.Node) (pl *closure.Place, base messageFn, path *fact.Path) {
	facts := *n
	facts.Steps = []*shape.Field{n.Args[0].Type.Msg.Field("facts")}
	pl, base = g.place(&facts)
	return pl, base, g.owner.Paths.Keep(g.owner.Paths.Below(pl.Path, n.Name))
}

// declared reads a declared fact. One that is reported with another type than
// the declared one counts as not reported.
//
//go:noinline
func declared[T any](g *generator, n *syntax.Node, get func(*pb.FactValue) (T, bool)) fn[T] {
	pl, base, path := g.factPlace(n)
	name := n.Name
	return closure.On(base, pl.Slot, func(m *machine.Machine) (out T, st state) {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.FactMap(p)[name]; v != nil {
				if out, ok := get(v); ok {
					m.Read(base, path)
					return out, known
				}
			}
		}
		return out, m.Absent(base, path)
	})
}

// integer compiles what is particular to whole numbers, instants and spans of
// time.
func (g *generator) integer(n *syntax.Node) fn[int64] {
	switch n.Op {
	case syntax.Field:
		pl, base := g.place(n)
		return closure.On(base, pl.Slot, closure.IntField(pl, calc.FaultsAt(n.Pos)))
	case syntax.Fact:
		return g.intFact(n)
	case syntax.Size:
		return g.size(n)
	}
	return g.intCall(n)
}

func (g *generator) intFact(n *syntax.Node) fn[int64] {
	switch n.Type.Kind {
	case syntax.Time:
		return inRange(n, declared(g, n, func(v *pb.FactValue) (int64, bool) {
			x, ok := v.GetValue().(*pb.FactValue_TimeValue)
			if !ok || x.TimeValue == nil {
				return 0, false
			}
			return closure.Clamp(x.TimeValue.Seconds, x.TimeValue.Nanos), true
		}))
	case syntax.Duration:
		return inRange(n, declared(g, n, func(v *pb.FactValue) (int64, bool) {
			x, ok := v.GetValue().(*pb.FactValue_DurationValue)
			if !ok || x.DurationValue == nil {
				return 0, false
			}
			return closure.Clamp(x.DurationValue.Seconds, x.DurationValue.Nanos), true
		}))
	}
	return declared(g, n, func(v *pb.FactValue) (int64, bool) {
		x, ok := v.GetValue().(*pb.FactValue_IntValue)
		if !ok {
			return 0, false
		}
		return x.IntValue, true
	})
}

// inRange makes errors of instants and spans of time that CEL does not have.
//
//go:noinline
func inRange(n *syntax.Node, f fn[int64]) fn[int64] {
	fs := calc.FaultsAt(n.Pos)
	low, high, c := int64(syntax.MinTime), int64(syntax.MaxTime), calc.TimeRange
	if n.Type.Kind == syntax.Duration {
		low, high, c = -syntax.MaxDuration, syntax.MaxDuration, calc.Overflow
	}
	return func(m *machine.Machine) (int64, state) {
		v, st := f(m)
		if st == known && (v < low || v > high) {
			return 0, m.Fail(&fs[c])
		}
		return v, st
	}
}

// real compiles what is particular to real numbers.
//
//go:noinline
func (g *generator) real(n *syntax.Node) fn[float64] {
	switch n.Op {
	case syntax.Field:
		pl, base := g.place(n)
		return closure.On(base, pl.Slot, func(m *machine.Machine) (float64, state) {
			base, p := pl.Parent(m)
			if p != nil {
				if v := pl.Leaf.Double(p); v != nil {
					m.Read(base, pl.Path)
					return *v, known
				}
			}
			return 0, m.Absent(base, pl.Path)
		})
	case syntax.Fact:
		return declared(g, n, func(v *pb.FactValue) (float64, bool) {
			x, ok := v.GetValue().(*pb.FactValue_DoubleValue)
			if !ok {
				return 0, false
			}
			return x.DoubleValue, true
		})
	}
	return g.realCall(n)
}

// message compiles what is particular to messages.
//
//go:noinline
func (g *generator) message(n *syntax.Node) messageFn {
	if n.Op == syntax.Lookup {
		return g.lookup(n)
	}
	pl, base := g.place(n)
	return closure.On(base, pl.Slot, func(m *machine.Machine) (unsafe.Pointer, state) {
		base, p := pl.Parent(m)
		if p != nil {
			if v := pl.Leaf.Nested(p); v != nil {
				return v, known
			}
		}
		return nil, m.Absent(base, pl.Path)
	})
}

// lookup finds an element by its id. One that is not there is not known, also
// where the list is whole: who names it says that it exists.
//
//go:noinline
func (g *generator) lookup(n *syntax.Node) messageFn {
	owner, id := scalars(g, n.Args[0], msgKit), scalars(g, n.Args[1], textKit)
	field := n.Steps[0]
	path := g.owner.Paths.Field(n.Args[0].Type.Msg, n.Steps)
	return func(m *machine.Machine) (unsafe.Pointer, state) {
		p, st := owner(m)
		key, keyState := id(m)
		if st = calc.Both(st, keyState); st != known {
			return nil, st
		}
		if found := m.Find(field, p, key); found != nil {
			return found, known
		}
		return nil, m.Absent(p, m.Keyed(path, key))
	}
}
