// Package filter compiles the filters of lists, which are written after AIP-160.
package filter

import (
	"fmt"
	"strings"

	"go.einride.tech/aip/filtering"
	expr "google.golang.org/genproto/googleapis/api/expr/v1alpha1"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// findingFields are what a findings filter may name.
var findingFields = map[string]func(*pb.Finding) string{
	"checklist": func(f *pb.Finding) string { return f.Checklist },
	"series":    func(f *pb.Finding) string { return f.Series },
	"rule":      func(f *pb.Finding) string { return f.Rule },
	"area":      func(f *pb.Finding) string { return f.Area },
	"severity":  func(f *pb.Finding) string { return f.Severity },
	"state":     func(f *pb.Finding) string { return f.State },
	"subject":   func(f *pb.Finding) string { return f.Subject },
}

const filterFieldNames = "checklist, series, rule, area, severity, state, subject"

// Findings compiles an AIP-160 filter over findings: = and != over texts
// ("*" at the end of a text matches any end), AND, OR, NOT and parentheses.
func Findings(src string) (func(*pb.Finding) (bool, error), error) {
	if strings.TrimSpace(src) == "" {
		return func(*pb.Finding) (bool, error) { return true, nil }, nil
	}
	var parser filtering.Parser
	parser.Init(src)
	parsed, err := parser.Parse()
	if err != nil {
		return nil, fault.InvalidField("filter", "%v; write for example: state = \"fail\" AND severity = \"high\"", err)
	}
	p, err := compileFilter(parsed.GetExpr())
	if err != nil {
		return nil, fault.InvalidField("filter", "%v", err)
	}
	return func(f *pb.Finding) (bool, error) { return p(f), nil }, nil
}

func compileFilter(e *expr.Expr) (func(*pb.Finding) bool, error) {
	call := e.GetCallExpr()
	if call == nil {
		return nil, fmt.Errorf("a bare value is no condition; compare one of %s", filterFieldNames)
	}
	switch call.Function {
	case filtering.FunctionAnd, filtering.FunctionFuzzyAnd, filtering.FunctionOr:
		return compileJunction(call)
	case filtering.FunctionNot:
		p, err := compileFilter(call.Args[0])
		return func(f *pb.Finding) bool { return !p(f) }, err
	case filtering.FunctionEquals, filtering.FunctionNotEquals:
		return compileComparison(call)
	}
	return nil, fmt.Errorf("%q is not supported; there are =, !=, AND, OR, NOT", call.Function)
}

func compileJunction(call *expr.Expr_Call) (func(*pb.Finding) bool, error) {
	a, err := compileFilter(call.Args[0])
	if err != nil {
		return nil, err
	}
	b, err := compileFilter(call.Args[1])
	if err != nil {
		return nil, err
	}
	if call.Function == filtering.FunctionOr {
		return func(f *pb.Finding) bool { return a(f) || b(f) }, nil
	}
	return func(f *pb.Finding) bool { return a(f) && b(f) }, nil
}

func compileComparison(call *expr.Expr_Call) (func(*pb.Finding) bool, error) {
	name := call.Args[0].GetIdentExpr().GetName()
	field, ok := findingFields[name]
	if !ok {
		return nil, fmt.Errorf("%q is no field of a finding that an index serves; there are %s", name, filterFieldNames)
	}
	want := call.Args[1].GetConstExpr().GetStringValue()
	if call.Args[1].GetConstExpr() == nil {
		want = call.Args[1].GetIdentExpr().GetName() // an unquoted word
	}
	prefix, open := strings.CutSuffix(want, "*")
	negated := call.Function == filtering.FunctionNotEquals
	return func(f *pb.Finding) bool {
		v := field(f)
		return (v == want || open && strings.HasPrefix(v, prefix)) != negated
	}, nil
}
