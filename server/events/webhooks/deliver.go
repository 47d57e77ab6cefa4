package webhooks

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// How long an address is tried.
const (
	firstWait  = time.Second
	mostWait   = 15 * time.Minute
	giveUp     = 24 * time.Hour
	window     = 16 // events between two commits of the position
	noteSkips  = 10 * time.Minute
	skipsInOne = 100 // windows read in one go
)

// worker delivers to one webhook. It belongs to one goroutine.
type worker struct {
	k      *Keeper
	id     string
	rec    *storev1.WebhookRecord // as it was read or written last; nil at first
	filter *events.Filter
	at     ledger.EventID // behind which it goes on; may be ahead of what is stored
	cursor string         // the same as an id
	taken  int32          // events taken that are not stored yet
	noted  int64          // when the position was stored last
	gone   bool           // it was deleted
}

var errGone = errors.New("webhooks: the webhook was deleted")

// open reads the webhook, once.
func (w *worker) open(ctx context.Context) error {
	if w.rec != nil {
		return nil
	}
	rec, err := w.k.record(ctx, w.id)
	if fault.Code(err) == codes.NotFound {
		w.gone = true
		return errGone
	}
	if err != nil {
		return err
	}
	if w.filter, err = events.CompileFilter("filter", rec.Webhook.Filter); err != nil {
		return err
	}
	w.rec, w.at, w.cursor = rec, ledger.EventID{Seq: ledger.Seq(rec.Seq), N: rec.Number}, rec.Webhook.Cursor
	w.noted = w.k.cfg.Now()
	return nil
}

// deliver sends what there is, in order, until there is nothing more or an
// attempt fails. wait is how long until the next attempt, 0 where none is due.
func (w *worker) deliver(ctx context.Context) (wait time.Duration, err error) {
	if err := w.open(ctx); err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		if wait := w.until(w.k.cfg.Now()); wait > 0 {
			return wait, nil
		}
		p, err := w.read(ctx)
		if err != nil {
			return 0, err
		}
		if failed, err := w.send(ctx, p); err != nil {
			return 0, err
		} else if failed {
			continue // to wait, or on to the next event
		}
		w.at, w.cursor = p.Last, p.Cursor
		if w.taken > 0 || w.k.cfg.Now()-w.noted >= noteSkips.Microseconds() {
			if err := w.store(ctx, nil); err != nil {
				return 0, err
			}
		}
		if !p.More {
			return 0, nil
		}
	}
	return 0, ctx.Err()
}

// until is how long the webhook has to wait. A clock that was set back does not
// make it wait longer than it ever would.
func (w *worker) until(now int64) time.Duration {
	wait := w.rec.Retry - now
	if w.rec.Retry == 0 || wait <= 0 || wait > mostWait.Microseconds() {
		return 0
	}
	return time.Duration(wait) * time.Microsecond
}

// read reads the next events that the filter lets through. Where the log no
// longer has all that follows, the webhook goes on with the oldest, and says so.
func (w *worker) read(ctx context.Context) (*events.Page, error) {
	var p *events.Page
	var err error
	for range skipsInOne {
		if p, err = w.k.cfg.Log.Read(ctx, w.at, w.filter, window); err != nil || len(p.Events) > 0 || !p.More {
			break
		}
		w.at, w.cursor = p.Last, p.Cursor
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Reason != fault.ReasonCursorExpired {
		return p, err
	}
	w.k.cfg.Logger.Error("a webhook came too late for events, which are no longer kept", "webhook", w.id)
	at, cursor, err := w.k.cfg.Log.Position(ctx, "", false)
	if err != nil {
		return nil, err
	}
	w.at, w.cursor = at, cursor
	if err := w.store(ctx, func(_ *ledger.Batch, rec *storev1.WebhookRecord) {
		rec.Webhook.LastError = "events were deleted, by their age, before they could be delivered"
	}); err != nil {
		return nil, err
	}
	return w.k.cfg.Log.Read(ctx, w.at, w.filter, window)
}

// send sends events until one is not taken.
func (w *worker) send(ctx context.Context, p *events.Page) (failed bool, err error) {
	attempt, end := lingering(ctx)
	defer end()
	for i, e := range p.Events {
		if ctx.Err() != nil {
			return true, nil
		}
		if _, err := w.k.post(attempt, w.rec.Webhook, e); err != nil {
			if attempt.Err() != nil {
				return true, nil // the service stops: it was no fault of the address
			}
			return true, w.failed(ctx, e, p.At[i], err)
		}
		w.at, w.cursor = p.At[i], e.Id
		w.taken++
	}
	return false, nil
}

// failed notes an attempt that failed: the event is tried again later, or given
// up.
func (w *worker) failed(ctx context.Context, e *pb.Event, at ledger.EventID, why error) error {
	now := w.k.cfg.Now()
	wait := w.backoff(now)
	return w.store(context.WithoutCancel(ctx), func(b *ledger.Batch, rec *storev1.WebhookRecord) {
		rec.Attempts++
		if rec.FailingSince == 0 || rec.FailingSince > now {
			rec.FailingSince = now
		}
		rec.Webhook.LastError = why.Error()
		rec.Retry = now + wait
		if now-max(rec.FailingSince, envelope.Instant(e.RecordedTime)) < giveUp.Microseconds() {
			return
		}
		b.PutObject(kindLetter, letterName(w.id, e.Id), envelope.Encode(&storev1.DeadLetterRecord{Schema: envelope.Schema, Letter: &pb.DeadLetter{
			Event: e, Attempts: rec.Attempts, Error: why.Error(), GiveUpTime: envelope.Timestamp(now),
		}}))
		rec.Webhook.Dead++
		rec.Attempts, rec.Retry = 0, 0
		rec.Seq, rec.Number, rec.Webhook.Cursor = uint64(at.Seq), at.N, e.Id
	})
}

// backoff is how long to wait after an attempt that failed, in microseconds:
// twice as long each time, or an eighth of the time for which the address has
// been failing where that is more, spread over half of it so that addresses do
// not come in step.
func (w *worker) backoff(now int64) int64 {
	d := firstWait.Microseconds()
	if w.taken == 0 { // else the address has just recovered
		d <<= min(w.rec.Attempts, 20)
		if since := w.rec.FailingSince; since != 0 {
			d = max(d, (now-since)/8)
		}
	}
	d = min(d, mostWait.Microseconds())
	var raw [8]byte
	if _, err := io.ReadFull(w.k.cfg.Random, raw[:]); err != nil {
		return d
	}
	return d/2 + int64(binary.BigEndian.Uint64(raw[:])%uint64(d/2+1))
}

// store notes how far the worker has come. change, where it is not nil, has the
// last word.
func (w *worker) store(ctx context.Context, change func(b *ledger.Batch, rec *storev1.WebhookRecord)) error {
	var rec *storev1.WebhookRecord
	_, err := w.k.cfg.Ledger.Commit(ctx, w.k.cfg.Now(), func(b *ledger.Batch) (err error) {
		if rec, err = envelope.Object[storev1.WebhookRecord](b.Tx, kindWebhook, w.id); err != nil {
			return err
		}
		if rec == nil || identity(rec) != identity(w.rec) {
			return errGone
		}
		rec.Seq, rec.Number, rec.Webhook.Cursor = uint64(w.at.Seq), w.at.N, w.cursor
		if w.taken > 0 {
			rec.Webhook.Delivered += w.taken
			rec.Attempts, rec.FailingSince, rec.Retry, rec.Webhook.LastError = 0, 0, 0, ""
		}
		if change != nil {
			change(b, rec)
		}
		putWebhook(b, w.id, rec)
		return nil
	})
	w.gone = w.gone || errors.Is(err, errGone)
	if err != nil {
		return err
	}
	w.rec, w.taken, w.noted = rec, 0, w.k.cfg.Now()
	w.at, w.cursor = ledger.EventID{Seq: ledger.Seq(rec.Seq), N: rec.Number}, rec.Webhook.Cursor
	return nil
}

// leave stores what is not stored yet.
func (w *worker) leave(ctx context.Context) {
	if w.gone || w.rec == nil {
		return
	}
	if w.at == (ledger.EventID{Seq: ledger.Seq(w.rec.Seq), N: w.rec.Number}) {
		return
	}
	if err := w.store(context.WithoutCancel(ctx), nil); err != nil && !errors.Is(err, errGone) {
		w.k.cfg.Logger.Error("storing how far a webhook has come; what it took since is sent again", "webhook", w.id, "error", err)
	}
}
