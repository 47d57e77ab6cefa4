package syntax

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/overloads"
)

var update = flag.Bool("update", false, "write the golden file anew")

// special are the overloads that are no Call but a Node of their own.
var special = []string{
	overloads.LogicalAnd, overloads.LogicalOr, overloads.LogicalNot, overloads.Conditional, overloads.NotStrictlyFalse,
	overloads.Equals, overloads.NotEquals, overloads.InList, overloads.IndexMap, overloads.SizeList, overloads.SizeListInst,
	overloads.SizeStringInst, overloads.Matches, "claimed_string_string",
}

// TestEnvironment holds what rules can name against a golden file, so that a
// change of it, by us or by a new cel-go, shows in review.
func TestEnvironment(t *testing.T) {
	e, err := NewEnv(Decls{
		Params: []Named{{"limit", IntType}, {"names", TypeNamed("list(string)")}},
		Tables: []Named{{"ports", TypeNamed("list(int)")}},
		Facts:  []FactDecl{{"hardened", "host", BoolType}}, Claims: []string{"secure"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	scopes := []Scope{{Name: "system"}, {Name: PairScope, Left: messages["Host"], Right: messages["Channel"]}}
	for name := range scopeMessages {
		scopes = append(scopes, Scope{Name: name})
	}
	sort.Slice(scopes, func(i, j int) bool { return scopes[i].Name < scopes[j].Name })
	for _, s := range scopes {
		env, err := e.CEL(s)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "scope %s\n", s.Name)
		for _, v := range s.variables() {
			fmt.Fprintf(&b, "  %s %s\n", v.name, v.typ)
		}
		if s.Name == "system" {
			writeCommon(&b, env)
		}
	}
	const golden = "testdata/environment.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("what rules can name has changed; look at the difference after: go test ./assess/rule/syntax -update\n%s", difference(string(want), b.String()))
	}
}

// writeCommon writes what all scopes have in common.
func writeCommon(b *strings.Builder, env *cel.Env) {
	for _, v := range env.Variables() {
		if strings.Contains(v.Name(), ".") || v.Name() == "now" {
			fmt.Fprintf(b, "  (all scopes) %s %s\n", v.Name(), v.Type())
		}
	}
	var macros []string
	for _, m := range env.Macros() {
		macros = append(macros, fmt.Sprintf("  macro %s", m.MacroKey()))
	}
	slices.Sort(macros)
	b.WriteString(strings.Join(macros, "\n") + "\n")
	var lines []string
	for name, f := range env.Functions() {
		if f.IsDeclarationDisabled() {
			continue
		}
		for _, o := range f.OverloadDecls() {
			lines = append(lines, signature(name, o))
		}
	}
	slices.Sort(lines)
	b.WriteString(strings.Join(lines, "\n") + "\n")
}

func signature(name string, o *decls.OverloadDecl) string {
	var args []string
	for _, a := range o.ArgTypes() {
		args = append(args, a.String())
	}
	s := fmt.Sprintf("  function %s %s(%s) %s", name, o.ID(), strings.Join(args, ", "), o.ResultType())
	_, refusal := typeOf(o.ResultType())
	own := strings.Contains(o.ID(), "Fact_") || slices.ContainsFunc(lookups, func(l lookup) bool { return o.ID() == l.on+"_"+l.name })
	if !own && refusal != "" && !strings.Contains(o.ResultType().String(), "A") && !strings.Contains(o.ResultType().String(), "B") ||
		!own && !slices.Contains(Calls, o.ID()) && !slices.Contains(special, o.ID()) {
		s += " REFUSED"
	}
	return s
}

func difference(a, b string) string {
	old, fresh := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for _, l := range old {
		if !slices.Contains(fresh, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range fresh {
		if !slices.Contains(old, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

// TestCallsExist holds the list of supported overloads against what cel-go
// declares.
func TestCallsExist(t *testing.T) {
	env, err := standard()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, f := range env.Functions() {
		for _, o := range f.OverloadDecls() {
			ids[o.ID()] = true
		}
	}
	for _, id := range slices.Concat(Calls, special) {
		if !ids[id] {
			t.Errorf("cel-go declares no overload %q", id)
		}
	}
}

// TestNodeText asks that different trees have different texts, since what is
// computed once a system is told apart by them.
func TestNodeText(t *testing.T) {
	e, err := NewEnv(Decls{Params: []Named{{"a", TypeNamed("list(string)")}, {"b", TypeNamed("list(string)")}}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, src := range []string{
		`["a b"] == params.a`, `["a", "b"] == params.a`, `["a", "b"] == params.b`, `["a", "b"] != params.a`, `[] + ["a"] == params.a`,
		`1 == 1`, `1 == 2`, `1.0 == 1.0`, `"1" == "1"`, `duration("1us") == duration("1us")`, `timestamp("1970-01-01T00:00:00.000001Z") == timestamp(0)`,
		`system.product == "a"`, `system.owner == "a"`, `system.labels["product"] == "a"`, `system.labels["a"] == "product"`,
		`system.zones.exists(z, z.id == "a")`, `system.zones.all(z, z.id == "a")`, `system.zones.exists(y, y.id == "a")`,
		`inventory.zone("a").kind == "internal"`, `inventory.boundary("a").kind == "router"`,
		`now < timestamp(1)`, `now <= timestamp(1)`, `now + duration("1s") < timestamp(1)`, `now - duration("1s") < timestamp(1)`,
		`1 + 1 == 2`, `1 - 1 == 2`, `1 < 2`, `1 <= 2`, `1 < 2.0`, `true && false`, `true || false`, `!true`, `true ? true : false`,
	} {
		tree, issues := e.Compile(src, Scope{Name: "system"}, WantBool)
		if len(issues) > 0 {
			t.Fatalf("%s: %v", src, issues)
		}
		text := tree.Root.String()
		if seen[text] != "" {
			t.Errorf("%s and %s have the same text %s", src, seen[text], text)
		}
		seen[text] = src
	}
}

// TestOnce shows which parts are computed once a system.
func TestOnce(t *testing.T) {
	e, err := NewEnv(Decls{})
	if err != nil {
		t.Fatal(err)
	}
	for src, want := range map[string]string{
		`host.zone in inventory.hosts.map(h, h.zone)`:                                                  "map",
		`inventory.hosts.all(h, h.virtual) && host.virtual`:                                            "all",
		`inventory.hosts.all(h, h.virtual) && system.zones.exists(z, z.insulated)`:                     "and",
		`system.channels.exists(c, c.from.host == host.id)`:                                            "",
		`system.product == "x" && host.virtual`:                                                        "",
		`host.names.all(n, n in inventory.hosts.map(h, h.zone))`:                                       "map",
		`inventory.hosts.exists(h, h.zone == "x" && system.zones.all(z, z.insulated)) == host.virtual`: "exists all",
	} {
		tree, issues := e.Compile(src, Scope{Name: "host"}, WantBool)
		if len(issues) > 0 {
			t.Fatalf("%s: %v", src, issues)
		}
		var once []string
		var walk func(n *Node)
		walk = func(n *Node) {
			if n.Once {
				once = append(once, opNames[n.Op])
			}
			for _, a := range n.Args {
				walk(a)
			}
		}
		walk(tree.Root)
		if got := strings.Join(once, " "); got != want {
			t.Errorf("%s: computed once are %q, want %q", src, got, want)
		}
	}
}
