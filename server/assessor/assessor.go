package assessor

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/events/silence"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/server/submission"
	"github.com/plumbline/plumbline/store/ledger"
)

// Metrics is told what happens; every method must be quick and safe for
// concurrent use.
type Metrics interface {
	Submission(outcome string)
	Assessment(cause string, changed bool, took time.Duration)
	Commit(items int, took time.Duration)
}

// Config is what an Assessor needs. The zero value of a field means what its
// comment says.
type Config struct {
	Clock   func() time.Time // the time; time.Now where nil
	Log     *slog.Logger     // slog.Default() where nil
	Metrics Metrics          // told nothing where nil

	Workers   int // plans made at once; 2 where 0
	BatchSize int // items a commit at the most; 1,000 where 0
	// ExpiryNotice is how long before its end a statement's end is told;
	// statements.DefaultAhead where 0.
	ExpiryNotice time.Duration
	// Engine is the engine's version, which states name; assess.EngineVersion where
	// empty.
	Engine string
	// QueueBytes bounds the items that wait, before callers wait; 256 MiB where
	// 0. An item counts 32 KiB at least.
	QueueBytes int64
}

// Assessor is the one write path and its reads. It is safe for concurrent use.
// It keeps guidance and statements too, which have packages of their own.
type Assessor struct {
	*guides.Keeper
	*past.Archive
	Statements *statements.Keeper
	Wall       *retention.Wall  // before which history may be thinned
	Notifier   *events.Notifier // tells what expires, comes into force or falls silent

	ledger *ledger.Ledger
	cfg    Config
	plans  *change.Planner

	room   *semaphore.Weighted // bytes of items that wait
	queued atomic.Int64        // items that wait
	mu     sync.Mutex
	lanes  map[string]*lane
	ready  []*lane       // lanes for which somebody waits
	later  []*lane       // lanes for which nobody does
	passed int           // commits since any of later was taken
	wake   chan struct{} // a lane became ready
	closed bool
	stop   context.CancelFunc
	done   sync.WaitGroup

	dueWake    chan struct{} // the scheduler should look again
	sleeping   atomic.Int64  // until when the scheduler sleeps, in microseconds
	postponed  sync.Map      // systems that failed → when they are tried again
	partsSwept atomic.Int64  // when snapshots that were never closed were last swept
	swept      atomic.Uint64 // 1 + the epoch for which all systems have been looked at
	lagging    atomic.Int64  // systems that another engine evaluated last, as far as is known
}

// New starts an assessor over a ledger. Close stops it; the ledger is the
// caller's to close, afterwards.
func New(ctx context.Context, l *ledger.Ledger, cfg Config) (*Assessor, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.Workers, cfg.BatchSize = orDefault(cfg.Workers, 2), orDefault(cfg.BatchSize, 1000)
	cfg.Engine = cmp.Or(cfg.Engine, assess.EngineVersion)
	if cfg.QueueBytes == 0 {
		cfg.QueueBytes = 256 << 20
	}
	a := &Assessor{
		ledger: l, cfg: cfg, room: semaphore.NewWeighted(cfg.QueueBytes),
		lanes: map[string]*lane{}, wake: make(chan struct{}, 1), dueWake: make(chan struct{}, 1),
	}
	a.Notifier = events.NewNotifier(a.now, cfg.Log)
	var err error
	if a.Wall, err = retention.OpenWall(ctx, l); err != nil {
		return nil, err
	}
	if a.Keeper, err = guides.Open(ctx, guides.Config{Ledger: l, Now: a.now, Changed: a.guidanceChanged, Log: cfg.Log}); err != nil {
		return nil, err
	}
	a.plans = change.NewPlanner(a.Keeper, a.Wall, cfg.Engine, cfg.Metrics)
	a.Archive = past.New(l, a.Keeper, a.Wall, a.now, cfg.Engine)
	a.Statements = statements.New(statements.Config{
		Ledger: l, Guides: a.Keeper, Now: a.now, OnSystem: a.onSystem, Inventory: a.inventoryNow, Ahead: cfg.ExpiryNotice,
	})
	a.Notifier.Add(a.Statements.Notices, a.Keeper.Notices, silence.New(l, a.Keeper.History).Notices)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	batches := make(chan []*lane)
	a.done.Add(2)
	go func() { defer a.done.Done(); defer close(batches); a.gather(run, batches) }()
	go func() { defer a.done.Done(); a.commitAll(run, batches) }()
	return a, nil
}

func orDefault(n, d int) int {
	if n == 0 {
		return d
	}
	return n
}

// Close lets what was taken become durable, then stops. What is submitted
// afterwards is refused as UNAVAILABLE.
func (a *Assessor) Close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.signal()
	a.done.Wait()
	a.stop()
}

// QueueDepth is how many items wait for a commit.
func (a *Assessor) QueueDepth() int { return int(a.queued.Load()) }

// now is the instant, in microseconds.
func (a *Assessor) now() int64 { return a.cfg.Clock().UnixMicro() }

// Submit takes items and answers each, in their order, once it is durable. A
// bad item does not stop the others: its receipt says why it was rejected. The
// error is for all of them: the service cannot take anything now.
//
// The items are the assessor's from then on: it brings them into normal form
// where they stand, and keeps parts of them. Whoever needs a message afterwards
// submits a clone.
func (a *Assessor) Submit(ctx context.Context, items []*pb.SubmitItem, actor string) ([]*pb.Receipt, error) {
	out := make([]*pb.Receipt, len(items))
	waiting := make([]*job, len(items))
	now := a.now()
	for i, si := range items {
		it, err := submission.Parse(si, actor, now)
		if err != nil {
			out[i] = rejected(si, err)
			continue
		}
		if it.DryRun {
			if out[i], err = a.dryRun(ctx, it); err != nil {
				return nil, err
			}
			continue
		}
		j, err := a.enqueue(ctx, it)
		if err != nil {
			return nil, err
		}
		waiting[i] = j
	}
	for i, j := range waiting {
		if j == nil {
			continue
		}
		r, err := j.wait(ctx)
		if err != nil {
			return nil, err
		}
		out[i] = r
	}
	for i, r := range out {
		r.Index = int32(i)
		a.count(r)
	}
	return out, nil
}

// SubmitAsync takes one item and calls answer once it is durable, from another
// goroutine. It blocks while the queue is full. answer must be quick. The item is
// the assessor's from then on, as with Submit.
func (a *Assessor) SubmitAsync(ctx context.Context, si *pb.SubmitItem, actor string, answer func(*pb.Receipt, error)) error {
	it, err := submission.Parse(si, actor, a.now())
	if err != nil {
		r := rejected(si, err)
		a.count(r)
		answer(r, nil)
		return nil
	}
	if it.DryRun {
		r, err := a.dryRun(ctx, it)
		answer(r, err)
		return nil
	}
	_, err = a.enqueueTo(ctx, it, func(r *pb.Receipt, err error) {
		if r != nil {
			a.count(r)
		}
		answer(r, err)
	})
	return err
}

func (a *Assessor) count(r *pb.Receipt) {
	if a.cfg.Metrics != nil {
		a.cfg.Metrics.Submission(r.Outcome)
	}
}

// rejected is the receipt of an item that was not taken.
func rejected(si *pb.SubmitItem, err error) *pb.Receipt {
	r := &pb.Receipt{Outcome: submission.Rejected, Error: fault.Status(err, "").Proto()}
	switch x := si.GetItem().(type) {
	case *pb.SubmitItem_Submit:
		r.System, r.RequestId = x.Submit.GetSystem(), x.Submit.GetRequestId()
	case *pb.SubmitItem_Upsert:
		r.System, r.RequestId = x.Upsert.GetSystem(), x.Upsert.GetRequestId()
	}
	return r
}

// dryRun makes a plan of an item and answers as if it had been carried out.
func (a *Assessor) dryRun(ctx context.Context, it *submission.Item) (*pb.Receipt, error) {
	var r *pb.Receipt
	line := a.plans.Line()
	err := a.ledger.View(ctx, func(tx *ledger.Tx) error {
		p, err := a.plans.Make(tx, line, it.System, []*submission.Item{it}, a.now(), false)
		if err != nil {
			return err
		}
		p.MakeReceipts()
		r = p.Receipts[0]
		if p.Results[0].Err != nil {
			r.Error = fault.Status(p.Results[0].Err, "").Proto()
		}
		return nil
	})
	return r, err
}

var errClosed = errors.New("the service is shutting down")
