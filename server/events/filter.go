package events

import (
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// Filter is a condition over events, compiled. It is safe for concurrent use.
// The nil Filter holds for all.
type Filter struct{ program cel.Program }

// costLimit bounds what one event may cost a filter, in cel-go's units: a few
// loops over an event's results, not loops in loops in loops.
const costLimit = 1_000_000

// environment is what filters can name. Making it fails only where the
// generated messages are wrong.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(cel.Types(&pb.Event{}), cel.Variable("event", cel.ObjectType("plumbline.v1.Event")))
})

// CompileFilter compiles a condition in CEL over `event`; an empty one holds
// for all. The error is INVALID_ARGUMENT of the field, with a violation for each
// mistake that says its line and column, both from 1.
func CompileFilter(field, src string) (*Filter, error) {
	if strings.TrimSpace(src) == "" {
		return nil, nil
	}
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("events: the environment of filters: %w", err)
	}
	ast, issues := env.Compile(src)
	if issues.Err() != nil {
		var out []fault.Violation
		for _, e := range issues.Errors() {
			out = append(out, violation(field, e.Location.Line(), e.Location.Column()+1, e.Message))
		}
		return nil, fault.Invalid(out...)
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) {
		return nil, fault.Invalid(violation(field, 1, 1, fmt.Sprintf("it is a %s, and must be a condition such as event.type == \"result.failing\"", t)))
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
	if err != nil {
		return nil, fault.Invalid(violation(field, 1, 1, err.Error()))
	}
	return &Filter{program}, nil
}

func violation(field string, line, column int, message string) fault.Violation {
	return fault.Violation{Field: field, Description: fmt.Sprintf("line %d, column %d: %s", line, column, message), Reason: "cel"}
}

// Matches tells whether the condition holds. Where it has no answer (it divides
// by zero, asks for the third result of two, costs too much) it counts as
// holding: an event too many is seen, one too few is not.
func (f *Filter) Matches(e *pb.Event) bool {
	if f == nil {
		return true
	}
	v, _, err := f.program.Eval(map[string]any{"event": e})
	if err != nil {
		return true
	}
	holds, ok := v.Value().(bool)
	return holds || !ok
}
