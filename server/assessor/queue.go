package assessor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/submission"
	"github.com/plumbline/plumbline/store/ledger"
)

// The queue gathers what waits into commits: while one commit waits for the
// disk, the plans of the next are made. A system is in one commit at a time,
// and everything that waits for it shares that commit and its revision. Systems
// for which somebody waits come first, those of the scheduler and of runs later.

// job is an item that waits, or a reassessment (it is nil).
type job struct {
	it     *submission.Item
	low    bool   // nobody waits for it: it is of the scheduler or of a run
	batch  *Batch // of the run that it is of; nil where it is of none
	answer func(*pb.Receipt, error)
	result chan answer // where nobody gave an answer function
	weight int64       // of the queue's bytes
}

// leastWeight is what an item counts at least: what it costs besides its bytes.
const leastWeight = 32 << 10

type answer struct {
	receipt *pb.Receipt
	err     error
	outcome Outcome // of a reassessment
}

func (j *job) reply(r *pb.Receipt, err error) {
	if j.answer != nil {
		j.answer(r, err)
		return
	}
	j.result <- answer{receipt: r, err: err}
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
	waits  byte   // the list of the assessor in which it waits
	plan   *change.Plan
}

// The lists of lanes that wait to be taken. A lane that moves from later to
// ready leaves its old place there, which is passed over.
const (
	waitsNowhere byte = iota
	waitsReady
	waitsLater
)

const (
	// laterMost is how many systems for which nobody waits a commit takes where
	// nothing else waits: what comes meanwhile waits for so many at the most.
	laterMost = 256
	// laterShare is how many it takes beside others, once in laterEvery commits,
	// so that they move on while submissions never pause.
	laterShare, laterEvery = 16, 16
)

// batchHosts is how many hosts one commit takes before it is closed: a commit
// holds 65,535 records at the most, and every changed host is one.
const batchHosts = 10_000

func (a *Assessor) enqueue(ctx context.Context, it *submission.Item) (*job, error) {
	return a.enqueueTo(ctx, it, nil)
}

func (a *Assessor) enqueueTo(ctx context.Context, it *submission.Item, answerTo func(*pb.Receipt, error)) (*job, error) {
	j := &job{it: it, answer: answerTo}
	if answerTo == nil {
		j.result = make(chan answer, 1)
	}
	return j, a.put(ctx, it.System, j)
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
	// What nobody waits for is no burden to those who do: it is bounded by who
	// puts it, and stands in no line for the queue's bytes.
	if !j.low {
		j.weight = min(max(j.it.Bytes(), leastWeight), a.cfg.QueueBytes)
		if err := a.room.Acquire(ctx, j.weight); err != nil {
			return err
		}
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
	if !l.busy {
		a.list(l, j.low)
	}
	a.signal()
	return nil
}

// list puts a lane into the list that it belongs to. The caller holds the mutex.
func (a *Assessor) list(l *lane, low bool) {
	switch {
	case !low && l.waits != waitsReady:
		l.waits = waitsReady
		a.ready = append(a.ready, l)
	case low && l.waits == waitsNowhere:
		l.waits = waitsLater
		a.later = append(a.later, l)
	}
}

// isLow tells whether nobody waits for any of a lane's jobs.
func (l *lane) isLow() bool {
	for _, j := range l.jobs {
		if !j.low {
			return false
		}
	}
	return true
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
	take := func(l *lane) {
		l.busy, l.waits = true, waitsNowhere
		k := 0
		for k < len(l.jobs) && (k == 0 || items < a.cfg.BatchSize && hosts < batchHosts) {
			items++
			hosts += l.jobs[k].it.HostCount()
			k++
		}
		l.taken, l.jobs = l.jobs[:k:k], l.jobs[k:]
		lanes = append(lanes, l)
	}
	for len(a.ready) > 0 && items < a.cfg.BatchSize && hosts < batchHosts {
		l := a.ready[0]
		a.ready = a.ready[1:]
		take(l)
	}
	for most := a.laterNow(len(lanes)); most > 0 && len(a.later) > 0; {
		l := a.later[0]
		a.later = a.later[1:]
		if l.waits == waitsLater {
			take(l)
			most--
		}
	}
	return lanes, !a.closed || len(a.lanes) > 0
}

// laterNow is how many lanes are taken for which nobody waits, beside so many
// for which somebody does.
func (a *Assessor) laterNow(others int) int {
	switch {
	case others == 0:
		a.passed = 0
		return min(laterMost, a.cfg.BatchSize)
	case len(a.later) == 0:
		return 0
	}
	if a.passed++; a.passed < laterEvery {
		return 0
	}
	a.passed = 0
	return laterShare
}

// viewLanes is how many lanes one View serves at the most: those that were submitted
// one after the other stand in the same blocks, which it reads once. Longer ones
// would keep a store that grows waiting.
const viewLanes = 32

// makePlans makes the lanes' plans, several at once.
func (a *Assessor) makePlans(ctx context.Context, lanes []*lane) {
	g, ctx := errgroup.WithContext(ctx)
	workers := min(a.cfg.Workers, len(lanes))
	size := min(max(len(lanes)/(4*workers), 1), viewLanes)
	var next atomic.Int64
	for range workers {
		g.Go(func() error {
			for {
				to := int(next.Add(int64(size)))
				if to-size >= len(lanes) {
					return nil
				}
				a.planLanes(ctx, lanes[to-size:min(to, len(lanes))])
			}
		})
	}
	_ = g.Wait() // what fails is answered to its own callers
}

// planLanes makes plans in one View. Where that fails, each lane gets a View of its
// own, so that a failure is told to its own callers alone.
func (a *Assessor) planLanes(ctx context.Context, lanes []*lane) {
	err := a.planIn(ctx, lanes)
	if err == nil {
		return
	}
	for _, l := range lanes {
		if len(lanes) > 1 {
			err = a.planIn(ctx, []*lane{l})
		}
		if err != nil {
			l.plan = nil
			a.finish(l, err)
		}
	}
}

// planIn makes plans in one View, all or none.
func (a *Assessor) planIn(ctx context.Context, lanes []*lane) error {
	line := a.plans.Line()
	return a.guarded(func() error {
		return a.ledger.View(ctx, func(tx *ledger.Tx) error {
			for _, l := range lanes {
				items, full := l.asked()
				p, err := a.plans.Make(tx, line, l.system, items, a.now(), full)
				if l.plan = p; err != nil {
					return err
				}
				p.Release()
			}
			return nil
		})
	})
}

// asked is what the lane's jobs ask for: to take in items, and whether to evaluate
// also what is not due.
func (l *lane) asked() (items []*submission.Item, full bool) {
	for _, j := range l.taken {
		if j.it != nil {
			items = append(items, j.it)
		}
		full = full || j.batch != nil && j.batch.Full
	}
	return items, full
}

// IsWaitedFor tells whether somebody waits for a system that no commit has taken
// yet.
func (a *Assessor) IsWaitedFor() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ready) > 0
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
			if stale, err = applyAll(b, live, stale[:0]); err != nil {
				return err
			}
			b.SweepRequests(a.now(), 2*len(live))
			return carryAll(b, live, stale)
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
			a.plans.Committed(l.plan)
			if l.plan.CaughtUp {
				a.lagging.Add(-1)
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
	var sums rollup.Pending
	for _, l := range lanes {
		switch err := l.plan.Recheck(b); {
		case errors.Is(err, change.ErrConflict):
			stale = append(stale, l)
			continue
		case err != nil:
			return stale, err
		}
		if l.plan.Empty() {
			l.plan.MakeReceipts()
			continue
		}
		if err := l.plan.Apply(b, &sums); err != nil {
			return stale, err
		}
	}
	sums.Flush(b)
	return stale, nil
}

// isEarlier tells whether something is due before the scheduler would wake.
func (a *Assessor) isEarlier(lanes []*lane) bool {
	for _, l := range lanes {
		if l.plan.DueBy(a.sleeping.Load()) {
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
	a.list(l, l.isLow())
	a.signal()
}

// finish answers a lane's callers and frees it.
func (a *Assessor) finish(l *lane, err error) {
	i := 0
	for _, j := range l.taken {
		switch {
		case j.it == nil:
			j.result <- answer{err: err, outcome: l.outcome(err)}
		case err != nil:
			j.reply(nil, err)
		default:
			r := l.plan.Receipts[i]
			if e := l.plan.Results[i].Err; e != nil {
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
		a.list(l, l.isLow())
		a.signal()
		return
	}
	delete(a.lanes, l.system)
	if a.closed {
		a.signal()
	}
}
