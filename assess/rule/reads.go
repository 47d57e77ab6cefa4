package rule

import (
	"maps"
	"slices"

	"github.com/plumbline/plumbline/assess/rule/names"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// Reads is what a rule's expressions name, whatever an inventory holds. All
// lists are sorted, and have each name once.
type Reads struct {
	Params []string
	Tables []string
	Claims []string
	Facts  []FactName // declared facts
	// Paths are the kinds of facts, as paths from the inventory's root with "*"
	// for the keys of elements: "hosts/*/os/patched_time". A list stands for
	// itself, and "hosts/*" for a host that is looked up by its id.
	Paths []string
}

// FactName names a declared fact.
type FactName = names.FactName

// ReadsOf is what a pair scope and programs name together; the pair and any of
// the programs may be nil. Programs over pairs must be of that pair.
func ReadsOf(pair *Pair, programs ...*Program) Reads {
	r := names.NewReads()
	var at names.Places
	if pair != nil {
		at = pair.places(r)
	}
	for _, p := range programs {
		if p == nil {
			continue
		}
		if pair == nil {
			at = names.PlacesOf(p.scope)
		}
		r.Add(&p.env.decls, p.tree, at)
	}
	out := Reads{Params: sorted(r.Params), Tables: sorted(r.Tables), Claims: sorted(r.Claims), Paths: sorted(r.Paths)}
	for f := range r.Facts {
		out.Facts = append(out.Facts, f)
	}
	slices.SortFunc(out.Facts, func(a, b FactName) int {
		return slices.Compare([]string{a.Scope, a.Name}, []string{b.Scope, b.Name})
	})
	return out
}

// places adds what the pair scope itself names, and tells where its elements
// stand.
func (p *Pair) places(r *names.Reads) (at names.Places) {
	system := names.PlacesOf(syntax.Scope{Name: "system"})
	add := func(p *Program, at names.Places) []string { return r.Add(&p.env.decls, p.tree, at) }
	at.Subject, at.Second = add(p.left, system), add(p.right, system)
	add(p.leftKey, at)
	add(p.rightKey, at)
	return at
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// Claims are the ids of the claims that the program asks for, sorted.
func (p *Program) Claims() []string { return ReadsOf(nil, p).Claims }

// Plain is an expression's text without comments, and with one space for any
// white space between two signs: texts that are equal so mean the same.
func Plain(src string) string { return names.Plain(src) }
