package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/diff"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func compile(t interface {
	Helper()
	Fatal(...any)
}, c *pb.Checklist) *assess.Checklist {
	t.Helper()
	out, problems := assess.Compile(c)
	if out == nil {
		t.Fatal(problems)
	}
	return out
}

func shipped(t *testing.T) (out []*assess.Checklist) {
	files, err := guidance.Shipped()
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		out = append(out, compile(t, f.Checklist))
	}
	return out
}

// lines writes a diff as the cases do.
func lines(d *pb.ChecklistDiff) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	fields := func(list []*pb.FieldDiff) {
		for _, f := range list {
			add("  %s: %s -> %s", f.Field, f.Before, f.After)
		}
	}
	add("%d added, %d removed, %d changed, %d unchanged", d.Added, d.Removed, d.Changed, d.Unchanged)
	for _, r := range d.Rules {
		add("rule %s %s %s", r.Rule, r.Kind, strings.Join(r.Changes, " "))
		fields(r.Fields)
		for _, f := range r.FactsAdded {
			add("  + %s", f)
		}
		for _, f := range r.FactsRemoved {
			add("  - %s", f)
		}
	}
	for _, p := range d.Parts {
		add("%s %s %s", p.Part, p.Id, p.Kind)
		fields(p.Fields)
	}
	for _, f := range d.FactsAdded {
		add("+ %s (%s)", f.Path, strings.Join(f.Rules, " "))
	}
	for _, f := range d.FactsRemoved {
		add("- %s (%s)", f.Path, strings.Join(f.Rules, " "))
	}
	return out
}

const base = `
id: small
version: 1.0.0
title: Small
documents: [{id: doc, title: The document}]
parameters: [{name: age, type: duration, description: d, default: 720h}]
tables: [{name: ports, type: list(int), description: d, entries: {web: [80, 443], mail: [25]}}]
facts: [{name: locked, scope: host, type: bool, question: "Is it locked?"}]
claims: [{id: safe, scope: host, question: "Is it safe?", longest: 8760h}]
profiles: [{id: all, title: All, parameters: {age: 24h}}]
groups:
  - id: one
    title: One
    rules:
      - {id: patched, title: Patched, area: network, severity: low, scope: host, check: 'host.os.patched_time > now - params.age', message: m}
      - {id: ports, title: Ports, area: network, severity: low, scope: endpoint, check: 'endpoint.port in tables.ports["web"]'}
  - id: two
    title: Two
    rules:
      - {id: locked, title: Locked, area: physical, severity: low, scope: host, check: 'host.boolFact("locked")', exceptions: [{id: safe, when: 'claimed("safe", host.id)', text: it is safe}]}
`

func TestCases(t *testing.T) {
	for _, x := range []struct {
		name     string
		old, new []string // texts to replace, in pairs
		want     string
	}{
		{"nothing", nil, nil, "0 added, 0 removed, 0 changed, 3 unchanged"},
		{"severity and text", []string{"title: Patched, area: network, severity: low"}, []string{"title: Patched!, area: network, severity: high, weight: 2.5"}, `
0 added, 0 removed, 1 changed, 2 unchanged
rule patched changed severity weight text
  title: Patched -> Patched!
  severity: low -> high
  weight: 1 -> 2.5`},
		{"default", []string{"default: 720h"}, []string{"default: 1h30m"}, `
0 added, 0 removed, 1 changed, 2 unchanged
rule patched changed logic
  params.age: 720h -> 1h30m
parameter age changed
  default: 720h -> 1h30m`},
		{"table", []string{"web: [80, 443], mail: [25]"}, []string{"web: [443]"}, `
0 added, 0 removed, 1 changed, 2 unchanged
rule ports changed logic
  tables.ports[web]: [80, 443] -> [443]
  tables.ports[mail]: [25] -> 
table ports changed
  entries[web]: [80, 443] -> [443]
  entries[mail]: [25] -> `},
		{"check", []string{"check: 'host.os.patched_time > now - params.age'"}, []string{"check: host.virtual"}, `
0 added, 0 removed, 1 changed, 2 unchanged
rule patched changed logic facts
  check: host.os.patched_time > now - params.age -> host.virtual
  + hosts/*/virtual
  - hosts/*/os/patched_time
+ hosts/*/virtual (patched)
- hosts/*/os/patched_time (patched)`},
		{"spaces alone", []string{"host.os.patched_time > now"}, []string{"host.os.patched_time   > now"}, `
0 added, 0 removed, 1 changed, 2 unchanged
rule patched changed text
  check: host.os.patched_time > now - params.age -> host.os.patched_time   > now - params.age`},
		{"exception", []string{"id: safe, when: 'claimed(\"safe\", host.id)', text: it is safe"}, []string{"id: other, when: 'host.virtual', text: it is virtual"}, `
0 added, 0 removed, 1 changed, 2 unchanged
rule locked changed logic text facts
  exceptions[other].when:  -> host.virtual
  exceptions[other].text:  -> it is virtual
  exceptions: [safe] -> [other]
  exceptions[safe].when: claimed("safe", host.id) -> 
  exceptions[safe].text: it is safe -> 
  + hosts/*/virtual
+ hosts/*/virtual (locked)`},
		{"parts", []string{"title: The document", "parameters: {age: 24h}", "longest: 8760h", "title: Two", "Is it locked?"}, []string{"title: Another", "refinements: [{rule: ports, weight: 2}]", "longest: 24h", "title: II", "Really?"}, `
0 added, 0 removed, 0 changed, 3 unchanged
profile all changed
  refinements[ports]:  -> weight 2
  parameters[age]: 24h -> 
fact host.locked changed
  question: Is it locked? -> Really?
claim safe changed
  longest: 8760h -> 24h
document doc changed
  title: The document -> Another
group two changed
  title: Two -> II`},
		{"renamed", []string{"id: ports, title"}, []string{"id: listens, title"}, `
1 added, 1 removed, 0 changed, 2 unchanged
rule listens added 
  + hosts
  + hosts/*/endpoints
  + hosts/*/endpoints/*/port
rule ports removed 
  - hosts
  - hosts/*/endpoints
  - hosts/*/endpoints/*/port`},
	} {
		text := base
		for i := range x.old {
			if !strings.Contains(text, x.old[i]) {
				t.Fatalf("%s: there is no %q", x.name, x.old[i])
			}
			text = strings.Replace(text, x.old[i], x.new[i], 1)
		}
		got := lines(diff.Checklists(parse(t, base), parse(t, text)))
		if d := cmp.Diff(strings.Split(strings.TrimPrefix(x.want, "\n"), "\n"), got); d != "" {
			t.Errorf("%s (-want +got)\n%s", x.name, d)
		}
	}
}

func parse(t *testing.T, text string) *assess.Checklist {
	t.Helper()
	f, found := guidance.Parse("small.yaml", []byte(text))
	for _, d := range found {
		if !strings.HasPrefix(d.Message, "is missing;") {
			t.Fatal(d)
		}
	}
	return compile(t, f.Checklist)
}

// TestSame asks that what ships does not differ from itself.
func TestSame(t *testing.T) {
	for _, c := range shipped(t) {
		d := diff.Checklists(c, compile(t, proto.CloneOf(c.Source())))
		want := &pb.ChecklistDiff{Checklist: c.ID(), BaseVersion: c.Version(), Version: c.Version(), Unchanged: int32(c.RuleCount())}
		if d := cmp.Diff(want, d, protocmp.Transform()); d != "" {
			t.Errorf("%s differs from itself\n%s", c.ID(), d)
		}
	}
}

// TestTurnedRound asks that what is added one way is removed the other.
func TestTurnedRound(t *testing.T) {
	all := shipped(t)
	for i, a := range all {
		b := all[(i+1)%len(all)]
		there, back := diff.Checklists(a, b), diff.Checklists(b, a)
		if there.Added != back.Removed || there.Removed != back.Added || there.Changed != back.Changed || there.Unchanged != back.Unchanged {
			t.Errorf("%s and %s: %v, and %v", a.ID(), b.ID(), lines(there)[0], lines(back)[0])
		}
		if d := cmp.Diff(there.FactsAdded, back.FactsRemoved, protocmp.Transform()); d != "" {
			t.Error(d)
		}
		kinds := map[string]string{diff.Added: diff.Removed, diff.Removed: diff.Added, diff.Changed: diff.Changed}
		parts := map[string]string{}
		for _, p := range there.Parts {
			parts[p.Part+" "+p.Id] = kinds[p.Kind]
		}
		for _, p := range back.Parts {
			if parts[p.Part+" "+p.Id] != p.Kind {
				t.Errorf("%s %s is %s and %s", p.Part, p.Id, p.Kind, parts[p.Part+" "+p.Id])
			}
		}
	}
}

// edits are changes of one rule, by the kind that must be told.
var edits = map[string]func(g *pb.Group, r *pb.Rule){
	"logic": func(_ *pb.Group, r *pb.Rule) { r.Applies = "1 == 2" },
	"severity": func(_ *pb.Group, r *pb.Rule) {
		r.Severity = map[bool]string{true: "low", false: "info"}[r.Severity == "info"]
	},
	"weight": func(_ *pb.Group, r *pb.Rule) { r.Weight = proto.Float64(77) },
	"role":   func(_ *pb.Group, r *pb.Rule) { r.Role = "unscored" },
	"text":   func(_ *pb.Group, r *pb.Rule) { r.Rationale += " Indeed." },
	"examples": func(_ *pb.Group, r *pb.Rule) {
		r.Examples = append(r.Examples, &pb.Example{Name: "one more", Expect: "pass"})
	},
}

// TestEdits makes random edits of random rules: each is told, and nothing else.
func TestEdits(t *testing.T) {
	all := shipped(t)
	kinds := []string{"logic", "severity", "weight", "role", "text", "examples"}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(all).Draw(t, "checklist")
		next := proto.CloneOf(c.Source())
		want := map[string][]string{}
		var walk func(groups []*pb.Group)
		walk = func(groups []*pb.Group) {
			for _, g := range groups {
				for _, r := range g.Rules {
					if r.Role != "" || rapid.IntRange(0, 9).Draw(t, "edit") > 0 {
						continue
					}
					for _, k := range kinds {
						if rapid.Bool().Draw(t, k) {
							edits[k](g, r)
							want[r.Id] = append(want[r.Id], k)
						}
					}
				}
				walk(g.Groups)
			}
		}
		walk(next.Groups)
		d := diff.Checklists(c, compile(t, next))
		got := map[string][]string{}
		for _, r := range d.Rules {
			got[r.Rule] = slices.DeleteFunc(slices.Clone(r.Changes), func(k string) bool { return k == "facts" })
			if len(r.Fields) == 0 {
				t.Errorf("%s is changed, but no field", r.Rule)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("changes (-want +got)\n%s", d)
		}
	})
}
