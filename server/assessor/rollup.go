package assessor

import (
	"context"
	"fmt"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// rollUp adds to the sums over all systems what the staged states of a series
// change. It must run before they are appended.
//
// What was known of the series and what is known now are two step functions.
// All instants of the first are in the second, since a state that falls away is
// corrected in its place. So they differ from a staged state's instant to the
// next state's at the most, by the staged state and the one that was known to
// hold there.
func (w *writer) rollUp(s *seriesState) error {
	sums, err := w.sums.Series(w.b, s.entry.Id)
	if err != nil {
		return err
	}
	list := s.track.versions // the newest first
	standings := map[*version]*rollup.Standing{nil: {}}
	standing := func(v *version) (*rollup.Standing, error) {
		if x, ok := standings[v]; ok {
			return x, nil
		}
		x, err := w.standing(s, sums, v)
		standings[v] = x
		return x, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].staged {
			continue
		}
		was, err := standing(known(list[i:]))
		if err != nil {
			return err
		}
		is, err := standing(list[i])
		if err != nil {
			return err
		}
		to := ledger.MaxInstant
		if i > 0 {
			to = list[i-1].effective
		}
		sums.Replace(was, is, list[i].effective, to)
		if i == 0 {
			sums.Newest(was, is)
			sums.Rank(w.b, w.p.sys.number, was, is)
		}
	}
	return nil
}

// known is the version that was known to hold at the instant of the first of a
// list, which is staged; nil where there was none.
func known(list []*version) *version {
	for _, v := range list {
		if !v.staged {
			return v
		}
		if v.corrects != nil {
			return v.corrects
		}
	}
	return nil
}

// standing is what a state adds to the sums.
func (w *writer) standing(s *seriesState, sums *rollup.Series, v *version) (*rollup.Standing, error) {
	m, err := s.track.load(w.b.Tx, v)
	if err != nil {
		return nil, err
	}
	st := m.(*storev1.State)
	if st.Ended {
		return &rollup.Standing{}, nil
	}
	table, err := sums.Table(st.Version, func() (*assess.Checklist, error) {
		return w.p.a.Compiled(seriesChecklist(s.entry.Id), st.Version)
	})
	if err != nil {
		return nil, err
	}
	out := table.Standing(st.Summary, st.Severities)
	if !eachResult(st.Results, table.RuleCount(), out.Count) {
		return nil, fmt.Errorf("%w: a state's packed results", ledger.ErrCorrupt)
	}
	return out, nil
}

// eachResult reads rule and state alone of packed results; false where they are
// damaged, or of another number of rules.
func eachResult(b []byte, rules int, f func(rule int, state score.State)) bool {
	u := &unpacker{b: b}
	n := u.uvarint()
	if n > uint64(len(b))/8 {
		return false
	}
	u.take(8 * int(n))
	if u.uvarint() != uint64(rules) {
		return false
	}
	for rule := 0; rule < rules && !u.bad; rule++ {
		for n := u.uvarint(); n > 0 && !u.bad; n-- {
			f(rule, score.State(u.row().state&15))
		}
	}
	return !u.bad && len(u.b) == 0
}

// ReadSums calls f with the sums over all systems' series of an id, nil where
// there are none, and with the present, in microseconds. f keeps nothing of them.
func (a *Assessor) ReadSums(ctx context.Context, series string, f func(s *rollup.Sums, now int64) error) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		s, err := rollup.Open(tx, series)
		if err != nil {
			return err
		}
		return f(s, a.nowIn(tx))
	})
}

// WorstSystems lists how the systems stand whose scores of a series are lowest,
// from a place on, at most n, and their places. ok is false where no system ever
// had the series.
func (a *Assessor) WorstSystems(ctx context.Context, series string, from ledger.Rank, n int) (out []*pb.SystemStanding, places []ledger.Rank, ok bool, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out, places = nil, nil
		s, err := rollup.Open(tx, series)
		if ok = s != nil; err != nil || !ok {
			return err
		}
		for place := range s.Worst(from) {
			x, err := systemStanding(tx, place.N, series)
			if err != nil {
				return err
			}
			if out, places = append(out, x), append(places, place); len(out) == n {
				return nil
			}
		}
		return nil
	})
	return out, places, ok, err
}

// systemStanding is how a system's series stands, as its head has it.
func systemStanding(tx *ledger.Tx, number uint32, series string) (*pb.SystemStanding, error) {
	id, _ := tx.Name(nameSystem, number)
	h, _, err := envelope.Head[storev1.SystemHead](tx, spaceSystem, number)
	if err != nil {
		return nil, err
	}
	for _, e := range h.GetSeries() {
		if e.Id == series {
			m := e.Summary
			return &pb.SystemStanding{System: id, Standing: &pb.Standing{
				ChecklistVersion: e.Version, Score: m.Score, EffectiveScore: EffectiveScore(m), Coverage: m.Coverage, Counts: CountsOf(m.Counts),
			}}, nil
		}
	}
	return nil, fmt.Errorf("%w: system %d stands in a list of series %s, which it has not", ledger.ErrCorrupt, number, series)
}
