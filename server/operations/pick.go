package operations

import (
	"context"
	"slices"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/store/ledger"
)

// picked is what was found from one id on.
type picked struct {
	systems []string           // to be reassessed
	failed  []assessor.Outcome // systems that cannot be read, or are not there
	looked  int                // systems looked at
	through string             // the last of them
}

// Bounds of a pick: hosts, since they are what evaluation costs, and systems
// looked at, since other transactions cannot free pages while one reads.
const (
	pickHosts = 2_000
	pickLook  = 5_000
)

// pick looks at systems after an id, in the order of ids, and picks at most a
// batch of those that are to be reassessed: of those that the query names, of the
// run's list, or of all.
func (w *work) pick(ctx context.Context, after string) (p picked, err error) {
	k, q := w.k, w.query
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		p = picked{through: after}
		hosts := 0
		look := func(id string, n uint32) bool {
			if len(p.systems) >= k.cfg.BatchSize || hosts >= pickHosts || p.looked >= pickLook || len(p.failed) >= k.cfg.BatchSize {
				return false
			}
			p.looked++
			p.through = id
			size, ok, err := k.cfg.Assessor.Wanted(tx, q, id, n)
			switch {
			case err != nil:
				p.failed = append(p.failed, assessor.Outcome{System: id, Err: err})
			case ok:
				p.systems = append(p.systems, id)
				hosts += size
			}
			return true
		}
		ids := named(q.Selector, after)
		if w.listed {
			if ids, err = listed(tx, w.number, after); err != nil {
				return err
			}
		}
		if w.listed || len(q.Selector.GetSystems()) > 0 {
			for _, id := range ids {
				if !look(id, 0) {
					break
				}
			}
			return nil
		}
		for id, n := range assessor.Systems(tx, after) {
			if !look(id, n) {
				break
			}
		}
		return nil
	})
	return p, err
}

// total is how many systems a run looks at, as far as is known before it begins.
func (k *Keeper) total(tx *ledger.Tx, q assessor.Query) (n int32) {
	now := max(k.cfg.Now(), tx.Last().Recorded)
	_, indexed := k.cfg.Assessor.Configuration(now)
	switch {
	case len(q.Selector.GetSystems()) > 0:
		return int32(len(named(q.Selector, "")))
	case q.Full || !indexed:
		return int32(assessor.CountSystems(tx))
	}
	for range tx.Due(now) {
		n++
	}
	return n
}

// named are the ids that a selector names, after one, in their order.
func named(s *pb.Selector, after string) (out []string) {
	for _, id := range s.GetSystems() {
		if id > after {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
