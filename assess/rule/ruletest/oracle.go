package ruletest

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Oracles makes oracles for the conditions of one checklist, with its default
// parameters. It is not safe for concurrent use.
type Oracles struct {
	env    *rule.Env
	list   *pb.Checklist
	opts   []cel.ProgramOption
	scopes map[string]*cel.Env
	now    *clock
}

// clock is what the function claimed asks for.
type clock struct {
	at     time.Time
	claims []*pb.Claim
}

// NewOracles makes oracles that evaluate with the given options.
func NewOracles(env *rule.Env, c *pb.Checklist, opts ...cel.ProgramOption) *Oracles {
	return &Oracles{env: env, list: c, opts: append(opts, cel.EvalOptions(cel.OptPartialEval)), scopes: map[string]*cel.Env{}, now: &clock{}}
}

// scope is the scope's environment with implementations of all functions.
func (o *Oracles) scope(name string) (*cel.Env, error) {
	if env := o.scopes[name]; env != nil {
		return env, nil
	}
	base, err := o.env.CEL(name)
	if err != nil {
		return nil, err
	}
	env, err := base.Extend(o.bindings(base)...)
	if err != nil {
		return nil, fmt.Errorf("bind functions: %w", err)
	}
	o.scopes[name] = env
	return env, nil
}

// Oracle evaluates one condition with cel-go's own evaluator. That one is
// two-valued: what it says holds where all that the condition reads is
// reported. It is not safe for concurrent use.
type Oracle struct {
	program cel.Program
	now     *clock
	vars    map[string]any
}

// Oracle compiles a condition of a scope.
func (o *Oracles) Oracle(src, scope string) (*Oracle, error) {
	env, err := o.scope(scope)
	if err != nil {
		return nil, err
	}
	ast, iss := env.Compile(src)
	if iss.Err() != nil {
		return nil, iss.Err()
	}
	program, err := env.Program(ast, o.opts...)
	if err != nil {
		return nil, err
	}
	out := &Oracle{program: program, now: o.now, vars: map[string]any{}}
	for _, p := range o.list.Parameters {
		out.vars["params."+p.Name] = native(p.Default)
	}
	for _, t := range o.list.Tables {
		entries := map[string]any{}
		for k, v := range t.Entries {
			entries[k] = native(v)
		}
		out.vars["tables."+t.Name] = entries
	}
	return out, nil
}

// native is a checklist's value as Go has it.
func native(v *pb.Value) any {
	switch x := v.Value.(type) {
	case *pb.Value_BoolValue:
		return x.BoolValue
	case *pb.Value_IntValue:
		return x.IntValue
	case *pb.Value_DoubleValue:
		return x.DoubleValue
	case *pb.Value_StringValue:
		return x.StringValue
	case *pb.Value_DurationValue:
		return x.DurationValue.AsDuration()
	case *pb.Value_TimeValue:
		return x.TimeValue.AsTime()
	case *pb.Value_Strings:
		return x.Strings.Values
	case *pb.Value_Ints:
		return x.Ints.Values
	}
	return nil
}

// Set binds a variable, such as "host", to a message.
func (o *Oracle) Set(name string, m proto.Message) { o.vars[name] = m }

// Bool evaluates the condition over an inventory, in which the variables of
// the scope must have been set, at an instant. It is rule.Unknown where a
// lookup found nothing.
func (o *Oracle) Bool(inv *pb.Inventory, claims []*pb.Claim, at int64) rule.Tri {
	o.now.at, o.now.claims = time.UnixMicro(at).UTC(), claims
	o.vars["inventory"], o.vars["system"], o.vars["now"] = inv, inv.System, o.now.at
	v, _, err := o.program.Eval(o.vars)
	switch x := v.(type) {
	case types.Bool:
		if x {
			return rule.True
		}
		return rule.False
	case *types.Unknown:
		return rule.Unknown
	}
	if err == nil {
		panic(fmt.Sprintf("a condition gave %v", v))
	}
	return rule.Error
}

var nothing = types.NewUnknown(0, types.NewAttributeTrail("lookup"))

// bindings implements the functions that are not CEL's own, overload by
// overload as they are declared.
func (o *Oracles) bindings(env *cel.Env) []cel.EnvOption {
	var opts []cel.EnvOption
	for name, decl := range env.Functions() {
		impl := implementation(name, env.CELTypeAdapter())
		if name == "claimed" {
			impl = o.claimed
		}
		if impl == nil {
			continue
		}
		for _, ov := range decl.OverloadDecls() {
			binding := cel.FunctionBinding(impl)
			if len(ov.ArgTypes()) == 2 {
				binding = cel.BinaryBinding(func(a, b ref.Val) ref.Val { return impl(a, b) })
			} else if len(ov.ArgTypes()) == 1 {
				binding = cel.UnaryBinding(func(a ref.Val) ref.Val { return impl(a) })
			}
			if ov.IsMemberFunction() {
				opts = append(opts, cel.Function(name, cel.MemberOverload(ov.ID(), ov.ArgTypes(), ov.ResultType(), binding)))
			} else {
				opts = append(opts, cel.Function(name, cel.Overload(ov.ID(), ov.ArgTypes(), ov.ResultType(), binding)))
			}
		}
	}
	return opts
}

func implementation(name string, adapter types.Adapter) func(...ref.Val) ref.Val {
	switch name {
	case "lowerAscii":
		return onText(func(s string) string { return asciiCase(s, 'A', 'Z', 'a'-'A') })
	case "upperAscii":
		return onText(func(s string) string { return asciiCase(s, 'a', 'z', 'A'-'a') })
	case "trim":
		return onText(strings.TrimSpace)
	case "host", "facility", "zone", "boundary", "unit", "population", "domain", "channel", "component", "endpoint":
		return find(name, adapter)
	}
	if strings.HasSuffix(name, "Fact") {
		return declaredFact(name)
	}
	return nil
}

func onText(f func(string) string) func(...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val { return types.String(f(string(args[0].(types.String)))) }
}

func asciiCase(s string, from, to, by rune) string {
	return strings.Map(func(r rune) rune {
		if from <= r && r <= to {
			return r + by
		}
		return r
	}, s)
}

// lists are the lists that lookups search.
var lists = map[string]string{
	"host": "hosts", "facility": "facilities", "zone": "zones", "boundary": "boundaries", "unit": "units",
	"population": "populations", "domain": "domains", "channel": "channels", "component": "components", "endpoint": "endpoints",
}

func find(name string, adapter types.Adapter) func(...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		msg, id := args[0].Value().(proto.Message), string(args[1].(types.String))
		if inv, ok := msg.(*pb.Inventory); ok && shape.Of(msg).Field(lists[name]) == nil {
			msg = inv.System
		}
		rm := msg.ProtoReflect()
		list := rm.Get(rm.Descriptor().Fields().ByName(protoreflect.Name(lists[name]))).List()
		for i := range list.Len() {
			e := list.Get(i).Message()
			if e.Get(e.Descriptor().Fields().ByNumber(1)).String() == id {
				return adapter.NativeToValue(e.Interface())
			}
		}
		return nothing
	}
}

// declaredFact reads a fact by the function's name, which says its type; one
// that is reported with another type counts as not reported.
func declaredFact(function string) func(...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		m := args[0].Value().(interface {
			GetFacts() map[string]*pb.FactValue
		})
		v := m.GetFacts()[string(args[1].(types.String))]
		typ, out := factOf(v)
		if typ != function {
			return nothing
		}
		return out
	}
}

// factOf is a fact's value, and the function that reads facts of its type.
func factOf(v *pb.FactValue) (function string, out ref.Val) {
	switch x := v.GetValue().(type) {
	case *pb.FactValue_BoolValue:
		return "boolFact", types.Bool(x.BoolValue)
	case *pb.FactValue_IntValue:
		return "intFact", types.Int(x.IntValue)
	case *pb.FactValue_DoubleValue:
		return "doubleFact", types.Double(x.DoubleValue)
	case *pb.FactValue_StringValue:
		return "stringFact", types.String(x.StringValue)
	case *pb.FactValue_TimeValue:
		return "timeFact", types.Timestamp{Time: x.TimeValue.AsTime()}
	case *pb.FactValue_DurationValue:
		return "durationFact", types.Duration{Duration: x.DurationValue.AsDuration()}
	case *pb.FactValue_StringList:
		return "listFact", types.NewStringList(types.DefaultTypeAdapter, x.StringList.GetValues())
	}
	return "", nil
}

func (o *Oracles) claimed(args ...ref.Val) ref.Val {
	id, subject := string(args[0].(types.String)), string(args[1].(types.String))
	for _, c := range o.now.claims {
		started := c.StartTime == nil || !o.now.at.Before(c.StartTime.AsTime())
		ended := !o.now.at.Before(c.ExpireTime.AsTime()) || c.RevokeTime != nil && !o.now.at.Before(c.RevokeTime.AsTime())
		if c.Claim == id && c.Subject == subject && started && !ended {
			return types.True
		}
	}
	return types.False
}
