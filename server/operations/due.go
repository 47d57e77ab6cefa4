package operations

import (
	"context"
	"fmt"
	"slices"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// A run that is due only goes through the systems that were due when it began.
// They are listed then, in one commit with the run's record, so that it costs
// what is due, has each once, and ends: what falls due while it goes on is the
// next run's, or the scheduler's.

// partOfList is how many ids stand in one object.
const partOfList = 1000

// partName names a part by its last id, so that the part after an id is one seek.
func partName(number uint64, last string) string { return partPrefix(number) + last }

func partPrefix(number uint64) string { return fmt.Sprintf("%s%010x ", listPrefix, number) }

// list lists what is due as a run begins, unless systems are named. A run that had
// begun before there were lists goes on without.
func (w *work) list(ctx context.Context) error {
	r, err := w.k.record(ctx, w.number)
	if err != nil {
		return err
	}
	w.listed = r.Listed || !w.query.Full && len(w.query.Selector.GetSystems()) == 0 && r.Cursor == "" && len(r.Done) == 0
	if r.Listed || !w.listed {
		return nil
	}
	due, configuration, err := w.k.due(ctx)
	if err != nil {
		return err
	}
	slices.Sort(due)
	_, err = w.k.cfg.Ledger.Commit(ctx, w.k.cfg.Now(), func(b *ledger.Batch) error {
		r, err := load(b.Tx, w.number)
		if err != nil || r == nil || r.Ended != 0 {
			return err
		}
		for part := range slices.Chunk(due, partOfList) {
			b.PutObject(kindOperation, partName(r.Number, part[len(part)-1]), envelope.Encode(&storev1.OperationSystems{Schema: envelope.Schema, Systems: part}))
		}
		r.Listed, r.ListedFor, r.Total = true, configuration, int32(len(due))
		put(b, r)
		return b.Err()
	})
	return err
}

// due are the systems that are due now. Where the index need not know them all,
// every system is looked at, and configuration says for which one.
func (k *Keeper) due(ctx context.Context) (due []string, configuration uint64, err error) {
	after, more := "", false
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		due, configuration = nil, 0
		now := max(k.cfg.Now(), tx.Last().Recorded)
		n, indexed := k.cfg.Assessor.Configuration(now)
		if more = !indexed; more {
			configuration = n
			return nil
		}
		due = slices.AppendSeq(due, assessor.DueSystems(tx, now))
		return nil
	})
	for err == nil && more {
		after, more, err = k.dueAfter(ctx, after, &due)
	}
	return due, configuration, err
}

// dueAfter looks at some systems after one, and adds those that are due.
func (k *Keeper) dueAfter(ctx context.Context, after string, due *[]string) (through string, more bool, err error) {
	have := len(*due)
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		*due, through, more = (*due)[:have], after, false
		looked := 0
		for id, n := range assessor.Systems(tx, after) {
			if looked == pickLook {
				more = true
				break
			}
			looked++
			through = id
			if _, ok, err := k.cfg.Assessor.Wanted(tx, assessor.Query{}, id, n); ok || err != nil {
				*due = append(*due, id) // what cannot be read is told by the run
			}
		}
		return nil
	})
	return through, more, err
}

// listed are the ids of a run's list after one, a part at most.
func listed(tx *ledger.Tx, number uint64, after string) ([]string, error) {
	from := ""
	if after != "" {
		from = partName(number, after)
	}
	for _, raw := range tx.ObjectsIn(kindOperation, partPrefix(number), from) {
		part, err := envelope.Decode[storev1.OperationSystems](raw)
		if err != nil {
			return nil, err
		}
		i, found := slices.BinarySearch(part.Systems, after)
		if found {
			i++
		}
		return part.Systems[i:], nil
	}
	return nil, nil
}

// unlist forgets a run's list.
func unlist(b *ledger.Batch, r *storev1.OperationRecord) {
	if !r.Listed {
		return
	}
	var names []string
	for name := range b.ObjectsIn(kindOperation, partPrefix(r.Number), "") {
		names = append(names, name)
	}
	for _, name := range names {
		b.DeleteObject(kindOperation, name)
	}
}
