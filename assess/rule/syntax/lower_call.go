package syntax

import (
	"regexp"
	resyntax "regexp/syntax"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// call lowers functions and operators.
func (l *lowerer) call(e ast.Expr) *Node {
	c, pos := e.AsCall(), l.pos(e)
	if n, done := l.refusedCall(c, pos); done {
		return n
	}
	switch c.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr:
		return l.logical(e, c.FunctionName())
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		if n, done := l.nowCompare(e); done {
			return n
		}
	case operators.Index:
		return l.index(c, pos)
	case operators.Equals, operators.NotEquals:
		return l.equality(e)
	case operators.In:
		return l.in(e)
	case overloads.Matches:
		return l.matches(e)
	case claimedFunction:
		return l.claimed(c, pos)
	}
	if c.IsMemberFunction() {
		if n, done := l.member(e); done {
			return n
		}
	}
	return l.strict(e)
}

// refusedCall refuses what no argument could make acceptable.
func (l *lowerer) refusedCall(c ast.CallExpr, pos Pos) (n *Node, done bool) {
	switch c.FunctionName() {
	case "dyn":
		return l.refuse(pos, reasonDyn), true
	case "type":
		return l.refuse(pos, reasonTypeValue), true
	case operators.OptIndex, operators.OptSelect, "orValue", "or", "optional.of", "optional.none",
		"optional.ofNonZeroValue", "value", "hasValue", "unwrap", "unwrapOpt":
		return l.refuse(pos, reasonOptional), true
	case "first", "last":
		return l.refuse(pos, reasonIndex), true
	}
	return nil, false
}

// logical joins chains of one operator, which cel-go nests in pairs.
func (l *lowerer) logical(e ast.Expr, fn string) *Node {
	var parts []ast.Expr
	var flatten func(ast.Expr)
	flatten = func(x ast.Expr) {
		if x.Kind() == ast.CallKind && x.AsCall().FunctionName() == fn {
			for _, a := range x.AsCall().Args() {
				flatten(a)
			}
			return
		}
		parts = append(parts, x)
	}
	flatten(e)
	nodes, ok := l.all(parts...)
	if !ok {
		return nil
	}
	op := And
	if fn == operators.LogicalOr {
		op = Or
	}
	return &Node{Op: op, Type: BoolType, Pos: l.pos(e), Args: nodes, Free: free(nodes)}
}

// maxKeys bounds how deep maps' keys may nest; a machine has a slot for each.
const maxKeys = 8

// index lowers a[b]: maps are looked into, lists have no order.
func (l *lowerer) index(c ast.CallExpr, pos Pos) *Node {
	switch l.ast.GetType(c.Args()[0].ID()).Kind() {
	case types.ListKind:
		return l.refuse(pos, reasonIndex)
	case types.MapKind:
		if l.keys == maxKeys {
			return l.refuse(pos, "keys nest more than %d deep; split the rule", maxKeys)
		}
		l.keys++
		key := l.lower(c.Args()[1])
		l.keys--
		if key == nil {
			return nil
		}
		return l.lookInto(c.Args()[0], key, pos)
	}
	return l.refuse(pos, reasonDyn)
}

// equality lowers == and !=. What has presence of its own cannot be compared:
// two messages could be told apart by a field that was not reported.
func (l *lowerer) equality(e ast.Expr) *Node {
	c, pos := e.AsCall(), l.pos(e)
	for _, a := range c.Args() {
		t := l.ast.GetType(a.ID())
		if t.Kind() == types.NullTypeKind {
			return l.refuse(l.pos(a), "%s", refusedKind(t))
		}
	}
	for _, a := range c.Args() {
		t := l.ast.GetType(a.ID())
		switch t.Kind() {
		case types.StructKind:
			return l.refuse(pos, reasonMessageEqual)
		case types.MapKind:
			return l.refuse(pos, reasonWholeMap)
		case types.ListKind:
			if t.Parameters()[0].Kind() == types.StructKind {
				return l.refuse(pos, reasonMessageEqual)
			}
		}
	}
	args, ok := l.all(c.Args()...)
	if !ok {
		return nil
	}
	op := Equal
	if c.FunctionName() == operators.NotEquals {
		op = NotEqual
	}
	l.lintEqual(args[0], args[1])
	l.lintEqual(args[1], args[0])
	return &Node{Op: op, Type: BoolType, Pos: pos, Args: args, Free: free(args)}
}

// in lowers membership, of scalars and in lists alone.
func (l *lowerer) in(e ast.Expr) *Node {
	c, pos := e.AsCall(), l.pos(e)
	switch t := l.ast.GetType(c.Args()[1].ID()); {
	case t.Kind() == types.MapKind:
		return l.refuse(pos, reasonInMap)
	case t.Kind() == types.ListKind && t.Parameters()[0].Kind() == types.StructKind:
		return l.refuse(pos, reasonMessageEqual)
	}
	args, ok := l.all(c.Args()...)
	if !ok {
		return nil
	}
	l.lintIn(args[0], args[1])
	return &Node{Op: In, Type: BoolType, Pos: pos, Args: args, Free: free(args)}
}

// The limits on a regular expression: its length, and the instructions that
// it may compile to.
const (
	maxPatternChars = 512
	maxPatternSize  = 5000
)

// matches lowers a regular expression. RE2 takes time in proportion to the text,
// whatever the pattern; the pattern itself is bounded here, since repetitions
// that nest multiply.
func (l *lowerer) matches(e ast.Expr) *Node {
	c := e.AsCall()
	operands := c.Args()
	if c.IsMemberFunction() {
		operands = append([]ast.Expr{c.Target()}, operands...)
	}
	args, ok := l.all(operands...)
	if !ok {
		return nil
	}
	p := args[1]
	if p.Op != Const {
		return l.refuse(p.Pos, reasonPattern)
	}
	re, err := resyntax.Parse(p.Lit.S, resyntax.Perl)
	switch {
	case err != nil:
		return l.refuse(p.Pos, "the pattern is no RE2 regular expression: %v", err)
	case len(p.Lit.S) > maxPatternChars || patternSize(re) > maxPatternSize:
		return l.refuse(p.Pos, "the pattern is too large; shorten it, or repeat less")
	}
	if _, err := regexp.Compile(p.Lit.S); err != nil {
		return l.refuse(p.Pos, "the pattern is no RE2 regular expression: %v", err)
	}
	return &Node{Op: Call, Name: overloads.MatchesString, Type: BoolType, Pos: l.pos(e), Args: args, Free: free(args)}
}

// patternSize estimates how many instructions a regular expression compiles
// to: repetitions are written out, so nested ones multiply.
func patternSize(re *resyntax.Regexp) float64 {
	size := 1 + float64(len(re.Rune))
	for _, sub := range re.Sub {
		size += patternSize(sub)
	}
	if re.Op == resyntax.OpRepeat {
		size *= float64(max(re.Min, re.Max, 1))
	}
	return size
}

// claimed lowers a question for a claim, whose id must be declared.
func (l *lowerer) claimed(c ast.CallExpr, pos Pos) *Node {
	id := l.constantName(c.Args()[0], "the claim's id")
	subject := l.lower(c.Args()[1])
	if id == "" || subject == nil {
		return nil
	}
	if !slices.Contains(l.env.decls.Claims, id) {
		return l.refuse(pos, "the checklist declares no claim %q; it declares %s", id, listed(l.env.decls.Claims))
	}
	return &Node{Op: Claimed, Type: BoolType, Pos: pos, Name: id, Args: []*Node{subject},
		Free: subject.Free | NeedsClaims | NeedsNow}
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// constantName is an argument that must be a literal text; "" and an issue
// where it is not.
func (l *lowerer) constantName(e ast.Expr, what string) string {
	if e.Kind() == ast.LiteralKind {
		if s, ok := e.AsLiteral().(types.String); ok && s != "" {
			return string(s)
		}
	}
	l.at(l.pos(e), "%s must be a literal text, so that it is checked when the checklist is published", what)
	return ""
}

// member lowers lookups and declared facts.
func (l *lowerer) member(e ast.Expr) (n *Node, done bool) {
	c, pos := e.AsCall(), l.pos(e)
	fact := slices.IndexFunc(factFunctions, func(f struct {
		name string
		typ  *Type
	}) bool {
		return f.name == c.FunctionName()
	})
	isLookup := slices.ContainsFunc(lookups, func(k lookup) bool { return k.name == c.FunctionName() })
	if fact < 0 && !isLookup {
		return nil, false
	}
	target := l.lower(c.Target())
	if target == nil {
		return nil, true
	}
	if fact >= 0 {
		return l.fact(target, c, factFunctions[fact].typ, pos), true
	}
	id := l.lower(c.Args()[0])
	if id == nil {
		return nil, true
	}
	return l.lookup(target, c.FunctionName(), id, pos), true
}

// fact lowers a question for a declared fact: of that name, for that scope, with
// that type.
func (l *lowerer) fact(target *Node, c ast.CallExpr, typ *Type, pos Pos) *Node {
	name := l.constantName(c.Args()[0], "the fact's name")
	if name == "" {
		return nil
	}
	scope := factScope(target.Type.Msg)
	declared, others := l.env.fact(scope, name)
	switch {
	case declared == nil && others == nil:
		return l.refuse(pos, "the checklist declares no fact %q; declare it under facts with scope %s", name, scope)
	case declared == nil:
		return l.refuse(pos, "the fact %q is declared for %s, not for %s", name, strings.Join(others, ", "), scope)
	case declared.String() != typ.String():
		return l.refuse(pos, "the fact %q is declared as %s; write %s(%q)", name, declared, factFunction(declared), name)
	}
	return &Node{Op: Fact, Type: typ, Pos: pos, Name: name, Args: []*Node{target}, Free: target.Free,
		size: paramSize, width: textWidth}
}

// factFunction is the function that reads facts of the type.
func factFunction(t *Type) string {
	for _, f := range factFunctions {
		if f.typ.String() == t.String() {
			return f.name
		}
	}
	return ""
}

// lookup lowers a search by id. The lists of the system are searched there,
// whoever is asked.
func (l *lowerer) lookup(target *Node, fn string, id *Node, pos Pos) *Node {
	k, ok := lookupOf(target.Type.Msg, fn)
	if !ok {
		return l.refuse(pos, "%s has no function %s", target.Type, fn)
	}
	if k.inSystem {
		target = &Node{Op: Var, Type: messageType("System"), Pos: target.Pos, Name: "system",
			Slot: SystemSlot, Free: Slot(SystemSlot)}
	}
	f := k.field()
	n := &Node{Op: Lookup, Type: &Type{Kind: Message, Msg: f.Elem}, Pos: pos, Args: []*Node{target, id},
		Free: target.Free | id.Free}
	n.Steps = append(n.Steps, f)
	return n
}

// strict lowers what is strict in all its arguments.
func (l *lowerer) strict(e ast.Expr) *Node {
	c, pos := e.AsCall(), l.pos(e)
	operands := c.Args()
	if c.IsMemberFunction() {
		operands = append([]ast.Expr{c.Target()}, operands...)
	}
	if c.FunctionName() == overloads.Size && l.ast.GetType(operands[0].ID()).Kind() == types.MapKind {
		return l.refuse(pos, reasonWholeMap)
	}
	t := l.typ(e)
	args, ok := l.all(operands...)
	if t == nil || !ok {
		return nil
	}
	n := &Node{Op: Call, Type: t, Pos: pos, Args: args, Free: free(args), width: textWidth}
	ids := l.ast.GetOverloadIDs(e.ID())
	if len(ids) != 1 {
		return l.refuse(pos, reasonDyn)
	}
	n.Name = memberForms[ids[0]]
	if n.Name == "" {
		n.Name = ids[0]
	}
	switch n.Name {
	case overloads.LogicalNot:
		n.Op, n.Name = Not, ""
	case overloads.Conditional:
		return conditional(n)
	case overloads.SizeList:
		n.Op, n.Name = Size, ""
	case overloads.AddString:
		n.width = args[0].width + args[1].width
	case overloads.AddList:
		n.size, n.width = args[0].size+args[1].size, max(args[0].width, args[1].width)
	default:
		return l.supported(n)
	}
	return n
}

// memberForms are overloads that mean the same as another.
var memberForms = map[string]string{
	overloads.SizeListInst: overloads.SizeList, overloads.SizeStringInst: overloads.SizeString,
}

func conditional(n *Node) *Node {
	n.Op, n.Name = Cond, ""
	n.size, n.width = max(n.Args[1].size, n.Args[2].size), max(n.Args[1].width, n.Args[2].width)
	return n
}

// supported lets through the calls that the engine has, with their literals
// folded.
func (l *lowerer) supported(n *Node) *Node {
	if strings.HasSuffix(n.Name, "_tz") {
		return l.refuse(n.Pos, reasonTimeZone)
	}
	if !slices.Contains(Calls, n.Name) {
		return l.refuse(n.Pos, "this function is not supported")
	}
	return l.fold(n)
}
