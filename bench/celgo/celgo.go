// Package celgo evaluates the sixty rules with cel-go's own evaluator, over the
// protobuf messages as they are, with its optimizations on.
//
// It is set up as kindly as it can be: parameters and tables are cel values
// already, the host is made one once for all rules, and the activation is used
// again.
package celgo

import (
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Evaluator is the compiled rules. It is not safe for concurrent use.
type Evaluator struct {
	adapter types.Adapter
	rules   []compiled
	vars    map[string]any
	act     cel.Activation
}

type compiled struct{ applies, check cel.Program }

// typesOf are cel's types of those that parameters and tables have.
var typesOf = map[string]*cel.Type{
	"bool": cel.BoolType, "int": cel.IntType, "double": cel.DoubleType, "string": cel.StringType,
	"duration": cel.DurationType, "timestamp": cel.TimestampType,
	"list(string)": cel.ListType(cel.StringType), "list(int)": cel.ListType(cel.IntType),
}

// New compiles the rules of a checklist.
func New(c *pb.Checklist) (*Evaluator, error) {
	opts := []cel.EnvOption{
		cel.Types(&pb.Host{}), cel.Variable("host", cel.ObjectType("plumbline.v1.Host")), cel.Variable("now", cel.TimestampType),
		cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true), ext.Strings(),
	}
	for _, p := range c.Parameters {
		opts = append(opts, cel.Variable("params."+p.Name, typesOf[p.Type]))
	}
	for _, t := range c.Tables {
		opts = append(opts, cel.Variable("tables."+t.Name, cel.MapType(cel.StringType, typesOf[t.Type])))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, err
	}
	e := &Evaluator{adapter: env.CELTypeAdapter(), vars: map[string]any{}}
	e.constants(c)
	for _, g := range c.Groups {
		for _, r := range g.Rules {
			one, err := compile(env, r)
			if err != nil {
				return nil, fmt.Errorf("rule %s: %w", r.Id, err)
			}
			e.rules = append(e.rules, one)
		}
	}
	e.act, err = cel.NewActivation(e.vars)
	return e, err
}

func compile(env *cel.Env, r *pb.Rule) (out compiled, err error) {
	program := func(src string) (cel.Program, error) {
		ast, issues := env.Compile(src)
		if issues.Err() != nil {
			return nil, issues.Err()
		}
		return env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	}
	if r.Applies != "" {
		if out.applies, err = program(r.Applies); err != nil {
			return out, err
		}
	}
	out.check, err = program(r.Check)
	return out, err
}

// constants binds parameters and tables.
func (e *Evaluator) constants(c *pb.Checklist) {
	for _, p := range c.Parameters {
		e.vars["params."+p.Name] = e.value(p.Default)
	}
	for _, t := range c.Tables {
		entries := map[ref.Val]ref.Val{}
		for k, v := range t.Entries {
			entries[types.String(k)] = e.value(v)
		}
		e.vars["tables."+t.Name] = types.NewRefValMap(e.adapter, entries)
	}
}

func (e *Evaluator) value(v *pb.Value) ref.Val {
	var native any
	switch x := v.Value.(type) {
	case *pb.Value_BoolValue:
		native = x.BoolValue
	case *pb.Value_IntValue:
		native = x.IntValue
	case *pb.Value_DoubleValue:
		native = x.DoubleValue
	case *pb.Value_StringValue:
		native = x.StringValue
	case *pb.Value_DurationValue:
		native = x.DurationValue.AsDuration()
	case *pb.Value_TimeValue:
		native = x.TimeValue.AsTime()
	case *pb.Value_Strings:
		native = x.Strings.Values
	case *pb.Value_Ints:
		native = x.Ints.Values
	}
	return e.adapter.NativeToValue(native)
}

// Run evaluates the rules on one host and appends a state each. at is in
// microseconds since 1970 UTC.
func (e *Evaluator) Run(h *pb.Host, at int64, states []score.State) []score.State {
	e.vars["host"] = e.adapter.NativeToValue(h)
	e.vars["now"] = types.Timestamp{Time: time.UnixMicro(at).UTC()}
	for i := range e.rules {
		r := &e.rules[i]
		s := score.Unset
		if r.applies != nil && e.eval(r.applies) == score.Fail {
			s = score.NotApplicable
		}
		if s == score.Unset {
			s = e.eval(r.check)
		}
		states = append(states, s)
	}
	return states
}

func (e *Evaluator) eval(p cel.Program) score.State {
	v, _, err := p.Eval(e.act)
	switch {
	case err != nil:
		return score.Error
	case v == types.True:
		return score.Pass
	}
	return score.Fail
}
