package assessor

import (
	"context"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/store/ledger"
)

// onSystem writes something that a system's states depend on, in one commit
// with what makes the system due, and evaluates it. f returns the instant from
// which the states may differ. A kind of None changes no state.
func (a *Assessor) onSystem(ctx context.Context, system string, kind statements.Kind, audits []*storev1.AuditRecord, f func(b *ledger.Batch, at int64) (int64, error)) error {
	return a.onSystemFor(ctx, system, replay.CauseOf(kind), kind != statements.None, audits, f)
}

func (a *Assessor) onSystemFor(ctx context.Context, system string, cause uint32, due bool, audits []*storev1.AuditRecord, f func(b *ledger.Batch, at int64) (int64, error)) error {
	_, err := a.ledger.Commit(ctx, a.now(), func(b *ledger.Batch) error {
		if _, ok := b.Number(envelope.NameSystem, system); !ok {
			return estate.NotFound(system)
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
		return change.MakeDue(b, system, from, cause)
	})
	if err != nil || !due {
		return err
	}
	a.Notifier.Wake()
	return a.Reassess(ctx, system)
}

// inventoryNow is a system's inventory as it stands.
func (a *Assessor) inventoryNow(ctx context.Context, system string) (*pb.Inventory, error) {
	m, err := a.Merged(ctx, system, "", past.When{})
	if err != nil {
		return nil, err
	}
	return m.Inventory, nil
}
