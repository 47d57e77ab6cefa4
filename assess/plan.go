package assess

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// DefaultTailoring is the id of the tailoring that changes nothing.
const DefaultTailoring = "default"

// Plan is a checklist under one profile and one tailoring: what is selected,
// how much it weighs, what the parameters are.
type Plan struct {
	checklist *Checklist
	profile   string
	tailoring *pb.Tailoring
	digest    digest.Digest // of the tailoring
	rules     []planRule
	values    *rule.Values
	tree      *score.Tree

	results, facts atomic.Int32 // a host of the last evaluation, rounded up
	machines       sync.Pool    // of *rule.Machine
	spares         sync.Pool    // of *spare
}

// planRule is how one rule stands under a plan.
type planRule struct {
	selected bool
	role     role
	severity string
	weight   float64
}

type role uint8

const (
	full role = iota
	unscored
	unchecked
)

func roleOf(s string) role {
	switch s {
	case "unscored":
		return unscored
	case "unchecked":
		return unchecked
	}
	return full
}

// Checklist is the plan's checklist.
func (p *Plan) Checklist() *Checklist { return p.checklist }

// Profile is the profile's id.
func (p *Plan) Profile() string { return p.profile }

// Tailoring is the tailoring's id.
func (p *Plan) Tailoring() string { return p.tailoring.GetId() }

// TailoringSource is the tailoring; the caller must not change it.
func (p *Plan) TailoringSource() *pb.Tailoring { return p.tailoring }

// Severity is the severity of a rule, by its index, as profile and tailoring
// refine it.
func (p *Plan) Severity(rule int) string { return p.rules[rule].severity }

// TailoringDigest identifies the tailoring's content.
func (p *Plan) TailoringDigest() digest.Digest { return p.digest }

// Plan resolves a profile ("" for the first) and a tailoring (nil for none).
// An error names the field that is wrong and what there is instead.
func (c *Checklist) Plan(profile string, t *pb.Tailoring) (*Plan, error) {
	prof, err := c.profile(profile)
	if err != nil {
		return nil, err
	}
	if t == nil {
		t = &pb.Tailoring{Id: DefaultTailoring}
	}
	if err := c.checkTailoring(t); err != nil {
		return nil, err
	}
	values, issues := rule.NewValues(c.env, prof.Parameters, t.Parameters)
	if len(issues) > 0 {
		return nil, fmt.Errorf("tailoring.%s: %s", issues[0].Field, issues[0].Message)
	}
	p := &Plan{checklist: c, profile: prof.Id, tailoring: t, digest: digest.Of(t), values: values}
	p.selectRules(prof)
	p.refine(prof.Refinements)
	p.refine(t.Refinements)
	if p.tree, err = score.NewTree(p.scoreTree()); err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	return p, nil
}

func (c *Checklist) profile(id string) (*pb.Profile, error) {
	if id == "" {
		return c.src.Profiles[0], nil
	}
	names := make([]string, len(c.src.Profiles))
	for i, p := range c.src.Profiles {
		if p.Id == id {
			return p, nil
		}
		names[i] = p.Id
	}
	return nil, fmt.Errorf("profile: %s@%s has no profile %q; it has %s", c.src.Id, c.src.Version, id, strings.Join(names, ", "))
}

func (c *Checklist) checkTailoring(t *pb.Tailoring) error {
	for i, id := range t.Select {
		if _, ok := c.byID[id]; !ok {
			return fmt.Errorf("tailoring.select[%d]: %s@%s has no rule %q", i, c.src.Id, c.src.Version, id)
		}
	}
	for i, f := range t.Refinements {
		if _, ok := c.byID[f.Rule]; !ok {
			return fmt.Errorf("tailoring.refinements[%d].rule: %s@%s has no rule %q", i, c.src.Id, c.src.Version, f.Rule)
		}
	}
	for i, id := range t.Deselect {
		if _, ok := c.byID[id]; !ok && !slices.ContainsFunc(c.groups, func(g groupInfo) bool { return g.src.Id == id }) {
			return fmt.Errorf("tailoring.deselect[%d]: %s@%s has no group or rule %q", i, c.src.Id, c.src.Version, id)
		}
	}
	return nil
}

// selectRules applies the profile's choice and then the tailoring's: what is
// named later wins, and a rule that is selected by name stands in spite of
// its group.
func (p *Plan) selectRules(prof *pb.Profile) {
	c := p.checklist
	p.rules = make([]planRule, len(c.rules))
	out := map[string]bool{}
	for i, r := range c.rules {
		w := 1.0
		if r.src.Weight != nil {
			w = *r.src.Weight
		}
		p.rules[i] = planRule{selected: true, role: roleOf(r.src.Role), severity: r.src.Severity, weight: w}
	}
	for _, step := range []struct{ deselect, selected []string }{
		{prof.Deselect, prof.Select}, {p.tailoring.Deselect, p.tailoring.Select},
	} {
		clear(out)
		for _, id := range step.deselect {
			out[id] = true
		}
		for i, r := range c.rules {
			if out[r.src.Id] || c.inGroup(r.group, out) {
				p.rules[i].selected = false
			}
			if slices.Contains(step.selected, r.src.Id) {
				p.rules[i].selected = true
			}
		}
	}
}

// inGroup tells whether a group, or one around it, is among the ids.
func (c *Checklist) inGroup(g int, ids map[string]bool) bool {
	for ; g >= 0; g = c.groups[g].parent {
		if ids[c.groups[g].src.Id] {
			return true
		}
	}
	return false
}

func (p *Plan) refine(refinements []*pb.Refinement) {
	for _, f := range refinements {
		r := &p.rules[p.checklist.byID[f.Rule]]
		if f.Severity != nil {
			r.severity = *f.Severity
		}
		if f.Weight != nil {
			r.weight = *f.Weight
		}
		if f.Role != nil {
			r.role = roleOf(*f.Role)
		}
	}
}

// scoreTree is the tree of groups that scores are computed over.
func (p *Plan) scoreTree() score.Group {
	root := score.Group{Weight: 1}
	for _, g := range p.checklist.src.Groups {
		root.Groups = append(root.Groups, p.scoreGroup(g))
	}
	return root
}

func (p *Plan) scoreGroup(g *pb.Group) score.Group {
	out := score.Group{ID: g.Id, Weight: 1}
	if g.Weight != nil {
		out.Weight = *g.Weight
	}
	for _, r := range g.Rules {
		i := p.checklist.byID[r.Id]
		out.Rules = append(out.Rules, score.Rule{Index: i, Weight: p.rules[i].weight})
	}
	for _, sub := range g.Groups {
		out.Groups = append(out.Groups, p.scoreGroup(sub))
	}
	return out
}
