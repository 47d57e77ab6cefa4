package webhooks

import (
	"context"
	"slices"
	"strings"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// mostLetters bounds what one call or commit does with dead letters.
const mostLetters = 1000

// letterName is a dead letter's name. Ids sort as events were recorded, so dead
// letters do.
func letterName(id, event string) string { return id + "/" + event }

// Letters are at most n dead letters after an event's id, oldest first.
func (k *Keeper) Letters(ctx context.Context, id, after string, n int) (out []*pb.DeadLetter, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		if raw, err := tx.Object(kindWebhook, id); err != nil {
			return err
		} else if raw == nil {
			return notFound(id)
		}
		for _, raw := range tx.ObjectsIn(kindLetter, id+"/", letterName(id, after)) {
			rec, err := envelope.Decode[storev1.DeadLetterRecord](raw)
			if err != nil {
				return err
			}
			if out = append(out, rec.Letter); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}

// Replay sends dead letters again, once each, in their order: those of the
// given events, or all, of which one call sends a thousand. What is taken is no
// dead letter any more. Where an address gives no answer at all the rest is not
// tried: it counts as not taken.
func (k *Keeper) Replay(ctx context.Context, id string, only []string, actor string) (*pb.ReplayDeadLettersResponse, error) {
	rec, err := k.record(ctx, id)
	if err != nil {
		return nil, err
	}
	letters, err := k.chosen(ctx, id, only)
	if err != nil {
		return nil, err
	}
	out := &pb.ReplayDeadLettersResponse{}
	silent := false
	for _, l := range letters {
		if silent || ctx.Err() != nil {
			out.Failed++
			continue
		}
		status, why := k.post(ctx, rec.Webhook, l.Event)
		if why == nil {
			out.Delivered++
		} else {
			out.Failed++
			silent = status == 0
		}
		if err := k.replayed(context.WithoutCancel(ctx), id, l, why, actor); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (k *Keeper) chosen(ctx context.Context, id string, only []string) (out []*pb.DeadLetter, err error) {
	if len(only) == 0 {
		return k.Letters(ctx, id, "", mostLetters)
	}
	only = slices.Clone(only)
	slices.Sort(only)
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for _, e := range slices.Compact(only) {
			rec, err := envelope.Object[storev1.DeadLetterRecord](tx, kindLetter, letterName(id, e))
			switch {
			case err != nil:
				return err
			case rec == nil:
				return fault.NotFound(nameOf(id)+"/deadLetters/"+e, "list what is there with ListDeadLetters")
			}
			out = append(out, rec.Letter)
		}
		return nil
	})
	return out, err
}

// replayed notes what came of one that was sent again.
func (k *Keeper) replayed(ctx context.Context, id string, l *pb.DeadLetter, why error, actor string) error {
	_, err := k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		name := letterName(id, l.Event.Id)
		letter, err := envelope.Object[storev1.DeadLetterRecord](b.Tx, kindLetter, name)
		if err != nil || letter == nil {
			return err // somebody else replayed it
		}
		rec, err := envelope.Object[storev1.WebhookRecord](b.Tx, kindWebhook, id)
		if err != nil || rec == nil {
			return err
		}
		if why != nil {
			letter.Letter.Attempts++
			letter.Letter.Error = why.Error()
			b.PutObject(kindLetter, name, envelope.Encode(letter))
			return nil
		}
		b.DeleteObject(kindLetter, name)
		rec.Webhook.Dead--
		rec.Webhook.Delivered++
		putWebhook(b, id, rec)
		audit(b, actor, "ReplayDeadLetters", id, "delivered "+l.Event.Id)
		return nil
	})
	return err
}

// forget deletes dead letters of a webhook, oldest first, as long as old (all of
// them where it is nil), some in a commit.
func (k *Keeper) forget(ctx context.Context, id string, old func(*pb.DeadLetter) bool) error {
	for more := true; more; {
		_, err := k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
			more = false
			var names []string
			for name, raw := range b.ObjectsIn(kindLetter, id+"/", "") {
				if more = len(names) == mostLetters; more {
					break
				}
				rec, err := envelope.Decode[storev1.DeadLetterRecord](raw)
				if err != nil {
					return err
				}
				if old != nil && !old(rec.Letter) {
					break
				}
				names = append(names, name)
			}
			for _, name := range names {
				b.DeleteObject(kindLetter, name)
			}
			rec, err := envelope.Object[storev1.WebhookRecord](b.Tx, kindWebhook, id)
			if rec == nil || len(names) == 0 || err != nil {
				return err
			}
			rec.Webhook.Dead -= int32(len(names))
			putWebhook(b, id, rec)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Sweep forgets dead letters that are older than they are kept.
func (k *Keeper) Sweep(ctx context.Context) error {
	hooks, err := k.List(ctx, "", MaxWebhooks)
	if err != nil {
		return err
	}
	before := k.cfg.Now() - k.cfg.Retention.Microseconds()
	for _, w := range hooks {
		old := func(l *pb.DeadLetter) bool { return envelope.Instant(l.GiveUpTime) < before }
		if err := k.forget(ctx, strings.TrimPrefix(w.Name, "webhooks/"), old); err != nil {
			return err
		}
	}
	return nil
}
