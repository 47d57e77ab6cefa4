package statements

import (
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/guides"
)

// asking are the checklist versions to which a statement made now is an
// answer: those in force by assignments, and of a checklist that is not
// assigned the newest. An empty id means all checklists.
func (k *Keeper) asking(checklist string) (out []*assess.Checklist) {
	assigned := map[string]bool{}
	for _, a := range k.cfg.Guides.History().At(k.cfg.Now()).Assignments {
		c := a.Plan.Checklist()
		assigned[c.ID()] = true
		if (checklist == "" || c.ID() == checklist) && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	for id := range k.cfg.Guides.Checklists() {
		if assigned[id] || checklist != "" && id != checklist {
			continue
		}
		if c, err := k.cfg.Guides.Compiled(id, guides.Latest); err == nil {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *assess.Checklist) int {
		return strings.Compare(a.ID()+" "+a.Version(), b.ID()+" "+b.Version())
	})
	return out
}

// answered are the checklist versions to which a statement is an answer: the one
// that it names, with its whole name, or those to which one made now is.
func (k *Keeper) answered(version, checklist string) (list []*assess.Checklist, name string, err error) {
	if version == "" {
		return k.asking(checklist), "", nil
	}
	c, v, err := k.cfg.Guides.Usable(version)
	if err != nil {
		return nil, "", err
	}
	return []*assess.Checklist{c}, v.Name, nil
}

// ruleAsks are what the rules of a waiver ask in some versions.
func ruleAsks(w *pb.Waiver, versions []*assess.Checklist) (out []*pb.RuleAsk) {
	seen := map[string]bool{}
	for _, c := range versions {
		for i, r := range c.Rules() {
			if w.Rule != "" && r.Id != w.Rule || w.Area != "" && r.Area != w.Area {
				continue
			}
			ask := &pb.RuleAsk{Rule: r.Id, Digest: c.Ask(i).String()}
			if key := ask.Rule + " " + ask.Digest; !seen[key] {
				seen[key] = true
				out = append(out, ask)
			}
		}
	}
	return out
}

// claimAsks are the questions that a claim of an id answers in some versions.
// Where none of them asks, they are those of the newest versions that do: a claim
// without a question would answer any.
func (k *Keeper) claimAsks(id string, list []*assess.Checklist) (out []string) {
	add := func(c *assess.Checklist) bool {
		d, ok := c.ClaimAsk(id)
		if ok && !slices.Contains(out, d.String()) {
			out = append(out, d.String())
		}
		return ok
	}
	for _, c := range list {
		add(c)
	}
	if len(out) > 0 {
		return out
	}
	for checklist, versions := range k.cfg.Guides.Checklists() {
		for _, v := range slices.Backward(versions) {
			if c, err := k.cfg.Guides.Compiled(checklist, v.Checklist.Version); err == nil && add(c) {
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// factAsks are the questions that a declared fact answers in some versions.
func factAsks(name, scope string, versions []*assess.Checklist) (out []string) {
	for _, c := range versions {
		if d, ok := c.FactAsk(name, scope); ok && !slices.Contains(out, d.String()) {
			out = append(out, d.String())
		}
	}
	return out
}
