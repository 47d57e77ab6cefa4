package syntax

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/plumbline/plumbline/assess/shape"
)

// lowerer turns one checked expression into a tree. Its methods return nil
// where something is refused; the issue then says what.
type lowerer struct {
	env    *Env
	ast    *ast.AST
	vars   map[string]variable
	locals []local
	keys   int // how many maps' keys are around the expression
	issues []Issue
}

// local is the variable of a comprehension around the expression.
type local struct {
	variable
	width float64      // assumed length, of a text
	of    *shape.Field // the list of texts that it runs over, where it is one field
}

func newLowerer(e *Env, scope Scope, a *ast.AST) *lowerer {
	l := &lowerer{env: e, ast: a, vars: map[string]variable{}}
	for _, v := range scope.variables() {
		l.vars[v.name] = v
	}
	return l
}

// at notes an issue.
func (l *lowerer) at(pos Pos, format string, args ...any) {
	l.issues = append(l.issues, Issue{Line: pos.Line, Column: pos.Column, Message: fmt.Sprintf(format, args...)})
}

// refuse notes an issue and returns no node.
func (l *lowerer) refuse(pos Pos, format string, args ...any) *Node {
	l.at(pos, format, args...)
	return nil
}

func (l *lowerer) pos(e ast.Expr) Pos {
	line, col := place(l.ast.SourceInfo().GetStartLocation(e.ID()))
	return Pos{line, col}
}

// typ returns the expression's type, or nil and an issue.
func (l *lowerer) typ(e ast.Expr) *Type {
	t, refusal := typeOf(l.ast.GetType(e.ID()))
	if refusal != "" {
		l.at(l.pos(e), "%s", refusal)
	}
	return t
}

// lower lowers an expression of any kind.
func (l *lowerer) lower(e ast.Expr) *Node {
	pos := l.pos(e)
	switch e.Kind() {
	case ast.LiteralKind:
		return l.literal(e)
	case ast.IdentKind:
		return l.ident(e)
	case ast.SelectKind:
		return l.selected(e)
	case ast.CallKind:
		return l.call(e)
	case ast.ListKind:
		return l.list(e)
	case ast.ComprehensionKind:
		return l.comprehension(e)
	case ast.MapKind:
		return l.refuse(pos, reasonMapLiteral)
	}
	return l.refuse(pos, reasonMessage)
}

// all lowers several expressions; ok is false where one is refused.
func (l *lowerer) all(exprs ...ast.Expr) (nodes []*Node, ok bool) {
	ok = true
	for _, e := range exprs {
		n := l.lower(e)
		ok = ok && n != nil
		nodes = append(nodes, n)
	}
	return nodes, ok
}

// free is what any of the nodes depends on.
func free(nodes []*Node) Needs {
	var f Needs
	for _, n := range nodes {
		f |= n.Free
	}
	return f
}

func (l *lowerer) literal(e ast.Expr) *Node {
	t := l.typ(e)
	if t == nil {
		return nil
	}
	n := &Node{Op: Const, Type: t, Pos: l.pos(e)}
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		n.Lit.B = bool(v)
	case types.Int:
		n.Lit.I = int64(v)
	case types.Double:
		n.Lit.D = float64(v)
	case types.String:
		n.Lit.S = string(v)
		n.width = float64(len(v))
	}
	return n
}

// ident lowers a name: a comprehension's variable, one of the scope's, or a
// parameter, whose name cel-go has joined to "params.NAME". The others that
// cel-go knows may not stand alone.
func (l *lowerer) ident(e ast.Expr) *Node {
	name, pos := strings.TrimPrefix(e.AsIdent(), "."), l.pos(e)
	if l.ast.GetType(e.ID()).Kind() == types.TypeKind {
		return l.refuse(pos, reasonTypeValue)
	}
	if i := slices.IndexFunc(l.locals, func(v local) bool { return v.name == name }); i >= 0 {
		v := l.locals[i]
		return &Node{Op: Var, Type: v.typ, Pos: pos, Name: name, Slot: v.slot, Free: Slot(v.slot), width: v.width}
	}
	if v, ok := l.vars[name]; ok {
		return &Node{Op: Var, Type: v.typ, Pos: pos, Name: name, Slot: v.slot, Free: Slot(v.slot)}
	}
	if param, ok := strings.CutPrefix(name, "params."); ok {
		return l.param(param, pos)
	}
	if strings.HasPrefix(name, "tables.") {
		return l.refuse(pos, reasonWholeMap)
	}
	if name == "now" {
		return l.refuse(pos, reasonNow)
	}
	return l.refuse(pos, "there is no %q here", name)
}

func (l *lowerer) param(name string, pos Pos) *Node {
	i := slices.IndexFunc(l.env.decls.Params, func(p Named) bool { return p.Name == name })
	if i < 0 {
		return l.refuse(pos, "the checklist has no parameter %q", name)
	}
	return &Node{Op: Param, Type: l.env.decls.Params[i].Type, Pos: pos, Name: name, Index: i, size: paramSize, width: textWidth}
}

// selected lowers a.b, which is a field or a map's entry.
func (l *lowerer) selected(e ast.Expr) *Node {
	sel, pos := e.AsSelect(), l.pos(e)
	if sel.IsTestOnly() {
		return l.refuse(pos, reasonHas)
	}
	if l.ast.GetType(sel.Operand().ID()).Kind() == types.MapKind {
		key := &Node{Op: Const, Type: TextType, Pos: pos, Lit: Literal{S: sel.FieldName()}}
		return l.lookInto(sel.Operand(), key, pos)
	}
	if strings.HasSuffix(l.ast.GetType(sel.Operand().ID()).TypeName(), ".FactValue") {
		return l.refuse(pos, reasonFacts)
	}
	base := l.lower(sel.Operand())
	if base == nil {
		return nil
	}
	return l.field(base, sel.FieldName(), pos)
}

// field reads a field of the message base. Chains of single messages become
// one node, since their absence means the same: the last field is missing.
func (l *lowerer) field(base *Node, name string, pos Pos) *Node {
	if base.Type.Kind != Message {
		return l.refuse(pos, "a %s has no fields", base.Type)
	}
	f := base.Type.Msg.Field(name)
	switch {
	case name == "reported_empty" || name == "partial":
		return l.refuse(pos, reasonMarks)
	case f == nil:
		return l.refuse(pos, "%s has no field %q", base.Type.Msg.Name, name)
	case f.Kind == shape.Fact:
		return l.refuse(pos, reasonFacts)
	case base.Type.Msg == messages["Inventory"] && name == "system":
		return &Node{Op: Var, Type: messageType("System"), Pos: pos, Name: "system", Slot: SystemSlot, Free: Slot(SystemSlot)}
	}
	n := &Node{Op: Field, Type: fieldType(f), Pos: pos, Args: []*Node{base}, Steps: []*shape.Field{f},
		Free: base.Free, width: textWidth}
	if base.Op == Field {
		n.Args, n.Steps = base.Args, append(slices.Clone(base.Steps), f)
	}
	if f.Card == shape.List {
		n.size = assumedSize(f)
	}
	return n
}

// fieldType is the type that a field has in a rule.
func fieldType(f *shape.Field) *Type {
	var t *Type
	switch f.Kind {
	case shape.Bool:
		t = BoolType
	case shape.Int32, shape.Int64:
		t = IntType
	case shape.Double:
		t = DoubleType
	case shape.Text:
		t = TextType
	case shape.Time:
		t = TimeType
	case shape.Duration:
		t = DurationType
	default:
		t = &Type{Kind: Message, Msg: f.Elem}
	}
	switch f.Card {
	case shape.List:
		return &Type{Kind: List, Elem: t}
	case shape.Map:
		return &Type{Kind: Map, Elem: t}
	}
	return t
}

// lookInto reads a map field's entry, or a table's.
func (l *lowerer) lookInto(m ast.Expr, key *Node, pos Pos) *Node {
	if m.Kind() == ast.IdentKind {
		name, _ := strings.CutPrefix(m.AsIdent(), "tables.")
		i := slices.IndexFunc(l.env.decls.Tables, func(t Named) bool { return t.Name == name })
		if i < 0 {
			return l.refuse(pos, "the checklist has no table %q", name)
		}
		return &Node{Op: TableEntry, Type: l.env.decls.Tables[i].Type, Pos: pos, Name: name, Index: i,
			Args: []*Node{key}, Free: key.Free, size: paramSize, width: textWidth}
	}
	if strings.HasSuffix(l.ast.GetType(m.ID()).Parameters()[1].TypeName(), ".FactValue") {
		return l.refuse(pos, reasonFacts)
	}
	n := l.lower(m)
	if n == nil {
		return nil
	}
	if n.Op != Field || n.Type.Kind != Map {
		return l.refuse(pos, "only a message's map, such as host.labels, or a table can be looked into")
	}
	return &Node{Op: Entry, Type: n.Type.Elem, Pos: pos, Args: []*Node{n.Args[0], key}, Steps: n.Steps,
		Free: n.Free | key.Free, width: textWidth}
}

func (l *lowerer) list(e ast.Expr) *Node {
	pos := l.pos(e)
	if len(e.AsList().OptionalIndices()) > 0 {
		return l.refuse(pos, reasonOptional)
	}
	t := l.typ(e)
	elems, ok := l.all(e.AsList().Elements()...)
	if t == nil || !ok {
		return nil
	}
	if t.Elem.Kind == Message {
		return l.refuse(pos, "a list of messages cannot be written out; filter the list that they stand in")
	}
	n := &Node{Op: MakeList, Type: t, Pos: pos, Args: elems, Free: free(elems), size: float64(len(elems))}
	for _, a := range elems {
		n.width = max(n.width, a.width)
	}
	if slices.ContainsFunc(elems, func(a *Node) bool { return a.Op != Const }) {
		return n
	}
	return constantList(n)
}

// constantList folds a list of constants into one.
func constantList(n *Node) *Node {
	out := &Node{Op: Const, Type: n.Type, Pos: n.Pos, size: n.size, width: n.width}
	for _, a := range n.Args {
		switch n.Type.Elem.Kind {
		case Bool:
			out.Lit.Bs = append(out.Lit.Bs, a.Lit.B)
		case Double:
			out.Lit.Ds = append(out.Lit.Ds, a.Lit.D)
		case Text:
			out.Lit.Ss = append(out.Lit.Ss, a.Lit.S)
		default:
			out.Lit.Is = append(out.Lit.Is, a.Lit.I)
		}
	}
	return out
}

// macroOps are the comprehensions, by the macro's name.
var macroOps = map[string]Op{
	"all": All, "exists": Exists, "exists_one": ExistsOne, "existsOne": ExistsOne, "filter": Filter, "map": MapTo,
}

// comprehension lowers a macro. cel-go has expanded it to a fold; which macro it
// was stands in the source's record of macros, and the predicate where that
// macro's expansion has it.
func (l *lowerer) comprehension(e ast.Expr) *Node {
	c, pos := e.AsComprehension(), l.pos(e)
	call, ok := l.ast.SourceInfo().GetMacroCall(e.ID())
	op := Op(0)
	if ok {
		op = macroOps[call.AsCall().FunctionName()]
	}
	if op == 0 || c.HasIterVar2() {
		return l.refuse(pos, "this comprehension is not supported; write all, exists, exists_one, filter or map")
	}
	rng := l.rangeOf(c.IterRange())
	if rng == nil || !l.push(c.IterVar(), rng, pos) {
		return nil
	}
	defer func() { l.locals = l.locals[:len(l.locals)-1] }()
	slot := l.locals[len(l.locals)-1].slot

	over := func(op Op, list *Node, body ast.Expr) *Node {
		b := l.lower(body)
		if b == nil || list == nil {
			return nil
		}
		return &Node{Op: op, Pos: pos, Name: c.IterVar(), Slot: slot, Args: []*Node{list, b},
			Type: BoolType, Free: list.Free | b.Free&^Slot(slot), size: list.size, width: list.width}
	}
	step := c.LoopStep().AsCall()
	switch op {
	case All, Exists:
		return over(op, rng, step.Args()[1])
	case ExistsOne:
		return over(op, rng, step.Args()[0])
	case Filter:
		return typed(over(op, rng, step.Args()[0]), rng.Type)
	}
	if step.FunctionName() == "_?_:_" { // map with a filter
		rng = typed(over(Filter, rng, step.Args()[0]), rng.Type)
		step = step.Args()[1].AsCall()
	}
	return l.mapped(over(MapTo, rng, step.Args()[1].AsList().Elements()[0]))
}

func typed(n *Node, t *Type) *Node {
	if n != nil {
		n.Type = t
	}
	return n
}

// mapped gives a map its type.
func (l *lowerer) mapped(n *Node) *Node {
	if n == nil {
		return nil
	}
	body := n.Args[1]
	if body.Type.Kind == List || body.Type.Kind == Map {
		return l.refuse(body.Pos, "map cannot make lists of lists; nest all or exists instead: xs.exists(x, x.ys.exists(y, …))")
	}
	n.Type, n.width = &Type{Kind: List, Elem: body.Type}, body.width
	return n
}

// rangeOf lowers what a comprehension runs over.
func (l *lowerer) rangeOf(e ast.Expr) *Node {
	if l.ast.GetType(e.ID()).Kind() == types.MapKind {
		return l.refuse(l.pos(e), reasonWholeMap)
	}
	n := l.lower(e)
	if n != nil && n.Type.Kind != List {
		return l.refuse(n.Pos, "a list is wanted, but this is of type %s", n.Type)
	}
	return n
}

// push enters a comprehension; the variable gets the next slot.
func (l *lowerer) push(name string, rng *Node, pos Pos) bool {
	_, taken := l.vars[name]
	taken = taken || slices.Contains([]string{"now", "params", "tables"}, name) ||
		slices.ContainsFunc(l.locals, func(v local) bool { return v.name == name })
	if taken {
		l.at(pos, "%q is a variable here already; give the comprehension's another name", name)
		return false
	}
	slot := firstLocalSlot + len(l.locals)
	if slot >= Slots {
		l.at(pos, "comprehensions nest more than %d deep; split the rule", Slots-firstLocalSlot)
		return false
	}
	v := local{variable: variable{name: name, typ: rng.Type.Elem, slot: slot}, width: rng.width}
	if rng.Op == Field {
		v.of = rng.Steps[len(rng.Steps)-1]
	}
	l.locals = append(l.locals, v)
	return true
}

// isNow tells whether the expression is the variable now.
func (l *lowerer) isNow(e ast.Expr) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == "now" &&
		l.ast.GetType(e.ID()).Kind() == cel.TimestampType.Kind()
}
