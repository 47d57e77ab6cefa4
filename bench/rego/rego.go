// Package rego has the sixty rules in Rego, as OPA evaluates them: in this
// process by a prepared query on parsed input, and in a server of its own.
package rego

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/plumbline/plumbline/assess/score"
)

//go:embed rules.rego
var Source string

// Query is what is asked for: an object of rule ids, each true, false, or null
// where the rule does not apply.
const Query = "data.bench.results"

// Evaluator is the prepared query.
type Evaluator struct {
	query rego.PreparedEvalQuery
	ids   []string
}

// New prepares the query. ids are the rules', in the order of states.
func New(ctx context.Context, ids []string) (*Evaluator, error) {
	q, err := rego.New(rego.Query(Query), rego.Module("rules.rego", Source)).PrepareForEval(ctx)
	return &Evaluator{query: q, ids: ids}, err
}

// Parse makes input of a document.
func Parse(document map[string]any) (ast.Value, error) { return ast.InterfaceToValue(document) }

// Run evaluates the rules on one parsed input and appends a state each.
func (e *Evaluator) Run(ctx context.Context, input ast.Value, states []score.State) ([]score.State, error) {
	set, err := e.query.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return states, err
	}
	if len(set) != 1 || len(set[0].Expressions) != 1 {
		return states, fmt.Errorf("%s is not defined", Query)
	}
	results, ok := set[0].Expressions[0].Value.(map[string]any)
	if !ok || len(results) != len(e.ids) {
		return states, fmt.Errorf("%s has %d results, not %d", Query, len(results), len(e.ids))
	}
	return States(results, e.ids, states), nil
}

// States turns results into states, and appends them.
func States(results map[string]any, ids []string, states []score.State) []score.State {
	for _, id := range ids {
		s := score.Fail
		switch v, ok := results[id]; {
		case !ok:
			s = score.Error
		case v == nil:
			s = score.NotApplicable
		case v == true:
			s = score.Pass
		}
		states = append(states, s)
	}
	return states
}
