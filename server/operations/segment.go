package operations

import (
	"context"
	"slices"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// mostErrors is how many errors a run keeps.
const mostErrors = 10

// segment is a stretch of ids that a run goes through at once.
type segment struct {
	after, through string   // it begins after one id and ends with another
	looked         int      // systems in it
	systems        []string // those to be reassessed, in order
	unread         []assessor.Outcome
	result         chan result
}

type result struct {
	outcomes []assessor.Outcome
	err      error
}

// isDone tells whether all that was to be done in a segment is.
func (s *segment) isDone(done map[string]bool) bool {
	for _, id := range s.systems {
		if !done[id] {
			return false
		}
	}
	for _, x := range s.unread {
		if !done[x.System] {
			return false
		}
	}
	return true
}

// setOf makes a set of a list.
func setOf(list []string) map[string]bool {
	out := make(map[string]bool, len(list)+64)
	for _, x := range list {
		out[x] = true
	}
	return out
}

// note counts a system that is done, once. done are those behind the cursor.
func note(r *storev1.OperationRecord, done map[string]bool, x assessor.Outcome) {
	if x.System <= r.Cursor || done[x.System] {
		return
	}
	r.Done, done[x.System] = append(r.Done, x.System), true
	switch {
	case x.Err != nil:
		r.Failed++
		if len(r.Errors) < mostErrors {
			r.Errors = append(r.Errors, "systems/"+x.System+": "+fault.Status(x.Err, "").Message())
		}
	case x.Assessed:
		r.Assessed++
		if x.Changed {
			r.Changed++
		}
	}
}

// advance moves the cursor over the segments that are done, in their order.
func advance(r *storev1.OperationRecord, done map[string]bool, segments []*segment) {
	for _, s := range segments {
		switch {
		case r.Cursor >= s.through:
			continue
		case r.Cursor != s.after || !s.isDone(done):
			return
		}
		r.Cursor = s.through
		r.LookedAt += int32(s.looked)
		r.Done = slices.DeleteFunc(r.Done, func(id string) bool { return id <= s.through })
	}
}

// launch has a segment's systems reassessed.
func (w *work) launch(ctx context.Context, s *segment) {
	s.result = make(chan result, 1)
	w.mu.Lock()
	w.segments = append(slices.Clip(w.segments), s)
	w.mu.Unlock()
	if len(s.systems) == 0 {
		s.result <- result{}
		return
	}
	batch := &assessor.Batch{Systems: s.systems, Full: w.query.Full, Carry: w.carry}
	w.running.Go(func() {
		outcomes, err := w.k.cfg.Assessor.ReassessBatch(ctx, batch)
		s.result <- result{outcomes, err}
	})
}

// carry writes into a commit of the assessor what has become of the run by it.
func (w *work) carry(b *ledger.Batch, done []assessor.Outcome) error {
	r, err := load(b.Tx, w.number)
	if err != nil || r == nil || r.Ended != 0 {
		return err
	}
	set := setOf(r.Done)
	for _, x := range done {
		note(r, set, x)
	}
	advance(r, set, w.underWay())
	put(b, r)
	return b.Err()
}

func (w *work) underWay() []*segment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.segments
}

// settle waits for the oldest segment, and counts the systems that could not be
// evaluated, which no commit of the assessor has.
func (w *work) settle(ctx context.Context) error {
	s := w.underWay()[0]
	var res result
	select {
	case res = <-s.result:
	case <-ctx.Done():
		return ctx.Err()
	}
	if res.err != nil {
		return res.err
	}
	failed := slices.Clone(s.unread)
	for _, x := range res.outcomes {
		if x.Err != nil {
			failed = append(failed, x)
		}
	}
	r, err := w.k.record(ctx, w.number)
	if err != nil {
		return err
	}
	if r.Cursor < s.through {
		_, err := w.k.cfg.Ledger.Commit(ctx, w.k.cfg.Now(), func(b *ledger.Batch) error { return w.carry(b, failed) })
		if err != nil {
			return err
		}
	}
	w.mu.Lock()
	w.segments = w.segments[1:]
	w.mu.Unlock()
	w.k.setProblem(w.number, "")
	w.k.move()
	return nil
}
