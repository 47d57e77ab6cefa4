package guides

import (
	"context"
	"fmt"
	"slices"

	"github.com/plumbline/plumbline/assess/digest"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// fleetLabels is the name of the labels by which systems are counted.
const fleetLabels = "fleetLabels"

// labelsAt are the labels that were declared at an instant; nil where none ever
// were.
func (c *content) labelsAt(t int64) (out *storev1.ConfigRecord) {
	for _, l := range c.labels { // by instant, as their names are
		if l.Effective <= t {
			out = l
		}
	}
	return out
}

func labelsOf(rec *storev1.ConfigRecord) (out []rollup.Label) {
	for _, l := range rec.Labels {
		out = append(out, rollup.Label{ID: l.Id, Key: l.Key, Since: l.Since})
	}
	return out
}

// Labels are the labels by which systems are counted now, and what is known of
// each but how far the counting is.
func (k *Keeper) Labels() (*pb.FleetLabels, []rollup.Label) {
	out := &pb.FleetLabels{Name: fleetLabels}
	rec := k.content.Load().labelsAt(k.now())
	if rec == nil {
		out.Etag = etagOfKeys(nil)
		return out, nil
	}
	labels := labelsOf(rec)
	for _, l := range labels {
		out.Keys = append(out.Keys, l.Key)
		out.Labels = append(out.Labels, &pb.FleetLabel{Key: l.Key, CountedSince: envelope.Timestamp(l.Since)})
	}
	out.Etag, out.UpdateTime = etagOfKeys(out.Keys), envelope.Timestamp(rec.Effective)
	return out, labels
}

func etagOfKeys(keys []string) string {
	return etagOf(digest.Sum(fmt.Appendf(nil, "%q", keys)))
}

// SetLabels replaces the labels by which systems are counted. Those that stay
// are counted on; a system is counted by a new one as soon as it was evaluated
// anew, as all will be.
func (k *Keeper) SetLabels(ctx context.Context, keys []string, etag, actor string) error {
	if len(keys) > rollup.MaxLabels {
		return fault.InvalidField("fleet_labels.keys", "are %d; at most %d: each is counted by in every commit", len(keys), rollup.MaxLabels)
	}
	audit := &storev1.AuditRecord{Actor: actor, Method: "UpdateFleetLabels", Resource: fleetLabels, Outcome: "updated"}
	return k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		now, before := k.Labels()
		if etag != "" && etag != now.Etag {
			return fault.EtagMismatch(fleetLabels, now.Etag)
		}
		last := uint32(0) // numbers are given once
		for _, rec := range k.content.Load().labels {
			for _, l := range rec.Labels {
				last = max(last, l.Id)
			}
		}
		rec := &storev1.ConfigRecord{Schema: envelope.Schema, Effective: at}
		for _, key := range keys {
			l := &storev1.DeclaredLabel{Key: key, Since: at}
			if i := slices.IndexFunc(before, func(x rollup.Label) bool { return x.Key == key }); i >= 0 {
				l.Id, l.Since = before[i].ID, before[i].Since
			} else {
				last++
				l.Id = last
				rollup.Declare(b, l.Id)
			}
			rec.Labels = append(rec.Labels, l)
		}
		for _, l := range before {
			if !slices.Contains(keys, l.Key) {
				if err := rollup.Remove(b, l.ID); err != nil {
					return err
				}
			}
		}
		b.PutObject(kindLabels, fmt.Sprintf("%020d", at), envelope.Encode(rec))
		return nil
	})
}
