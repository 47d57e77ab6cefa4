package events

import (
	"context"
	"log/slog"
	"math"
	"time"
)

// Due tells, as events, what is due at an instant and was not told yet, each
// thing once, and returns the next instant at which something will be; both in
// microseconds since 1970 UTC.
type Due func(ctx context.Context, now int64) (next int64, err error)

// Pauses of a Notifier.
const (
	mostSleep  = time.Minute     // so that what was filed meanwhile is found, and a clock that was set
	faultPause = 5 * time.Second // after an error of the store
)

// Notifier has told what falls due: what expires, comes into force, falls
// silent. It is safe for concurrent use.
type Notifier struct {
	now  func() int64
	log  *slog.Logger
	due  []Due
	wake chan struct{}
}

// NewNotifier is a Notifier to which nothing was added yet.
func NewNotifier(now func() int64, log *slog.Logger) *Notifier {
	return &Notifier{now: now, log: log, wake: make(chan struct{}, 1)}
}

// Add adds who tells what is due. It is called before Run and Tell.
func (n *Notifier) Add(due ...Due) { n.due = append(n.due, due...) }

// Wake has Run look again: something may be due earlier than it knows.
func (n *Notifier) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run tells what falls due until ctx ends. It sleeps until the next such
// instant, a minute at most.
func (n *Notifier) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-n.wake:
			timer.Stop()
		}
		wait, err := n.Tell(ctx)
		if err != nil && ctx.Err() == nil {
			n.log.Error("telling what falls due", "error", err)
			wait = faultPause
		}
		timer.Reset(wait)
	}
}

// Tell tells what is due now, and returns how long nothing will be, at most a
// minute.
func (n *Notifier) Tell(ctx context.Context) (time.Duration, error) {
	for ctx.Err() == nil {
		now, next := n.now(), int64(math.MaxInt64)
		for _, due := range n.due {
			at, err := due(ctx, now)
			if err != nil {
				return 0, err
			}
			next = min(next, at)
		}
		if next > now {
			return max(time.Duration(min(next-now, mostSleep.Microseconds()))*time.Microsecond, time.Millisecond), nil
		}
	}
	return 0, ctx.Err()
}
