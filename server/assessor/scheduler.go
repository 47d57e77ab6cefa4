package assessor

import (
	"context"
	"math"
	"time"

	"google.golang.org/grpc/codes"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// Limits of the scheduler's steps.
const (
	dueBatch   = 256              // systems evaluated between two looks at the index
	sweepBatch = 1000             // systems looked at for new guidance at once
	longest    = 10 * time.Minute // sleep, so that a clock that was set is noticed
	faultPause = 5 * time.Second  // after an error of the store
	postpone   = 600 * 1e6        // microseconds until a system that failed is tried again
	sweepEvery = 3600 * 1e6       // microseconds between looks for snapshots that were never closed
)

// RunScheduler evaluates systems when their states may change by themselves: a
// certificate expires, a fact becomes stale, guidance comes into force. It
// sleeps until the next such instant, which an index knows, and returns when
// ctx ends, after the item under way. It uses the same path as submissions.
func (a *Assessor) RunScheduler(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	looked, waited := int64(math.MinInt64), time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-a.dueWake:
			timer.Stop()
		}
		a.sleeping.Store(math.MinInt64) // awake: nobody has to wake it
		wait, err := a.RunDue(ctx)
		if err != nil && ctx.Err() == nil {
			a.cfg.Log.Error("reassessing what is due", "error", err)
			wait = faultPause
		}
		now := a.now()
		waited = pause(wait, waited, now != looked)
		looked, wait = now, waited
		a.sleeping.Store(now + wait.Microseconds())
		timer.Reset(wait)
	}
}

// stillMost is the longest pause of a scheduler whose clock stands still.
const stillMost = 50 * time.Millisecond

// pause is how long to sleep. A clock that stands still, as one of tests does,
// never comes to the instant for which the scheduler waits: then each pause is
// twice the one before, up to stillMost.
func pause(wait, before time.Duration, moved bool) time.Duration {
	if moved {
		return wait
	}
	return max(wait, min(2*before, stillMost))
}

func (a *Assessor) pokeScheduler() {
	select {
	case a.dueWake <- struct{}{}:
	default:
	}
}

// RunDue evaluates everything that is due now and returns how long nothing
// will be, at most ten minutes.
func (a *Assessor) RunDue(ctx context.Context) (time.Duration, error) {
	if err := a.sweepConfig(ctx); err != nil {
		return 0, err
	}
	if now := a.now(); now >= a.partsSwept.Load()+sweepEvery {
		a.partsSwept.Store(now)
		if _, err := a.ledger.Commit(ctx, now, func(b *ledger.Batch) error { return change.SweepParts(b, now, 1000) }); err != nil {
			return 0, err
		}
	}
	for ctx.Err() == nil {
		systems, next, err := a.dueNow(ctx)
		if err != nil {
			return 0, err
		}
		if len(systems) == 0 {
			now := a.now()
			next = min(next, a.History().Next(now)) // guidance that is to come into force
			wait := time.Duration(min(next-now, longest.Microseconds())) * time.Microsecond
			return max(wait, time.Millisecond), nil
		}
		if err := a.reassessAll(ctx, systems); err != nil {
			return 0, err
		}
	}
	return 0, ctx.Err()
}

// dueNow lists systems that are due, and says when the next one is where none
// is.
func (a *Assessor) dueNow(ctx context.Context) (systems []string, next int64, err error) {
	now := a.now()
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		systems, next = nil, ledger.MaxInstant
		for _, n := range tx.Due(now) {
			if id, ok := tx.Name(envelope.NameSystem, n); ok && !a.isPostponed(id, now) {
				systems = append(systems, id)
			}
			if len(systems) == dueBatch {
				return nil
			}
		}
		if at, _, ok := tx.NextDue(); ok {
			next = at
			if at <= now { // what is due is postponed
				next = now + faultPause.Microseconds()
			}
		}
		return nil
	})
	return systems, next, err
}

// EvaluatedUntil says why not all that happened before an instant has been
// evaluated; "" where it has.
func (a *Assessor) EvaluatedUntil(tx *ledger.Tx, t int64) string {
	if at, n, ok := tx.NextDue(); ok && at < t {
		id, _ := tx.Name(envelope.NameSystem, n)
		return "systems/" + id + " is due since " + time.UnixMicro(at).UTC().Format(time.RFC3339) + " and not evaluated yet"
	}
	if a.swept.Load() != a.History().At(a.now()).Epoch+1 {
		return "not all systems have been evaluated yet under the guidance and the policy in force"
	}
	return ""
}

// reassessAll evaluates systems, several at once, through the queue.
func (a *Assessor) reassessAll(ctx context.Context, systems []string) error {
	jobs := make([]*job, 0, len(systems))
	for _, id := range systems {
		j := &job{low: true, result: make(chan answer, 1)}
		if err := a.put(ctx, id, j); err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	for i, j := range jobs {
		if _, err := j.wait(ctx); err != nil {
			if ctx.Err() != nil || fault.Code(err) == codes.Unavailable || fault.Code(err) == codes.ResourceExhausted {
				return err // nothing can be written now
			}
			// One system that cannot be evaluated must not keep the others from it.
			a.cfg.Log.Error("reassessing a system", "system", systems[i], "error", err)
			a.postponed.Store(systems[i], a.now()+postpone)
		}
	}
	return nil
}

// isPostponed tells whether a system failed lately and waits for its next try.
func (a *Assessor) isPostponed(id string, now int64) bool {
	until, ok := a.postponed.Load(id)
	if ok && until.(int64) <= now {
		a.postponed.Delete(id)
		return false
	}
	return ok
}

// sweepConfig evaluates the systems that were last evaluated under guidance or
// a policy that no longer holds.
func (a *Assessor) sweepConfig(ctx context.Context) error {
	epoch := a.History().At(a.now()).Epoch
	if a.swept.Load() == epoch+1 {
		return nil
	}
	after, lagging := "", 0
	for ctx.Err() == nil {
		var stale []string
		more, behind, through := false, 0, after
		err := a.ledger.View(ctx, func(tx *ledger.Tx) error {
			stale, more, behind, through = nil, false, 0, after
			n := 0
			for id, number := range tx.Names(envelope.NameSystem, after) {
				h, _, err := envelope.Head[storev1.SystemHead](tx, envelope.SpaceSystem, number)
				if err != nil {
					return err
				}
				through = id
				switch {
				case h == nil:
				case h.ConfigEpoch != epoch:
					stale = append(stale, id)
				case estate.LagsBehind(h, a.cfg.Engine):
					behind++
				}
				if n++; n == sweepBatch {
					more = true
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := a.reassessAll(ctx, stale); err != nil {
			return err
		}
		after = through
		if lagging += behind; !more {
			a.countLagging(lagging)
			if err := rollup.FreeAll(ctx, a.ledger, a.now); err != nil {
				return err
			}
			a.swept.Store(epoch + 1)
			return nil
		}
	}
	return ctx.Err()
}

// guidanceChanged has the scheduler and the Notifier look again.
func (a *Assessor) guidanceChanged() {
	a.pokeScheduler()
	a.Notifier.Wake()
}
