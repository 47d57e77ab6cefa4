package rule

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"

	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Issue is one thing that is wrong with a checklist or an expression.
type Issue = syntax.Issue

// Want is what an expression must give.
type Want = syntax.Want

// What an expression can be wanted for: a condition, or a text to show.
const (
	WantBool   = syntax.WantBool
	WantScalar = syntax.WantScalar
)

// Env is what one checklist's rules can name: the inventory, and the
// checklist's parameters, tables, declared facts and claims. It is immutable
// to its users and safe for concurrent use.
type Env struct {
	decls    syntax.Decls
	syntax   *syntax.Env
	defaults []machine.Value
	owner    machine.Owner
	compiled sync.Map // expression → *Program
}

// NewEnv makes a checklist's environment. It returns nil and what is wrong
// with the declarations; rules are not looked at.
func NewEnv(c *pb.Checklist) (*Env, []Issue) {
	d := declarer{env: &Env{}}
	d.parameters(c.Parameters)
	d.tables(c.Tables)
	d.facts(c.Facts)
	d.claims(c.Claims)
	if len(d.issues) > 0 {
		return nil, d.issues
	}
	var err error
	if d.env.syntax, err = syntax.NewEnv(d.env.decls); err != nil {
		return nil, []Issue{{Message: err.Error()}}
	}
	return d.env, nil
}

// declarer collects a checklist's declarations and what is wrong with them.
type declarer struct {
	env    *Env
	issues []Issue
}

func (d *declarer) add(field, format string, args ...any) {
	d.issues = append(d.issues, Issue{Field: field, Message: fmt.Sprintf(format, args...)})
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// name checks a name that rules write.
func (d *declarer) name(field, name string, seen map[string]bool) {
	switch {
	case !namePattern.MatchString(name) || name == "in" || name == "true" || name == "false" || name == "null":
		d.add(field, "%q is no name that a rule can write; use small letters, digits and _, a letter first", name)
	case seen[name]:
		d.add(field, "%q is declared twice", name)
	}
	seen[name] = true
}

func (d *declarer) typ(field, name string) *syntax.Type {
	t := syntax.TypeNamed(name)
	if t == nil {
		d.add(field, "%q is no type; write bool, int, double, string, duration, timestamp, list(string) or list(int)", name)
	}
	return t
}

func (d *declarer) parameters(list []*pb.Parameter) {
	seen := map[string]bool{}
	for i, p := range list {
		field := fmt.Sprintf("parameters[%d]", i)
		d.name(field+".name", p.Name, seen)
		t := d.typ(field+".type", p.Type)
		if t == nil {
			continue
		}
		v, problem := valueOf(p.Default, t)
		if problem != "" {
			d.add(field+".default", "%s", problem)
		}
		d.env.decls.Params = append(d.env.decls.Params, syntax.Named{Name: p.Name, Type: t})
		d.env.defaults = append(d.env.defaults, v)
	}
}

func (d *declarer) tables(list []*pb.Table) {
	seen := map[string]bool{}
	for i, tab := range list {
		field := fmt.Sprintf("tables[%d]", i)
		d.name(field+".name", tab.Name, seen)
		t := d.typ(field+".type", tab.Type)
		if t == nil {
			continue
		}
		entries := make(map[string]*machine.Value, len(tab.Entries))
		for _, key := range slices.Sorted(maps.Keys(tab.Entries)) {
			v, problem := valueOf(tab.Entries[key], t)
			if problem != "" {
				d.add(fmt.Sprintf("%s.entries[%q]", field, key), "%s", problem)
			}
			entries[key] = &v
		}
		d.env.decls.Tables = append(d.env.decls.Tables, syntax.Named{Name: tab.Name, Type: t})
		d.env.owner.Tables = append(d.env.owner.Tables, entries)
	}
}

func (d *declarer) facts(list []*pb.FactDeclaration) {
	seen := map[[2]string]bool{}
	for i, f := range list {
		field := fmt.Sprintf("facts[%d]", i)
		d.name(field+".name", f.Name, map[string]bool{})
		t := d.typ(field+".type", f.Type)
		if t != nil && t.Kind == syntax.List && t.Elem.Kind == syntax.Int {
			d.add(field+".type", "a fact cannot be a list of numbers; write list(string)")
		}
		if _, ok := syntax.ScopeNamed(f.Scope); !ok {
			d.add(field+".scope", "%q is nothing that has facts; write one such as host, component or system", f.Scope)
		}
		if seen[[2]string{f.Scope, f.Name}] {
			d.add(field+".name", "%q is declared twice for %s", f.Name, f.Scope)
		}
		seen[[2]string{f.Scope, f.Name}] = true
		d.env.decls.Facts = append(d.env.decls.Facts, syntax.FactDecl{Name: f.Name, Scope: f.Scope, Type: t})
	}
}

func (d *declarer) claims(list []*pb.ClaimDeclaration) {
	for i, c := range list {
		if slices.Contains(d.env.decls.Claims, c.Id) {
			d.add(fmt.Sprintf("claims[%d].id", i), "%q is declared twice", c.Id)
		}
		d.env.decls.Claims = append(d.env.decls.Claims, c.Id)
	}
}

// CEL returns cel-go's environment in which expressions of a scope are
// checked, for tools and tests. Its functions beyond CEL's own have no
// implementation.
func (e *Env) CEL(scope string) (*cel.Env, error) {
	s, ok := e.scope(scope)
	if !ok {
		return nil, fmt.Errorf("there is no scope %q", scope)
	}
	return e.syntax.CEL(s)
}

// scope finds a scope by its name.
func (e *Env) scope(name string) (syntax.Scope, bool) {
	if s, ok := syntax.ScopeNamed(name); ok {
		return s, true
	}
	return pairNamed(name)
}
