package pagegen

import (
	"maps"
	"slices"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func parameters(p *page, list []*pb.Parameter) {
	if len(list) == 0 {
		return
	}
	p.heading(2, "Parameters")
	p.para("Rules read them as `params.NAME`; a profile or a tailoring may give other values.")
	var rows [][]string
	for _, x := range list {
		rows = append(rows, []string{code(x.Name), code(x.Type), value(x.Default), escape(x.Description)})
	}
	p.table([]string{"Name", "Type", "Default", "Meaning"}, rows)
}

// long is how many entries of a table are shown at once.
const long = 12

func tables(p *page, list []*pb.Table) {
	if len(list) == 0 {
		return
	}
	p.heading(2, "Tables")
	p.para("Rules read them as `tables.NAME[key]`. A key that is not in a table is unknown.")
	for _, t := range list {
		var rows [][]string
		for _, k := range slices.Sorted(maps.Keys(t.Entries)) {
			rows = append(rows, []string{code(k), value(t.Entries[k])})
		}
		p.heading(3, "Table "+t.Name)
		p.para("%s to %s. %s", code("string"), code(t.Type), escape(t.Description))
		entries := func() { p.table([]string{"Key", "Value"}, rows) }
		if len(rows) > long {
			p.folded(count(len(rows), "entry"), entries)
		} else {
			entries()
		}
	}
}

func facts(p *page, list []*pb.FactDeclaration) {
	if len(list) == 0 {
		return
	}
	p.heading(2, "Declared facts")
	p.para("What the model has no field for. Sources report them under `facts`; people can answer the question.")
	var rows [][]string
	for _, f := range list {
		rows = append(rows, []string{code(f.Name), f.Scope, code(f.Type), escape(f.Question)})
	}
	p.table([]string{"Name", "Of a", "Type", "Question"}, rows)
}

func claims(p *page, list []*pb.ClaimDeclaration) {
	if len(list) == 0 {
		return
	}
	p.heading(2, "Claims")
	p.para("The words of a person on which exceptions rest. Without one that is in force the exception is not.")
	var rows [][]string
	for _, k := range list {
		longest := "no limit"
		if k.Longest != nil {
			longest = code(span(k.Longest))
		}
		rows = append(rows, []string{code(k.Id), k.Scope, escape(k.Question), longest})
	}
	p.table([]string{"Id", "Of a", "Question", "Holds at most"}, rows)
}
