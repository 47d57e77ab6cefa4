package assessor

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

func claimName(system, id string) string { return system + "/" + id }

// claimRecords are a system's claims in the order of their ids.
func claimRecords(tx *ledger.Tx, system string) (out []*storev1.ClaimRecord, err error) {
	prefix := system + "/"
	for name, b := range tx.Objects(kindClaim, prefix) {
		if !strings.HasPrefix(name, prefix) {
			break
		}
		rec, err := decode[storev1.ClaimRecord](b)
		if err != nil {
			return nil, err
		}
		out = append(out, rec)
	}
	return out, nil
}

// Claim files a claim and evaluates the system anew, from the claim's start.
func (a *Assessor) Claim(ctx context.Context, system, id string, src *pb.Claim, actor string) (*pb.Claim, error) {
	c := proto.Clone(src).(*pb.Claim)
	c.Name, c.RevokeTime = "systems/"+system+"/claims/"+id, nil
	if err := a.checkClaim(c); err != nil {
		return nil, err
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "CreateClaim", Resource: c.Name, Outcome: "created"}
	err := a.onSystem(ctx, system, audit, func(b *ledger.Batch, at int64) (int64, error) {
		old, err := b.Object(kindClaim, claimName(system, id))
		if err != nil {
			return 0, err
		}
		if old != nil {
			return 0, fault.AlreadyExists(c.Name, "choose another id; claims are kept for history")
		}
		if c.StartTime == nil {
			c.StartTime = timestampOf(at)
		}
		b.PutObject(kindClaim, claimName(system, id), encode(&storev1.ClaimRecord{Schema: schema, Claim: c, Recorded: at}))
		return min(instantOf(c.StartTime), at), nil
	})
	return c, err
}

// checkClaim checks a claim against what checklists declare.
func (a *Assessor) checkClaim(c *pb.Claim) error {
	start := instantOf(c.StartTime)
	if c.StartTime == nil {
		start = a.now()
	}
	span := instantOf(c.ExpireTime) - start
	if span <= 0 {
		return fault.InvalidField("claim.expire_time", "is not after the claim's start")
	}
	known := map[string]bool{}
	for _, versions := range a.config.Load().checklists {
		for _, v := range versions {
			for _, d := range v.Version.Checklist.Claims {
				known[d.Id] = true
				if d.Id == c.Claim && d.Longest != nil && span > d.Longest.Seconds*1e6+int64(d.Longest.Nanos)/1e3 {
					return fault.InvalidField("claim.expire_time", "is %v after the start; %s@%s lets this claim hold for %v at the most",
						timeSpan(span), v.Version.Checklist.Id, v.Version.Checklist.Version, d.Longest.AsDuration())
				}
			}
		}
	}
	if !known[c.Claim] {
		names := make([]string, 0, len(known))
		for n := range known {
			names = append(names, n)
		}
		return fault.InvalidField("claim.claim", "%q is declared by no published checklist; there are: %s", c.Claim, strings.Join(sorted(names), ", "))
	}
	return nil
}

// RevokeClaim takes a claim back from now on.
func (a *Assessor) RevokeClaim(ctx context.Context, system, id, actor string) (*pb.Claim, error) {
	name := "systems/" + system + "/claims/" + id
	audit := &storev1.AuditRecord{Actor: actor, Method: "RevokeClaim", Resource: name, Outcome: "revoked"}
	var out *pb.Claim
	err := a.onSystem(ctx, system, audit, func(b *ledger.Batch, at int64) (int64, error) {
		rec, err := object[storev1.ClaimRecord](b.Tx, kindClaim, claimName(system, id))
		if err != nil {
			return 0, err
		}
		if rec == nil {
			return 0, fault.NotFound(name, "list what is there with ListClaims")
		}
		if rec.Claim.RevokeTime == nil {
			rec.Claim.RevokeTime, rec.RevokeRecorded = timestampOf(at), at
			b.PutObject(kindClaim, claimName(system, id), encode(rec))
		}
		out = rec.Claim
		return at, nil
	})
	return out, err
}

// Claims are a system's claims, after the given id, at most n.
func (a *Assessor) Claims(ctx context.Context, system string) (out []*pb.Claim, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		if _, ok := tx.Number(nameSystem, system); !ok {
			return notFoundSystem(system)
		}
		records, err := claimRecords(tx, system)
		for _, r := range records {
			out = append(out, r.Claim)
		}
		return err
	})
	return out, err
}

// onSystem writes something that a system's states depend on, in one commit
// with what makes the system due, and evaluates it. f returns the instant from
// which the states may differ.
func (a *Assessor) onSystem(ctx context.Context, system string, rec *storev1.AuditRecord, f func(b *ledger.Batch, at int64) (int64, error)) error {
	_, err := a.ledger.Commit(ctx, a.now(), func(b *ledger.Batch) error {
		if _, ok := b.Number(nameSystem, system); !ok {
			return notFoundSystem(system)
		}
		from, err := f(b, b.Commit().Recorded)
		if err != nil {
			return err
		}
		b.Audit(encode(rec))
		return makeDue(b, system, from, causeClaim)
	})
	if err != nil {
		return err
	}
	return a.Reassess(ctx, system)
}

func notFoundSystem(system string) error {
	return fault.NotFound("systems/"+system, "submit it first, or list what is there with ListSystems")
}
