package guides

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// States of a published version.
const (
	statePublished  = "published"
	stateDeprecated = "deprecated"
	stateWithdrawn  = "withdrawn"
)

// VersionName is a published version's resource name.
func VersionName(id, version string) string {
	return fmt.Sprintf("checklists/%s/versions/%s", id, version)
}

// Publish stores a checklist version for good. The same content again is
// answered with what is there; other content is ALREADY_EXISTS.
func (k *Keeper) Publish(ctx context.Context, c *assess.Checklist, actor string, dryRun bool) (*pb.ChecklistVersion, error) {
	src := c.Source()
	name := VersionName(src.Id, src.Version)
	if rec := k.content.Load().version(src.Id, src.Version, ledger.MaxInstant); rec != nil {
		if rec.Version.Digest != c.Digest().String() {
			return nil, fault.AlreadyExists(name, fmt.Sprintf("with other content (digest %s); a published version never changes: publish yours under a new version", rec.Version.Digest))
		}
		return rec.Version, nil
	}
	v := &pb.ChecklistVersion{
		Name: name, Checklist: src, Digest: c.Digest().String(), Title: src.Title, RuleCount: int32(c.RuleCount()), State: statePublished,
	}
	for _, p := range src.Profiles {
		v.Profiles = append(v.Profiles, p.Id)
	}
	if dryRun {
		return v, nil
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "PublishChecklist", Resource: name, Outcome: "created"}
	err := k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		key := versionKey(src.Id, src.Version)
		if old, err := b.Object(kindChecklist, key); err != nil || old != nil {
			if err != nil {
				return err
			}
			return fault.AlreadyExists(name, "published meanwhile; read it and compare")
		}
		v.PublishTime = envelope.Timestamp(at)
		k.putChecklist(b, key, &storev1.ChecklistRecord{Schema: envelope.Schema, Version: v, Published: at})
		return nil
	})
	return v, err
}

// Deprecate advises against a version; it stays usable.
func (k *Keeper) Deprecate(ctx context.Context, id, version, reason, actor string) (*pb.ChecklistVersion, error) {
	audit := &storev1.AuditRecord{Actor: actor, Method: "DeprecateChecklistVersion", Resource: VersionName(id, version), Outcome: stateDeprecated}
	return k.setState(ctx, id, version, audit, func(rec *storev1.ChecklistRecord, at int64) error {
		if rec.Withdrawn != 0 {
			return fault.FailedPrecondition("", "%s is withdrawn, which is more than deprecated", rec.Version.Name)
		}
		rec.Deprecated = at
		rec.Version.State, rec.Version.StateReason, rec.Version.StateTime = stateDeprecated, reason, envelope.Timestamp(at)
		return nil
	})
}

// Withdraw takes a version out of use from now on. FAILED_PRECONDITION while
// an assignment names it, now or later.
func (k *Keeper) Withdraw(ctx context.Context, id, version, reason, actor string) (*pb.ChecklistVersion, error) {
	audit := &storev1.AuditRecord{Actor: actor, Method: "WithdrawChecklistVersion", Resource: VersionName(id, version), Outcome: stateWithdrawn}
	return k.setState(ctx, id, version, audit, func(rec *storev1.ChecklistRecord, at int64) error {
		if rec.Withdrawn != 0 {
			return nil
		}
		if users := k.usersOf(id, version, at); len(users) > 0 {
			return fault.FailedPrecondition("", "%s is in use by %s; activate another version there first", rec.Version.Name, strings.Join(users, ", "))
		}
		rec.Withdrawn = at
		rec.Version.State, rec.Version.StateReason, rec.Version.StateTime = stateWithdrawn, reason, envelope.Timestamp(at)
		return nil
	})
}

// usersOf are the assignments that name a version at an instant or later.
func (k *Keeper) usersOf(id, version string, at int64) (out []string) {
	for _, r := range k.content.Load().assignments {
		a := r.Assignment
		if a.Checklist == id && a.Version == version && (r.Ended == 0 || r.Ended > at) && !slices.Contains(out, a.Name) {
			out = append(out, a.Name)
		}
	}
	return out
}

func (k *Keeper) setState(ctx context.Context, id, version string, audit *storev1.AuditRecord, set func(rec *storev1.ChecklistRecord, at int64) error) (*pb.ChecklistVersion, error) {
	var out *pb.ChecklistVersion
	err := k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		rec, err := envelope.Object[storev1.ChecklistRecord](b.Tx, kindChecklist, versionKey(id, version))
		if err != nil {
			return err
		}
		if rec == nil {
			return fault.NotFound(VersionName(id, version), "list what is there with ListChecklistVersions")
		}
		if err := set(rec, at); err != nil {
			return err
		}
		out = rec.Version
		k.putChecklist(b, versionKey(id, version), rec)
		return nil
	})
	return out, err
}

// Checklists are all versions, by checklist id, ascending.
func (k *Keeper) Checklists() map[string][]*pb.ChecklistVersion {
	out := map[string][]*pb.ChecklistVersion{}
	for id, versions := range k.content.Load().checklists {
		for _, v := range versions {
			out[id] = append(out[id], v.Version)
		}
	}
	return out
}

// Checklist is a published version, compiled; version "latest" is the newest.
func (k *Keeper) Checklist(id, version string) (*assess.Checklist, *pb.ChecklistVersion, error) {
	c, err := k.Compiled(id, version)
	if err != nil {
		return nil, nil, err
	}
	return c, k.content.Load().version(id, version, ledger.MaxInstant).Version, nil
}

// Usable is a published version by its resource name, compiled; where the name
// ends in "latest", the newest. FAILED_PRECONDITION where it is withdrawn.
func (k *Keeper) Usable(name string) (*assess.Checklist, *pb.ChecklistVersion, error) {
	id, version, _ := strings.Cut(strings.TrimPrefix(name, "checklists/"), "/versions/")
	c, v, err := k.Checklist(id, version)
	if err == nil && v.State == stateWithdrawn {
		err = fault.FailedPrecondition("", "%s is withdrawn: %s", v.Name, v.StateReason)
	}
	return c, v, err
}

// Before is the newest version of a checklist that is older than another, of
// which FAILED_PRECONDITION says that there is none.
func (k *Keeper) Before(id, version string) (*assess.Checklist, error) {
	var found *storev1.ChecklistRecord
	for _, v := range k.content.Load().checklists[id] {
		if compareVersions(v.Version.Checklist.Version, version) < 0 {
			found = v
		}
	}
	if found == nil {
		return nil, fault.FailedPrecondition("", "%s is the first version; name another as base", VersionName(id, version))
	}
	return k.library.checklist(found)
}

// RuleIDs are the ids of a published version's rules, in its order; they are the
// version's own.
func (k *Keeper) RuleIDs(checklist, version string) ([]string, error) {
	c, err := k.Compiled(checklist, version)
	if err != nil {
		return nil, err
	}
	return c.RuleIDs(), nil
}
