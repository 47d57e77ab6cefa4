package compile

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// Program is a compiled expression. It is immutable and safe for concurrent
// use by several machines.
type Program struct {
	owner    *machine.Owner
	straight int64

	// One of these is set, as the expression was wanted.
	condition boolFn
	show      closure.Shown
	elements  list[unsafe.Pointer]
}

// Compile makes the program of a tree for what it was wanted.
func Compile(o *machine.Owner, tree *syntax.Tree, want syntax.Want) *Program {
	p := &Program{owner: o, straight: syntax.StraightCost(tree.Root)}
	g := &generator{owner: o}
	switch want {
	case syntax.WantBool:
		p.condition = g.boolean(tree.Root)
	case syntax.WantMessages:
		p.elements = lists(g, tree.Root, msgKit)
	default:
		p.show = g.show(tree.Root)
	}
	return p
}

// begin checks that the machine can run the program, and counts what it costs
// at least.
func (p *Program) begin(m *machine.Machine) bool {
	return m.Owner == p.owner && m.Spend(p.straight)
}

// refused is the result of a program that could not begin.
func (p *Program) refused(m *machine.Machine) calc.Tri {
	if !m.Over() {
		m.Fail(calc.ForeignFault)
	}
	return calc.Error
}

// Condition runs a program that was wanted as a condition.
func (p *Program) Condition(m *machine.Machine) calc.Tri {
	if !p.begin(m) {
		return p.refused(m)
	}
	t := p.condition(m)
	if m.Over() {
		return calc.Error
	}
	return t
}

// Append runs a program that was wanted as a text or a key, and appends it. It
// is True where there is one.
func (p *Program) Append(m *machine.Machine, b []byte) ([]byte, calc.Tri) {
	if !p.begin(m) {
		return b, p.refused(m)
	}
	out, st := p.show(m, b)
	m.Litter() // a list that was closure.Show
	switch {
	case m.Over():
		return b, calc.Error
	case st != known:
		return b, calc.Tri(st)
	}
	return out, calc.True
}

// Messages runs a program that was wanted as a list of messages. The list is
// valid until the machine's next Subject. True says that it is whole, Unknown
// that there may be more, Error that elements could not be computed.
func (p *Program) Messages(m *machine.Machine) ([]unsafe.Pointer, calc.Tri) {
	if !p.begin(m) {
		return nil, p.refused(m)
	}
	elems, gap := p.elements(m)
	m.Litter()
	if m.Over() {
		return nil, calc.Error
	}
	return elems, gap.Undecided(calc.True)
}
