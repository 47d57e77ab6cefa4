package retention

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

const (
	lookEvery  = time.Hour       // for something to thin
	faultPause = 5 * time.Second // after an error of the store
	yieldPause = 20 * time.Millisecond
	mostYields = 100 // pauses for others, before it goes on all the same
)

// Config is what a Keeper needs.
type Config struct {
	Ledger *ledger.Ledger
	Wall   *Wall
	Now    func() int64 // microseconds since 1970 UTC
	Log    *slog.Logger
	// Settled says why history before an instant cannot be taken for final yet,
	// such as a system that is due and not evaluated; "" where it can.
	Settled func(tx *ledger.Tx, before int64) string
	// Busy tells whether somebody waits for commits; nil for never.
	Busy func() bool
	// Metrics is told what was thinned out: states, views and bytes; may be nil.
	Metrics interface {
		Thinned(states, views, bytes int64)
	}
}

// Keeper keeps the policy and carries it out. It is safe for concurrent use.
type Keeper struct {
	cfg  Config
	wake chan struct{}

	mu      sync.Mutex
	waiting string // what keeps the next pass from beginning
}

// New makes a keeper. Its Run carries the policy out.
func New(cfg Config) *Keeper { return &Keeper{cfg: cfg, wake: make(chan struct{}, 1)} }

// Run thins what the policy says, in the background, until ctx ends; what it
// has under way then goes on where it was.
func (k *Keeper) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-k.wake:
		}
		wait := lookEvery
		if err := k.Pass(ctx); err != nil && ctx.Err() == nil {
			k.cfg.Log.Error("thinning history", "error", err)
			wait = faultPause
		}
		timer.Reset(wait)
	}
}

// Wake has Run look at once.
func (k *Keeper) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Pass begins a pass if there is anything to thin, or goes on with the one under
// way, to its end. It goes behind others that wait for commits, and lets them
// have half of the time.
func (k *Keeper) Pass(ctx context.Context) error {
	for more := true; more; {
		for i := 0; k.cfg.Busy != nil && k.cfg.Busy() && i < mostYields; i++ {
			if err := sleep(ctx, yieldPause); err != nil {
				return err
			}
		}
		begun := time.Now()
		var err error
		if more, err = k.Step(ctx); err != nil {
			return err
		}
		if more {
			if err := sleep(ctx, time.Since(begun)); err != nil {
				return err
			}
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Step does one commit's work, and tells whether there is more.
func (k *Keeper) Step(ctx context.Context) (more bool, err error) {
	var was, is *storev1.RetentionPassRecord
	_, err = k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		was, is, more = nil, nil, false
		rec, err := load(b.Tx)
		if err != nil {
			return err
		}
		if !underWay(rec) {
			more, err = k.begin(b, rec, "scheduler")
			return err
		}
		was = &storev1.RetentionPassRecord{States: rec.Pass.States, Views: rec.Pass.Views, Freed: rec.Pass.Freed}
		s := &step{b: b, line: k.cfg.Wall.Line(), pass: rec.Pass}
		if err := s.run(); err != nil {
			return err
		}
		is, more = rec.Pass, underWay(rec)
		put(b, rec)
		return b.Err()
	})
	if err != nil {
		// Whether the wall moved, the store knows.
		if loadErr := k.cfg.Wall.load(context.WithoutCancel(ctx), k.cfg.Ledger); loadErr != nil {
			k.cfg.Log.Error("reading how far history is thinned", "error", loadErr)
		}
		return false, err
	}
	if m := k.cfg.Metrics; m != nil && is != nil {
		m.Thinned(is.States-was.States, is.Views-was.Views, is.Freed-was.Freed)
	}
	return more, nil
}

// begin begins a pass where there is anything to thin and nothing is in the way.
func (k *Keeper) begin(b *ledger.Batch, rec *storev1.RetentionRecord, actor string) (bool, error) {
	line := k.cfg.Wall.Line()
	before, monthly := reach(line, policyOf(rec), k.cfg.Now())
	if !todo(rec, line, before, monthly) {
		k.setWaiting("")
		return false, nil
	}
	why := k.unsettled(b.Tx, policyOf(rec), before)
	if k.setWaiting(why); why != "" {
		return false, nil
	}
	// What later knowledge kept for a while is looked at once more.
	from := line.Before - int64(policyOf(rec).KeepAll)*day
	if monthly > line.Monthly {
		from = min(from, line.Monthly)
	}
	if rec.Again || rec.Pass == nil {
		from = ledger.MinInstant
	}
	if before > line.Before || monthly > line.Monthly {
		k.cfg.Wall.move(b, line, before, monthly)
	}
	rec.Pass, rec.Again = &storev1.RetentionPassRecord{Begun: b.Commit().Recorded, From: max(from, ledger.MinInstant)}, false
	put(b, rec)
	audit(b, actor, "RunRetention", recordName, "thinning before "+instant(before))
	return true, b.Err()
}

// unsettled is why history before an instant cannot be thinned yet.
func (k *Keeper) unsettled(tx *ledger.Tx, p *storev1.RetentionVersion, before int64) string {
	// A clock that was set forward by years must not thin years away: something
	// was written while history was kept, and not only just now.
	now := k.cfg.Now()
	if tx.SeqAt(now-day) == tx.SeqAt(now-int64(p.KeepAll)*day) {
		return fmt.Sprintf("nothing was written between %s and yesterday: the service was off, or its clock was set; it begins a day after the first write",
			instant(now-int64(p.KeepAll)*day))
	}
	if k.cfg.Settled != nil {
		return k.cfg.Settled(tx, before)
	}
	return ""
}

func (k *Keeper) setWaiting(why string) {
	k.mu.Lock()
	k.waiting = why
	k.mu.Unlock()
}

// reach is how far a policy thins as of an instant, and how far to one a month.
// Neither ever goes back.
func reach(l *Line, p *storev1.RetentionVersion, now int64) (before, monthly int64) {
	before, monthly = l.Before, l.Monthly
	if p.GetKeepAll() == 0 {
		return before, monthly
	}
	whole := now - int64(p.KeepAll)*day
	before = max(before, midnight(whole))
	if p.KeepDaily != 0 {
		monthly = max(monthly, min(before, month(whole-int64(p.KeepDaily)*day, 0)))
	}
	return before, monthly
}

func todo(rec *storev1.RetentionRecord, l *Line, before, monthly int64) bool {
	return policyOf(rec).GetKeepAll() != 0 && (before > l.Before || monthly > l.Monthly || rec.Again)
}

func underWay(rec *storev1.RetentionRecord) bool { return rec.Pass != nil && rec.Pass.Ended == 0 }

// policyOf is the policy in force; nil where there never was one.
func policyOf(rec *storev1.RetentionRecord) *storev1.RetentionVersion {
	if n := len(rec.Versions); n > 0 {
		return rec.Versions[n-1]
	}
	return nil
}

const recordName = "retention"

func load(tx *ledger.Tx) (*storev1.RetentionRecord, error) {
	rec, err := envelope.Object[storev1.RetentionRecord](tx, kindRetention, recordName)
	if rec == nil && err == nil {
		rec = &storev1.RetentionRecord{Schema: envelope.Schema}
	}
	return rec, err
}

func put(b *ledger.Batch, rec *storev1.RetentionRecord) {
	b.PutObject(kindRetention, recordName, envelope.Encode(rec))
}

func audit(b *ledger.Batch, actor, method, resource, outcome string) {
	b.Audit(envelope.Encode(&storev1.AuditRecord{Actor: actor, Method: method, Resource: resource, Outcome: outcome}))
}

func instant(t int64) string { return time.UnixMicro(t).UTC().Format(time.RFC3339) }
