package retention

import (
	"context"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// mostHolds bounds the holds: each is read at every commit of a pass.
const mostHolds = 10_000

// Hold makes a hold, or finds the one that the same request made before.
func (k *Keeper) Hold(ctx context.Context, req *pb.CreateHoldRequest, actor string) (out *pb.Hold, err error) {
	_, err = k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		out = nil
		h := proto.CloneOf(req.Hold)
		h.Name = "holds/" + req.HoldId
		before, err := envelope.Object[storev1.HoldRecord](b.Tx, kindHold, req.HoldId)
		if err != nil {
			return err
		}
		if before != nil {
			if out = before.Hold; !sameHold(h, out) {
				return fault.AlreadyExists(h.Name, "choose another id, or delete it first")
			}
			return nil
		}
		if _, ok := b.Number(envelope.NameSystem, h.System); !ok {
			return fault.NotFound("systems/"+h.System, "list what is there with ListSystems")
		}
		if err := k.place(b, h); err != nil {
			return err
		}
		n := 0
		for range b.Objects(kindHold, "") {
			if n++; n >= mostHolds {
				return fault.Exhausted(fault.ReasonTooMany, "there are %d holds; delete some that are not needed any more", n)
			}
		}
		h.Actor = actor
		b.PutObject(kindHold, req.HoldId, envelope.Encode(&storev1.HoldRecord{Schema: envelope.Schema, Hold: h}))
		audit(b, actor, "CreateHold", h.Name, "created")
		out = h
		return b.Err()
	})
	return out, err
}

// place sets a new hold's instants.
func (k *Keeper) place(b *ledger.Batch, h *pb.Hold) error {
	now := b.Commit().Recorded
	var bad []fault.Violation
	read := func(field string, set bool, valid error, t int64) int64 {
		switch {
		case !set:
			return now
		case valid != nil:
			bad = append(bad, fault.Violation{Field: field, Description: "is no valid time: " + valid.Error()})
		case t > now:
			bad = append(bad, fault.Violation{Field: field, Description: "lies in the future, of which there is nothing to keep yet"})
		}
		return t
	}
	asOf := read("hold.as_of", h.AsOf != nil, h.AsOf.CheckValid(), envelope.Instant(h.AsOf))
	knownAt := read("hold.known_at", h.KnownAt != nil, h.KnownAt.CheckValid(), envelope.Instant(h.KnownAt))
	if len(bad) > 0 {
		return fault.Invalid(bad...)
	}
	asOf = min(asOf, knownAt) // what was known then of a later instant is what was known of then
	h.AsOf, h.KnownAt, h.CreateTime = envelope.Timestamp(asOf), envelope.Timestamp(knownAt), envelope.Timestamp(now)
	h.ThinnedBefore = k.cfg.Wall.Line().Mark(asOf)
	return nil
}

// sameHold tells whether a hold is what a request asks for, where that says.
func sameHold(asked, have *pb.Hold) bool {
	return asked.System == have.System && asked.Reason == have.Reason &&
		(asked.AsOf == nil || proto.Equal(asked.AsOf, have.AsOf)) && (asked.KnownAt == nil || proto.Equal(asked.KnownAt, have.KnownAt))
}

// Holds lists holds after an id, at most n.
func (k *Keeper) Holds(ctx context.Context, after string, n int) (out []*pb.Hold, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for _, raw := range tx.Objects(kindHold, after) {
			r, err := envelope.Decode[storev1.HoldRecord](raw)
			if err != nil {
				return err
			}
			if out = append(out, r.Hold); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}

// Release deletes a hold: the next pass thins what it kept.
func (k *Keeper) Release(ctx context.Context, id, actor string) error {
	_, err := k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		before, err := b.Object(kindHold, id)
		if err != nil {
			return err
		}
		if before == nil {
			return fault.NotFound("holds/"+id, "list what is there with ListHolds")
		}
		rec, err := load(b.Tx)
		if err != nil {
			return err
		}
		rec.Again = true
		put(b, rec)
		b.DeleteObject(kindHold, id)
		audit(b, actor, "DeleteHold", "holds/"+id, "deleted")
		return b.Err()
	})
	return err
}
