package rule

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/compile"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Program is a compiled expression. It is immutable and safe for concurrent
// use by several machines.
type Program struct {
	env   *Env
	tree  *syntax.Node
	scope syntax.Scope
	code  *compile.Program
	cost  float64
	local bool
}

// Compile compiles an expression of a scope: "system", "unit", "host" and so
// on, or a Pair's Scope. It returns nil and what is wrong with the expression.
func (e *Env) Compile(src, scope string, want Want) (*Program, []Issue) {
	s, ok := e.scope(scope)
	if !ok {
		return nil, []Issue{{Line: 1, Column: 1, Message: fmt.Sprintf("there is no scope %q", scope)}}
	}
	// Messages name the same few facts again and again.
	key := expression{src, scope, want}
	if p, ok := e.compiled.Load(key); ok {
		return p.(*Program), nil
	}
	p, _, issues := e.compile(src, s, want)
	if p != nil {
		e.compiled.Store(key, p)
	}
	return p, issues
}

// expression is what a program was compiled of.
type expression struct {
	src, scope string
	want       Want
}

func (e *Env) compile(src string, s syntax.Scope, want Want) (*Program, *syntax.Type, []Issue) {
	tree, issues := e.syntax.Compile(src, s, want)
	if len(issues) > 0 {
		return nil, nil, issues
	}
	p := &Program{env: e, tree: tree.Root, scope: s, code: compile.Compile(&e.owner, tree, want), cost: tree.Cost, local: tree.Local}
	return p, tree.Root.Type, nil
}

// Local tells whether the program reads its subject and the host around it
// alone, beside parameters, tables and the instant: then its results for a
// host can be used again while the host is the same.
func (p *Program) Local() bool { return p.local }

// Cost is the assumed cost for one subject of a large system, in units of
// about one operation.
func (p *Program) Cost() float64 { return p.cost }

// Bool runs a condition for the machine's subject.
func (p *Program) Bool(m *Machine) Tri { return p.code.Condition(&m.run) }

// Scalar runs an expression that was wanted as a text to show: numbers in
// decimal, instants in RFC 3339 and UTC, lists separated by commas. ok is false
// where it is not known.
func (p *Program) Scalar(m *Machine) (text string, ok bool) {
	b, t := p.code.Append(&m.run, nil)
	return string(b), t == True
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

// pairNamed reads the scope of a pair's expressions.
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
	side := func(field, text string, s syntax.Scope, want Want) (*Program, *syntax.Type) {
		p, t, is := e.compile(text, s, want)
		for _, i := range is {
			i.Field = field
			issues = append(issues, i)
		}
		return p, t
	}
	system := syntax.Scope{Name: "system"}
	out := &Pair{}
	var left, right, leftKey, rightKey *syntax.Type
	out.left, left = side("left", src.GetLeft(), system, syntax.WantMessages)
	out.right, right = side("right", src.GetRight(), system, syntax.WantMessages)
	if left == nil || right == nil {
		return nil, issues
	}
	out.leftKey, leftKey = side("left_key", src.GetLeftKey(), syntax.Scope{Name: syntax.PairScope, Left: left.Elem.Msg}, syntax.WantKey)
	out.rightKey, rightKey = side("right_key", src.GetRightKey(), syntax.Scope{Name: syntax.PairScope, Right: right.Elem.Msg}, syntax.WantKey)
	if leftKey != nil && rightKey != nil && leftKey.Kind != rightKey.Kind {
		issues = append(issues, Issue{Field: "right_key", Line: 1, Column: 1, Message: fmt.Sprintf(
			"this key is of type %s, but the left one is of type %s; no pair would be found", rightKey, leftKey)})
	}
	if len(issues) > 0 {
		return nil, issues
	}
	out.Scope = pairPrefix + left.Elem.Msg.Name + "," + right.Elem.Msg.Name
	return out, nil
}

// Left gives the left elements, which are valid until the machine's next
// Subject. True says that they are all there are, Unknown that there may be
// more, Error that some could not be computed.
func (p *Pair) Left(m *Machine) ([]unsafe.Pointer, Tri) { return p.left.code.Messages(&m.run) }

// Right gives the right elements, as Left does.
func (p *Pair) Right(m *Machine) ([]unsafe.Pointer, Tri) { return p.right.code.Messages(&m.run) }

// LeftKey appends the key of a left element to b; equal keys have equal
// bytes. It is True where the key is known.
func (p *Pair) LeftKey(m *Machine, left unsafe.Pointer, b []byte) ([]byte, Tri) {
	m.run.Turn(syntax.SubjectSlot, left)
	return p.leftKey.code.Append(&m.run, b)
}

// RightKey appends the key of a right element, as LeftKey does.
func (p *Pair) RightKey(m *Machine, right unsafe.Pointer, b []byte) ([]byte, Tri) {
	m.run.Turn(syntax.SecondSlot, right)
	return p.rightKey.code.Append(&m.run, b)
}
