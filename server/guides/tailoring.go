package guides

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// PublishTailoring stores the next version of a tailoring for good, made over
// a checklist's version. Assignments that follow it use it from then on.
func (k *Keeper) PublishTailoring(ctx context.Context, src *pb.Tailoring, over *assess.Checklist, description, actor string, dryRun bool) (*pb.TailoringVersion, error) {
	t := proto.Clone(src).(*pb.Tailoring)
	if t.Id == assess.DefaultTailoring {
		return nil, fault.InvalidField("tailoring.id", "%q is the tailoring that changes nothing; choose another id", t.Id)
	}
	for _, p := range over.Source().Profiles {
		// What a tailoring selects and sets is checked alike under every profile.
		if _, err := over.Plan(p.Id, t); err != nil {
			return nil, PlanFault("", err)
		}
	}
	v := &pb.TailoringVersion{
		Tailoring: t, ChecklistVersion: VersionName(over.ID(), over.Version()), Description: description,
		Digest: digest.Of(t).String(), Publisher: actor,
	}
	if newest := k.newestTailoring(t.Id); newest != nil && newest.Digest == v.Digest && newest.ChecklistVersion == v.ChecklistVersion {
		return newest, nil
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "PublishTailoring", Outcome: "created"}
	name := func() int {
		n := len(k.content.Load().tailorings[t.Id]) + 1
		v.Name = fmt.Sprintf("tailorings/%s/versions/%d", t.Id, n)
		audit.Resource = v.Name
		return n
	}
	if dryRun {
		name()
		return v, nil
	}
	err := k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		n := name() // under the lock that every change takes
		v.PublishTime = envelope.Timestamp(at)
		b.PutObject(kindTailoring, tailoringKey(t.Id, n), envelope.Encode(&storev1.TailoringRecord{Schema: envelope.Schema, Version: v, Published: at}))
		return nil
	})
	return v, err
}

func (k *Keeper) newestTailoring(id string) *pb.TailoringVersion {
	v, _ := k.content.Load().tailoring("tailorings/"+id, ledger.MaxInstant)
	return v
}

// Tailorings are all versions, by tailoring id, ascending.
func (k *Keeper) Tailorings() map[string][]*pb.TailoringVersion {
	out := map[string][]*pb.TailoringVersion{}
	for id, versions := range k.content.Load().tailorings {
		for _, v := range versions {
			out[id] = append(out[id], v.Version)
		}
	}
	return out
}

// Tailoring is the version that a reference stands for now: "tailorings/T", or
// one of its versions. NOT_FOUND where there is none; nil for "".
func (k *Keeper) Tailoring(ref string) (*pb.TailoringVersion, error) {
	v, ok := k.content.Load().tailoring(ref, ledger.MaxInstant)
	if !ok {
		return nil, fault.NotFound(ref, "list what is there with ListTailorings or ListTailoringVersions")
	}
	return v, nil
}
