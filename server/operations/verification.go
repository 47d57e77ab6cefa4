package operations

import (
	"context"
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

// A verification is an operation like a run, with a loop of its own: it reads,
// so that it and a run need not wait for each other. It goes through the systems
// in stretches, and what it has found up to its cursor is kept after each.

// stretch is how many systems are verified between two commits of what was found.
const stretch = 512

// Verify starts a verification, or finds the one that the same request started
// before.
func (k *Keeper) Verify(ctx context.Context, req *pb.VerifyAssessmentsRequest, actor string) (*longrunningpb.Operation, error) {
	req = proto.Clone(req).(*pb.VerifyAssessmentsRequest)
	return k.start(ctx, request{req.RequestId, "VerifyAssessments", verifyHash(req)}, func(tx *ledger.Tx) (*storev1.OperationRecord, error) {
		for _, id := range req.Systems {
			if _, _, err := k.cfg.Assessor.Wanted(tx, assessor.Query{}, id, 0); err != nil {
				return nil, err
			}
		}
		return newVerification(tx, req, actor), nil
	})
}

func newVerification(tx *ledger.Tx, req *pb.VerifyAssessmentsRequest, actor string) *storev1.OperationRecord {
	r := &storev1.OperationRecord{Verify: req, Actor: actor, Total: int32(len(req.Systems))}
	if r.Total == 0 {
		r.Total = int32(assessor.CountSystems(tx))
	}
	return r
}

func verifyHash(req *pb.VerifyAssessmentsRequest) [16]byte {
	clone := proto.Clone(req).(*pb.VerifyAssessmentsRequest)
	clone.RequestId = ""
	return hashOf("verify", clone)
}

// verification is one under way.
type verification struct {
	k      *Keeper
	number uint64
	course *verify.Course
	after  int32 // systems that were looked at before the stretch under way
}

// verify carries a verification out until it ends, must pause, is cancelled or
// ctx ends.
func (k *Keeper) verify(ctx context.Context, number uint64) error {
	within, stop := context.WithCancel(ctx)
	defer stop()
	k.begin(number, stop)
	defer k.leave(number)
	v := &verification{k: k, number: number}
	for {
		over, err := v.step(within)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case within.Err() != nil: // cancelled in the middle of a stretch
			_, err = v.step(ctx)
			return err
		case isCorrupt(err): // trying again would find the same
			return v.finish(ctx, stateFailed, fault.Status(err, "").Message())
		case over || err != nil:
			return err
		}
	}
}

// step verifies a stretch, or ends the verification. over says that it has
// ended, or is not to go on now.
func (v *verification) step(ctx context.Context) (over bool, err error) {
	r, err := v.k.record(ctx, v.number)
	switch {
	case err != nil || r.Ended != 0:
		return true, err
	case r.Cancel:
		return true, v.finish(ctx, stateCancelled, "")
	case v.k.isPaused(r):
		return true, nil
	}
	if v.course == nil {
		if err := v.open(ctx, r); err != nil {
			return false, err
		}
	}
	v.after = r.LookedAt
	rep, through, more, err := v.course.Stretch(ctx, r.Cursor, stretch)
	if err != nil {
		return false, err
	}
	v.k.setProblem(v.number, "")
	return !more, v.keep(ctx, rep, through, more)
}

// open counts what there is to verify, or remembers what was counted.
func (v *verification) open(ctx context.Context, r *storev1.OperationRecord) (err error) {
	counted := verify.Count{}
	if r.Report != nil {
		counted = verify.Count{Systems: int(r.Total), States: int(r.States), Lagging: int(r.Report.LaggingSystems)}
	}
	v.course, err = verify.Open(ctx, v.k.cfg.Assessor, verify.Options{
		Systems: r.Verify.Systems, Series: r.Verify.Series, Sample: int(r.Verify.Sample), Seed: r.Verify.Seed, Recorded: r.Verify.Recorded,
		Workers: 1, Yield: v.yield, Progress: func(p verify.Progress) { v.k.tell(v.number, progress{p, v.after}) },
		Clock: func() time.Time { return at(v.k.cfg.Now()) },
	}, counted)
	if err != nil || r.Report != nil {
		return err
	}
	return v.change(ctx, func(b *ledger.Batch, r *storev1.OperationRecord) {
		c := v.course.Counted()
		r.Total, r.States = int32(c.Systems), int32(c.States)
		r.Report = &pb.VerifyAssessmentsResponse{EngineVersion: v.k.cfg.Assessor.EngineVersion(), LaggingSystems: int32(c.Lagging)}
		put(b, r)
	})
}

// keep keeps what a stretch has found.
func (v *verification) keep(ctx context.Context, rep *verify.Report, through string, more bool) error {
	err := v.change(ctx, func(b *ledger.Batch, r *storev1.OperationRecord) {
		rep.AddTo(r.Report)
		r.Cursor, r.LookedAt, r.Took = through, r.LookedAt+int32(rep.Systems), r.Took+rep.Took.Microseconds()
		if put(b, r); more {
			return
		}
		sum := verify.Report{States: int(r.Report.States), Took: time.Duration(r.Took) * time.Microsecond}
		r.Report.StatesPerSecond = int32(sum.PerSecond())
		end(b, r, stateSucceeded, v.k.cfg.Now())
	})
	if err == nil && !more {
		v.k.cfg.Log.Info("verification ended", "operation", Name(v.number), "state", stateSucceeded)
	}
	v.k.move()
	return err
}

func (v *verification) finish(ctx context.Context, state, why string) error {
	v.k.cfg.Log.Info("verification ended", "operation", Name(v.number), "state", state, "failure", why)
	return v.change(ctx, func(b *ledger.Batch, r *storev1.OperationRecord) {
		r.Failure = why
		end(b, r, state, v.k.cfg.Now())
	})
}

// change changes the record, unless it has ended.
func (v *verification) change(ctx context.Context, f func(b *ledger.Batch, r *storev1.OperationRecord)) error {
	_, err := v.k.cfg.Ledger.Commit(ctx, v.k.cfg.Now(), func(b *ledger.Batch) error {
		r, err := load(b.Tx, v.number)
		if err != nil || r == nil || r.Ended != 0 {
			return err
		}
		f(b, r)
		return b.Err()
	})
	return err
}

// How long a verification waits before a system while somebody waits for a
// submission, and between two looks.
const (
	yieldMost = 100 * time.Millisecond
	yieldStep = 5 * time.Millisecond
)

// yield lets those go first for whom somebody waits, but not for ever.
func (v *verification) yield(ctx context.Context) {
	for waited := time.Duration(0); waited < yieldMost && v.k.cfg.Assessor.IsWaitedFor(); waited += yieldStep {
		select {
		case <-ctx.Done():
			return
		case <-time.After(yieldStep):
		}
	}
}

// verifying is a verification as the API shows it, apart from its result.
func (k *Keeper) verifying(r *storev1.OperationRecord, state string) *pb.VerifyAssessmentsMetadata {
	under := k.told(r)
	states := r.States
	if s := r.Verify.Sample; s > 0 && s < states {
		states = s
	}
	return &pb.VerifyAssessmentsMetadata{
		CreateTime: envelope.Timestamp(r.Created), EndTime: envelope.Timestamp(r.Ended), Request: r.Verify, Actor: r.Actor, State: state,
		SystemsDone: r.LookedAt + int32(under.Systems), SystemsTotal: max(r.Total, r.LookedAt+int32(under.Systems)),
		StatesDone: r.Report.GetStates() + int32(under.States), StatesTotal: max(states, r.Report.GetStates()+int32(under.States)),
		DifferenceCount: r.Report.GetDifferenceCount() + int32(under.Differences), ScheduledRun: r.Schedule, Problem: k.problemOf(r.Number),
	}
}
