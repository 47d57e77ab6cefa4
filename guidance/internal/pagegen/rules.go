package pagegen

import (
	"fmt"
	"slices"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// groupSection is a group with its rules. Its heading has its id at the end, so
// that its anchor is never a rule's.
func groupSection(p *page, v version, g group) {
	title := cmpOr(escape(g.Title), g.Id)
	p.heading(3+g.depth, fmt.Sprintf("%s (group %s)", title, g.Id))
	said := "Weight " + weight(g.Weight) + " among its siblings"
	if len(g.Rules) > 0 {
		said += ", " + count(len(g.Rules), "rule")
	}
	p.para("%s.", said)
	for _, r := range g.Rules {
		i, _ := v.RuleIndex(r.Id)
		ruleSection(p, v, r, v.RuleNeeds(i), 4+g.depth)
	}
}

// ruleSection is a rule. Its heading is its id alone, which makes its anchor.
func ruleSection(p *page, v version, r *pb.Rule, needs []string, level int) {
	p.heading(level, r.Id)
	p.para("**%s**", escape(r.Title))
	p.para("%s", standing(r))
	if r.Pair != nil {
		p.para("For each pair of elements whose keys are equal:")
		p.block("cel", fmt.Sprintf("left:  %s\nkey:   %s\nright: %s\nkey:   %s", r.Pair.Left, r.Pair.LeftKey, r.Pair.Right, r.Pair.RightKey))
	}
	if r.Applies != "" {
		p.para("It applies where:")
		p.block("cel", r.Applies)
	}
	if r.Check != "" {
		p.para("It passes where:")
		p.block("cel", r.Check)
	}
	exceptions(p, r.Exceptions)
	labelled(p, "Says", template(r.Message))
	labelled(p, "Why", escape(r.Rationale))
	labelled(p, "Remedy", escape(r.Remediation))
	if needs := codes(needs); needs != "" {
		p.para("**Facts it needs:** %s.", needs)
	}
	p.para("%s", sources(v, r))
}

// standing is how a rule counts, on one line.
func standing(r *pb.Rule) string {
	out := []string{
		"severity **" + r.Severity + "**", "weight " + weight(r.Weight), "scope " + r.Scope, "area " + r.Area,
	}
	if r.Multiple {
		out[2] += ", each counts"
	}
	if r.Role != "" && r.Role != "full" {
		out = append(out, r.Role)
	}
	out = append(out, count(len(r.Examples), "example"))
	return strings.Join(out, " · ")
}

func labelled(p *page, label, text string) {
	if text != "" {
		p.para("**%s:** %s", label, text)
	}
}

func exceptions(p *page, list []*pb.Exception) {
	for _, x := range list {
		p.para("Exception %s: %s. It holds where:", code(x.Id), strings.TrimSuffix(escape(x.Text), "."))
		p.block("cel", x.When)
	}
}

// sources are where a rule comes from.
func sources(v version, r *pb.Rule) string {
	var out, covers []string
	if refs := references(v, r.References); refs != "" {
		out = append(out, "**References:** "+refs+".")
	}
	for _, id := range r.Requirements {
		covers = append(covers, link(id, "../README.md#"+id))
	}
	if len(covers) > 0 {
		out = append(out, "**Covers:** "+strings.Join(covers, ", ")+".")
	}
	return strings.Join(out, " ")
}

// references are the documents in the order in which they first come, each with
// its sections.
func references(v version, list []*pb.Reference) string {
	var order []string
	sections := map[string][]string{}
	for _, x := range list {
		if sections[x.Document] == nil {
			order = append(order, x.Document)
			sections[x.Document] = []string{}
		}
		if x.Section != "" {
			sections[x.Document] = append(sections[x.Document], escape(x.Section))
		}
	}
	for i, id := range order {
		title := escape(id)
		if j := slices.IndexFunc(v.src.Documents, func(d *pb.Document) bool { return d.Id == id }); j >= 0 {
			title = linked(v.src.Documents[j])
		}
		order[i] = strings.Join(append([]string{title}, sections[id]...), ", ")
	}
	return strings.Join(order, "; ")
}
