package rule

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// value is the value of a parameter or a table's entry: the field that its
// type asks for. Instants and spans of time are in microseconds.
type value struct {
	b   bool
	i   int64
	d   float64
	s   string
	is  []int64
	ss  []string
	set map[string]struct{} // of ss, where that is long
}

// Values are a checklist's parameters, resolved for one profile and
// tailoring. They are immutable.
type Values struct {
	env  *Env
	vals []value
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

// longList is the length from which a list of texts is searched by a hash.
const longList = 8

func setOf(list []string) map[string]struct{} {
	if len(list) <= longList {
		return nil
	}
	set := make(map[string]struct{}, len(list))
	for _, s := range list {
		set[s] = struct{}{}
	}
	return set
}

// valueOf checks that a value is of the declared type.
func valueOf(v *pb.Value, t *syntax.Type) (out value, problem string) {
	got := ""
	switch x := v.GetValue().(type) {
	case nil:
		return out, fmt.Sprintf("there is no value; write one of type %s", t)
	case *pb.Value_BoolValue:
		got, out.b = "bool", x.BoolValue
	case *pb.Value_IntValue:
		got, out.i = "int", x.IntValue
		if t.Kind == syntax.Double {
			got, out.d = "double", float64(x.IntValue)
		}
	case *pb.Value_DoubleValue:
		got, out.d = "double", x.DoubleValue
	case *pb.Value_StringValue:
		got, out.s = "string", x.StringValue
	case *pb.Value_DurationValue:
		got, out.i = "duration", x.DurationValue.GetSeconds()*1e6+int64(x.DurationValue.GetNanos())/1e3
		if s := x.DurationValue.GetSeconds(); s > syntax.MaxDuration/1_000_000 || s < -syntax.MaxDuration/1_000_000 {
			return out, "the duration is longer than 292 years"
		}
	case *pb.Value_TimeValue:
		got, out.i = "timestamp", micros(x.TimeValue)
		if !x.TimeValue.IsValid() {
			return out, "the timestamp is not within the years 1 to 9999"
		}
	case *pb.Value_Strings:
		got, out.ss = "list(string)", x.Strings.GetValues()
		out.set = setOf(out.ss)
	case *pb.Value_Ints:
		got, out.is = "list(int)", x.Ints.GetValues()
	}
	if got != t.String() {
		return out, fmt.Sprintf("the value is of type %s, but %s is declared", got, t)
	}
	return out, ""
}
