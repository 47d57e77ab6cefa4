package pagegen

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/plumbline/plumbline/assess/diff"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// changesPage says what the version with that index has changed.
func changesPage(c checklist, i int) string {
	base, next := c.versions[i-1], c.versions[i]
	d := diff.Checklists(base.Checklist, next.Checklist)
	p := newPage(fmt.Sprintf("%s: from %s to %s", escape(next.src.Title), base.Version(), next.Version()))
	p.para("What differs between %s and %s of %s. %s.", link(base.Version(), base.Version()+".md"),
		link(next.Version(), next.Version()+".md"), code(c.id), link("All checklists", "../README.md"))
	p.table([]string{"Rules added", "removed", "changed", "the same", "Facts newly needed", "no longer needed"},
		[][]string{{fmt.Sprint(d.Added), fmt.Sprint(d.Removed), fmt.Sprint(d.Changed), fmt.Sprint(d.Unchanged),
			fmt.Sprint(len(d.FactsAdded)), fmt.Sprint(len(d.FactsRemoved))}})
	wholeRules(p, "Rules added", d, diff.Added, next.Version())
	wholeRules(p, "Rules removed", d, diff.Removed, base.Version())
	changedRules(p, d, next.Version())
	changedParts(p, d)
	needs(p, "Facts newly needed", "Where a source does not report one, the rules that read it are unknown.", d.FactsAdded, next.Version())
	needs(p, "Facts no longer needed", "", d.FactsRemoved, base.Version())
	return p.String()
}

// wholeRules lists the rules that only one version has.
func wholeRules(p *page, title string, d *pb.ChecklistDiff, kind, version string) {
	var rows [][]string
	for _, r := range d.Rules {
		if r.Kind == kind {
			rows = append(rows, []string{link(r.Rule, version+".md#"+r.Rule), escape(r.Title), r.Severity})
		}
	}
	if len(rows) > 0 {
		p.heading(2, title)
		p.table([]string{"Rule", "Title", "Severity"}, rows)
	}
}

func changedRules(p *page, d *pb.ChecklistDiff, version string) {
	if d.Changed == 0 {
		return
	}
	p.heading(2, "Rules changed")
	p.para("Where the logic changed, what people have said about the rule (claims, waivers, attestations) must be renewed.")
	for _, r := range d.Rules {
		if r.Kind != diff.Changed {
			continue
		}
		p.heading(3, r.Rule)
		p.para("**%s** (%s). Changed: %s.", escape(r.Title), link("the rule", version+".md#"+r.Rule), strings.Join(r.Changes, ", "))
		fields(p, r.Fields)
		labelled(p, "Facts newly needed", codes(r.FactsAdded))
		labelled(p, "Facts no longer needed", codes(r.FactsRemoved))
	}
}

// fields shows fields with both values: texts of one line in a table, which
// wraps them, and others line by line. Of examples only the names are shown.
func fields(p *page, list []*pb.FieldDiff) {
	var examples []string
	var rows [][]string
	for _, f := range list {
		name, isExample := strings.CutPrefix(f.Field, "examples[")
		switch {
		case isExample:
			examples = append(examples, fmt.Sprintf("%s (%s)", escape(strings.TrimSuffix(name, "]")), kindOf(f)))
		case !strings.Contains(strings.Trim(f.Before, "\n")+strings.Trim(f.After, "\n"), "\n"):
			rows = append(rows, []string{code(f.Field), shownAs(f.Field, f.Before), shownAs(f.Field, f.After)})
		}
	}
	p.table([]string{"Field", "Before", "After"}, rows)
	for _, f := range list {
		if strings.Contains(strings.Trim(f.Before, "\n")+strings.Trim(f.After, "\n"), "\n") {
			p.para("%s %s:", code(f.Field), kindOf(f))
			p.block("diff", marked("-", f.Before)+marked("+", f.After))
		}
	}
	labelled(p, "Examples", strings.Join(examples, ", "))
}

// conditions are fields that hold CEL.
var conditions = regexp.MustCompile(`^(applies|check|pair\..*|exceptions\[.*\]\.when)$`)

func shownAs(field, text string) string {
	switch {
	case conditions.MatchString(field):
		return code(text)
	case field == "message":
		return template(text)
	}
	return escape(text)
}

func kindOf(f *pb.FieldDiff) string {
	switch {
	case f.Before == "":
		return diff.Added
	case f.After == "":
		return diff.Removed
	}
	return diff.Changed
}

// marked are the lines of a text, each with a sign before it.
func marked(sign, text string) string {
	if text == "" {
		return ""
	}
	return sign + " " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+sign+" ") + "\n"
}

// changedParts shows what of the rest differs. Values are shown of what
// changed; what was added or removed stands on the version's page.
func changedParts(p *page, d *pb.ChecklistDiff) {
	if len(d.Parts) == 0 {
		return
	}
	p.heading(2, "Everything else")
	p.para("Parameters, tables, profiles, declared facts, claims, documents and groups.")
	var rows [][]string
	for _, x := range d.Parts {
		var said []string
		for _, f := range x.Fields {
			said = append(said, escape(f.Field)+" "+change(f))
		}
		rows = append(rows, []string{x.Part, code(x.Id), x.Kind, strings.Join(said, "; ")})
	}
	p.table([]string{"Part", "Id", "", "What changed"}, rows)
}

func change(f *pb.FieldDiff) string {
	switch kindOf(f) {
	case diff.Added:
		return "added: " + escape(f.After)
	case diff.Removed:
		return "removed: " + escape(f.Before)
	}
	return "was " + escape(f.Before) + ", is " + escape(f.After)
}

func needs(p *page, title, said string, list []*pb.FactNeed, version string) {
	if len(list) == 0 {
		return
	}
	p.heading(2, title)
	p.para("%s", said)
	var rows [][]string
	for _, n := range list {
		var rules []string
		for _, id := range n.Rules {
			rules = append(rules, link(id, version+".md#"+id))
		}
		rows = append(rows, []string{code(n.Path), escape(n.Question), strings.Join(rules, ", ")})
	}
	p.table([]string{"Fact", "Question to a person", "Rules"}, rows)
}
