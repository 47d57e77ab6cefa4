package assessor

import (
	"context"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// RetireSystem takes a system out of assessment from now on; its history
// stays. A view that is observed later brings it back.
func (a *Assessor) RetireSystem(ctx context.Context, id, etag, actor string) error {
	audit := &storev1.AuditRecord{Actor: actor, Method: "RetireSystem", Resource: "systems/" + id, Outcome: "retired"}
	return a.onSystemFor(ctx, id, states.CauseInventory, true, []*storev1.AuditRecord{audit}, func(b *ledger.Batch, at int64) (int64, error) {
		n, _ := b.Number(envelope.NameSystem, id)
		h, raw, err := envelope.Head[storev1.SystemHead](b.Tx, envelope.SpaceSystem, n)
		if err != nil {
			return 0, err
		}
		if etag != "" && etag != estate.Etag(raw) {
			return 0, fault.EtagMismatch("systems/"+id, estate.Etag(raw))
		}
		if h.Retired == 0 {
			h.Retired = at
			b.PutHead(envelope.SpaceSystem, n, envelope.Encode(h))
		}
		return at, nil
	})
}

// RetireHost takes a host out of all its systems from now on; its history
// stays. A view that is observed later brings it back.
func (a *Assessor) RetireHost(ctx context.Context, id, etag, actor string) error {
	audit := &storev1.AuditRecord{Actor: actor, Method: "RetireHost", Resource: "hosts/" + id, Outcome: "retired"}
	var systems []string
	_, err := a.ledger.Commit(ctx, a.now(), func(b *ledger.Batch) error {
		n, ok := b.Number(envelope.NameHost, id)
		if !ok {
			return fault.NotFound("hosts/"+id, "list what is there with ListHosts")
		}
		h, raw, err := envelope.Head[storev1.HostHead](b.Tx, envelope.SpaceHost, n)
		if err != nil {
			return err
		}
		if etag != "" && etag != estate.Etag(raw) {
			return fault.EtagMismatch("hosts/"+id, estate.Etag(raw))
		}
		at := b.Commit().Recorded
		for _, src := range h.Sources {
			if err := retireView(b, src, at); err != nil {
				return err
			}
		}
		b.PutHead(envelope.SpaceHost, n, envelope.Encode(h))
		b.Audit(envelope.Encode(audit))
		systems = h.Systems
		for _, s := range systems {
			if err := change.MakeDue(b, s, at, states.CauseInventory); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range systems {
		if err := a.Reassess(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// retireView ends one source's word on a host.
func retireView(b *ledger.Batch, src *storev1.HostSourceHead, at int64) error {
	if src.Retired {
		return nil
	}
	r, err := b.Load(estate.AddrOf(src.Address))
	if err != nil {
		return err
	}
	view, err := envelope.Decode[storev1.HostView](r.Payload)
	if err != nil {
		return err
	}
	ended := proto.Clone(view).(*storev1.HostView)
	ended.Retired, ended.ViaSystem = true, ""
	if src.Confirmed > src.Effective {
		b.SetConfirmed(ledger.Entry{Stream: src.Stream, Effective: src.Effective, Addr: estate.AddrOf(src.Address)}, src.Confirmed)
	}
	a, depth := b.Append(src.Stream, at, envelope.RecordHostView, estate.EncodeView(ended), &ledger.Base{Addr: r.Addr, Payload: r.Payload, Depth: r.Depth})
	src.Effective, src.Confirmed, src.Address = at, at, estate.AddressOf(a, depth)
	src.Retired, src.ViaSystem, src.LeftOut = true, "", false
	if depth == 0 {
		src.Base = estate.AddressOf(a, 0)
	}
	return nil
}
