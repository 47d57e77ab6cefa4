package retention

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// Limits of a policy, in days, and of what is kept of those before.
const (
	leastAll     = 30
	most         = 36500
	mostVersions = 101
)

// Get is what is kept, and how far thinning is.
func (k *Keeper) Get(ctx context.Context) (out *pb.Retention, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		rec, err := load(tx)
		if err == nil {
			out = k.message(rec, k.cfg.Wall.Line())
		}
		return err
	})
	return out, err
}

// Update sets the policy.
func (k *Keeper) Update(ctx context.Context, req *pb.UpdateRetentionRequest, actor string) (out *pb.Retention, err error) {
	v := &storev1.RetentionVersion{Actor: actor}
	var bad []fault.Violation
	days(&bad, "policy.keep_all", req.Policy.KeepAll, leastAll, &v.KeepAll)
	days(&bad, "policy.keep_daily", req.Policy.KeepDaily, 1, &v.KeepDaily)
	if len(bad) == 0 && v.KeepDaily != 0 && v.KeepAll == 0 {
		bad = append(bad, fault.Violation{Field: "policy.keep_daily", Description: "counts from the end of keep_all, which is for ever; set that too"})
	}
	if len(bad) > 0 {
		return nil, fault.Invalid(bad...)
	}
	_, err = k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		rec, err := load(b.Tx)
		if err != nil {
			return err
		}
		if have := etag(rec); req.Etag != "" && req.Etag != have {
			return fault.EtagMismatch(recordName, have)
		}
		v.Recorded = b.Commit().Recorded
		if p := policyOf(rec); p.GetKeepAll() != v.KeepAll || p.GetKeepDaily() != v.KeepDaily {
			rec.Versions = append(rec.Versions, v)
			rec.Versions = rec.Versions[max(0, len(rec.Versions)-mostVersions):]
			if !req.ValidateOnly {
				put(b, rec)
				audit(b, actor, "UpdateRetention", recordName, fmt.Sprintf("keep_all %s, keep_daily %s", inDays(v.KeepAll), inDays(v.KeepDaily)))
			}
		}
		out = k.message(rec, k.cfg.Wall.Line())
		return b.Err()
	})
	if err == nil && !req.ValidateOnly {
		k.Wake()
	}
	return out, err
}

func inDays(n int32) string {
	if n == 0 {
		return "for ever"
	}
	return fmt.Sprintf("%d days", n)
}

// days reads a duration of whole days; zero where it is absent.
func days(bad *[]fault.Violation, field string, d *durationpb.Duration, least int64, out *int32) {
	if d == nil {
		return
	}
	const oneDay = 24 * time.Hour
	n := d.Seconds / int64(oneDay/time.Second)
	switch {
	case d.CheckValid() != nil || d.Nanos != 0 || d.Seconds%int64(oneDay/time.Second) != 0:
		*bad = append(*bad, fault.Violation{Field: field, Description: "is not a number of whole days, such as \"7776000s\" for 90"})
	case n < least || n > most:
		*bad = append(*bad, fault.Violation{Field: field, Description: fmt.Sprintf("is %d days and must be %d to %d; leave it out for ever", n, least, most)})
	}
	*out = int32(n)
}

// Begin begins a pass now, if there is anything to thin.
func (k *Keeper) Begin(ctx context.Context, actor string) (*pb.Retention, error) {
	_, err := k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		rec, err := load(b.Tx)
		if err != nil || underWay(rec) {
			return err
		}
		_, err = k.begin(b, rec, actor)
		return err
	})
	if err != nil {
		return nil, err
	}
	k.Wake()
	return k.Get(ctx)
}

func etag(rec *storev1.RetentionRecord) string {
	p := policyOf(rec)
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d", p.GetRecorded(), p.GetKeepAll(), p.GetKeepDaily()))
	return hex.EncodeToString(sum[:8])
}

// message is the record as the API shows it.
func (k *Keeper) message(rec *storev1.RetentionRecord, l *Line) *pb.Retention {
	before, monthly := reach(l, policyOf(rec), k.cfg.Now())
	out := &pb.Retention{Name: recordName, Policy: &pb.RetentionPolicy{}, State: "off", Etag: etag(rec)}
	for i, v := range slices.Backward(rec.Versions) {
		if p := versionMessage(v); i == len(rec.Versions)-1 {
			out.Policy = p
		} else {
			out.EarlierPolicies = append(out.EarlierPolicies, p)
		}
	}
	if l.Before > ledger.MinInstant {
		out.ThinnedBefore = envelope.Timestamp(l.Before)
	}
	if l.Monthly > ledger.MinInstant {
		out.MonthlyBefore = envelope.Timestamp(l.Monthly)
	}
	if before > ledger.MinInstant {
		out.NextThinnedBefore = envelope.Timestamp(before)
	}
	switch p := rec.Pass; {
	case underWay(rec) && p.Phase == phaseBlocks:
		out.State = "sweeping"
	case underWay(rec):
		out.State = "thinning"
	case todo(rec, l, before, monthly):
		k.mu.Lock()
		out.State, out.Waiting = "waiting", k.waiting
		k.mu.Unlock()
		if out.Waiting == "" {
			out.Waiting = "the next look, within an hour"
		}
	case policyOf(rec).GetKeepAll() != 0:
		out.State = "idle"
	}
	if p := rec.Pass; p != nil {
		out.Pass = &pb.RetentionPass{
			StartTime: envelope.Timestamp(p.Begun), EndTime: envelope.Timestamp(p.Ended), Cursor: p.Cursor, LookedAt: p.LookedAt,
			States: p.States, Views: p.Views, FreedBytes: p.Freed,
		}
	}
	return out
}

func versionMessage(v *storev1.RetentionVersion) *pb.RetentionPolicy {
	out := &pb.RetentionPolicy{CreateTime: envelope.Timestamp(v.Recorded), Actor: v.Actor}
	if v.KeepAll != 0 {
		out.KeepAll = durationpb.New(time.Duration(v.KeepAll) * 24 * time.Hour)
	}
	if v.KeepDaily != 0 {
		out.KeepDaily = durationpb.New(time.Duration(v.KeepDaily) * 24 * time.Hour)
	}
	return out
}
