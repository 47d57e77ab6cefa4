package diff

import (
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The kinds of changes of a rule, in the order in which they are told.
const (
	logic    = "logic"
	severity = "severity"
	weight   = "weight"
	role     = "role"
	group    = "group"
	text     = "text"
	facts    = "facts"
	examples = "examples"
)

var changeOrder = []string{logic, severity, weight, role, group, text, facts, examples}

// placedRule is a rule with its group and its checklist.
type placedRule struct {
	src   *pb.Rule
	group string
	in    *assess.Checklist
	index int
}

// placed are a checklist's rules in its order.
func placed(c *assess.Checklist) (out []placedRule) {
	var walk func(g *pb.Group)
	walk = func(g *pb.Group) {
		for _, r := range g.Rules {
			out = append(out, placedRule{r, g.Id, c, len(out)})
		}
		for _, sub := range g.Groups {
			walk(sub)
		}
	}
	for _, g := range c.Source().Groups {
		walk(g)
	}
	return out
}

func find(list []placedRule, id string) *placedRule {
	i := slices.IndexFunc(list, func(r placedRule) bool { return r.src.Id == id })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// whole is a rule that only one version has.
func whole(r placedRule, kind string) *pb.RuleDiff {
	d := &pb.RuleDiff{Rule: r.src.Id, Title: r.src.Title, Severity: r.src.Severity, Kind: kind}
	if kind == Added {
		d.FactsAdded = r.in.RuleNeeds(r.index)
	} else {
		d.FactsRemoved = r.in.RuleNeeds(r.index)
	}
	return d
}

// changed tells how a rule differs; nil where it does not.
func changed(base, next placedRule) *pb.RuleDiff {
	d := &pb.RuleDiff{Rule: next.src.Id, Title: next.src.Title, Severity: next.src.Severity, Kind: Changed}
	names := readByEither(base.in.Reads(base.index), next.in.Reads(next.index))
	var changes map[string]bool
	d.Fields, changes = compare(base.entries(names), next.entries(names))
	// What only looks like other logic is another text.
	if asks := base.in.Ask(base.index) != next.in.Ask(next.index); changes[logic] && !asks {
		changes[logic], changes[text] = false, true
	} else {
		changes[logic] = asks
	}
	before, after := base.in.RuleNeeds(base.index), next.in.RuleNeeds(next.index)
	d.FactsAdded, d.FactsRemoved = without(after, before), without(before, after)
	changes[facts] = len(d.FactsAdded)+len(d.FactsRemoved) > 0
	for _, c := range changeOrder {
		if changes[c] {
			d.Changes = append(d.Changes, c)
		}
	}
	if len(d.Changes) == 0 {
		return nil
	}
	return d
}

// readByEither are the names that one of two versions of a rule reads: what the
// other does not read is shown too, so that it is not told as taken away.
func readByEither(a, b rule.Reads) rule.Reads {
	return rule.Reads{
		Params: slices.Concat(a.Params, b.Params), Tables: slices.Concat(a.Tables, b.Tables),
		Claims: slices.Concat(a.Claims, b.Claims), Facts: slices.Concat(a.Facts, b.Facts),
	}
}

// entries are a rule's fields, and those of what it reads that count as what it
// asks.
func (r placedRule) entries(reads rule.Reads) []entry {
	s := r.src
	out := []entry{
		{"title", s.Title, text}, {"area", s.Area, group}, {"severity", s.Severity, severity},
		{"weight", weightText(s.Weight), weight}, {"role", roleText(s.Role), role}, {"group", r.group, group},
		{"scope", s.Scope, logic}, {"multiple", boolText(s.Multiple), logic},
		{"pair.left", s.GetPair().GetLeft(), logic}, {"pair.left_key", s.GetPair().GetLeftKey(), logic},
		{"pair.right", s.GetPair().GetRight(), logic}, {"pair.right_key", s.GetPair().GetRightKey(), logic},
		{"applies", s.Applies, logic}, {"check", s.Check, logic},
	}
	var order []string
	for _, x := range s.Exceptions {
		order = append(order, x.Id)
		out = append(out, entry{"exceptions[" + x.Id + "].when", x.When, logic}, entry{"exceptions[" + x.Id + "].text", x.Text, text})
	}
	out = append(out, entry{"exceptions", listText(order), logic})
	out = append(out, r.declarations(reads)...)
	out = append(out, entry{"message", s.Message, text}, entry{"rationale", s.Rationale, text}, entry{"remediation", s.Remediation, text})
	var refs []string
	for _, ref := range s.References {
		refs = append(refs, strings.TrimSpace(ref.Document+" "+ref.Section))
	}
	out = append(out, entry{"references", listText(refs), text}, entry{"requirements", listText(s.Requirements), text})
	return append(out, exampleEntries(s)...)
}

// exampleEntries are a rule's examples by name; where names repeat, by place.
func exampleEntries(s *pb.Rule) (out []entry) {
	seen := map[string]bool{}
	for i, x := range s.Examples {
		name := x.Name
		if name == "" || seen[name] {
			name = intText(int64(i))
		}
		seen[name] = true
		out = append(out, entry{"examples[" + name + "]", messageText(x), examples})
	}
	return out
}

// declarations are what of parameters, tables, facts and claims counts as what
// a rule asks.
func (r placedRule) declarations(reads rule.Reads) (out []entry) {
	c := r.in.Source()
	for _, p := range c.Parameters {
		if slices.Contains(reads.Params, p.Name) {
			out = append(out, entry{"params." + p.Name, valueText(p.Default), logic}, entry{"params." + p.Name + ".type", p.Type, logic})
		}
	}
	for _, t := range c.Tables {
		if slices.Contains(reads.Tables, t.Name) {
			out = append(out, entry{"tables." + t.Name + ".type", t.Type, logic})
			out = append(out, valueEntries("tables."+t.Name, t.Entries, logic)...)
		}
	}
	for _, f := range c.Facts {
		if slices.Contains(reads.Facts, rule.FactName{Scope: f.Scope, Name: f.Name}) {
			out = append(out, entry{"facts." + factID(f) + ".type", f.Type, logic})
		}
	}
	for _, k := range c.Claims {
		if slices.Contains(reads.Claims, k.Id) {
			out = append(out, entry{"claims." + k.Id + ".scope", k.Scope, logic})
		}
	}
	return out
}
