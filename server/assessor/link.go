package assessor

import (
	"context"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// audited writes something with its audit entry, in one commit.
func (a *Assessor) audited(ctx context.Context, rec *storev1.AuditRecord, f func(b *ledger.Batch, at int64) error) error {
	_, err := a.ledger.Commit(ctx, a.now(), func(b *ledger.Batch) error {
		if err := f(b, b.Commit().Recorded); err != nil {
			return err
		}
		b.Audit(envelope.Encode(rec))
		return b.Err()
	})
	return err
}

// Link says that an id of one source means a host, from now on.
func (a *Assessor) Link(ctx context.Context, src *pb.HostLink, actor string) (*pb.HostLink, error) {
	name := change.LinkName(src.Source, src.SourceHost)
	l := &pb.HostLink{
		Name: "hostLinks/" + name, Source: src.Source, SourceHost: src.SourceHost, Host: src.Host, Origin: "declared",
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "CreateHostLink", Resource: l.Name, Source: l.Source, Outcome: "created"}
	err := a.audited(ctx, audit, func(b *ledger.Batch, at int64) error {
		old, err := b.Object(change.KindLink, name)
		if err != nil {
			return err
		}
		if old != nil {
			return fault.AlreadyExists(l.Name, "delete it first")
		}
		if _, ok := b.Number(envelope.NameHost, l.Host); !ok {
			return fault.NotFound("hosts/"+l.Host, "a link needs a host that a source has reported")
		}
		l.CreateTime = envelope.Timestamp(at)
		b.PutObject(change.KindLink, name, envelope.Encode(&storev1.LinkRecord{Schema: envelope.Schema, Link: l}))
		return nil
	})
	return l, err
}

// Unlink undoes a link.
func (a *Assessor) Unlink(ctx context.Context, name, actor string) error {
	audit := &storev1.AuditRecord{Actor: actor, Method: "DeleteHostLink", Resource: "hostLinks/" + name, Outcome: "deleted"}
	return a.audited(ctx, audit, func(b *ledger.Batch, _ int64) error {
		old, err := b.Object(change.KindLink, name)
		if err != nil {
			return err
		}
		if old == nil {
			return fault.NotFound("hostLinks/"+name, "list what is there with ListHostLinks")
		}
		b.DeleteObject(change.KindLink, name)
		return nil
	})
}

// Links lists links after a name, at most n, in the order of their names.
func (a *Assessor) Links(ctx context.Context, after string, n int) (out []*pb.HostLink, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for _, b := range tx.Objects(change.KindLink, after) {
			rec, err := envelope.Decode[storev1.LinkRecord](b)
			if err != nil {
				return err
			}
			if out = append(out, rec.Link); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}
