package diff

import (
	"slices"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The kinds of differences.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Checklists tells what differs between two versions of a checklist, as of next:
// what only that has is added. Both are compared whatever their ids and versions
// are. The order of all lists depends on the two alone.
func Checklists(base, next *assess.Checklist) *pb.ChecklistDiff {
	d := &pb.ChecklistDiff{
		Checklist: next.ID(), BaseVersion: base.Version(), Version: next.Version(),
		Parts: parts(base.Source(), next.Source()),
	}
	d.FactsAdded, d.FactsRemoved = needs(base, next), needs(next, base)
	inBase, inNext := placed(base), placed(next)
	for _, r := range inNext {
		old := find(inBase, r.src.Id)
		if old == nil {
			d.Added++
			d.Rules = append(d.Rules, whole(r, Added))
			continue
		}
		if c := changed(*old, r); c != nil {
			d.Changed++
			d.Rules = append(d.Rules, c)
		} else {
			d.Unchanged++
		}
	}
	for _, r := range inBase {
		if find(inNext, r.src.Id) == nil {
			d.Removed++
			d.Rules = append(d.Rules, whole(r, Removed))
		}
	}
	return d
}

// needs are the facts that next needs and base does not.
func needs(base, next *assess.Checklist) []*pb.FactNeed {
	had := map[string]bool{}
	for _, n := range base.Needs() {
		had[n.Path] = true
	}
	return slices.DeleteFunc(next.Needs(), func(n *pb.FactNeed) bool { return had[n.Path] })
}

// without are the texts of list that are not among those of other.
func without(list, other []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(other, s) {
			out = append(out, s)
		}
	}
	return out
}

// entry is a field with its value in words, and the kind of change that another
// value is.
type entry struct{ field, text, change string }

// compare gives the fields that differ: in the order of next, then those that
// only base has; and the kinds of change.
func compare(base, next []entry) (fields []*pb.FieldDiff, changes map[string]bool) {
	before := map[string]entry{}
	for _, e := range base {
		before[e.field] = e
	}
	changes = map[string]bool{}
	seen := map[string]bool{}
	for _, e := range next {
		seen[e.field] = true
		if old := before[e.field]; old.text != e.text {
			fields = append(fields, &pb.FieldDiff{Field: e.field, Before: old.text, After: e.text})
			changes[e.change] = true
		}
	}
	for _, e := range base {
		if !seen[e.field] && e.text != "" {
			fields = append(fields, &pb.FieldDiff{Field: e.field, Before: e.text})
			changes[e.change] = true
		}
	}
	return fields, changes
}
