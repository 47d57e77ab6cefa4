package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func intValue(v int64) *pb.Value   { return &pb.Value{Value: &pb.Value_IntValue{IntValue: v}} }
func textValue(v string) *pb.Value { return &pb.Value{Value: &pb.Value_StringValue{StringValue: v}} }

func TestDeclarations(t *testing.T) {
	for _, c := range []struct {
		list *pb.Checklist
		want string // "field: part of the message"
	}{
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "a", Type: "int", Default: intValue(1)}, {Name: "a", Type: "int", Default: intValue(1)}}}, "parameters[1].name: declared twice"},
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "A", Type: "int", Default: intValue(1)}}}, "parameters[0].name: no name that a rule can write"},
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "in", Type: "int", Default: intValue(1)}}}, "parameters[0].name: no name that a rule can write"},
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "a", Type: "float", Default: intValue(1)}}}, "parameters[0].type: no type"},
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "a", Type: "int"}}}, "parameters[0].default: there is no value"},
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "a", Type: "int", Default: textValue("1")}}}, "parameters[0].default: of type string, but int is declared"},
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "a", Type: "duration", Default: &pb.Value{Value: &pb.Value_DurationValue{DurationValue: &durationpb.Duration{Seconds: 1 << 40}}}}}}, "parameters[0].default: longer than 292 years"},
		{&pb.Checklist{Parameters: []*pb.Parameter{{Name: "a", Type: "timestamp", Default: &pb.Value{Value: &pb.Value_TimeValue{TimeValue: &timestamppb.Timestamp{Seconds: 1 << 50}}}}}}, "parameters[0].default: years 1 to 9999"},
		{&pb.Checklist{Tables: []*pb.Table{{Name: "a", Type: "int", Entries: map[string]*pb.Value{"x": intValue(1), "y": textValue("")}}}}, `tables[0].entries["y"]: of type string, but int is declared`},
		{&pb.Checklist{Tables: []*pb.Table{{Name: "a", Type: "map", Entries: nil}}}, "tables[0].type: no type"},
		{&pb.Checklist{Facts: []*pb.FactDeclaration{{Name: "a", Scope: "host", Type: "bool"}, {Name: "a", Scope: "host", Type: "int"}}}, "facts[1].name: declared twice for host"},
		{&pb.Checklist{Facts: []*pb.FactDeclaration{{Name: "a", Scope: "volume", Type: "bool"}}}, "facts[0].scope: nothing that has facts"},
		{&pb.Checklist{Facts: []*pb.FactDeclaration{{Name: "a", Scope: "host", Type: "list(int)"}}}, "facts[0].type: cannot be a list of numbers"},
		{&pb.Checklist{Claims: []*pb.ClaimDeclaration{{Id: "a"}, {Id: "a"}}}, "claims[1].id: declared twice"},
	} {
		env, issues := rule.NewEnv(c.list)
		field, message, _ := strings.Cut(c.want, ": ")
		if env != nil || len(issues) == 0 || issues[0].Field != field || !strings.Contains(issues[0].Message, message) {
			t.Errorf("issues are %v, want %s", issues, c.want)
		}
	}
}

// TestDeclaredTwice are names that may stand twice, since rules tell them apart.
func TestDeclaredTwice(t *testing.T) {
	_, issues := rule.NewEnv(&pb.Checklist{
		Parameters: []*pb.Parameter{{Name: "a", Type: "int", Default: intValue(1)}},
		Tables:     []*pb.Table{{Name: "a", Type: "int"}},
		Facts:      []*pb.FactDeclaration{{Name: "a", Scope: "host", Type: "bool"}, {Name: "a", Scope: "unit", Type: "int"}},
		Claims:     []*pb.ClaimDeclaration{{Id: "a"}},
	})
	if len(issues) > 0 {
		t.Error(issues)
	}
}

func TestValues(t *testing.T) {
	list := &pb.Checklist{Parameters: []*pb.Parameter{
		{Name: "limit", Type: "int", Default: intValue(1)},
		{Name: "ratio", Type: "double", Default: intValue(1)}, // a whole number is a double, too
		{Name: "name", Type: "string", Default: textValue("default")},
		{Name: "since", Type: "timestamp", Default: &pb.Value{Value: &pb.Value_TimeValue{TimeValue: timestamppb.New(time.Unix(60, 0))}}},
	}}
	env, issues := rule.NewEnv(list)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	show, issues := env.Compile(`string(params.limit) + " " + string(params.ratio) + " " + params.name + " " + string(params.since)`, "system", rule.WantScalar)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	for _, c := range []struct {
		profile, tailoring map[string]*pb.Value
		want               string
	}{
		{nil, nil, "1 1 default 1970-01-01T00:01:00Z"},
		{map[string]*pb.Value{"limit": intValue(2)}, nil, "2 1 default 1970-01-01T00:01:00Z"},
		{map[string]*pb.Value{"limit": intValue(2), "name": textValue("p")}, map[string]*pb.Value{"limit": intValue(3)}, "3 1 p 1970-01-01T00:01:00Z"},
	} {
		values, issues := rule.NewValues(env, c.profile, c.tailoring)
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		m := rule.NewMachine(rule.Context{Inventory: &pb.Inventory{}, Values: values})
		if got, ok := show.Scalar(m); !ok || got != c.want {
			t.Errorf("is %q, %v, want %q", got, ok, c.want)
		}
	}
	_, issues = rule.NewValues(env, map[string]*pb.Value{"nope": intValue(1), "limit": textValue("x")}, map[string]*pb.Value{"name": intValue(1)})
	var fields []string
	for _, i := range issues {
		fields = append(fields, i.Field)
	}
	if fmt.Sprint(fields) != "[parameters.limit parameters.nope parameters.name]" {
		t.Errorf("issues are %v", issues)
	}
}

// TestScalar shows values of all types as text.
func TestScalar(t *testing.T) {
	w := newWorld(t)
	inv := inventoryOf(t, map[string]any{"hosts": []any{map[string]any{
		"id": "h", "names": []any{"a", "b"}, "partial": []any{"names"}, "os": map[string]any{"patchedTime": "2026-05-02T00:00:00Z", "openAlerts": 3},
		"endpoints": []any{map[string]any{"id": "443", "hstsMaxAge": "3600s"}, map[string]any{"id": "80"}}}}})
	w.bind(inv, now)
	for src, want := range map[string]string{
		`host.id`:                 "h",
		`host.os.open_alerts`:     "3",
		`host.os.open_alerts > 2`: "true",
		`1.5 * 2.0`:               "3",
		`host.os.patched_time`:    "2026-05-02T00:00:00Z",
		`host.os.patched_time - timestamp("2026-05-01T00:00:00Z")`: "86400s",
		`host.names`:                            "a, b, …",
		`host.names.map(n, n.size())`:           "1, 1, …",
		`host.endpoints.map(e, e.id)`:           "443, 80",
		`host.endpoints.map(e, e.hsts_max_age)`: "3600s, …",
		`[1.5, 2.0]`:                            "1.5, 2",
		`[true]`:                                "true",
		`host.endpoints.filter(e, e.id == "x").map(e, e.id)`: "",
		`host.zone`:                   "?",
		`host.addresses.map(a, a.ip)`: "?",
		`1 / 0`:                       "?",
	} {
		p, issues := w.env.Compile(src, "host", rule.WantScalar)
		if len(issues) > 0 {
			t.Fatalf("%s: %v", src, issues)
		}
		w.machine.Subject(pointer(inv.Hosts[0]), pointer(inv.Hosts[0]))
		got, ok := p.Scalar(w.machine)
		if !ok {
			got = "?"
		}
		if got != want {
			t.Errorf("%s is %q, want %q", src, got, want)
		}
	}
	_, issues := w.env.Compile(`host.os`, "host", rule.WantScalar)
	if len(issues) != 1 || !strings.Contains(issues[0].Message, "write one of its fields") {
		t.Errorf("issues are %v", issues)
	}
}

func TestLocal(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		scope, src string
		want       bool
	}{
		{"host", `host.virtual && host.os.patched_time > now - params.p_duration`, true},
		{"host", `host.zone in tables.t_strings[host.id] || host.boolFact("f_bool")`, true},
		{"host", `host.components.exists(c, c.role == host.component("x").role)`, true},
		{"component", `component.role == host.zone`, true},
		{"host", `inventory.host("x").virtual`, false},
		{"host", `inventory.zone(host.zone).insulated`, false},
		{"host", `system.product == "x"`, false},
		{"host", `inventory.hosts.size() > 2`, false},
		{"host", `claimed("secure", host.facility)`, false},
		{"system", `system.product == "x"`, false},
	} {
		if got := w.compile(t, c.src, c.scope).Local(); got != c.want {
			t.Errorf("%s: local is %v", c.src, got)
		}
	}
}
