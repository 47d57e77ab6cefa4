package assess

import (
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// What people say of a rule, a claim or a fact is about what it asks. It holds
// as long as that stays the same, in whatever version of the checklist: a
// better text or another weight does not take a waiver away, another condition
// or parameter does. So what is asked has a digest of its own, which statements
// carry.

// Ask is the digest of what the rule with that index asks: its scope, its pair
// scope, whether its subjects count one by one, its conditions and its
// exceptions' (without comments and line breaks), and of the parameters, tables,
// facts and claims that these name the type, the default, the entries and the
// scope. Texts, severity, weight, role, group, references and examples do not
// count, nor does what its message names.
//
// It is the digest of a checklist that has nothing else, parts sorted by name.
func (c *Checklist) Ask(rule int) digest.Digest { return c.rules[rule].ask }

// ClaimAsk is the digest of what a claim's declaration asks: its id, its scope
// and its question. It is false where no claim of the id is declared.
func (c *Checklist) ClaimAsk(id string) (digest.Digest, bool) {
	d := c.claims[id]
	if d == nil {
		return digest.Digest{}, false
	}
	return digest.Of(&pb.ClaimDeclaration{Id: d.Id, Scope: d.Scope, Question: d.Question}), true
}

// FactAsk is the digest of what a fact's declaration asks: its name, scope,
// type and question. It is false where no such fact is declared.
func (c *Checklist) FactAsk(name, scope string) (digest.Digest, bool) {
	d := c.facts[rule.FactName{Scope: scope, Name: name}]
	if d == nil {
		return digest.Digest{}, false
	}
	return digest.Of(&pb.FactDeclaration{Name: d.Name, Scope: d.Scope, Type: d.Type, Question: d.Question}), true
}

// Reads are the names that the conditions of the rule with that index read: those
// of parameters, tables, declared facts and claims, and its facts' paths. The
// caller must not change them.
func (c *Checklist) Reads(i int) rule.Reads { return c.rules[i].reads }

// index finds declarations by name, for what is worked out from here on.
func (c *Checklist) index() {
	c.claims = map[string]*pb.ClaimDeclaration{}
	c.facts = map[rule.FactName]*pb.FactDeclaration{}
	for _, d := range c.src.Claims {
		c.claims[d.Id] = d
	}
	for _, d := range c.src.Facts {
		c.facts[rule.FactName{Scope: d.Scope, Name: d.Name}] = d
	}
}

// asked works out what each rule reads and asks.
func (c *Checklist) asked() {
	for _, r := range c.rules {
		programs := []*rule.Program{r.applies, r.check}
		for i := range r.exceptions {
			x := &r.exceptions[i]
			x.claims = len(x.when.Claims()) > 0
			programs = append(programs, x.when)
		}
		r.reads = rule.ReadsOf(r.pair, programs...)
		r.ask = digest.Of(c.askedBy(r))
	}
}

// askedBy is the checklist that has nothing but what a rule asks.
func (c *Checklist) askedBy(r *compiledRule) *pb.Checklist {
	asked := &pb.Rule{
		Id: r.src.Id, Scope: r.src.Scope, Multiple: r.src.Multiple,
		Applies: rule.Plain(r.src.Applies), Check: rule.Plain(r.src.Check),
	}
	if p := r.src.Pair; p != nil {
		asked.Pair = &pb.PairScope{
			Left: rule.Plain(p.Left), LeftKey: rule.Plain(p.LeftKey), Right: rule.Plain(p.Right), RightKey: rule.Plain(p.RightKey),
		}
	}
	for _, x := range r.src.Exceptions {
		asked.Exceptions = append(asked.Exceptions, &pb.Exception{Id: x.Id, When: rule.Plain(x.When)})
	}
	out := &pb.Checklist{Groups: []*pb.Group{{Rules: []*pb.Rule{asked}}}}
	for _, p := range c.src.Parameters {
		if slices.Contains(r.reads.Params, p.Name) {
			out.Parameters = append(out.Parameters, &pb.Parameter{Name: p.Name, Type: p.Type, Default: p.Default})
		}
	}
	for _, t := range c.src.Tables {
		if slices.Contains(r.reads.Tables, t.Name) {
			out.Tables = append(out.Tables, &pb.Table{Name: t.Name, Type: t.Type, Entries: t.Entries})
		}
	}
	for _, f := range r.reads.Facts {
		out.Facts = append(out.Facts, &pb.FactDeclaration{Name: f.Name, Scope: f.Scope, Type: c.facts[f].GetType()})
	}
	for _, id := range r.reads.Claims {
		out.Claims = append(out.Claims, &pb.ClaimDeclaration{Id: id, Scope: c.claims[id].GetScope()})
	}
	slices.SortFunc(out.Parameters, func(a, b *pb.Parameter) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(out.Tables, func(a, b *pb.Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// answering are the claims that answer what the checklist asks: those that were
// filed for the same declaration, and those that do not say for which.
func (c *Checklist) answering(claims []*pb.Claim) []*pb.Claim {
	texts := map[string]string{} // by claim: many claims answer one question
	other := func(k *pb.Claim) bool {
		if len(k.Asks) == 0 {
			return false
		}
		text, ok := texts[k.Claim]
		if !ok {
			if ask, declared := c.ClaimAsk(k.Claim); declared {
				text = ask.String()
			}
			texts[k.Claim] = text
		}
		return text == "" || !slices.Contains(k.Asks, text)
	}
	if !slices.ContainsFunc(claims, other) {
		return claims
	}
	return slices.DeleteFunc(slices.Clone(claims), other)
}
