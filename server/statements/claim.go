package statements

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// CreateClaim files a claim and has the system evaluated, from the claim's
// start on.
func (k *Keeper) CreateClaim(ctx context.Context, system, id string, src *pb.Claim, actor string) (*pb.Claim, error) {
	c := proto.Clone(src).(*pb.Claim)
	c.Name, c.RevokeTime, c.State, c.Warnings = resourceName(system, claims, id), nil, "", nil
	if err := k.checkClaim(c, "claim"); err != nil {
		return nil, err
	}
	there, err := k.subjects(ctx, system)
	if err != nil {
		return nil, err
	}
	var out *pb.Claim
	var filed int64
	err = k.cfg.OnSystem(ctx, system, ClaimKind, audit(actor, "CreateClaim", c.Name, "created"), func(b *ledger.Batch, at int64) (int64, error) {
		old, err := object[storev1.ClaimRecord](b, system, claims, id)
		if err != nil {
			return 0, err
		}
		if old != nil {
			return 0, exists(system, claims, id)
		}
		var from int64
		out, from = k.putClaim(b, system, id, c, at)
		filed = at
		return from, nil
	})
	if err != nil {
		return nil, err
	}
	return warn(k, there, k.claimNow(out, filed)), nil
}

// putClaim records a claim and returns it, and from when states may differ. It
// changes a copy, since a commit may be tried again.
func (k *Keeper) putClaim(b *ledger.Batch, system, id string, src *pb.Claim, at int64) (*pb.Claim, int64) {
	c := proto.CloneOf(src)
	c.Name = resourceName(system, claims, id)
	if c.StartTime == nil {
		c.StartTime = envelope.Timestamp(at)
	}
	put(b, system, claims, id, &storev1.ClaimRecord{Schema: envelope.Schema, Claim: c, Recorded: at})
	k.notify(b, system, claims, id, envelope.Instant(c.ExpireTime), at)
	return c, min(envelope.Instant(c.StartTime), at)
}

// checkClaim checks a claim against what checklists declare, and sets to what
// it is an answer.
func (k *Keeper) checkClaim(c *pb.Claim, field string) error {
	list, version, err := k.answered(c.ChecklistVersion, "")
	if err != nil {
		return err
	}
	longest, known := time.Duration(0), map[string]bool{}
	for d := range k.declaredClaims(version) {
		known[d.Id] = true
		if d.Id == c.Claim && d.Longest != nil && (longest == 0 || d.Longest.AsDuration() < longest) {
			longest = d.Longest.AsDuration()
		}
	}
	if !known[c.Claim] {
		names := make([]string, 0, len(known))
		for n := range known {
			names = append(names, n)
		}
		slices.Sort(names)
		by := "no published checklist"
		if version != "" {
			by = version + " not"
		}
		return fault.InvalidField(field+".claim", "%q is declared by %s; there are: %s", c.Claim, by, strings.Join(names, ", "))
	}
	if longest == 0 {
		longest = 1 << 62
	}
	c.Asks, c.ChecklistVersion = k.claimAsks(c.Claim, list), version
	return k.span(field, envelope.Instant(c.StartTime), envelope.Instant(c.ExpireTime), longest)
}

// declaredClaims are the claims that a published version declares, or where none
// is named those of all.
func (k *Keeper) declaredClaims(version string) iter.Seq[*pb.ClaimDeclaration] {
	return func(yield func(*pb.ClaimDeclaration) bool) {
		for _, versions := range k.cfg.Guides.Checklists() {
			for _, v := range versions {
				for _, d := range v.Checklist.Claims {
					if (version == "" || v.Name == version) && !yield(d) {
						return
					}
				}
			}
		}
	}
}

// RevokeClaim takes a claim back from now on.
func (k *Keeper) RevokeClaim(ctx context.Context, system, id, actor string) (*pb.Claim, error) {
	var out *pb.Claim
	name := resourceName(system, claims, id)
	audits := audit(actor, "RevokeClaim", name, "revoked")
	err := k.cfg.OnSystem(ctx, system, ClaimKind, audits, func(b *ledger.Batch, at int64) (int64, error) {
		rec, err := object[storev1.ClaimRecord](b, system, claims, id)
		if err != nil {
			return 0, err
		}
		if rec == nil {
			return 0, notFound(system, claims, id, "ListClaims")
		}
		out = rec.Claim
		if rec.Claim.RevokeTime != nil {
			audits[0].Outcome = unchanged
			return at, nil
		}
		rec.Claim.RevokeTime, rec.RevokeRecorded = envelope.Timestamp(at), at
		put(b, system, claims, id, rec)
		return at, nil
	})
	if err != nil {
		return nil, err
	}
	return k.claimNow(out, envelope.Instant(out.RevokeTime)), nil
}

// Claims are a system's claims, in the order of their ids.
func (k *Keeper) Claims(ctx context.Context, system string) (out []*pb.Claim, err error) {
	err = k.read(ctx, system, func(s *Set) error {
		out = nil
		for _, r := range s.claims {
			out = append(out, k.claimNow(r.Claim, max(r.Recorded, r.RevokeRecorded)))
		}
		return nil
	})
	return out, err
}

// claimNow is a claim with its state. The clock may be a little behind the
// instant at which it was recorded.
func (k *Keeper) claimNow(c *pb.Claim, recorded int64) *pb.Claim {
	now := max(k.cfg.Now(), recorded)
	c.State = phase(envelope.Instant(c.StartTime), envelope.Instant(c.ExpireTime), envelope.Instant(c.RevokeTime), now, "active")
	return c
}

// freeClaimID is an id for a claim that nobody named.
func freeClaimID(b *ledger.Batch, system, base string) (string, error) {
	id := base
	for n := 2; ; n++ {
		old, err := object[storev1.ClaimRecord](b, system, claims, id)
		if err != nil || old == nil {
			return id, err
		}
		id = fmt.Sprintf("%s-%d", base, n)
	}
}
