package assessor

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// write changes what holds for all systems: in one commit, then read anew. The
// instant given to f is the commit's, from which the change holds: no two
// changes have the same.
func (a *Assessor) write(ctx context.Context, rec *storev1.AuditRecord, f func(b *ledger.Batch, at int64) error) error {
	a.configMu.Lock()
	defer a.configMu.Unlock()
	_, err := a.ledger.Commit(ctx, a.now(), func(b *ledger.Batch) error {
		if err := f(b, b.Commit().Recorded); err != nil {
			return err
		}
		b.Audit(encode(rec))
		return b.Err()
	})
	if err != nil {
		return err
	}
	if err := a.reload(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	a.pokeScheduler()
	return nil
}

// Publish stores a checklist version for good. The same content again is
// answered with what is there.
func (a *Assessor) Publish(ctx context.Context, k *assess.Checklist, actor string, dryRun bool) (*pb.ChecklistVersion, error) {
	c := k.Source()
	name := fmt.Sprintf("checklists/%s/versions/%s", c.Id, c.Version)
	if rec := a.config.Load().version(c.Id, c.Version, ledger.MaxInstant); rec != nil {
		if rec.Version.Digest != k.Digest().String() {
			return nil, fault.AlreadyExists(name, fmt.Sprintf("with other content (digest %s); a published version never changes: publish yours under a new version", rec.Version.Digest))
		}
		return rec.Version, nil
	}
	v := &pb.ChecklistVersion{
		Name: name, Checklist: c, Digest: k.Digest().String(), Title: c.Title, RuleCount: int32(len(k.Rules())),
	}
	for _, p := range c.Profiles {
		v.Profiles = append(v.Profiles, p.Id)
	}
	if dryRun {
		return v, nil
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "PublishChecklist", Resource: name, Outcome: "created"}
	err := a.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		key := versionKey(c.Id, c.Version)
		if old, err := b.Object(kindChecklist, key); err != nil || old != nil {
			if err != nil {
				return err
			}
			return fault.AlreadyExists(name, "published meanwhile; read it and compare")
		}
		v.PublishTime = timestampOf(at)
		b.PutObject(kindChecklist, key, encode(&storev1.ChecklistRecord{Schema: schema, Version: v, Published: at}))
		return nil
	})
	return v, err
}

// Checklists are the newest versions, in the order of ids, after the given id.
func (a *Assessor) Checklists() map[string][]*pb.ChecklistVersion {
	out := map[string][]*pb.ChecklistVersion{}
	for id, versions := range a.config.Load().checklists {
		for _, v := range versions {
			out[id] = append(out[id], v.Version)
		}
	}
	return out
}

// Checklist is a published version, compiled; version "latest" is the newest.
func (a *Assessor) Checklist(id, version string) (*assess.Checklist, *pb.ChecklistVersion, error) {
	k, err := a.compiled(id, version)
	if err != nil {
		return nil, nil, err
	}
	return k, a.config.Load().version(id, version, ledger.MaxInstant).Version, nil
}

// Plan is a checklist under a profile and a tailoring. Without a tailoring it is
// resolved once and kept; a caller's tailorings are not, since anybody may send
// any number of them.
func (a *Assessor) Plan(k *assess.Checklist, profile string, t *pb.Tailoring) (*assess.Plan, error) {
	if t != nil {
		return k.Plan(profile, t)
	}
	return a.library.plan(k, profile, nil)
}

// Assign stores an assignment. It is a breakpoint of the series it makes.
func (a *Assessor) Assign(ctx context.Context, id string, src *pb.Assignment, actor string) (*pb.Assignment, error) {
	as := proto.Clone(src).(*pb.Assignment)
	as.Name = "assignments/" + id
	if as.Version == "" {
		as.Version = "latest"
	}
	k, err := a.compiled(as.Checklist, as.Version)
	if err != nil {
		return nil, err
	}
	p, err := k.Plan(as.Profile, as.Tailoring)
	if err != nil {
		return nil, fault.InvalidField("assignment", "%v", err)
	}
	as.Profile = p.Profile()
	audit := &storev1.AuditRecord{Actor: actor, Method: "CreateAssignment", Resource: as.Name, Outcome: "created"}
	err = a.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		for name, raw := range b.Objects(kindAssignment, id+" ") {
			if !strings.HasPrefix(name, id+" ") {
				break
			}
			rec, err := decode[storev1.ConfigRecord](raw)
			if err != nil {
				return err
			}
			if rec.Ended == 0 {
				return fault.AlreadyExists(as.Name, "delete it first, or choose another id")
			}
		}
		as.CreateTime = timestampOf(at)
		b.PutObject(kindAssignment, fmt.Sprintf("%s %020d", id, at), encode(&storev1.ConfigRecord{Schema: schema, Assignment: as, Effective: at}))
		return nil
	})
	return as, err
}

// Assignments are those in force, in the order of their ids.
func (a *Assessor) Assignments() []*pb.Assignment {
	var out []*pb.Assignment
	for _, rec := range a.config.Load().assignments {
		if rec.Ended == 0 {
			out = append(out, rec.Assignment)
		}
	}
	return out
}

// Unassign ends an assignment; the history of its series stays.
func (a *Assessor) Unassign(ctx context.Context, id, actor string) error {
	audit := &storev1.AuditRecord{Actor: actor, Method: "DeleteAssignment", Resource: "assignments/" + id, Outcome: "deleted"}
	return a.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		for name, raw := range b.Objects(kindAssignment, id+" ") {
			rec, err := decode[storev1.ConfigRecord](raw)
			if err != nil {
				return err
			}
			if !strings.HasPrefix(name, id+" ") {
				break
			}
			if rec.Ended == 0 {
				rec.Ended = at
				b.PutObject(kindAssignment, name, encode(rec))
				return nil
			}
		}
		return fault.NotFound("assignments/"+id, "list what is there with ListAssignments")
	})
}

// Policy is the policy in force.
func (a *Assessor) Policy() *pb.Policy {
	g := a.guides.Load().at(a.now())
	p := proto.Clone(g.policySrc).(*pb.Policy)
	p.Name, p.Digest, p.Etag = "policy", g.policyHash.String(), etagOf(g.policyHash)
	return p
}

func etagOf(d digest.Digest) string { return d.String()[3:19] }

// SetPolicy replaces the policy. It is a breakpoint of every series.
func (a *Assessor) SetPolicy(ctx context.Context, src *pb.Policy, actor string) (*pb.Policy, error) {
	p := proto.Clone(src).(*pb.Policy)
	p.Name, p.Digest, p.Etag, p.UpdateTime = "policy", "", "", nil
	if _, err := merge.Compile(p); err != nil {
		return nil, fault.InvalidField("policy", "%v", err)
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "UpdatePolicy", Resource: "policy", Outcome: "updated"}
	err := a.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		if now := a.Policy(); src.Etag != "" && src.Etag != now.Etag {
			return fault.EtagMismatch("policy", now.Etag)
		}
		p.UpdateTime = timestampOf(at)
		b.PutObject(kindPolicy, fmt.Sprintf("%020d", at), encode(&storev1.ConfigRecord{Schema: schema, Policy: p, Effective: at}))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Policy(), nil
}
