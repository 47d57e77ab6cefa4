package filter

import (
	"fmt"
	"strings"

	"go.einride.tech/aip/filtering"
	expr "google.golang.org/genproto/googleapis/api/expr/v1alpha1"

	"github.com/plumbline/plumbline/server/fault"
)

// Equality is one field = value.
type Equality struct {
	Field string // fields of fields are joined by dots: labels.tier
	Value string
}

// Equalities reads an AIP-160 filter that is equalities joined by AND, in their
// order; none where src is empty. Of labels the key may be quoted:
// labels."cost-center" = "7". served is what the caller has an index for, for the
// error.
func Equalities(src, served string) ([]Equality, error) {
	if strings.TrimSpace(src) == "" {
		return nil, nil
	}
	var parser filtering.Parser
	parser.Init(src)
	parsed, err := parser.Parse()
	if err != nil {
		text := strings.Join(strings.Fields(err.Error()), " ")
		return nil, fault.InvalidField("filter", "%s; a key with other signs than letters, digits and _ is quoted, as in labels.\"cost-center\" = \"7\"", text)
	}
	out, err := equalities(nil, parsed.GetExpr())
	if err != nil {
		return nil, fault.InvalidField("filter", "%v; served are %s", err, served)
	}
	return out, nil
}

func equalities(out []Equality, e *expr.Expr) ([]Equality, error) {
	call := e.GetCallExpr()
	switch call.GetFunction() {
	case filtering.FunctionAnd, filtering.FunctionFuzzyAnd:
		out, err := equalities(out, call.Args[0])
		if err != nil {
			return nil, err
		}
		return equalities(out, call.Args[1])
	case filtering.FunctionEquals:
		field := path(call.Args[0])
		value, ok := word(call.Args[1])
		if field == "" || !ok {
			return nil, fmt.Errorf("a condition is a field, =, and a text")
		}
		return append(out, Equality{field, value}), nil
	}
	return nil, fmt.Errorf("no index serves other conditions than = joined by AND")
}

// path is the name of a field; empty where it is none.
func path(e *expr.Expr) string {
	if s := e.GetSelectExpr(); s != nil {
		if p := path(s.Operand); p != "" {
			return p + "." + s.Field
		}
		return ""
	}
	return e.GetIdentExpr().GetName()
}

// word is a text, quoted or not.
func word(e *expr.Expr) (string, bool) {
	if c := e.GetConstExpr(); c != nil {
		_, ok := c.ConstantKind.(*expr.Constant_StringValue)
		return c.GetStringValue(), ok
	}
	s := path(e)
	return s, s != ""
}
