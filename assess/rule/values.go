package rule

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Values are a checklist's parameters, resolved for one profile and
// tailoring. They are immutable.
type Values struct {
	env  *Env
	vals []machine.Value
}

// NewValues resolves the parameters: a tailoring's value goes before a
// profile's, and that before the default. Either map may be nil. An issue's
// Field is "parameters.NAME".
func NewValues(e *Env, profile, tailoring map[string]*pb.Value) (*Values, []Issue) {
	v := &Values{env: e, vals: slices.Clone(e.defaults)}
	var issues []Issue
	for _, given := range []map[string]*pb.Value{profile, tailoring} {
		for _, name := range slices.Sorted(maps.Keys(given)) {
			field := "parameters." + name
			i := slices.IndexFunc(e.decls.Params, func(p syntax.Named) bool { return p.Name == name })
			if i < 0 {
				issues = append(issues, Issue{Field: field, Message: fmt.Sprintf("the checklist has no parameter %q; it has %s", name, paramNames(e))})
				continue
			}
			val, err := valueOf(given[name], e.decls.Params[i].Type)
			if err != "" {
				issues = append(issues, Issue{Field: field, Message: err})
				continue
			}
			v.vals[i] = val
		}
	}
	if len(issues) > 0 {
		return nil, issues
	}
	return v, nil
}

func paramNames(e *Env) string {
	if len(e.decls.Params) == 0 {
		return "none"
	}
	out := ""
	for i, p := range e.decls.Params {
		if i > 0 {
			out += ", "
		}
		out += p.Name
	}
	return out
}

// valueOf checks that a value is of the declared type.
func valueOf(v *pb.Value, t *syntax.Type) (out machine.Value, problem string) {
	got := ""
	switch x := v.GetValue().(type) {
	case nil:
		return out, fmt.Sprintf("there is no value; write one of type %s", t)
	case *pb.Value_BoolValue:
		got, out.B = "bool", x.BoolValue
	case *pb.Value_IntValue:
		got, out.I = "int", x.IntValue
		if t.Kind == syntax.Double {
			got, out.D = "double", float64(x.IntValue)
		}
	case *pb.Value_DoubleValue:
		got, out.D = "double", x.DoubleValue
	case *pb.Value_StringValue:
		got, out.S = "string", x.StringValue
	case *pb.Value_DurationValue:
		got, out.I = "duration", x.DurationValue.GetSeconds()*1e6+int64(x.DurationValue.GetNanos())/1e3
		if s := x.DurationValue.GetSeconds(); s > syntax.MaxDuration/1_000_000 || s < -syntax.MaxDuration/1_000_000 {
			return out, "the duration is longer than 292 years"
		}
	case *pb.Value_TimeValue:
		got, out.I = "timestamp", x.TimeValue.GetSeconds()*1e6+int64(x.TimeValue.GetNanos())/1e3
		if !x.TimeValue.IsValid() {
			return out, "the timestamp is not within the years 1 to 9999"
		}
	case *pb.Value_Strings:
		got, out.Ss = "list(string)", x.Strings.GetValues()
		out.Set = machine.SetOf(out.Ss)
	case *pb.Value_Ints:
		got, out.Is = "list(int)", x.Ints.GetValues()
	}
	if got != t.String() {
		return out, fmt.Sprintf("the value is of type %s, but %s is declared", got, t)
	}
	return out, ""
}
