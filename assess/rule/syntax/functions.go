package syntax

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"

	"github.com/plumbline/plumbline/assess/shape"
)

// factFunctions read declared facts, by the type that they return.
var factFunctions = []struct {
	name string
	typ  *Type
}{
	{"boolFact", BoolType}, {"intFact", IntType}, {"doubleFact", DoubleType}, {"stringFact", TextType},
	{"timeFact", TimeType}, {"durationFact", DurationType}, {"listFact", &Type{Kind: List, Elem: TextType}},
}

// lookup finds an element by its id.
type lookup struct {
	on, name string // the message type that has the function
	list     string // the field that is searched
	inSystem bool   // whether the field is the system's and not the message's own
}

var lookups = []lookup{
	{"Inventory", "host", "hosts", false},
	{"Inventory", "facility", "facilities", false},
	{"Inventory", "zone", "zones", true},
	{"Inventory", "boundary", "boundaries", true},
	{"Inventory", "unit", "units", true},
	{"Inventory", "population", "populations", true},
	{"Inventory", "domain", "domains", true},
	{"Inventory", "channel", "channels", true},
	{"Host", "component", "components", false},
	{"Host", "endpoint", "endpoints", false},
}

// field is the list that is searched.
func (l lookup) field() *shape.Field {
	if l.inSystem {
		return messages["System"].Field(l.list)
	}
	return messages[l.on].Field(l.list)
}

func lookupOf(m *shape.Message, name string) (lookup, bool) {
	i := slices.IndexFunc(lookups, func(l lookup) bool { return l.on == m.Name && l.name == name })
	if i < 0 {
		return lookup{}, false
	}
	return lookups[i], true
}

const claimedFunction = "claimed"

// declaredFunctions declares what the environment has beside the standard
// library. cel-go needs no implementations: it only checks.
func declaredFunctions() []cel.EnvOption {
	text := func(name, id string) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload(id, []*cel.Type{cel.StringType}, cel.StringType))
	}
	opts := []cel.EnvOption{
		text("lowerAscii", "string_lower_ascii"),
		text("upperAscii", "string_upper_ascii"),
		text("trim", "string_trim"),
		cel.Function(claimedFunction, cel.Overload("claimed_string_string",
			[]*cel.Type{cel.StringType, cel.StringType}, cel.BoolType)),
	}
	for _, f := range factFunctions {
		for _, scope := range factScopes() {
			on := messageType(scope)
			opts = append(opts, cel.Function(f.name, cel.MemberOverload(f.name+"_"+scope,
				[]*cel.Type{on.cel(), cel.StringType}, f.typ.cel())))
		}
	}
	for _, l := range lookups {
		elem := &Type{Kind: Message, Msg: l.field().Elem}
		opts = append(opts, cel.Function(l.name, cel.MemberOverload(l.on+"_"+l.name,
			[]*cel.Type{messageType(l.on).cel(), cel.StringType}, elem.cel())))
	}
	return opts
}

// factScopes are the message types that hold declared facts, sorted.
func factScopes() []string {
	var out []string
	for name, m := range messages {
		if factScope(m) != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// ruleMacros are the standard macros but has(), and some that only say why they
// are refused.
func ruleMacros() []cel.Macro {
	macros := []cel.Macro{
		cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, parser.ExistsOneMacroNew,
		cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro,
		cel.GlobalMacro("has", 1, refusedMacro(reasonHas)),
		cel.ReceiverMacro("bind", 3, func(h cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
			if target.Kind() == ast.IdentKind && target.AsIdent() == "cel" {
				return nil, h.NewError(target.ID(), reasonBind)
			}
			return nil, nil // no macro: an undeclared function
		}),
		cel.ReceiverMacro("optMap", 2, refusedMacro(reasonOptional)),
		cel.ReceiverMacro("optFlatMap", 2, refusedMacro(reasonOptional)),
	}
	for _, name := range []string{"all", "exists", "exists_one", "existsOne"} {
		macros = append(macros, cel.ReceiverMacro(name, 3, refusedMacro(reasonTwoVariables)))
	}
	return macros
}

// refusedMacro is a macro that only says why it is none.
func refusedMacro(reason string) cel.MacroFactory {
	return func(h cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		return nil, h.NewError(args[0].ID(), reason)
	}
}

// Why things are refused, and what to write instead.
const (
	reasonHas          = "has() is refused: a rule cannot ask whether something was reported, or missing data would decide; read the field, and where it is absent the result is unknown"
	reasonBind         = "cel.bind is refused, since nested bindings multiply the cost; write the expression where it is needed, parts that do not depend on the subject are computed once"
	reasonOptional     = "optional values are refused: a rule cannot ask whether something was reported; read the field plainly, and where it is absent the result is unknown"
	reasonTwoVariables = "a comprehension has one variable here, since the order of a list carries no meaning; write xs.all(x, …)"
	reasonIndex        = "indexing a list is refused, since the order of a list carries no meaning; write xs.exists(x, …), xs.all(x, …) or a lookup such as inventory.host(id)"
	reasonInMap        = "\"in\" on a map is refused: a rule cannot ask whether something was reported; compare the entry's value, such as host.labels[\"tier\"] == \"web\""
	reasonWholeMap     = "a map can only be looked into, with [\"key\"]: which keys were reported must not decide"
	reasonMapLiteral   = "maps cannot be made in a rule; declare a table in the checklist and look into it with tables.NAME[key]"
	reasonMessage      = "messages cannot be made in a rule; compare the fields one by one"
	reasonMessageEqual = "messages cannot be compared, since a field that was not reported would decide; compare their ids or fields"
	reasonNow          = "now may stand only as now plus or minus a constant (duration(\"…\") or params.NAME), compared by <, <=, > or >= with a time: write fact < now - duration(\"720h\")"
	reasonTypeValue    = "types are no values here; every expression's type is known when the checklist is published"
	reasonDyn          = "dyn() is refused: every expression's type must be known when the checklist is published; remove it"
	reasonPattern      = "the pattern must be a literal, so that it can be compiled and bounded once"
	reasonTimeZone     = "time zones are refused, since their rules differ between machines; times are UTC: leave the argument out"
	reasonFacts        = "facts are read by name and type: write x.boolFact(\"name\"), intFact, doubleFact, stringFact, timeFact, durationFact or listFact"
	reasonMarks        = "a rule cannot ask what was reported; read the list itself, and where it is not whole the result is unknown unless what is known decides"
)
