package rule

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/syntax"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Program is a compiled expression. It is immutable and safe for concurrent
// use by several machines.
type Program struct {
	env      *Env
	straight int64
	cost     float64
	local    bool

	// One of these is set, as the expression was wanted.
	condition boolFn
	show      showFn
	elements  list[unsafe.Pointer]
}

// Compile compiles an expression of a scope: "system", "unit", "host" and so
// on, or a Pair's Scope. It returns nil and what is wrong with the expression.
func (e *Env) Compile(src, scope string, want Want) (*Program, []Issue) {
	s, ok := e.scope(scope)
	if !ok {
		return nil, []Issue{{Line: 1, Column: 1, Message: fmt.Sprintf("there is no scope %q", scope)}}
	}
	p, _, issues := e.compile(src, s, want)
	return p, issues
}

func (e *Env) compile(src string, s syntax.Scope, want Want) (*Program, *syntax.Type, []Issue) {
	tree, issues := e.syntax.Compile(src, s, want)
	if len(issues) > 0 {
		return nil, nil, issues
	}
	p := &Program{env: e, straight: syntax.StraightCost(tree.Root), cost: tree.Cost, local: tree.Local}
	g := &generator{env: e}
	switch want {
	case syntax.WantBool:
		p.condition = g.boolean(tree.Root)
	case syntax.WantMessages:
		p.elements = lists(g, tree.Root, msgKit)
	default:
		p.show = g.show(tree.Root)
	}
	return p, tree.Root.Type, nil
}

// Local tells whether the program reads its subject and the host around it
// alone, beside parameters, tables and the instant: then its results for a
// host can be used again while the host is the same.
func (p *Program) Local() bool { return p.local }

// Cost is the assumed cost for one subject of a large system, in units of
// about one operation.
func (p *Program) Cost() float64 { return p.cost }

// begin checks that the machine can run the program, and counts what it costs
// at least.
func (p *Program) begin(m *Machine) bool {
	if m.env != p.env {
		m.fault = foreignFault
		return false
	}
	return m.spend(p.straight)
}

// over tells whether the budget was spent while the program ran.
func (m *Machine) over() bool {
	if m.left < 0 {
		m.fault = spentFault
		return true
	}
	return false
}

// Bool runs a condition for the machine's subject.
func (p *Program) Bool(m *Machine) Tri {
	if !p.begin(m) {
		m.over()
		return Error
	}
	v := p.condition(m)
	if m.over() {
		return Error
	}
	return v
}

// Scalar runs an expression that was wanted as a text to show: numbers in
// decimal, instants in RFC 3339 and UTC, lists separated by commas. ok is false
// where it is not known.
func (p *Program) Scalar(m *Machine) (text string, ok bool) {
	b, t := p.append(m, nil)
	return string(b), t == True
}

// append appends the text; True says that there is one.
func (p *Program) append(m *Machine, b []byte) ([]byte, Tri) {
	if !p.begin(m) {
		m.over()
		return b, Error
	}
	out, st := p.show(m, b)
	switch {
	case m.over():
		return b, Error
	case st != known:
		return b, Tri(st)
	}
	return out, True
}

// Pair is a rule's pair scope, compiled.
type Pair struct {
	Scope string // for Env.Compile of the expressions over such pairs

	left, right       *Program // the elements, in the scope of the system
	leftKey, rightKey *Program
}

// pairPrefix begins the scope of a pair's expressions; the elements' types
// follow.
const pairPrefix = "pair:"

func pairNamed(name string) (syntax.Scope, bool) {
	types, ok := strings.CutPrefix(name, pairPrefix)
	left, right, _ := strings.Cut(types, ",")
	s := syntax.Scope{Name: syntax.PairScope, Left: syntax.MessageNamed(left), Right: syntax.MessageNamed(right)}
	return s, ok && s.Left != nil && s.Right != nil
}

// CompilePair compiles a pair scope. Issues' Field is "left", "left_key",
// "right" or "right_key".
func (e *Env) CompilePair(src *pb.PairScope) (*Pair, []Issue) {
	var issues []Issue
	side := func(field, text string, s syntax.Scope, want Want) (*Program, *shape.Message) {
		p, t, is := e.compile(text, s, want)
		for _, i := range is {
			i.Field = field
			issues = append(issues, i)
		}
		if t == nil || t.Elem == nil {
			return p, nil
		}
		return p, t.Elem.Msg
	}
	system := syntax.Scope{Name: "system"}
	out := &Pair{}
	var left, right *shape.Message
	out.left, left = side("left", src.GetLeft(), system, syntax.WantMessages)
	out.right, right = side("right", src.GetRight(), system, syntax.WantMessages)
	if left == nil || right == nil {
		return nil, issues
	}
	leftKey := syntax.Scope{Name: syntax.PairScope, Left: left}
	rightKey := syntax.Scope{Name: syntax.PairScope, Right: right}
	out.leftKey, _ = side("left_key", src.GetLeftKey(), leftKey, syntax.WantKey)
	out.rightKey, _ = side("right_key", src.GetRightKey(), rightKey, syntax.WantKey)
	out.Scope = pairPrefix + left.Name + "," + right.Name
	if len(issues) > 0 {
		return nil, issues
	}
	return out, nil
}

// Left gives the left elements, which are valid until the machine's next
// Subject. True says that they are all there are, Unknown that there may be
// more, Error that some could not be computed.
func (p *Pair) Left(m *Machine) ([]unsafe.Pointer, Tri) { return p.left.messages(m) }

// Right gives the right elements, as Left does.
func (p *Pair) Right(m *Machine) ([]unsafe.Pointer, Tri) { return p.right.messages(m) }

func (p *Program) messages(m *Machine) ([]unsafe.Pointer, Tri) {
	if !p.begin(m) {
		m.over()
		return nil, Error
	}
	elems, g := p.elements(m)
	if m.over() {
		return nil, Error
	}
	return elems, g.undecided(True)
}

// LeftKey appends the key of a left element to b; equal keys have equal
// bytes. It is True where the key is known.
func (p *Pair) LeftKey(m *Machine, left unsafe.Pointer, b []byte) ([]byte, Tri) {
	m.vars[syntax.SubjectSlot] = left
	return p.leftKey.append(m, b)
}

// RightKey appends the key of a right element, as LeftKey does.
func (p *Pair) RightKey(m *Machine, right unsafe.Pointer, b []byte) ([]byte, Tri) {
	m.vars[syntax.SecondSlot] = right
	return p.rightKey.append(m, b)
}
