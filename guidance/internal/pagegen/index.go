package pagegen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// index is the page that leads to all others.
func index(list []checklist, requirements []guidance.Requirement) string {
	p := newPage("Guidance that ships")
	versions, rules := 0, 0
	for _, c := range list {
		versions += len(c.versions)
		for _, v := range c.versions {
			rules += v.RuleCount()
		}
	}
	p.para("%s in %s, %s in all. `plumbline guidance list` lists them, `plumbline guidance publish ID@VERSION` "+
		"makes one known to a server, and `plumbline assess --checklist ID@VERSION FILE` uses one without a server. "+
		"%s says how to write one of your own.",
		count(len(list), "checklist"), count(versions, "version"), count(rules, "rule"), link("Writing guidance", "../writing-guidance.md"))
	p.heading(2, "Checklists")
	p.table([]string{"Checklist", "Title", "Rules", "Profiles", "Areas"}, indexRows(list))
	if changed := changesLinks(list); len(changed) > 0 {
		p.heading(2, "What changed between versions")
		p.bullets(changed)
	}
	requirementTables(p, list, requirements)
	return p.String()
}

func indexRows(list []checklist) (rows [][]string) {
	for _, c := range list {
		for _, v := range c.versions {
			var profiles []string
			for _, x := range v.src.Profiles {
				profiles = append(profiles, x.Id)
			}
			rows = append(rows, []string{
				link(c.id+"@"+v.Version(), c.id+"/"+v.Version()+".md"), escape(v.src.Title),
				fmt.Sprint(v.RuleCount()), strings.Join(profiles, ", "), areas(v),
			})
		}
	}
	return rows
}

// areas are a version's areas with how many rules each has, most first.
func areas(v version) string {
	counts := map[string]int{}
	for _, r := range v.Rules() {
		counts[r.Area]++
	}
	names := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(names, func(a, b string) int { return counts[b] - counts[a] })
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %d", n, counts[n])
	}
	return strings.Join(names, ", ")
}

func changesLinks(list []checklist) (out []string) {
	for _, c := range list {
		for i := 1; i < len(c.versions); i++ {
			text := fmt.Sprintf("%s, %s to %s", c.id, c.versions[i-1].Version(), c.versions[i].Version())
			out = append(out, link(text, c.id+"/"+changesName(c, i)))
		}
	}
	return out
}

// documentRows are a document's requirements with what they are covered by.
type documentRows struct {
	first   guidance.Requirement
	rows    [][]string
	covered int
}

// requirementTables say, document by document, what each requirement is covered
// by.
func requirementTables(p *page, list []checklist, requirements []guidance.Requirement) {
	documents := byDocument(list, requirements)
	covered := 0
	for _, d := range documents {
		covered += d.covered
	}
	p.heading(2, "Requirements and the rules that cover them")
	p.para("What the source documents of the product checklists recommend, in our own words. **%d of %d** requirements are covered by at "+
		"least one rule. The checklists of single topics follow many documents and are not listed here; "+
		"their pages have each rule's references.", covered, len(requirements))
	for _, d := range documents {
		p.heading(3, documentTitle(list, d.first))
		p.para("%d of %d are covered, by %s.", d.covered, len(d.rows), newestLink(list, d.first.Checklist))
		p.table([]string{"Id", "Section", "It asks that", "Rules"}, d.rows)
	}
}

func byDocument(list []checklist, requirements []guidance.Requirement) (out []*documentRows) {
	for _, q := range requirements {
		i := slices.IndexFunc(out, func(d *documentRows) bool { return d.first.Document == q.Document })
		if i < 0 {
			i, out = len(out), append(out, &documentRows{first: q})
		}
		rules := coveredBy(list, q)
		if len(rules) > 0 {
			out[i].covered++
		}
		asks := escape(q.Asks)
		if q.Exception != "" {
			asks += " Exception: " + escape(q.Exception)
		}
		out[i].rows = append(out[i].rows, []string{
			fmt.Sprintf(`<a id="%s"></a>%s`, q.ID, q.ID), escape(q.Section), asks, strings.Join(rules, ", "),
		})
	}
	return out
}

// coveredBy are links to the rules that name a requirement, in the newest
// version that has such.
func coveredBy(list []checklist, q guidance.Requirement) []string {
	for _, c := range list {
		if c.id != q.Checklist {
			continue
		}
		for _, v := range slices.Backward(c.versions) {
			var out []string
			for _, r := range v.Rules() {
				if slices.Contains(r.Requirements, q.ID) {
					out = append(out, link(r.Id, c.id+"/"+v.Version()+".md#"+r.Id))
				}
			}
			if len(out) > 0 {
				return out
			}
		}
	}
	return nil
}

// newestLink leads to a checklist's newest version.
func newestLink(list []checklist, id string) string {
	for _, c := range list {
		if c.id == id {
			return link(id, id+"/"+c.newest().Version()+".md")
		}
	}
	return code(id)
}

// documentTitle is the title of a requirement's document, which its checklist
// declares.
func documentTitle(list []checklist, q guidance.Requirement) string {
	for _, c := range list {
		if c.id == q.Checklist {
			if i := slices.IndexFunc(c.newest().src.Documents, func(d *pb.Document) bool { return d.Id == q.Document }); i >= 0 {
				return escape(c.newest().src.Documents[i].Title)
			}
		}
	}
	return escape(q.Document)
}
