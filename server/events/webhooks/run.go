package webhooks

import (
	"context"
	"sync"
	"time"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Pauses of workers.
const (
	faultPause = 5 * time.Second  // after an error of the store
	longest    = 10 * time.Minute // so that a clock that was set is noticed
	grace      = 3 * time.Second  // for an attempt under way when the service stops
)

// Run delivers until ctx ends, and returns when no attempt is under way any
// more.
func (k *Keeper) Run(ctx context.Context) {
	var workers sync.WaitGroup
	defer workers.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	running := map[string]context.CancelFunc{}
	for ctx.Err() == nil {
		look := k.looking()
		wanted, err := k.identities(ctx)
		if err != nil && ctx.Err() == nil {
			k.cfg.Logger.Error("reading webhooks", "error", err)
			pause(ctx, faultPause, look, nil)
			continue
		}
		for key, id := range wanted {
			if running[key] != nil {
				continue
			}
			own, end := context.WithCancel(ctx)
			running[key] = end
			workers.Go(func() { k.work(own, id) })
		}
		for key, end := range running {
			if _, ok := wanted[key]; !ok {
				end()
				delete(running, key)
			}
		}
		pause(ctx, -1, look, nil)
	}
}

// identities are the webhooks' ids, by what tells one from another that later
// got its id.
func (k *Keeper) identities(ctx context.Context) (out map[string]string, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		out = map[string]string{}
		return envelope.Each(tx, kindWebhook, func(id string, rec *storev1.WebhookRecord) error {
			out[identity(rec)] = id
			return nil
		})
	})
	return out, err
}

func identity(rec *storev1.WebhookRecord) string {
	return rec.Webhook.Name + " " + rec.Webhook.CreateTime.String()
}

// work delivers to one webhook until ctx ends or it is deleted.
func (k *Keeper) work(ctx context.Context, id string) {
	w := &worker{k: k, id: id}
	defer w.leave(ctx)
	for ctx.Err() == nil {
		look, more := k.looking(), k.cfg.Log.Wake()
		wait, err := w.deliver(ctx)
		switch {
		case w.gone:
			return
		case err != nil && ctx.Err() == nil:
			k.cfg.Logger.Error("delivering to a webhook", "webhook", id, "error", err)
			pause(ctx, faultPause, look, nil)
		case wait > 0:
			pause(ctx, min(wait, longest), look, nil)
		default:
			pause(ctx, -1, look, more)
		}
	}
}

// pause waits for a time (for ever where it is negative), or until one of the
// channels is closed, or ctx ends.
func pause(ctx context.Context, d time.Duration, look, more <-chan struct{}) {
	var timer <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
	case <-timer:
	case <-look:
	case <-more:
	}
}

// lingering is a context that ends some time after another: what is under way
// may end by itself.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}
