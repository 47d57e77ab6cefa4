package syntax

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The limits on one expression's text. A rule that a person can read is far
// below them.
const (
	maxExpressionChars = 8192
	maxExpressionNodes = 4096
	maxParserDepth     = 96
)

// Named is a parameter, or a table by its values' type.
type Named struct {
	Name string
	Type *Type
}

// FactDecl is a declared fact.
type FactDecl struct {
	Name  string
	Scope string // such as "host"
	Type  *Type
}

// Decls is what one checklist declares.
type Decls struct {
	Params []Named
	Tables []Named
	Facts  []FactDecl
	Claims []string
}

// Env is what the rules of one checklist can name. It is safe for concurrent
// use.
type Env struct {
	decls Decls
	base  *cel.Env

	mu     sync.Mutex
	scopes map[Scope]*cel.Env
}

// Scope says which variables an expression has: those of a scope's name, or
// left and right of a pair.
type Scope struct {
	Name        string
	Left, Right *shape.Message // of a pair's elements; nil elsewhere
}

// PairScope is the scope of the expressions over pairs.
const PairScope = "pair"

// scopeMessages are the scopes about one message, and its type.
var scopeMessages = map[string]string{
	"unit": "Unit", "host": "Host", "component": "Component", "endpoint": "Endpoint", "zone": "Zone",
	"boundary": "Boundary", "channel": "Channel", "population": "Population", "domain": "Domain",
	"account": "Account", "facility": "Facility",
}

// withHost are the scopes that have the subject's host as a second variable.
var withHost = []string{"component", "endpoint"}

// ScopeNamed returns the scope of that name; a pair's needs its elements' types.
func ScopeNamed(name string) (Scope, bool) {
	_, ok := scopeMessages[name]
	return Scope{Name: name}, ok || name == "system"
}

// variable is one variable of a scope.
type variable struct {
	name string
	typ  *Type
	slot int
}

func messageType(name string) *Type { return &Type{Kind: Message, Msg: messages[name]} }

// variables are the scope's variables, now, parameters and tables aside.
func (s Scope) variables() []variable {
	vars := []variable{
		{"inventory", messageType("Inventory"), InventorySlot},
		{"system", messageType("System"), SystemSlot},
	}
	if name, ok := scopeMessages[s.Name]; ok {
		vars = append(vars, variable{s.Name, messageType(name), SubjectSlot})
	}
	if slices.Contains(withHost, s.Name) {
		vars = append(vars, variable{"host", messageType("Host"), SecondSlot})
	}
	if s.Left != nil {
		vars = append(vars, variable{"left", &Type{Kind: Message, Msg: s.Left}, SubjectSlot})
	}
	if s.Right != nil {
		vars = append(vars, variable{"right", &Type{Kind: Message, Msg: s.Right}, SecondSlot})
	}
	return vars
}

// NewEnv makes the environment of one checklist. The names and types in d are
// checked by the caller.
func NewEnv(d Decls) (*Env, error) {
	base, err := standard()
	if err != nil {
		return nil, err
	}
	var opts []cel.EnvOption
	for _, p := range d.Params {
		opts = append(opts, cel.Variable("params."+p.Name, p.Type.cel()))
	}
	for _, t := range d.Tables {
		opts = append(opts, cel.Variable("tables."+t.Name, cel.MapType(cel.StringType, t.Type.cel())))
	}
	e := &Env{decls: d, scopes: map[Scope]*cel.Env{}}
	e.base, err = base.Extend(opts...)
	if err != nil {
		return nil, fmt.Errorf("declare parameters and tables: %w", err)
	}
	return e, nil
}

// cel returns cel-go's environment for one scope.
func (e *Env) cel(s Scope) (*cel.Env, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if env := e.scopes[s]; env != nil {
		return env, nil
	}
	var opts []cel.EnvOption
	for _, v := range s.variables() {
		opts = append(opts, cel.Variable(v.name, v.typ.cel()))
	}
	env, err := e.base.Extend(opts...)
	if err != nil {
		return nil, fmt.Errorf("declare the variables of scope %s: %w", s.Name, err)
	}
	e.scopes[s] = env
	return env, nil
}

// CEL returns cel-go's environment for a scope: for tools and tests that look
// at what rules can name.
func (e *Env) CEL(s Scope) (*cel.Env, error) { return e.cel(s) }

// standard is what the environments of all checklists have in common. It is
// made once, since declaring the standard library costs milliseconds.
var standard = sync.OnceValues(func() (*cel.Env, error) {
	opts := []cel.EnvOption{
		cel.StdLib(),
		cel.OptionalTypes(), // so that what it adds is understood, and refused with a reason
		cel.ClearMacros(),
		cel.Macros(ruleMacros()...),
		cel.EnableMacroCallTracking(),
		cel.HomogeneousAggregateLiterals(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxExpressionChars),
		cel.ParserRecursionLimit(maxParserDepth),
		cel.ExpressionNodeLimit(maxExpressionNodes),
		cel.Types(&pb.Inventory{}),
		cel.Variable("now", cel.TimestampType),
	}
	env, err := cel.NewCustomEnv(append(opts, declaredFunctions()...)...)
	if err != nil {
		return nil, fmt.Errorf("make the environment of rules: %w", err)
	}
	return env, nil
})

// factScope is the scope whose declared facts the message type holds, or "".
func factScope(m *shape.Message) string {
	if f := m.Field("facts"); f == nil || f.Kind != shape.Fact {
		return ""
	}
	return strings.ToLower(m.Name)
}

// fact returns the type of a declared fact, and the scopes that declare one of
// that name.
func (e *Env) fact(scope, name string) (*Type, []string) {
	var scopes []string
	for _, f := range e.decls.Facts {
		if f.Name == name {
			if f.Scope == scope {
				return f.Type, nil
			}
			scopes = append(scopes, f.Scope)
		}
	}
	return nil, scopes
}
