package statements

import (
	"fmt"
	"slices"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/waive"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Carry says of the statements that are about a checklist's version and in force
// at an instant, or of claims and waivers to come, which count under it, and which
// would have to be renewed, because what they answer is asked otherwise there.
// One in whose place another has been filed for that version need not be.
func (s *Set) Carry(c *assess.Checklist, at int64) (carried int, renewals []*pb.Renewal) {
	counts := map[string]bool{} // by what it is about
	var about []string          // of renewals
	sort := func(reason, name, of, key string) {
		if reason == "" {
			carried++
			counts[key] = true
			return
		}
		about, renewals = append(about, key), append(renewals, &pb.Renewal{Name: name, About: of, Reason: reason})
	}
	for _, x := range s.Claims(ledger.MaxInstant) {
		ask, declared := c.ClaimAsk(x.Claim)
		if from, to := envelope.Instant(x.StartTime), envelope.Instant(x.ExpireTime); declared && from < to && at < to {
			sort(sameAsk(x.Asks, ask.String(), "claim"), x.Name, x.Claim, fmt.Sprintf("claim %q %q", x.Claim, x.Subject))
		}
	}
	for _, w := range s.Waivers(ledger.MaxInstant) {
		if in := waive.SpanOf(w); w.Checklist == c.ID() && in.Start < in.End && at < in.End {
			reason, of := carryWaiver(c, w)
			sort(reason, w.Name, of, fmt.Sprintf("waiver %q %q %q %v", w.Rule, w.Area, slices.Sorted(slices.Values(w.Subjects)), w.HostLabels))
		}
	}
	attested, _ := s.Attested(at, ledger.MaxInstant)
	for _, t := range attested {
		name, isDeclared := attest.DeclaredName(t.Subject, t.Fact)
		ask, declared := c.FactAsk(name, attest.Scope(t.Subject))
		if isDeclared && declared {
			sort(sameAsk(t.Asks, ask.String(), "fact"), t.Name, t.Fact, fmt.Sprintf("fact %q %q", t.Subject, name))
		}
	}
	var left []*pb.Renewal
	for i, r := range renewals {
		if !counts[about[i]] {
			left = append(left, r)
		}
	}
	return carried, left
}

func sameAsk(asks []string, ask, what string) string {
	if len(asks) == 0 || slices.Contains(asks, ask) {
		return ""
	}
	return fmt.Sprintf("the version asks another question for this %s", what)
}

// carryWaiver says why a waiver does not cover all of what it is about under a
// checklist's version; "" where it does.
func carryWaiver(c *assess.Checklist, w *pb.Waiver) (reason, about string) {
	about = w.Rule
	if about == "" {
		about = w.Area
	}
	ids := c.RulesOf(w)
	if len(ids) == 0 {
		return "the version has no such rule", about
	}
	var others []string
	for _, id := range ids {
		i, _ := c.RuleIndex(id)
		if !asked(w, id, c.Ask(i).String()) {
			others = append(others, id)
		}
	}
	switch {
	case len(others) == 0:
		return "", about
	case w.Rule != "":
		return "the rule asks something else in the version", about
	}
	return fmt.Sprintf("%d of the area's %d rules are new or ask something else in the version, among them %s", len(others), len(ids), others[0]), about
}

func asked(w *pb.Waiver, rule, digest string) bool {
	if len(w.Asks) == 0 {
		return true
	}
	return slices.ContainsFunc(w.Asks, func(a *pb.RuleAsk) bool { return a.Rule == rule && a.Digest == digest })
}
