package guides

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// DefaultSpan is how long a waiver or an attestation may hold where the policy
// does not say.
const DefaultSpan = 366 * 24 * time.Hour

// Policy is the policy in force.
func (k *Keeper) Policy() *pb.Policy {
	g := k.History().At(k.now())
	p := proto.Clone(g.PolicySource).(*pb.Policy)
	p.Name, p.Digest, p.Etag = "policy", g.PolicyDigest.String(), etagOf(g.PolicyDigest)
	return p
}

func etagOf(d digest.Digest) string { return d.String()[3:19] }

// Spans are the longest times for which a waiver and an attestation may hold.
func (k *Keeper) Spans() (waiver, attestation time.Duration) {
	p := k.History().At(k.now()).PolicySource
	return spanOr(p.LongestWaiver), spanOr(p.LongestAttestation)
}

func spanOr(d *durationpb.Duration) time.Duration {
	if d == nil {
		return DefaultSpan
	}
	return d.AsDuration()
}

// SetPolicy replaces the policy. It is a breakpoint of every series.
func (k *Keeper) SetPolicy(ctx context.Context, src *pb.Policy, actor string) (*pb.Policy, error) {
	p := proto.Clone(src).(*pb.Policy)
	p.Name, p.Digest, p.Etag, p.UpdateTime = "policy", "", "", nil
	if _, err := merge.Compile(p); err != nil {
		return nil, fault.InvalidField("policy", "%v", err)
	}
	for field, d := range map[string]*durationpb.Duration{"longest_waiver": p.LongestWaiver, "longest_attestation": p.LongestAttestation} {
		if d != nil && d.AsDuration() <= 0 {
			return nil, fault.InvalidField("policy."+field, "is not positive; leave it out for %v", DefaultSpan)
		}
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "UpdatePolicy", Resource: "policy", Outcome: "updated"}
	err := k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		if now := k.Policy(); src.Etag != "" && src.Etag != now.Etag {
			return fault.EtagMismatch("policy", now.Etag)
		}
		p.UpdateTime = envelope.Timestamp(at)
		b.PutObject(kindPolicy, fmt.Sprintf("%020d", at), envelope.Encode(&storev1.ConfigRecord{Schema: envelope.Schema, Policy: p, Effective: at}))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return k.Policy(), nil
}
