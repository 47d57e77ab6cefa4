package statements

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// CreateWaiver files a draft. It accepts nothing until it is approved.
func (k *Keeper) CreateWaiver(ctx context.Context, system, id string, src *pb.Waiver, actor string) (*pb.Waiver, error) {
	w := proto.Clone(src).(*pb.Waiver)
	w.Name, w.Approver, w.Requester, w.State = resourceName(system, waivers, id), "", actor, ""
	w.ApproveTime, w.RevokeTime, w.Asks, w.Warnings = nil, nil, nil, nil
	if err := k.checkWaiver(w); err != nil {
		return nil, err
	}
	there, err := k.subjects(ctx, system)
	if err != nil {
		return nil, err
	}
	var rec *storev1.WaiverRecord
	err = k.cfg.OnSystem(ctx, system, None, audit(actor, "CreateWaiver", w.Name, "drafted"), func(b *ledger.Batch, at int64) (int64, error) {
		old, err := object[storev1.WaiverRecord](b, system, waivers, id)
		if err != nil {
			return 0, err
		}
		if old != nil {
			return 0, exists(system, waivers, id)
		}
		w.CreateTime = envelope.Timestamp(at)
		rec = &storev1.WaiverRecord{Schema: envelope.Schema, Waiver: w, Recorded: at}
		put(b, system, waivers, id, rec)
		return at, nil
	})
	if err != nil {
		return nil, err
	}
	return warn(k, there, k.waiverNow(rec)), nil
}

// checkWaiver checks a draft against what is published.
func (k *Keeper) checkWaiver(w *pb.Waiver) error {
	switch {
	case w.Checklist == "":
		return fault.InvalidField("waiver.checklist", "is missing; name the checklist whose rule is waived")
	case (w.Rule == "") == (w.Area == ""):
		return fault.InvalidField("waiver.rule", "name either a rule or an area")
	case strings.TrimSpace(w.Reason) == "":
		return fault.InvalidField("waiver.reason", "is missing; say why the failure is accepted")
	}
	if !strings.HasPrefix(w.ChecklistVersion, "checklists/"+w.Checklist+"/") && w.ChecklistVersion != "" {
		return fault.InvalidField("waiver.checklist_version", "is none of %s", w.Checklist)
	}
	if _, err := k.cfg.Guides.Compiled(w.Checklist, "latest"); err != nil {
		return err
	}
	list, version, err := k.answered(w.ChecklistVersion, w.Checklist)
	if err != nil {
		return err
	}
	if w.ChecklistVersion = version; len(ruleAsks(w, list)) == 0 {
		of := version
		if of == "" {
			of = "the versions of " + w.Checklist + " that are in force; name another with checklist_version"
		}
		if w.Rule != "" {
			return fault.InvalidField("waiver.rule", "%q is no rule of %s", w.Rule, of)
		}
		return fault.InvalidField("waiver.area", "%q is the area of no rule of %s", w.Area, of)
	}
	longest, _ := k.cfg.Guides.Spans()
	return k.span("waiver", envelope.Instant(w.StartTime), envelope.Instant(w.ExpireTime), longest)
}

// ApproveWaiver puts a draft into force, in the caller's name. From then on it
// covers what its rules ask now, or in the version that it names.
func (k *Keeper) ApproveWaiver(ctx context.Context, system, id, actor string) (*pb.Waiver, error) {
	there, err := k.subjects(ctx, system)
	if err != nil {
		return nil, err
	}
	var out *storev1.WaiverRecord
	name := resourceName(system, waivers, id)
	audits := audit(actor, "ApproveWaiver", name, "approved")
	err = k.cfg.OnSystem(ctx, system, WaiverKind, audits, func(b *ledger.Batch, at int64) (int64, error) {
		rec, err := object[storev1.WaiverRecord](b, system, waivers, id)
		switch {
		case err != nil:
			return 0, err
		case rec == nil:
			return 0, notFound(system, waivers, id, "ListWaivers")
		case rec.RevokeRecorded != 0:
			return 0, fault.FailedPrecondition("", "%s was revoked; file another", name)
		case rec.ApproveRecorded != 0:
			out, audits[0].Outcome = rec, unchanged
			return at, nil
		case envelope.Instant(rec.Waiver.ExpireTime) <= at:
			return 0, fault.FailedPrecondition("", "%s expired before it was approved; file another", name)
		}
		list, _, err := k.answered(rec.Waiver.ChecklistVersion, rec.Waiver.Checklist)
		if err != nil {
			return 0, err
		}
		asks := ruleAsks(rec.Waiver, list)
		if len(asks) == 0 { // without asks it would cover whatever such a rule asks one day
			return 0, fault.FailedPrecondition("", "%s is about nothing that is asked by the versions of %s in force, or by the one that it names; revoke it", name, rec.Waiver.Checklist)
		}
		rec.ApproveRecorded = at
		rec.Waiver.Approver, rec.Waiver.ApproveTime, rec.Waiver.Asks = actor, envelope.Timestamp(at), asks
		put(b, system, waivers, id, rec)
		k.notify(b, system, waivers, id, envelope.Instant(rec.Waiver.ExpireTime), at)
		out = rec
		return at, nil
	})
	if err != nil {
		return nil, err
	}
	return warn(k, there, k.waiverNow(out)), nil
}

// RevokeWaiver takes a waiver, or a draft, back from now on.
func (k *Keeper) RevokeWaiver(ctx context.Context, system, id, actor string) (*pb.Waiver, error) {
	var out *storev1.WaiverRecord
	name := resourceName(system, waivers, id)
	audits := audit(actor, "RevokeWaiver", name, "revoked")
	err := k.cfg.OnSystem(ctx, system, WaiverKind, audits, func(b *ledger.Batch, at int64) (int64, error) {
		rec, err := object[storev1.WaiverRecord](b, system, waivers, id)
		if err != nil {
			return 0, err
		}
		if rec == nil {
			return 0, notFound(system, waivers, id, "ListWaivers")
		}
		out = rec
		if rec.RevokeRecorded != 0 {
			audits[0].Outcome = unchanged
			return at, nil
		}
		rec.RevokeRecorded, rec.Waiver.RevokeTime = at, envelope.Timestamp(at)
		put(b, system, waivers, id, rec)
		return at, nil
	})
	if err != nil {
		return nil, err
	}
	return k.waiverNow(out), nil
}

// Waivers are a system's waivers, in the order of their ids.
func (k *Keeper) Waivers(ctx context.Context, system string) (out []*pb.Waiver, err error) {
	err = k.read(ctx, system, func(s *Set) error {
		out = nil
		for _, r := range s.waivers {
			out = append(out, k.waiverNow(r))
		}
		return nil
	})
	return out, err
}

// Waiver is one waiver; NOT_FOUND where there is none.
func (k *Keeper) Waiver(ctx context.Context, system, id string) (*pb.Waiver, error) {
	all, err := k.Waivers(ctx, system)
	for _, w := range all {
		if w.Name == resourceName(system, waivers, id) {
			return w, nil
		}
	}
	if err == nil {
		err = notFound(system, waivers, id, "ListWaivers")
	}
	return nil, err
}

// waiverNow is a waiver with its state.
func (k *Keeper) waiverNow(r *storev1.WaiverRecord) *pb.Waiver {
	w, now := r.Waiver, k.cfg.Now()
	from, _ := waiverSpan(r)
	end := envelope.Instant(w.ExpireTime)
	switch {
	case r.ApproveRecorded != 0:
		w.State = phase(from, end, r.RevokeRecorded, max(now, r.ApproveRecorded, r.RevokeRecorded), "approved")
	case r.RevokeRecorded != 0:
		w.State = "revoked"
	case end <= now:
		w.State = "expired"
	default:
		w.State = "draft"
	}
	return w
}
