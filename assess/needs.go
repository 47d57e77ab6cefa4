package assess

import (
	"maps"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// RuleNeeds are the kinds of facts that the rule with that index reads, as
// paths from the inventory's root with "*" for keys, sorted: "zones/*/kind",
// "hosts/*/facts/NAME", "system/settings/x". A list that is looked through
// stands for itself ("hosts/*/endpoints"), also the one that the rule's
// subjects are in, and "hosts/*" for a host that is looked up by its id.
// "settings/*" stands for a key that is computed.
func (c *Checklist) RuleNeeds(i int) []string {
	r := c.rules[i]
	set := map[string]bool{}
	for _, path := range r.reads.Paths {
		set[path] = true
	}
	for _, path := range r.scope.lists() {
		set[path] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// Needs are the kinds of facts that the rules read, as RuleNeeds gives them,
// sorted, with the question of a declared fact and the rules in their order.
func (c *Checklist) Needs() []*pb.FactNeed {
	byPath := map[string]*pb.FactNeed{}
	for i, r := range c.rules {
		for _, path := range c.RuleNeeds(i) {
			n := byPath[path]
			if n == nil {
				n = &pb.FactNeed{Path: path, Question: c.question(path)}
				byPath[path] = n
			}
			n.Rules = append(n.Rules, r.src.Id)
		}
	}
	out := make([]*pb.FactNeed, 0, len(byPath))
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		out = append(out, byPath[path])
	}
	return out
}

// lists are the paths of the lists that the scope's subjects are in, and of
// those around them.
func (s scope) lists() []string {
	hosts := hostsField.Name
	switch {
	case s == hostScope:
		return []string{hosts}
	case s == facilityScope:
		return []string{facilitiesField.Name}
	case systemLists[s] != nil:
		return []string{systemLists[s].Name}
	case s == accountScope:
		return []string{accountsField.Name, hosts, hosts + "/*/" + accountsField.Name}
	case hostLists[s] != nil:
		return []string{hosts, hosts + "/*/" + hostLists[s].Name}
	}
	return nil
}

// declared is the declaration of the fact at a path, which may have "*" for
// keys; nil where the path is not one of a declared fact. The same name may be
// declared for several scopes.
func (c *Checklist) declared(path string) *pb.FactDeclaration {
	i := strings.LastIndex(path, "/facts/")
	if i < 0 {
		return nil
	}
	s := systemScope
	if steps := strings.Split(path[:i], "/"); len(steps) > 1 {
		s = listScopes[steps[len(steps)-2]]
	}
	return c.facts[rule.FactName{Scope: scopeNames[s], Name: path[i+len("/facts/"):]}]
}

// question is what to ask for the declared fact at a path; "" where the path
// is not one of such a fact.
func (c *Checklist) question(path string) string { return c.declared(path).GetQuestion() }
