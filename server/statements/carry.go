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

// Carry says of the statements in force at an instant which are about a
// checklist's version and count under it, and which would have to be renewed,
// because what they answer is asked otherwise there.
func (s *Set) Carry(c *assess.Checklist, at int64) (carried int, renewals []*pb.Renewal) {
	sort := func(reason, name, about string) {
		if reason == "" {
			carried++
			return
		}
		renewals = append(renewals, &pb.Renewal{Name: name, About: about, Reason: reason})
	}
	for _, x := range s.Claims(ledger.MaxInstant) {
		ask, declared := c.ClaimAsk(x.Claim)
		if declared && inForce(at, envelope.Instant(x.StartTime), envelope.Instant(x.ExpireTime)) {
			sort(sameAsk(x.Asks, ask.String(), "claim"), x.Name, x.Claim)
		}
	}
	for _, w := range s.Waivers(ledger.MaxInstant) {
		if in := waive.SpanOf(w); w.Checklist == c.ID() && inForce(at, in.Start, in.End) {
			reason, about := carryWaiver(c, w)
			sort(reason, w.Name, about)
		}
	}
	attested, _ := s.Attested(at, ledger.MaxInstant)
	for _, t := range attested {
		name, isDeclared := attest.DeclaredName(t.Subject, t.Fact)
		ask, declared := c.FactAsk(name, attest.Scope(t.Subject))
		if isDeclared && declared {
			sort(sameAsk(t.Asks, ask.String(), "fact"), t.Name, t.Fact)
		}
	}
	return carried, renewals
}

func inForce(at, from, to int64) bool { return from <= at && at < to }

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
