package assessor

import (
	"context"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/store/ledger"
)

// causeOf is the cause of a breakpoint at which a statement begins or ends.
func causeOf(k statements.Kind) uint32 {
	switch k {
	case statements.ClaimKind:
		return causeClaim
	case statements.WaiverKind:
		return causeWaiver
	case statements.AttestationKind:
		return causeAttestation
	}
	return causeDerived
}

// onSystem writes something that a system's states depend on, in one commit
// with what makes the system due, and evaluates it. f returns the instant from
// which the states may differ. A kind of None changes no state.
func (a *Assessor) onSystem(ctx context.Context, system string, kind statements.Kind, audits []*storev1.AuditRecord, f func(b *ledger.Batch, at int64) (int64, error)) error {
	return a.onSystemFor(ctx, system, causeOf(kind), kind != statements.None, audits, f)
}

func (a *Assessor) onSystemFor(ctx context.Context, system string, cause uint32, due bool, audits []*storev1.AuditRecord, f func(b *ledger.Batch, at int64) (int64, error)) error {
	_, err := a.ledger.Commit(ctx, a.now(), func(b *ledger.Batch) error {
		if _, ok := b.Number(envelope.NameSystem, system); !ok {
			return notFoundSystem(system)
		}
		from, err := f(b, b.Commit().Recorded)
		if err != nil {
			return err
		}
		for _, rec := range audits {
			b.Audit(envelope.Encode(rec))
		}
		if !due {
			return b.Err()
		}
		return makeDue(b, system, from, cause)
	})
	if err != nil || !due {
		return err
	}
	a.Notifier.Wake()
	return a.Reassess(ctx, system)
}

func notFoundSystem(system string) error {
	return fault.NotFound("systems/"+system, "submit it first, or list what is there with ListSystems")
}

// inventoryNow is a system's inventory as it stands.
func (a *Assessor) inventoryNow(ctx context.Context, system string) (*pb.Inventory, error) {
	m, err := a.Merged(ctx, system, "", When{})
	if err != nil {
		return nil, err
	}
	return m.Inventory, nil
}

// statementsOf reads what people said of the system.
func (s *system) statementsOf() (*statements.Set, error) {
	if s.statements != nil {
		return s.statements, nil
	}
	var err error
	s.statements, err = statements.Load(s.tx, s.id)
	return s.statements, err
}

// attested adds what people attested to the views of an instant, as known at
// another, and returns the next instant at which another attestation holds.
func (s *system) attested(in *merge.Input, knownAt int64) (next int64, err error) {
	set, err := s.statementsOf()
	if err != nil || !set.HasAttestations() {
		return assess.Forever, err
	}
	list, next := set.Attested(in.At, knownAt)
	addAttested(s.id, in, list)
	return next, nil
}

// addAttested adds attestations to the views of a system. What is attested of
// something that no source reports is left out: a person states facts about
// things, not that there are such things.
func addAttested(system string, in *merge.Input, list []statements.Attested) {
	if len(list) == 0 {
		return
	}
	reported := mergeOf(system, *in).Inventory
	for _, t := range list {
		if !attest.Has(reported, t.Subject) {
			continue
		}
		inv := &pb.Inventory{}
		if err := attest.SetFact(inv, t.Subject, t.Fact, t.Value); err != nil {
			continue // it was checked when it was filed, against an older model
		}
		intake.Normalize(inv)
		for _, h := range inv.Hosts {
			in.Hosts = append(in.Hosts, merge.HostView{Source: merge.Attestation, Host: h, Confirmed: t.From, Until: t.Until, Reported: true})
		}
		if inv.System != nil || len(inv.Facilities) > 0 {
			inv.Hosts = nil
			if inv.System != nil {
				inv.System.Id = system
			}
			in.System = append(in.System, merge.SystemView{Source: merge.Attestation, Inventory: inv, Confirmed: t.From, Until: t.Until})
		}
	}
}
