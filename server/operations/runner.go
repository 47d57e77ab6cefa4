package operations

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

const (
	longest    = 10 * time.Minute // sleep, so that a clock that was set is noticed
	faultPause = 5 * time.Second  // after an error of the store
	sweepEvery = 3600 * 1e6       // microseconds between looks for expired runs
	ahead      = 2                // batches of a run under way at once
)

// Run carries runs out, and starts those of the calendar, until ctx ends. The
// batches under way then are the assessor's to end; what is left goes on when
// the service runs again.
func (k *Keeper) Run(ctx context.Context) {
	defer k.stop.Do(func() { close(k.stopped) })
	var loops sync.WaitGroup
	defer loops.Wait()
	loops.Go(func() { k.loop(ctx, k.wake[1], k.turnVerifications) })
	k.loop(ctx, k.wake[0], k.turn)
}

// loop takes a turn whenever it is woken, or the time has come.
func (k *Keeper) loop(ctx context.Context, wake <-chan struct{}, turn func(context.Context) time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-wake:
			timer.Stop()
		}
		timer.Reset(turn(ctx))
	}
}

// turn does what there is to do of runs, and says how long there will be nothing.
func (k *Keeper) turn(ctx context.Context) time.Duration { return k.take(ctx, false, k.carryOut) }

// turnVerifications is the same for verifications.
func (k *Keeper) turnVerifications(ctx context.Context) time.Duration {
	return k.take(ctx, true, k.verify)
}

func (k *Keeper) take(ctx context.Context, verifications bool, carryOut func(context.Context, uint64) error) time.Duration {
	for ctx.Err() == nil {
		wait, err := k.Schedule(ctx)
		number := uint64(0)
		if err == nil {
			number, err = k.eligible(ctx, verifications)
		}
		if err == nil && number != 0 {
			err = carryOut(ctx, number)
		}
		if err == nil && !verifications {
			err = k.sweep(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return 0
		case err != nil:
			k.cfg.Log.Error("operations", "operation", Name(number), "error", err)
			k.setProblem(number, fault.Status(err, "").Message())
			k.move()
			return faultPause
		case number == 0:
			return min(max(wait, time.Millisecond), longest)
		}
	}
	return 0
}

// eligible is the oldest run, or verification, that may go on; 0 where none may.
// Scheduled ones wait while there is a blackout.
func (k *Keeper) eligible(ctx context.Context, verification bool) (number uint64, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		number = 0
		live, err := unfinished(tx)
		for _, r := range live {
			if (r.Verify != nil) == verification && !k.isPaused(r) {
				number = r.Number
				break
			}
		}
		return err
	})
	return number, err
}

// isPaused tells whether a run must not go on now.
func (k *Keeper) isPaused(r *storev1.OperationRecord) bool {
	return r.Schedule != "" && !r.Cancel && k.isBlackedOut()
}

// work is a run under way.
type work struct {
	k       *Keeper
	number  uint64
	query   assessor.Query
	listed  bool           // it goes through a list
	running sync.WaitGroup // batches

	mu       sync.Mutex
	segments []*segment // under way, in order; replaced, never changed in place
}

// carryOut carries a run out until it ends, must pause, or ctx ends. The error
// says what keeps it from going on.
func (k *Keeper) carryOut(ctx context.Context, number uint64) error {
	k.begin(number, nil)
	defer k.leave(number)
	r, err := k.record(ctx, number)
	if err != nil {
		return err
	}
	w := &work{k: k, number: number, query: query(r)}
	// A batch that is given up must not be under way when its systems are
	// picked again.
	defer w.running.Wait()
	err = w.list(ctx)
	for over := false; err == nil && !over; {
		if _, err = k.Schedule(ctx); err == nil {
			over, err = w.step(ctx)
		}
	}
	if isCorrupt(err) { // trying again would find the same
		return w.finish(ctx, stateFailed, fault.Status(err, "").Message())
	}
	return err
}

func isCorrupt(err error) bool {
	return errors.Is(err, store.ErrCorrupt) || errors.Is(err, ledger.ErrCorrupt)
}

// step launches a batch, or waits for one. over says that the run has ended, or
// is not to go on now.
func (w *work) step(ctx context.Context) (over bool, err error) {
	r, err := w.k.record(ctx, w.number)
	if err != nil || r.Ended != 0 {
		return true, err
	}
	under := w.underWay()
	stops := r.Cancel || w.k.isPaused(r)
	switch {
	case stops && len(under) > 0, len(under) == ahead:
		return false, w.settle(ctx)
	case r.Cancel:
		return true, w.finish(ctx, stateCancelled, "")
	case stops:
		return true, nil
	}
	after := r.Cursor
	if len(under) > 0 {
		after = under[len(under)-1].through
	}
	p, err := w.pick(ctx, after)
	switch {
	case err != nil:
		return false, err
	case p.looked > 0:
		w.launch(ctx, w.segment(after, p, r.Done))
		return false, nil
	case len(under) > 0:
		return false, w.settle(ctx)
	}
	return true, w.finish(ctx, stateSucceeded, "")
}

// segment makes a segment of what was picked, without what is done already.
func (w *work) segment(after string, p picked, done []string) *segment {
	isDone := func(id string) bool { return slices.Contains(done, id) }
	return &segment{
		after: after, through: p.through, looked: p.looked,
		systems: slices.DeleteFunc(p.systems, isDone),
		unread:  slices.DeleteFunc(p.failed, func(x assessor.Outcome) bool { return isDone(x.System) }),
	}
}

// finish ends the run.
func (w *work) finish(ctx context.Context, state, why string) error {
	lookedAt := uint64(0) // the configuration for which all systems have been evaluated
	_, err := w.k.cfg.Ledger.Commit(ctx, w.k.cfg.Now(), func(b *ledger.Batch) error {
		r, err := load(b.Tx, w.number)
		if err != nil || r == nil || r.Ended != 0 {
			return err
		}
		if lookedAt = 0; state == stateSucceeded && r.Failed == 0 && proto.Size(r.Request.GetSelector()) == 0 && r.Request.GetChecklist() == "" {
			lookedAt = r.ListedFor
		}
		r.Failure = why
		r.LookedAt += int32(len(r.Done)) // of batches that a cancelled run will not go through again
		end(b, r, state, w.k.cfg.Now())
		return b.Err()
	})
	if err == nil && lookedAt != 0 {
		w.k.cfg.Assessor.LookedAtAll(lookedAt)
	}
	if err == nil {
		w.k.cfg.Log.Info("run of reassessments ended", "operation", Name(w.number), "state", state, "failure", why)
	}
	return err
}

// sweep forgets runs that ended long ago, a few at a time.
func (k *Keeper) sweep(ctx context.Context) error {
	now := k.cfg.Now()
	if k.swept <= now && now < k.swept+sweepEvery {
		return nil
	}
	for n := 1000; n == 1000; {
		expired, err := k.expired(ctx, 1000)
		if n = len(expired); n == 0 || err != nil {
			return err
		}
		_, err = k.cfg.Ledger.Commit(ctx, now, func(b *ledger.Batch) error {
			for _, r := range expired {
				remove(b, r)
			}
			return b.Err()
		})
		if err != nil {
			return err
		}
	}
	k.swept = now
	return nil
}

func (k *Keeper) expired(ctx context.Context, most int) (out []*storev1.OperationRecord, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for key := range tx.ObjectsIn(kindOperation, endedPrefix, "") {
			n, err := numberOf(key)
			if err != nil {
				return err
			}
			r, err := load(tx, n)
			if err != nil || r == nil || !k.isExpired(r) || len(out) == most {
				return err // they stand in the order of their ends
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}
