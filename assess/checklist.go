package assess

import (
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/message"
	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Problem is one thing that is wrong with a checklist.
type Problem struct {
	Field   string // the path of the field, such as "groups[0].rules[2].check"
	Line    int    // within the field's text, from 1; 0 where it is no expression
	Column  int    // within that line, from 1
	Message string // what is wrong, and what to write instead
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.Field + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.Field, p.Line, p.Column, p.Message)
}

// Checklist is a compiled checklist version.
type Checklist struct {
	src    *pb.Checklist
	digest digest.Digest
	env    *rule.Env
	rules  []*compiledRule // in the file's order, depth first
	groups []groupInfo     // in the file's order, depth first
	ids    []string        // of the rules
	byID   map[string]int  // rule id → index
	claims map[string]*pb.ClaimDeclaration
	facts  map[rule.FactName]*pb.FactDeclaration
}

// groupInfo is one group, with where its rules lie in Checklist.rules.
type groupInfo struct {
	src    *pb.Group
	depth  int
	parent int // index of the group around it, -1 for none
}

// compiledRule is one rule with its programs.
type compiledRule struct {
	src        *pb.Rule
	group      int
	path       string
	scope      scope
	applies    *rule.Program // nil: always
	check      *rule.Program // nil: not checked
	exceptions []exception
	message    *message.Template
	pair       *rule.Pair    // nil where the scope is another, or there is nothing to check with
	reads      rule.Reads    // what the conditions name
	ask        digest.Digest // of what it asks
	local      bool          // reads its own host, parameters and the instant alone
}

type exception struct {
	src    *pb.Exception
	when   *rule.Program
	claims bool // rests on a claim
}

// ID is the checklist's id.
func (c *Checklist) ID() string { return c.src.Id }

// Version is the checklist's semantic version.
func (c *Checklist) Version() string { return c.src.Version }

// Source is the checklist as it was compiled; the caller must not change it.
func (c *Checklist) Source() *pb.Checklist { return c.src }

// Digest identifies the checklist's content.
func (c *Checklist) Digest() digest.Digest { return c.digest }

// Rules are the rules in the checklist's order; a Result's Rule is an index
// into them. The caller must not change them.
func (c *Checklist) Rules() []*pb.Rule {
	out := make([]*pb.Rule, len(c.rules))
	for i, r := range c.rules {
		out[i] = r.src
	}
	return out
}

// Rule is a rule in the checklist's order; the caller must not change it.
func (c *Checklist) Rule(i int) *pb.Rule { return c.rules[i].src }

// RuleCount is how many rules there are.
func (c *Checklist) RuleCount() int { return len(c.rules) }

// RuleIDs are the ids of the rules, by index. They are the checklist's own.
func (c *Checklist) RuleIDs() []string { return c.ids }

// RuleID is the id of the rule with that index.
func (c *Checklist) RuleID(i int) string { return c.rules[i].src.Id }

// RuleIndex is the index of the rule with that id.
func (c *Checklist) RuleIndex(id string) (int, bool) {
	i, ok := c.byID[id]
	return i, ok
}

// Compile checks and compiles a checklist. It returns nil and all that is
// wrong, or the compiled checklist. c must not be changed afterwards.
func Compile(c *pb.Checklist) (*Checklist, []Problem) {
	k := &compiler{out: &Checklist{src: c, byID: map[string]int{}}, ids: map[string]string{}}
	k.declarations()
	env, issues := rule.NewEnv(c)
	k.issues("", issues)
	if env == nil {
		return nil, k.problems
	}
	k.out.env = env
	for i, g := range c.Groups {
		k.group(g, fmt.Sprintf("groups[%d]", i), 0, -1)
	}
	if len(k.out.rules) == 0 {
		k.add("groups", "has no rule; write at least one under rules")
	}
	k.references()
	for i, p := range c.Profiles {
		k.profile(p, fmt.Sprintf("profiles[%d]", i))
	}
	if len(k.problems) > 0 {
		return nil, k.problems
	}
	k.out.digest = digest.Of(c)
	k.out.index()
	k.out.asked()
	return k.out, nil
}

// compiler collects what Compile finds.
type compiler struct {
	out      *Checklist
	ids      map[string]string // "rule"/"group" ids → field path
	problems []Problem
}

func (k *compiler) add(field, format string, args ...any) {
	k.problems = append(k.problems, Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (k *compiler) issues(field string, issues []rule.Issue) {
	for _, is := range issues {
		f := is.Field
		switch {
		case field != "" && f != "":
			f = field + "." + f
		case f == "":
			f = field
		}
		k.problems = append(k.problems, Problem{Field: f, Line: is.Line, Column: is.Column, Message: is.Message})
	}
}

// unique reports an id that another group or rule has already.
func (k *compiler) unique(id, field string) {
	if first, ok := k.ids[id]; ok {
		k.add(field+".id", "%q is the id of %s already; ids of groups and rules are unique in a checklist", id, first)
		return
	}
	k.ids[id] = field
}

func (k *compiler) group(g *pb.Group, path string, depth, parent int) {
	k.unique(g.Id, path)
	if depth >= maxGroupDepth {
		k.add(path, "groups nest more than %d deep", maxGroupDepth)
		return
	}
	at := len(k.out.groups)
	k.out.groups = append(k.out.groups, groupInfo{src: g, depth: depth, parent: parent})
	for i, r := range g.Rules {
		k.rule(r, at, fmt.Sprintf("%s.rules[%d]", path, i))
	}
	for i, sub := range g.Groups {
		k.group(sub, fmt.Sprintf("%s.groups[%d]", path, i), depth+1, at)
	}
}

const (
	maxGroupDepth = 16
	maxRules      = 2000
	maxExceptions = 100 // of one rule; their index stands in every result
)

func (k *compiler) rule(r *pb.Rule, group int, path string) {
	k.unique(r.Id, path)
	if len(k.out.rules) == maxRules {
		k.add(path, "a checklist has at most %d rules", maxRules)
	}
	k.out.byID[r.Id], k.out.ids = len(k.out.rules), append(k.out.ids, r.Id)
	cr := &compiledRule{src: r, group: group, path: path, scope: scopeOf(r.Scope)}
	k.out.rules = append(k.out.rules, cr)
	if cr.scope == noScope {
		k.add(path+".scope", "%q is no scope; write one of %s", r.Scope, strings.Join(scopeNames[1:], ", "))
		return
	}
	if r.Role == "unchecked" && r.Pair == nil && cr.scope == pairScope {
		return // there is nothing to compile its expressions over
	}
	env := r.Scope
	if cr.scope == pairScope {
		var issues []rule.Issue
		if cr.pair, issues = k.out.env.CompilePair(r.Pair); cr.pair == nil {
			k.issues(path+".pair", issues)
			return
		}
		env = cr.pair.Scope
	}
	local := cr.scope == hostScope || cr.scope == componentScope || cr.scope == endpointScope
	compile := func(src, field string) *rule.Program {
		if strings.TrimSpace(src) == "" {
			return nil
		}
		p, issues := k.out.env.Compile(src, env, rule.WantBool)
		k.issues(path+"."+field, issues)
		local = local && p != nil && p.Local()
		return p
	}
	cr.applies = compile(r.Applies, "applies")
	cr.check = compile(r.Check, "check")
	if len(r.Exceptions) > maxExceptions {
		k.add(path+".exceptions", "a rule has at most %d exceptions", maxExceptions)
	}
	for i, x := range r.Exceptions {
		field := fmt.Sprintf("exceptions[%d]", i)
		cr.exceptions = append(cr.exceptions, exception{src: x, when: compile(x.When, field+".when")})
	}
	cr.local = local
	var issues []rule.Issue
	cr.message, issues = message.Compile(k.out.env, r.Message, env)
	k.issues(path+".message", issues)
}

// declarations checks what the environment does not: ids that must be unique.
func (k *compiler) declarations() {
	c := k.out.src
	seen := map[string]bool{}
	for i, d := range c.Documents {
		if seen[d.Id] {
			k.add(fmt.Sprintf("documents[%d].id", i), "%q stands twice", d.Id)
		}
		seen[d.Id] = true
	}
	seen = map[string]bool{}
	for i, p := range c.Profiles {
		if seen[p.Id] {
			k.add(fmt.Sprintf("profiles[%d].id", i), "%q stands twice", p.Id)
		}
		seen[p.Id] = true
	}
	if len(c.Profiles) == 0 {
		k.add("profiles", "has no profile; write at least one")
	}
}

// references checks that rules refer to documents that are declared.
func (k *compiler) references() {
	docs := map[string]bool{}
	for _, d := range k.out.src.Documents {
		docs[d.Id] = true
	}
	for _, r := range k.out.rules {
		for i, ref := range r.src.References {
			if !docs[ref.Document] {
				k.add(fmt.Sprintf("%s.references[%d].document", r.path, i), "%q is not declared under documents", ref.Document)
			}
		}
	}
}

// profile checks that a profile names what is there; parameter values are
// checked by making a plan of it.
func (k *compiler) profile(p *pb.Profile, path string) {
	for i, id := range p.Deselect {
		if _, ok := k.ids[id]; !ok {
			k.add(fmt.Sprintf("%s.deselect[%d]", path, i), "%q is neither a group nor a rule", id)
		}
	}
	for i, id := range p.Select {
		if _, ok := k.out.byID[id]; !ok {
			k.add(fmt.Sprintf("%s.select[%d]", path, i), "%q is no rule", id)
		}
	}
	for i, f := range p.Refinements {
		if _, ok := k.out.byID[f.Rule]; !ok {
			k.add(fmt.Sprintf("%s.refinements[%d].rule", path, i), "%q is no rule", f.Rule)
		}
	}
	if _, issues := rule.NewValues(k.out.env, p.Parameters, nil); len(issues) > 0 {
		k.issues(path, issues)
	}
}
