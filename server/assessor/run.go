package assessor

import (
	"context"
	"errors"
	"iter"
	"slices"

	"google.golang.org/grpc/codes"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/store/ledger"
)

// What runs of reassessments need: systems picked in the order of their ids,
// and batches of them that go the way of all, behind those for which somebody
// waits, and take along in their commits what the run keeps of itself.

// Outcome is what came of one system of a batch.
type Outcome struct {
	System   string
	Assessed bool  // it was evaluated; it is not where it was no longer due
	Changed  bool  // a state of it changed
	Err      error // why it could not be evaluated
}

// Batch is some systems to be reassessed.
type Batch struct {
	Systems []string // ids, each once
	Full    bool     // also those that are not due
	// Carry writes, into a commit that makes some of the systems durable, what
	// is to stand and fall with them. It is called within the transaction and
	// may be called twice. Systems that could not be evaluated, and those of a
	// commit that failed, never get there: Reassess's outcomes have them.
	Carry func(b *ledger.Batch, done []Outcome) error
}

// ReassessBatch evaluates the systems of a batch and waits for all of them: the
// outcomes are in the order of the systems. The error says that nothing can be
// evaluated or written now; some systems may be done all the same, which Carry
// has heard of.
func (a *Assessor) ReassessBatch(ctx context.Context, b *Batch) ([]Outcome, error) {
	jobs := make([]*job, 0, len(b.Systems))
	for _, id := range b.Systems {
		j := &job{low: true, batch: b, result: make(chan answer, 1)}
		if err := a.put(ctx, id, j); err != nil {
			return nil, errors.Join(err, drain(ctx, jobs))
		}
		jobs = append(jobs, j)
	}
	out := make([]Outcome, len(jobs))
	var unable error
	for i, j := range jobs {
		select {
		case x := <-j.result:
			out[i] = x.outcome
			if out[i].System = b.Systems[i]; x.err != nil && isUnable(x.err) {
				unable = x.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return out, unable
}

// drain waits for jobs, so that none is under way when its batch is given up.
func drain(ctx context.Context, jobs []*job) error {
	for _, j := range jobs {
		if _, err := j.wait(ctx); ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// isUnable tells whether an error is the service's or the store's, and not of
// the system for which it was met.
func isUnable(err error) bool {
	switch fault.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.Canceled, codes.DeadlineExceeded:
		return true
	}
	return false
}

// outcome is what came of the lane's reassessments.
func (l *lane) outcome(err error) Outcome {
	out := Outcome{System: l.system, Err: err}
	if err == nil && l.plan.Replay != nil {
		out.Assessed = true
		for _, s := range l.plan.Replay.Series {
			out.Changed = out.Changed || s.Staged > 0
		}
	}
	return out
}

// carryAll has each batch that has systems in a commit write what it carries.
func carryAll(b *ledger.Batch, lanes, stale []*lane) error {
	var order []*Batch
	done := map[*Batch][]Outcome{}
	for _, l := range lanes {
		if slices.Contains(stale, l) {
			continue
		}
		for _, j := range l.taken {
			if j.batch == nil || j.batch.Carry == nil {
				continue
			}
			if done[j.batch] == nil {
				order = append(order, j.batch)
			}
			done[j.batch] = append(done[j.batch], l.outcome(nil))
		}
	}
	for _, x := range order {
		if err := x.Carry(b, done[x]); err != nil {
			return err
		}
	}
	return b.Err()
}

// Query says which systems a run is for.
type Query struct {
	Selector  *pb.Selector // all where nil
	Checklist string       // those assessed under it alone; all where empty
	Full      bool         // also those that are not due
}

// Systems are the ids of systems after an id, with their numbers, in the order of
// ids.
func Systems(tx *ledger.Tx, after string) iter.Seq2[string, uint32] {
	return tx.Names(envelope.NameSystem, after)
}

// CountSystems is how many systems there are.
func CountSystems(tx *ledger.Tx) int { return int(tx.Count(envelope.NameSystem)) }

// DueSystems are the ids of the systems that the due index has at an instant or
// before, in no order. It may have some too early.
func DueSystems(tx *ledger.Tx, until int64) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, n := range tx.Due(until) {
			if id, ok := tx.Name(envelope.NameSystem, n); ok && !yield(id) {
				return
			}
		}
	}
}

// Configuration is 1 + the number of the configuration in force at an instant,
// and whether all systems have been looked at for it: before that the due index
// need not know every system that is due.
func (a *Assessor) Configuration(now int64) (n uint64, indexed bool) {
	n = a.History().At(now).Epoch + 1
	return n, a.swept.Load() == n
}

// LookedAtAll notes that all systems have been evaluated for a configuration.
func (a *Assessor) LookedAtAll(n uint64) {
	if now, _ := a.Configuration(a.now()); now == n {
		a.swept.Store(n)
	}
}

// Wanted tells whether a system is to be reassessed now, and how many hosts it
// has. The system's number may be 0 where it is not known.
func (a *Assessor) Wanted(tx *ledger.Tx, q Query, id string, n uint32) (hosts int, ok bool, err error) {
	if n == 0 {
		if n, ok = tx.Number(envelope.NameSystem, id); !ok {
			return 0, false, estate.NotFound(id)
		}
	}
	h, _, err := envelope.Head[storev1.SystemHead](tx, envelope.SpaceSystem, n)
	if err != nil || h == nil || len(h.Sources) == 0 {
		return 0, false, err
	}
	now := a.NowIn(tx)
	isDue := h.ReplayFrom != 0 || estate.ValidUntil(h) <= now || a.History().After(h.ConfigEpoch) <= now
	isDue = isDue || h.Due != 0 && h.Due <= now // too early: the index is set right
	if !isDue && (!q.Full || h.Retired != 0) {
		return 0, false, nil
	}
	ok, err = a.selected(tx, q, id, h, now)
	return max(int(h.HostCount), 1), ok, err
}

// selected tells whether a query is for a system. The merged inventory is made
// only where a selector asks for what stands in it.
func (a *Assessor) selected(tx *ledger.Tx, q Query, id string, h *storev1.SystemHead, now int64) (bool, error) {
	var sys *pb.System
	is := func(s *pb.Selector) (bool, error) {
		if s.GetProduct() == "" && s.GetEnvironment() == "" && len(s.GetLabels()) == 0 {
			return guides.Selects(s, id, nil), nil
		}
		if sys == nil {
			x, err := estate.Open(tx, id, ledger.Latest)
			if err != nil {
				return false, err
			}
			m, err := a.MergedAt(x, now)
			if err != nil {
				return false, err
			}
			sys = m.Inventory.System
		}
		return guides.Selects(s, id, sys), nil
	}
	if ok, err := is(q.Selector); !ok || q.Checklist == "" {
		return ok, err
	}
	for _, e := range h.Series { // what it is assessed under as it stands
		if e.Assignment != "" && guides.ChecklistOf(e.Id) == q.Checklist {
			return true, nil
		}
	}
	for _, as := range a.History().At(now).Assignments { // and what it is to be
		if as.Plan.Checklist().ID() != q.Checklist {
			continue
		}
		if ok, err := is(as.Source.Selector); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
