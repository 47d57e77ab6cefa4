package pagegen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// versionPage is the page of the version with that index.
func versionPage(c checklist, i int) (string, error) {
	v := c.versions[i]
	p := newPage(escape(v.src.Title))
	p.para("%s version **%s**: %s. %s", code(c.id), v.Version(), count(v.RuleCount(), "rule"), strings.Join(neighbours(c, i), " "))
	p.prose(v.src.Description)
	p.para("Digest %s. The file: %s.", code(v.Digest().String()),
		link(code("guidance/checklists/"+c.id+"/"+v.Version()+".yaml"), "../../../guidance/checklists/"+c.id+"/"+v.Version()+".yaml"))
	overview(p, v)
	p.conventions(v.text)
	documents(p, v.src.Documents)
	if err := profiles(p, v); err != nil {
		return "", err
	}
	parameters(p, v.src.Parameters)
	tables(p, v.src.Tables)
	facts(p, v.src.Facts)
	claims(p, v.src.Claims)
	p.heading(2, "The rules")
	for _, g := range groups(v.src) {
		groupSection(p, v, g)
	}
	return p.String(), nil
}

// neighbours lead to the index and to what changed.
func neighbours(c checklist, i int) []string {
	out := []string{link("All checklists", "../README.md") + "."}
	if i > 0 {
		out = append(out, link("What changed since "+c.versions[i-1].Version(), changesName(c, i))+".")
	}
	if i+1 < len(c.versions) {
		next := c.versions[i+1].Version()
		out = append(out, link("The next version is "+next, next+".md")+": "+link("what changed", changesName(c, i+1))+".")
	}
	return out
}

// overview lists the rules.
func overview(p *page, v version) {
	var rows [][]string
	for _, g := range groups(v.src) {
		for _, r := range g.Rules {
			rows = append(rows, []string{link(r.Id, "#"+r.Id), escape(r.Title), r.Severity, r.Scope})
		}
	}
	p.heading(2, "Rules at a glance")
	p.table([]string{"Rule", "Title", "Severity", "Scope"}, rows)
}

// conventions shows the comment that a file begins with, which says how an
// inventory has what the rules ask for. It is written as Markdown is.
func (p *page) conventions(text []byte) {
	var lines []string
	for _, line := range strings.Split(string(text), "\n") {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		if !strings.HasPrefix(comment, " yaml-language-server:") {
			lines = append(lines, strings.TrimPrefix(comment, " "))
		}
	}
	if body := strings.TrimSpace(strings.Join(lines, "\n")); body != "" {
		p.heading(2, "What the inventory has to say")
		p.para("%s", escapeMarkdown(body))
	}
}

// escapeMarkdown keeps lists and inline code of a text, and escapes the rest.
func escapeMarkdown(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		body := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(body)]
		body, isItem := strings.CutPrefix(body, "- ")
		if isItem {
			indent += "- "
		}
		for i, piece := range strings.Split(body, "`") {
			if i%2 == 0 {
				piece = escapeWithin(piece)
			}
			if i > 0 {
				indent += "`"
			}
			indent += piece
		}
		out = append(out, indent)
	}
	return strings.Join(out, "\n")
}

func documents(p *page, list []*pb.Document) {
	var rows [][]string
	for _, d := range list {
		rows = append(rows, []string{code(d.Id), linked(d), escape(d.Publisher), escape(d.Date)})
	}
	p.heading(2, "Documents")
	p.table([]string{"Id", "Title", "Publisher", "Date"}, rows)
}

// linked is a document's title, with a link where there is one.
func linked(d *pb.Document) string {
	title := d.Title
	if title == "" {
		title = d.Id
	}
	if !strings.HasPrefix(d.Uri, "https://") && !strings.HasPrefix(d.Uri, "http://") {
		return escape(title)
	}
	return link(escape(title), d.Uri)
}

func profiles(p *page, v version) error {
	p.heading(2, "Profiles")
	p.para("The first one is used where none is named.")
	for _, x := range v.src.Profiles {
		n, err := selected(v, x.Id)
		if err != nil {
			return err
		}
		p.heading(3, "Profile "+x.Id)
		p.para("%s. Selects %d of %s.", strings.TrimSuffix(escape(cmpOr(x.Title, x.Id)), "."), n, count(v.RuleCount(), "rule"))
		p.prose(x.Description)
		p.bullets(profileChanges(v, x))
	}
	return nil
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// selected counts the rules that a profile selects, as the engine does.
func selected(v version, profile string) (int, error) {
	plan, err := v.Plan(profile, nil)
	if err != nil {
		return 0, err
	}
	e, n := plan.EvaluateInventory(&pb.Inventory{}, nil, nil, 0), 0
	for _, r := range v.Rules() {
		if s, ok := e.RuleState(r.Id); ok && s != score.NotSelected {
			n++
		}
	}
	return n, nil
}

// profileChanges say how a profile differs from the checklist as it is written.
func profileChanges(v version, x *pb.Profile) (out []string) {
	if len(x.Deselect) > 0 {
		out = append(out, "Leaves out "+ids(v, x.Deselect)+".")
	}
	if len(x.Select) > 0 {
		out = append(out, "Selects in spite of that "+ids(v, x.Select)+".")
	}
	for _, name := range slices.Sorted(maps.Keys(x.Parameters)) {
		usual := ""
		if i := slices.IndexFunc(v.src.Parameters, func(p *pb.Parameter) bool { return p.Name == name }); i >= 0 {
			usual = " instead of " + value(v.src.Parameters[i].Default)
		}
		out = append(out, fmt.Sprintf("%s is %s%s.", code("params."+name), value(x.Parameters[name]), usual))
	}
	for _, f := range x.Refinements {
		out = append(out, fmt.Sprintf("%s has %s.", ids(v, []string{f.Rule}), refinement(v, f)))
	}
	return out
}

func refinement(v version, f *pb.Refinement) string {
	i, _ := v.RuleIndex(f.Rule)
	r := v.Rules()[i]
	var out []string
	if f.Severity != nil {
		out = append(out, fmt.Sprintf("severity %s instead of %s", *f.Severity, r.Severity))
	}
	if f.Weight != nil {
		out = append(out, fmt.Sprintf("weight %s instead of %s", number(*f.Weight), weight(r.Weight)))
	}
	if f.Role != nil {
		out = append(out, fmt.Sprintf("role %s instead of %s", *f.Role, cmpOr(r.Role, "full")))
	}
	return strings.Join(out, " and ")
}

// ids are ids of rules, with links, and of groups.
func ids(v version, list []string) string {
	out := make([]string, len(list))
	for i, id := range list {
		if out[i] = "the group " + code(id); ruleOf(v, id) {
			out[i] = link(id, "#"+id)
		}
	}
	return strings.Join(out, ", ")
}

func ruleOf(v version, id string) bool {
	_, ok := v.RuleIndex(id)
	return ok
}
