package assessor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// The queue gathers what waits into commits: while one commit waits for the
// disk, the plans of the next are made. A system is in one commit at a time,
// and everything that waits for it shares that commit and its revision.

// job is an item that waits, or a reassessment (it is nil).
type job struct {
	it     *item
	answer func(*pb.Receipt, error)
	result chan answer // where nobody gave an answer function
	weight int64       // of the queue's bytes
}

// leastWeight is what an item counts at least: what it costs besides its bytes.
const leastWeight = 32 << 10

type answer struct {
	receipt *pb.Receipt
	err     error
}

func (j *job) reply(r *pb.Receipt, err error) {
	if j.answer != nil {
		j.answer(r, err)
		return
	}
	j.result <- answer{r, err}
}

// wait is the answer. A caller that goes away does not take its item back.
func (j *job) wait(ctx context.Context) (*pb.Receipt, error) {
	select {
	case x := <-j.result:
		return x.receipt, x.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lane is what waits for one system.
type lane struct {
	system string
	jobs   []*job
	taken  []*job // those in the commit under way
	busy   bool   // in a commit that is under way
	plan   *plan
}

// batchHosts is how many hosts one commit takes before it is closed: a commit
// holds 65,535 records at the most, and every changed host is one.
const batchHosts = 10_000

func (a *Assessor) enqueue(ctx context.Context, it *item) (*job, error) {
	return a.enqueueTo(ctx, it, nil)
}

func (a *Assessor) enqueueTo(ctx context.Context, it *item, answerTo func(*pb.Receipt, error)) (*job, error) {
	j := &job{it: it, answer: answerTo}
	if answerTo == nil {
		j.result = make(chan answer, 1)
	}
	return j, a.put(ctx, it.system, j)
}

// Reassess evaluates a system anew as far as it is due, and waits until what
// changed is durable.
func (a *Assessor) Reassess(ctx context.Context, system string) error {
	j := &job{result: make(chan answer, 1)}
	if err := a.put(ctx, system, j); err != nil {
		return err
	}
	_, err := j.wait(ctx)
	return err
}

func (a *Assessor) put(ctx context.Context, system string, j *job) error {
	j.weight = min(max(j.it.bytes(), leastWeight), a.cfg.QueueBytes)
	if err := a.room.Acquire(ctx, j.weight); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		a.room.Release(j.weight)
		return fault.Unavailable(fault.ReasonShuttingDown, time.Second, "%v; send again, with the same request id", errClosed)
	}
	l := a.lanes[system]
	if l == nil {
		l = &lane{system: system}
		a.lanes[system] = l
	}
	l.jobs = append(l.jobs, j)
	a.queued.Add(1)
	if len(l.jobs) == 1 && !l.busy {
		a.ready = append(a.ready, l)
	}
	a.signal()
	return nil
}

func (a *Assessor) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// gather takes what is ready, makes the plans, and hands them to the committer.
func (a *Assessor) gather(ctx context.Context, batches chan<- []*lane) {
	for {
		lanes, more := a.take()
		if len(lanes) == 0 {
			if !more {
				return
			}
			<-a.wake
			continue
		}
		a.makePlans(ctx, lanes)
		batches <- lanes
	}
}

// take takes as many ready lanes as fit into one commit. more is false when
// the assessor is closed and nothing is left.
func (a *Assessor) take() (lanes []*lane, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	items, hosts := 0, 0
	for len(a.ready) > 0 && items < a.cfg.BatchSize && hosts < batchHosts {
		l := a.ready[0]
		a.ready = a.ready[1:]
		l.busy = true
		k := 0
		for k < len(l.jobs) && (k == 0 || items < a.cfg.BatchSize && hosts < batchHosts) {
			items++
			hosts += l.jobs[k].it.hostCount()
			k++
		}
		l.taken, l.jobs = l.jobs[:k:k], l.jobs[k:]
		lanes = append(lanes, l)
	}
	return lanes, !a.closed || len(a.lanes) > 0
}

// makePlans makes the lanes' plans, several at once.
func (a *Assessor) makePlans(ctx context.Context, lanes []*lane) {
	g, ctx := errgroup.WithContext(ctx)
	workers := min(a.cfg.Workers, len(lanes))
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(lanes); i += workers {
				lanes[i].plan = nil
				a.planLane(ctx, lanes[i])
			}
			return nil
		})
	}
	_ = g.Wait() // what fails is answered to its own callers
}

// planLane makes one lane's plan; where it fails, the lane's callers are told.
func (a *Assessor) planLane(ctx context.Context, l *lane) {
	var items []*item
	for _, j := range l.taken {
		if j.it != nil {
			items = append(items, j.it)
		}
	}
	err := a.guarded(func() error {
		return a.ledger.View(ctx, func(tx *ledger.Tx) error {
			p, err := a.makePlan(tx, l.system, items, a.now())
			l.plan = p
			return err
		})
	})
	if err != nil {
		l.plan = nil
		a.finish(l, err)
	}
}

// guarded turns a panic into an error: a defect that one system's data bring
// out is told to those who wait for that system, and stops nobody else.
func (a *Assessor) guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			a.cfg.Log.Error("panic in the write path", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("assessor: panic: %v", r)
		}
	}()
	return f()
}

// commitAll commits batch after batch.
func (a *Assessor) commitAll(ctx context.Context, batches <-chan []*lane) {
	for b := range batches {
		a.commit(ctx, b)
	}
}

// commit carries the lanes' plans out in one Update. A plan whose heads have
// changed goes back into the queue.
func (a *Assessor) commit(ctx context.Context, lanes []*lane) {
	start := time.Now()
	var live, stale []*lane
	for _, l := range lanes {
		if l.plan != nil {
			live = append(live, l)
		}
	}
	if len(live) == 0 {
		return
	}
	err := a.guarded(func() error {
		_, err := a.ledger.Commit(ctx, a.now(), func(b *ledger.Batch) (err error) {
			stale, err = applyAll(b, live, stale[:0])
			b.SweepRequests(a.now(), 2*len(live))
			return err
		})
		return err
	})
	if a.cfg.Metrics != nil {
		a.cfg.Metrics.Commit(len(live), time.Since(start))
	}
	wake := a.isEarlier(live)
	again := map[*lane]bool{}
	for _, l := range stale {
		again[l] = true
	}
	for _, l := range live {
		switch {
		case err != nil:
			a.finish(l, err)
		case again[l]:
			a.retry(l)
		default:
			if len(l.plan.sys.hosts) >= a.cache.from {
				a.cache.put(l.plan.settle())
			}
			a.finish(l, nil)
		}
	}
	if wake {
		a.pokeScheduler()
	}
}

// applyAll carries plans out, and lists those whose heads have changed.
func applyAll(b *ledger.Batch, lanes, stale []*lane) ([]*lane, error) {
	for _, l := range lanes {
		switch err := l.plan.recheck(b); {
		case errors.Is(err, errConflict):
			stale = append(stale, l)
			continue
		case err != nil:
			return stale, err
		}
		if l.plan.empty() {
			l.plan.makeReceipts()
			continue
		}
		if err := l.plan.apply(b); err != nil {
			return stale, err
		}
	}
	return stale, nil
}

// isEarlier tells whether something is due before the scheduler would wake.
func (a *Assessor) isEarlier(lanes []*lane) bool {
	for _, l := range lanes {
		h := l.plan.sys.head
		if len(l.plan.others) > 0 || h.Due != 0 && h.Due < a.sleeping.Load() {
			return true
		}
	}
	return false
}

// retry puts a lane's jobs back in front.
func (a *Assessor) retry(l *lane) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l.jobs = append(l.taken, l.jobs...)
	l.taken, l.plan, l.busy = nil, nil, false
	a.ready = append(a.ready, l)
	a.signal()
}

// finish answers a lane's callers and frees it.
func (a *Assessor) finish(l *lane, err error) {
	i := 0
	for _, j := range l.taken {
		switch {
		case err != nil:
			j.reply(nil, err)
		case j.it == nil:
			j.reply(nil, nil)
		default:
			r := l.plan.receipts[i]
			if e := l.plan.results[i].err; e != nil {
				r.Error = fault.Status(e, "").Proto()
			}
			j.reply(r, nil)
			i++
		}
		a.room.Release(j.weight)
		a.queued.Add(-1)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l.taken, l.plan, l.busy = nil, nil, false
	if len(l.jobs) > 0 {
		a.ready = append(a.ready, l)
		a.signal()
		return
	}
	delete(a.lanes, l.system)
	if a.closed {
		a.signal()
	}
}
