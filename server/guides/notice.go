package guides

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/store/ledger"
)

// kindNoticed is the kind of the one object that says up to which instant it was
// told what came into force. It is part of the format.
const (
	kindNoticed byte = 'g'
	noticedName      = "activated"
)

// noticeMost bounds the instants that one commit tells of.
const noticeMost = 256

// Notices tells, as events, what came into force up to an instant and was not
// told yet: an assignment's first version, or another version or tailoring of
// it. It returns when something comes into force next.
func (k *Keeper) Notices(ctx context.Context, now int64) (next int64, err error) {
	k.mu.Lock() // what is committed is in the history, and nothing comes between
	defer k.mu.Unlock()
	h := k.History()
	from, err := k.noticed(ctx)
	if err != nil {
		return 0, err
	}
	var list []*Guide
	for t := h.Next(from); t <= now && len(list) < noticeMost; t = h.Next(t) {
		list = append(list, h.At(t))
	}
	if len(list) > 0 {
		from = list[len(list)-1].From
		_, err = k.cfg.Ledger.Commit(ctx, now, func(b *ledger.Batch) error {
			for _, g := range list {
				g.tell(b, h.At(g.From-1))
			}
			b.PutObject(kindNoticed, noticedName, binary.BigEndian.AppendUint64(nil, uint64(from)))
			return b.Err()
		})
	}
	return h.Next(from), err
}

// noticed is the instant up to which it was told what came into force.
func (k *Keeper) noticed(ctx context.Context) (at int64, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		raw, err := tx.Object(kindNoticed, noticedName)
		switch {
		case err != nil:
			return err
		case raw == nil:
			at = ledger.MinInstant
		case len(raw) != 8:
			return fmt.Errorf("%w: what is known to have been told of guidance", ledger.ErrCorrupt)
		default:
			at = int64(binary.BigEndian.Uint64(raw))
		}
		return nil
	})
	return at, err
}

// tell tells what is in force that was not before.
func (g *Guide) tell(b *ledger.Batch, before *Guide) {
	for _, a := range g.Assignments {
		same := false
		for _, was := range before.Assignments {
			same = same || was.ID == a.ID && was.Series == a.Series &&
				was.Plan.Checklist().Digest() == a.Plan.Checklist().Digest() && was.Plan.TailoringDigest() == a.Plan.TailoringDigest()
		}
		if same {
			continue
		}
		c := a.Plan.Checklist()
		text := fmt.Sprintf("%s %s is in force for %s", c.ID(), c.Version(), a.Source.Name)
		if a.Source.Tailoring != "" {
			text += ", with " + a.Source.Tailoring
		}
		e := events.Notice{
			Type: events.GuidanceActivated, Series: a.Series, Cause: "guidance", Resource: a.Source.Name, Message: text, Effective: g.From,
		}
		e.Put(b)
	}
}
