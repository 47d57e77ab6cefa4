package guidance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// advise checks what the compiler does not, or says less about.
func (l *linter) advise() {
	c := l.file.Checklist
	l.uniqueIDs()
	l.profiles()
	documents := names(c.Documents, (*pb.Document).GetId)
	eachRule(c, func(path string, r *pb.Rule) {
		l.check(path, r)
		l.prose(path, r)
		l.references(path, r, documents)
		l.examples(path, r)
	})
	l.unused()
}

// names are the ids or names of a list's elements.
func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = name(e)
	}
	return out
}

// instead is the end of a message about a name that leads nowhere.
func instead(name string, known []string, none string) string {
	if near := protoyaml.Nearest(name, known); near != "" {
		return fmt.Sprintf("write %q", near)
	}
	if len(known) == 0 {
		return none
	}
	return "write one of " + strings.Join(known, ", ")
}

// uniqueIDs finds ids that stand twice. Groups and rules share one space,
// since profiles name both in one list.
func (l *linter) uniqueIDs() {
	c := l.file.Checklist
	space := l.space()
	eachGroup(c, func(path string, g *pb.Group) {
		space(path+".id", g.Id)
		for i, r := range g.Rules {
			space(fmt.Sprintf("%s.rules[%d].id", path, i), r.Id)
		}
	})
	for _, list := range []struct {
		field, key string
		names      []string
	}{
		{"documents", "id", names(c.Documents, (*pb.Document).GetId)},
		{"parameters", "name", names(c.Parameters, (*pb.Parameter).GetName)},
		{"tables", "name", names(c.Tables, (*pb.Table).GetName)},
		{"claims", "id", names(c.Claims, (*pb.ClaimDeclaration).GetId)},
		{"profiles", "id", names(c.Profiles, (*pb.Profile).GetId)},
	} {
		space := l.space()
		for i, name := range list.names {
			space(fmt.Sprintf("%s[%d].%s", list.field, i, list.key), name)
		}
	}
	facts := l.space() // of one scope; the same name may stand in two
	for i, f := range c.Facts {
		facts(fmt.Sprintf("facts[%d].name", i), f.Scope+" "+f.Name)
	}
}

// space is a set of ids that reports one that is there already.
func (l *linter) space() func(field, id string) {
	first := map[string]string{}
	return func(field, id string) {
		if at, ok := first[id]; ok {
			place := at
			if line, _ := l.file.Place(at); line > 0 {
				place = fmt.Sprintf("on line %d", line)
			}
			l.add(Error, field, "%q stands twice; the first is %s; give this one another name", id, place)
			return
		}
		first[id] = field
	}
}

func (l *linter) profiles() {
	var rules, all []string
	eachGroup(l.file.Checklist, func(_ string, g *pb.Group) {
		rules = append(rules, names(g.Rules, (*pb.Rule).GetId)...)
		all = append(all, g.Id)
	})
	all = append(all, rules...)
	known := func(field, id string, among []string, what string) {
		if !slices.Contains(among, id) {
			near := protoyaml.Nearest(id, among)
			if near != "" {
				near = fmt.Sprintf("; write %q", near)
			}
			l.add(Error, field, "%q is %s of this checklist%s", id, what, near)
		}
	}
	for i, p := range l.file.Checklist.Profiles {
		at := fmt.Sprintf("profiles[%d]", i)
		for j, id := range p.Deselect {
			known(fmt.Sprintf("%s.deselect[%d]", at, j), id, all, "neither a group nor a rule")
		}
		for j, id := range p.Select {
			known(fmt.Sprintf("%s.select[%d]", at, j), id, rules, "no rule")
		}
		for j, r := range p.Refinements {
			known(fmt.Sprintf("%s.refinements[%d].rule", at, j), r.Rule, rules, "no rule")
		}
	}
}

// check asks for what makes a rule a rule.
func (l *linter) check(path string, r *pb.Rule) {
	if strings.TrimSpace(r.Check) == "" && r.Role != "unchecked" {
		l.add(Error, path+".check", "is missing; write in CEL what must hold, or role: unchecked")
	}
	if r.Scope == "pair" && r.Pair == nil {
		l.add(Error, path+".pair", "is missing; a rule of the scope pair says there what pairs are made of: left, left_key, right, right_key")
	}
	if r.Scope != "pair" && r.Pair != nil {
		l.add(Error, path+".pair", "has no effect on the scope %s; write scope: pair, or leave it away", r.Scope)
	}
}

// prose asks for what people need when a rule fails.
func (l *linter) prose(path string, r *pb.Rule) {
	for _, p := range []struct{ field, text, advice string }{
		{"message", r.Message, "write what a failure means for the subject, with {expressions} of the values"},
		{"rationale", r.Rationale, "write why it matters"},
		{"remediation", r.Remediation, "write what makes it pass"},
	} {
		if strings.TrimSpace(p.text) == "" {
			l.add(Warning, path+"."+p.field, "is missing; %s", p.advice)
		}
	}
}

func (l *linter) references(path string, r *pb.Rule, documents []string) {
	if len(r.References) == 0 {
		l.add(Warning, path+".references", "is missing; write the document and the section that the rule comes from")
	}
	for i, ref := range r.References {
		at := fmt.Sprintf("%s.references[%d]", path, i)
		if !slices.Contains(documents, ref.Document) {
			l.add(Error, at+".document", "%q is not declared under documents; %s", ref.Document,
				instead(ref.Document, documents, "declare it there"))
		}
		if ref.Section == "" {
			l.add(Warning, at+".section", "is missing; write the document's own heading or number")
		}
	}
}

// kinds are the states of which each rule must have an example.
var kinds = []string{"pass", "fail", "unknown"}

func (l *linter) examples(path string, r *pb.Rule) {
	c := l.file.Checklist
	profiles, claims := names(c.Profiles, (*pb.Profile).GetId), names(c.Claims, (*pb.ClaimDeclaration).GetId)
	for i, x := range r.Examples {
		at := fmt.Sprintf("%s.examples[%d]", path, i)
		if x.Inventory == nil {
			l.add(Error, at+".inventory", "is missing; write the smallest inventory that shows the rule %s, or {} for one of which nothing is known", x.Expect)
		}
		if x.Profile != "" && !slices.Contains(profiles, x.Profile) {
			l.add(Error, at+".profile", "%q is no profile of this checklist; %s", x.Profile, instead(x.Profile, profiles, "declare it under profiles"))
		}
		for j, cl := range x.Claims {
			if !slices.Contains(claims, cl.Claim) {
				l.add(Error, fmt.Sprintf("%s.claims[%d].claim", at, j), "%q is not declared under claims; %s", cl.Claim, instead(cl.Claim, claims, "declare it there"))
			}
		}
	}
	for _, kind := range missingKinds(r) {
		l.add(Warning, path+".examples", "has none that expects %s; add the smallest inventory on which the rule gives it", kind)
	}
}

// missingKinds are the states of which a rule has no example.
func missingKinds(r *pb.Rule) []string {
	if r.Role == "unchecked" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool {
		return slices.ContainsFunc(r.Examples, func(x *pb.Example) bool { return x.Expect == kind })
	})
}

// unused finds declarations that no rule reads.
func (l *linter) unused() {
	c := l.file.Checklist
	var text strings.Builder
	eachRule(c, func(_ string, r *pb.Rule) {
		fmt.Fprintln(&text, r.Applies, r.Check, r.Message, r.Pair.GetLeft(), r.Pair.GetLeftKey(), r.Pair.GetRight(), r.Pair.GetRightKey())
		for _, x := range r.Exceptions {
			fmt.Fprintln(&text, x.When)
		}
	})
	warn := func(field, name, pattern string) {
		if !regexp.MustCompile(fmt.Sprintf(pattern, regexp.QuoteMeta(name))).MatchString(text.String()) {
			l.add(Warning, field, "%q is read by no rule", name)
		}
	}
	for i, p := range c.Parameters {
		warn(fmt.Sprintf("parameters[%d].name", i), p.Name, `params\s*\.\s*%s\b`)
	}
	for i, t := range c.Tables {
		warn(fmt.Sprintf("tables[%d].name", i), t.Name, `tables\s*\.\s*%s\b`)
	}
	for i, f := range c.Facts {
		warn(fmt.Sprintf("facts[%d].name", i), f.Name, `Fact\(\s*['"]%s['"]\s*\)`)
	}
	for i, cl := range c.Claims {
		warn(fmt.Sprintf("claims[%d].id", i), cl.Id, `claimed\(\s*['"]%s['"]`)
	}
}
