package diff

import (
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// part is a part of a checklist, rules apart.
type part struct {
	kind, id string
	entries  []entry
}

// parts tells how the parts of two checklists differ: kind by kind, each in the
// order of next, then those that only base has.
func parts(base, next *pb.Checklist) (out []*pb.PartDiff) {
	before, after := byKind(base), byKind(next)
	for i := range after {
		had, has := map[string]part{}, map[string]bool{}
		for _, p := range before[i] {
			had[p.id] = p
		}
		for _, p := range after[i] {
			has[p.id] = true
			old, ok := had[p.id]
			if !ok {
				out = append(out, &pb.PartDiff{Part: p.kind, Id: p.id, Kind: Added})
				continue
			}
			if fields, _ := compare(old.entries, p.entries); len(fields) > 0 {
				out = append(out, &pb.PartDiff{Part: p.kind, Id: p.id, Kind: Changed, Fields: fields})
			}
		}
		for _, p := range before[i] {
			if !has[p.id] {
				out = append(out, &pb.PartDiff{Part: p.kind, Id: p.id, Kind: Removed})
			}
		}
	}
	return out
}

// byKind are a checklist's parts: parameters, tables, profiles, declared facts,
// claims, documents and groups.
func byKind(c *pb.Checklist) [7][]part {
	var out [7][]part
	add := func(i int, kind, id string, entries ...entry) { out[i] = append(out[i], part{kind, id, entries}) }
	for _, p := range c.Parameters {
		add(0, "parameter", p.Name, entry{field: "type", text: p.Type}, entry{field: "default", text: valueText(p.Default)},
			entry{field: "description", text: p.Description})
	}
	for _, t := range c.Tables {
		add(1, "table", t.Name, append([]entry{{field: "type", text: t.Type}, {field: "description", text: t.Description}},
			valueEntries("entries", t.Entries, "")...)...)
	}
	for _, p := range c.Profiles {
		add(2, "profile", p.Id, profileEntries(p)...)
	}
	for _, f := range c.Facts {
		add(3, "fact", factID(f), entry{field: "type", text: f.Type}, entry{field: "question", text: f.Question})
	}
	for _, k := range c.Claims {
		add(4, "claim", k.Id, entry{field: "scope", text: k.Scope}, entry{field: "question", text: k.Question},
			entry{field: "longest", text: spanText(k.Longest)})
	}
	for _, d := range c.Documents {
		add(5, "document", d.Id, entry{field: "title", text: d.Title}, entry{field: "publisher", text: d.Publisher},
			entry{field: "uri", text: d.Uri}, entry{field: "date", text: d.Date})
	}
	var walk func(g *pb.Group, in string)
	walk = func(g *pb.Group, in string) {
		add(6, "group", g.Id, entry{field: "title", text: g.Title}, entry{field: "weight", text: weightText(g.Weight)},
			entry{field: "group", text: in})
		for _, sub := range g.Groups {
			walk(sub, g.Id)
		}
	}
	for _, g := range c.Groups {
		walk(g, "")
	}
	return out
}

// factID names a declared fact, of which there may be one for each scope:
// "host.encrypted".
func factID(f *pb.FactDeclaration) string { return f.Scope + "." + f.Name }

func profileEntries(p *pb.Profile) []entry {
	out := []entry{
		{field: "title", text: p.Title}, {field: "description", text: p.Description},
		{field: "deselect", text: listText(p.Deselect)}, {field: "select", text: listText(p.Select)},
	}
	out = append(out, valueEntries("parameters", p.Parameters, "")...)
	for _, f := range p.Refinements {
		var said []string
		if f.Severity != nil {
			said = append(said, "severity "+*f.Severity)
		}
		if f.Weight != nil {
			said = append(said, "weight "+weightText(f.Weight))
		}
		if f.Role != nil {
			said = append(said, "role "+*f.Role)
		}
		out = append(out, entry{field: "refinements[" + f.Rule + "]", text: strings.Join(said, ", ")})
	}
	return out
}
