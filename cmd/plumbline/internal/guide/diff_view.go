package guide

import (
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/assess/diff"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// diffView lays out what differs: rules first, then what they rest on, then what
// somebody must report that was not asked for before.
func diffView(v *render.View, d *pb.ChecklistDiff) {
	v.Line("%s: %s → %s: %s added, %d removed, %d changed, %d as before", d.GetChecklist(), d.GetBaseVersion(), d.GetVersion(),
		cli.Count(int(d.GetAdded()), "rule"), d.GetRemoved(), d.GetChanged(), d.GetUnchanged())
	for _, kind := range []string{diff.Added, diff.Removed} {
		var rows [][]string
		for _, r := range d.GetRules() {
			if r.GetKind() == kind {
				rows = append(rows, []string{r.GetRule(), v.Word(r.GetSeverity()), r.GetTitle()})
			}
		}
		if len(rows) > 0 {
			v.Title("Rules %s", kind)
			v.Table([]string{"RULE", "SEVERITY", "TITLE"}, rows, "")
		}
	}
	changedRules(v, d)
	changedParts(v, d)
	factTable(v, "Facts newly needed", d.GetFactsAdded())
	factTable(v, "Facts no longer needed", d.GetFactsRemoved())
}

// changedRules lists changed rules with what changed of them.
func changedRules(v *render.View, d *pb.ChecklistDiff) {
	head := false
	for _, r := range d.GetRules() {
		if r.GetKind() != diff.Changed {
			continue
		}
		if !head {
			v.Title("Rules changed")
			head = true
		}
		v.Line("%s (%s): %s: %s", r.GetRule(), v.Word(r.GetSeverity()), strings.Join(r.GetChanges(), ", "), r.GetTitle())
		changedFields(v, r.GetFields())
		if len(r.GetFactsAdded()) > 0 {
			v.Line("  needs now: %s", strings.Join(r.GetFactsAdded(), ", "))
		}
		if len(r.GetFactsRemoved()) > 0 {
			v.Line("  needs no longer: %s", strings.Join(r.GetFactsRemoved(), ", "))
		}
	}
}

// shortValue is how long a value may be to stand on one line with the other.
const shortValue = 32

// changedFields writes fields with both values: beside each other where they are
// short, else below each other.
func changedFields(v *render.View, fields []*pb.FieldDiff) {
	for _, f := range fields {
		before, after := f.GetBefore(), f.GetAfter()
		if len(before) <= shortValue && len(after) <= shortValue && !strings.Contains(before+after, "\n") {
			v.Line("  %s: %s → %s", f.GetField(), cli.Or(before, "none"), cli.Or(after, "none"))
			continue
		}
		v.Line("  %s:", f.GetField())
		sided(v, "-", before)
		sided(v, "+", after)
	}
}

// sided writes the lines of one value with a mark before each.
func sided(v *render.View, mark, text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		v.Raw(fmt.Sprintf("    %s %s", mark, line))
	}
}

// changedParts lists what differs besides the rules.
func changedParts(v *render.View, d *pb.ChecklistDiff) {
	if len(d.GetParts()) == 0 {
		return
	}
	v.Title("Other parts")
	for _, p := range d.GetParts() {
		v.Line("%s %s %s", p.GetKind(), p.GetPart(), p.GetId())
		changedFields(v, p.GetFields())
	}
}

// factTable lists kinds of facts with the rules that read them.
func factTable(v *render.View, title string, list []*pb.FactNeed) {
	if len(list) == 0 {
		return
	}
	v.Title("%s", title)
	var rows [][]string
	for _, f := range list {
		rows = append(rows, []string{f.GetPath(), render.List(f.GetRules(), 3), f.GetQuestion()})
	}
	v.Table([]string{"FACT", "FOR", "QUESTION"}, rows, "")
}
