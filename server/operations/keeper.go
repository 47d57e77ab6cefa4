package operations

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/verify"
	"github.com/plumbline/plumbline/store/ledger"
)

const (
	keep        = 30 * 24 * 3600 * 1e6 // microseconds for which a run is kept after its end
	keepRequest = 24 * 3600 * 1e6      // microseconds for which a request id is
	mostWaiting = 100                  // runs that have not ended, scheduled ones aside
	// requestScope is the scope of request ids; no system's id has a slash.
	requestScope = "operations/"
)

// Config is what a Keeper needs.
type Config struct {
	Ledger   *ledger.Ledger
	Assessor *assessor.Assessor
	Now      func() int64 // microseconds since 1970 UTC
	Log      *slog.Logger
	// BatchSize is how many systems are picked at once, two such batches being
	// under way; 256 where 0.
	BatchSize int
}

// Keeper keeps runs and the calendar. It is safe for concurrent use.
type Keeper struct {
	cfg     Config
	wake    [2]chan struct{} // the loops, of runs and of verifications, should look again
	stopped chan struct{}    // closed when the loops have ended
	stop    sync.Once

	mu       sync.Mutex
	changed  chan struct{}                 // closed and made anew whenever an operation has moved
	under    map[uint64]context.CancelFunc // those under way; cancelling has a verification stop
	problems map[uint64]string             // what keeps those from going on that have not ended
	progress map[uint64]progress           // of verifications

	schedule schedule
	swept    int64 // when runs were last looked through for expired ones
}

// Open reads the calendar. An error is the store's.
func Open(ctx context.Context, cfg Config) (*Keeper, error) {
	if cfg.BatchSize == 0 {
		cfg.BatchSize = 256
	}
	k := &Keeper{
		cfg: cfg, wake: [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}, stopped: make(chan struct{}), changed: make(chan struct{}),
		under: map[uint64]context.CancelFunc{}, problems: map[uint64]string{}, progress: map[uint64]progress{},
	}
	return k, k.openSchedule(ctx)
}

// Wake has the loops look again at once: the clock was set, for example.
func (k *Keeper) Wake() {
	for _, w := range k.wake {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Start starts a run, or finds the one that the same request started before.
func (k *Keeper) Start(ctx context.Context, req *pb.ReassessSystemsRequest, actor string) (*longrunningpb.Operation, error) {
	if req.Checklist != "" && !k.hasChecklist(req.Checklist) {
		return nil, fault.NotFound("checklists/"+req.Checklist, "list what is there with ListChecklists")
	}
	return k.start(ctx, request{req.RequestId, "ReassessSystems", bodyHash(req)}, func(tx *ledger.Tx) (*storev1.OperationRecord, error) {
		rec := &storev1.OperationRecord{Request: proto.Clone(req).(*pb.ReassessSystemsRequest), Actor: actor}
		rec.Total = k.total(tx, query(rec))
		return rec, nil
	})
}

// request is what tells one request to start something from another.
type request struct {
	id, method string
	body       [16]byte
}

// start starts what made makes, or finds what the same request started before.
func (k *Keeper) start(ctx context.Context, req request, made func(*ledger.Tx) (*storev1.OperationRecord, error)) (*longrunningpb.Operation, error) {
	now := k.cfg.Now()
	var rec *storev1.OperationRecord
	_, err := k.cfg.Ledger.Commit(ctx, now, func(b *ledger.Batch) error {
		before, err := repeated(b.Tx, req, now)
		if rec = before; before != nil || err != nil {
			return err
		}
		live, err := unfinished(b.Tx)
		if err != nil {
			return err
		}
		if len(live) >= mostWaiting {
			return fault.Exhausted(fault.ReasonTooMany, "%d runs have not ended; cancel one, or wait for one to end", len(live))
		}
		if rec, err = made(b.Tx); err != nil {
			return err
		}
		rec.Created = now
		insert(b, rec)
		if req.id != "" {
			b.PutRequest(requestScope, req.id, ledger.Receipt{
				BodyHash: req.body, Payload: binary.BigEndian.AppendUint64(nil, rec.Number), Expires: now + keepRequest,
			})
		}
		audit(b, rec.Actor, req.method, rec, "started")
		return b.Err()
	})
	if err != nil {
		return nil, err
	}
	k.Wake()
	return k.operation(rec)
}

// repeated is the run that the same request started before; nil where none did,
// or where it was forgotten since.
func repeated(tx *ledger.Tx, req request, now int64) (*storev1.OperationRecord, error) {
	if req.id == "" {
		return nil, nil
	}
	r, ok := tx.Request(requestScope, req.id, now)
	if !ok || len(r.Payload) != 8 {
		return nil, nil
	}
	if r.BodyHash != req.body {
		return nil, fault.InvalidField("request_id", "%q came before with other content; use a new id for a new request", req.id)
	}
	return load(tx, binary.BigEndian.Uint64(r.Payload))
}

func audit(b *ledger.Batch, actor, method string, r *storev1.OperationRecord, outcome string) {
	b.Audit(envelope.Encode(&storev1.AuditRecord{
		Actor: actor, Method: method, Resource: Name(r.Number), Outcome: outcome, RequestId: r.Request.GetRequestId() + r.Verify.GetRequestId(),
	}))
}

func (k *Keeper) hasChecklist(id string) bool {
	_, err := k.cfg.Assessor.Compiled(id, "latest")
	return err == nil
}

// Get is a run as it stands.
func (k *Keeper) Get(ctx context.Context, name string) (*longrunningpb.Operation, error) {
	number, err := parseName(name)
	if err != nil {
		return nil, err
	}
	r, err := k.record(ctx, number)
	if err != nil {
		return nil, err
	}
	return k.operation(r)
}

// record reads a run; NOT_FOUND where there is none.
func (k *Keeper) record(ctx context.Context, number uint64) (r *storev1.OperationRecord, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		r, err = k.found(tx, number)
		return err
	})
	return r, err
}

func (k *Keeper) found(tx *ledger.Tx, number uint64) (*storev1.OperationRecord, error) {
	r, err := load(tx, number)
	if err == nil && (r == nil || k.isExpired(r)) {
		err = fault.NotFound(Name(number), "runs are kept for 30 days after their end; list what is there with ListOperations")
	}
	return r, err
}

func (k *Keeper) isExpired(r *storev1.OperationRecord) bool {
	return r.Ended != 0 && r.Ended+keep <= k.cfg.Now()
}

// Listed is a run with the key by which the next page goes on after it.
type Listed struct {
	Operation *longrunningpb.Operation
	Key       string
}

// List lists runs after a key ("" for the start), the newest first, at most n:
// all, or those only that are, or are not, done.
func (k *Keeper) List(ctx context.Context, done *bool, after string, n int) (out []Listed, err error) {
	var found []*storev1.OperationRecord
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		if found, err = k.list(tx, done, after, n); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		op, err := k.operation(r)
		if err != nil {
			return nil, err
		}
		out = append(out, Listed{op, recordKey(r.Number)})
	}
	return out, nil
}

func (k *Keeper) list(tx *ledger.Tx, done *bool, after string, n int) (out []*storev1.OperationRecord, err error) {
	if done != nil && !*done { // few, with an index of their own
		live, err := unfinished(tx)
		for i := len(live) - 1; i >= 0 && len(out) < n; i-- {
			if recordKey(live[i].Number) > after {
				out = append(out, live[i])
			}
		}
		return out, err
	}
	for _, raw := range tx.ObjectsIn(kindOperation, recordPrefix, after) {
		r, err := envelope.Decode[storev1.OperationRecord](raw)
		if err != nil {
			return nil, err
		}
		if (done == nil || r.Ended != 0) && !k.isExpired(r) {
			out = append(out, r)
		}
		if len(out) == n {
			break
		}
	}
	return out, nil
}

// Cancel has a run end after the batches under way. One that has ended stays as
// it is.
func (k *Keeper) Cancel(ctx context.Context, name, actor string) error {
	number, err := parseName(name)
	if err != nil {
		return err
	}
	_, err = k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		r, err := k.found(b.Tx, number)
		if err != nil || r.Ended != 0 || r.Cancel {
			return err
		}
		r.Cancel = true
		if k.isCurrent(number) {
			put(b, r)
		} else {
			end(b, r, stateCancelled, k.cfg.Now()) // nothing of it is under way
		}
		audit(b, actor, "CancelOperation", r, "cancelled")
		return b.Err()
	})
	if err == nil {
		k.interrupt(number)
		k.move()
		k.Wake()
	}
	return err
}

// Delete forgets a run that has ended.
func (k *Keeper) Delete(ctx context.Context, name, actor string) error {
	number, err := parseName(name)
	if err != nil {
		return err
	}
	_, err = k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		r, err := k.found(b.Tx, number)
		if err != nil {
			return err
		}
		if r.Ended == 0 {
			return fault.FailedPrecondition("", "%s has not ended; cancel it first with CancelOperation, then wait for its end", name)
		}
		remove(b, r)
		audit(b, actor, "DeleteOperation", r, "deleted")
		return b.Err()
	})
	return err
}

// beforeDeadline is how long before a call's deadline a wait ends, so that the
// caller gets the run as it stands and not an error.
const beforeDeadline = time.Second

// Wait waits until a run has ended, a time has passed, the call's deadline is
// near or the service stops, and gives the run as it stands then.
func (k *Keeper) Wait(ctx context.Context, name string, most time.Duration) (*longrunningpb.Operation, error) {
	number, err := parseName(name)
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		most = min(most, max(time.Until(end)-beforeDeadline, 0))
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	for over := false; ; {
		moved := k.moved()
		r, err := k.record(ctx, number)
		if err != nil {
			return nil, err
		}
		if over || r.Ended != 0 {
			return k.operation(r)
		}
		select {
		case <-moved:
		case <-timer.C:
			over = true
		case <-k.stopped:
			over = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// moved is closed when a run moves next.
func (k *Keeper) moved() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.changed
}

// move tells those who wait that a run has moved.
func (k *Keeper) move() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.changed)
	k.changed = make(chan struct{})
}

func (k *Keeper) isCurrent(number uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.under[number]
	return ok
}

// begin notes that an operation is under way, and what has it stop.
func (k *Keeper) begin(number uint64, stop context.CancelFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.under[number] = stop
}

func (k *Keeper) leave(number uint64) {
	k.mu.Lock()
	delete(k.under, number)
	delete(k.progress, number)
	k.mu.Unlock()
	k.move()
}

// interrupt has a verification stop in the middle of a stretch.
func (k *Keeper) interrupt(number uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if stop := k.under[number]; stop != nil {
		stop()
	}
}

// progress is how far a verification is since it last kept what it had found.
type progress struct {
	verify.Progress
	after int32 // the systems that it had looked at by then
}

func (k *Keeper) tell(number uint64, p progress) {
	k.mu.Lock()
	k.progress[number] = p
	k.mu.Unlock()
	k.move()
}

// told is how far a verification is beyond its record.
func (k *Keeper) told(r *storev1.OperationRecord) progress {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := k.progress[r.Number]; p.after == r.LookedAt && r.Ended == 0 {
		return p
	}
	return progress{}
}

func (k *Keeper) problemOf(number uint64) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.problems[number]
}

// setProblem says what keeps an operation from going on; "" for nothing.
func (k *Keeper) setProblem(number uint64, text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.problems[number] = text; text == "" {
		delete(k.problems, number)
	}
}
