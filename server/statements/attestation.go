package statements

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/subject"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/store/ledger"
)

// CreateAttestation files a fact that a person states.
func (k *Keeper) CreateAttestation(ctx context.Context, system, id string, src *pb.Attestation, actor string) (*pb.Attestation, error) {
	t := newAttestation(src, resourceName(system, attestations, id))
	inv, err := k.cfg.Inventory(ctx, system)
	if err != nil {
		return nil, err
	}
	if err := k.checkAttestation(t, subject.NewIndex(inv), "attestation"); err != nil {
		return nil, err
	}
	var rec *storev1.AttestationRecord
	err = k.cfg.OnSystem(ctx, system, AttestationKind, audit(actor, "CreateAttestation", t.Name, "created"), func(b *ledger.Batch, at int64) (int64, error) {
		old, err := object[storev1.AttestationRecord](b, system, attestations, id)
		if err != nil {
			return 0, err
		}
		if old != nil {
			return 0, exists(system, attestations, id)
		}
		rec = &storev1.AttestationRecord{Schema: envelope.Schema}
		return k.putAttestation(b, system, id, rec, t, at), nil
	})
	if err != nil {
		return nil, err
	}
	return k.attestationNow(rec), nil
}

func newAttestation(src *pb.Attestation, name string) *pb.Attestation {
	t := proto.Clone(src).(*pb.Attestation)
	t.Name, t.State, t.RecordTime, t.RevokeTime, t.Renewals, t.Asks, t.Warnings = name, "", nil, nil, 0, nil, nil
	return t
}

// putAttestation appends what was stated to a record and returns from when
// states may differ. It changes a copy, since a commit may be tried again.
func (k *Keeper) putAttestation(b *ledger.Batch, system, id string, rec *storev1.AttestationRecord, src *pb.Attestation, at int64) int64 {
	t := proto.CloneOf(src)
	if t.StartTime == nil {
		t.StartTime = envelope.Timestamp(at)
	}
	t.RecordTime = envelope.Timestamp(at)
	rec.Versions = append(rec.Versions, &storev1.AttestationVersion{Attestation: t, Recorded: at})
	put(b, system, attestations, id, rec)
	k.notify(b, system, attestations, id, envelope.Instant(t.ExpireTime), at)
	return min(envelope.Instant(t.StartTime), at)
}

// checkAttestation checks that the subject is there, that it has such a fact,
// and that the value is one; and sets to what it is an answer.
func (k *Keeper) checkAttestation(t *pb.Attestation, there *subject.Index, field string) error {
	if !there.Has(t.Subject) {
		near, _ := there.Path(t.Subject)
		return fault.InvalidField(field+".subject", "%q is not in the system's inventory%s; GetInventory shows what is", t.Subject, nearestOf(near))
	}
	if err := attest.SetFact(&pb.Inventory{}, t.Subject, t.Fact, t.Value); err != nil {
		return guides.PlanFault(field+".", err)
	}
	list, version, err := k.answered(t.ChecklistVersion, "")
	if err != nil {
		return err
	}
	t.ChecklistVersion = version
	if declared, ok := attest.DeclaredName(t.Subject, t.Fact); ok {
		if t.Asks = factAsks(declared, attest.Scope(t.Subject), list); len(t.Asks) == 0 {
			return fault.InvalidField(field+".fact", "%q is declared by no checklist in force as a fact about a %s; write the path of a field, take the name from GetQuestionnaire, or name the version that declares it", declared, attest.Scope(t.Subject))
		}
		if want := declaredType(declared, attest.Scope(t.Subject), list); want != "" && want != attest.TypeOf(t.Value) {
			return fault.InvalidField(field+".value", "is a %s; the checklist declares %s as %s", attest.TypeOf(t.Value), declared, want)
		}
	}
	_, longest := k.cfg.Guides.Spans()
	return k.span(field, envelope.Instant(t.StartTime), envelope.Instant(t.ExpireTime), longest)
}

// declaredType is the type of a declared fact.
func declaredType(name, scope string, versions []*assess.Checklist) string {
	for _, c := range versions {
		for _, f := range c.Source().Facts {
			if f.Name == name && f.Scope == scope {
				return f.Type
			}
		}
	}
	return ""
}

// RenewAttestation states the same again, until a later instant.
func (k *Keeper) RenewAttestation(ctx context.Context, system string, req *pb.RenewAttestationRequest, actor string) (*pb.Attestation, error) {
	id := req.Name[strings.LastIndexByte(req.Name, '/')+1:]
	_, longest := k.cfg.Guides.Spans()
	if err := k.span("", 0, envelope.Instant(req.ExpireTime), longest); err != nil {
		return nil, err
	}
	var out *storev1.AttestationRecord
	err := k.cfg.OnSystem(ctx, system, AttestationKind, audit(actor, "RenewAttestation", req.Name, "renewed"), func(b *ledger.Batch, at int64) (int64, error) {
		rec, err := object[storev1.AttestationRecord](b, system, attestations, id)
		switch {
		case err != nil:
			return 0, err
		case rec == nil:
			return 0, notFound(system, attestations, id, "ListAttestations")
		case rec.Revoked != 0:
			return 0, fault.FailedPrecondition("", "%s was revoked; file another", req.Name)
		}
		last := rec.Versions[len(rec.Versions)-1].Attestation
		if envelope.Instant(req.ExpireTime) < envelope.Instant(last.ExpireTime) {
			return 0, fault.InvalidField("expire_time", "lies before %s, until which it holds already; revoke it to end it", last.ExpireTime.AsTime().Format(time.RFC3339))
		}
		t := newAttestation(last, req.Name)
		if envelope.Instant(t.StartTime) < at { // one that has not begun yet begins when it was to
			t.StartTime = nil
		}
		t.ExpireTime, t.Asks = req.ExpireTime, last.Asks
		if declared, ok := attest.DeclaredName(t.Subject, t.Fact); ok {
			t.Asks = factAsks(declared, attest.Scope(t.Subject), k.asking(""))
			if t.ChecklistVersion != "" { // it may be still to come, or be in force by now
				t.Asks = slices.Compact(slices.Sorted(slices.Values(append(t.Asks, last.Asks...))))
			}
		}
		if req.Evidence != nil {
			t.Evidence = req.Evidence
		}
		if req.Attestor != "" {
			t.Attestor = req.Attestor
		}
		out = rec
		return k.putAttestation(b, system, id, rec, t, at), nil
	})
	if err != nil {
		return nil, err
	}
	return k.attestationNow(out), nil
}

// RevokeAttestation takes an attestation back from now on.
func (k *Keeper) RevokeAttestation(ctx context.Context, system, id, actor string) (*pb.Attestation, error) {
	var out *storev1.AttestationRecord
	name := resourceName(system, attestations, id)
	audits := audit(actor, "RevokeAttestation", name, "revoked")
	err := k.cfg.OnSystem(ctx, system, AttestationKind, audits, func(b *ledger.Batch, at int64) (int64, error) {
		rec, err := object[storev1.AttestationRecord](b, system, attestations, id)
		if err != nil {
			return 0, err
		}
		if rec == nil {
			return 0, notFound(system, attestations, id, "ListAttestations")
		}
		out = rec
		if rec.Revoked != 0 {
			audits[0].Outcome = unchanged
			return at, nil
		}
		rec.Revoked = at
		put(b, system, attestations, id, rec)
		return at, nil
	})
	if err != nil {
		return nil, err
	}
	return k.attestationNow(out), nil
}

// Attestations are a system's attestations, in the order of their ids.
func (k *Keeper) Attestations(ctx context.Context, system string) (out []*pb.Attestation, err error) {
	err = k.read(ctx, system, func(s *Set) error {
		out = nil
		for _, r := range s.attestations {
			out = append(out, k.attestationNow(r))
		}
		return nil
	})
	return out, err
}

// Attestation is one attestation; NOT_FOUND where there is none.
func (k *Keeper) Attestation(ctx context.Context, system, id string) (*pb.Attestation, error) {
	all, err := k.Attestations(ctx, system)
	for _, t := range all {
		if t.Name == resourceName(system, attestations, id) {
			return t, nil
		}
	}
	if err == nil {
		err = notFound(system, attestations, id, "ListAttestations")
	}
	return nil, err
}

// attestationNow is what an attestation says last, with its state.
func (k *Keeper) attestationNow(r *storev1.AttestationRecord) *pb.Attestation {
	last := r.Versions[len(r.Versions)-1]
	t := proto.Clone(last.Attestation).(*pb.Attestation)
	t.Renewals, t.RevokeTime = int32(len(r.Versions)-1), envelope.Timestamp(r.Revoked)
	t.State = phase(envelope.Instant(t.StartTime), envelope.Instant(t.ExpireTime), r.Revoked, max(k.cfg.Now(), last.Recorded, r.Revoked), "active")
	return t
}
