package assessor

import (
	"context"
	"encoding/binary"
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
		if err := sums.Replace(was, is, list[i].effective, to); err != nil {
			return err
		}
		if i == 0 {
			if err := sums.Newest(w.p.sys.number, was, is); err != nil {
				return err
			}
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
		return w.p.planner.Compiled(seriesChecklist(s.entry.Id), st.Version)
	})
	if err != nil {
		return nil, err
	}
	out := table.Standing(st)
	if !eachResult(st.Results, table.RuleCount(), out.Count) {
		return nil, fmt.Errorf("%w: a state's packed results", ledger.ErrCorrupt)
	}
	return out, nil
}

// eachResult reads packed results, but for whom and by what they are excused;
// false where they are damaged, or of another number of rules.
func eachResult(b []byte, rules int, f func(rule int, state score.State, waived bool, since int64)) bool {
	u := &unpacker{b: b}
	n := u.uvarint()
	if n > uint64(len(b))/8 {
		return false
	}
	instants := u.take(8 * int(n))
	if u.uvarint() != uint64(rules) {
		return false
	}
	for rule := 0; rule < rules && !u.bad; rule++ {
		for left := u.uvarint(); left > 0 && !u.bad; left-- {
			r := u.row()
			if u.bad || r.since >= n {
				return false
			}
			f(rule, score.State(r.state&15), r.state&rowWaived != 0, int64(binary.BigEndian.Uint64(instants[8*r.since:])))
		}
	}
	return !u.bad && len(u.b) == 0
}

// Fleet is what is kept of all systems' series of an id. It is valid while the
// function runs to which it is given.
type Fleet struct {
	Series string
	Sums   *rollup.Sums // nil where no system ever had the series
	Now    int64        // microseconds since 1970 UTC

	archive *Archive
	tx      *ledger.Tx
}

// ReadFleet calls f with what is kept of all systems' series of an id, in one
// View: f must be quick, and may be called again from the start.
func (a *Archive) ReadFleet(ctx context.Context, series string, f func(*Fleet) error) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		s, err := rollup.Open(tx, series)
		if err != nil {
			return err
		}
		return f(&Fleet{Series: series, Sums: s, Now: a.nowIn(tx), archive: a, tx: tx})
	})
}

// ReadFleets calls f with what is kept of all ids that a series ever had, as
// ReadFleet does.
func (a *Archive) ReadFleets(ctx context.Context, f func([]*Fleet) error) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		var all []*Fleet
		for id, s := range rollup.Each(tx) {
			all = append(all, &Fleet{Series: id, Sums: s, Now: a.nowIn(tx), archive: a, tx: tx})
		}
		return f(all)
	})
}

// member is a system by its number, with its series.
func (f *Fleet) member(number uint32) (string, *storev1.SeriesEntry, error) {
	id, _ := f.tx.Name(envelope.NameSystem, number)
	h, _, err := envelope.Head[storev1.SystemHead](f.tx, envelope.SpaceSystem, number)
	if err != nil {
		return "", nil, err
	}
	for _, e := range h.GetSeries() {
		if e.Id == f.Series {
			return id, e, nil
		}
	}
	return "", nil, fmt.Errorf("%w: system %d stands in a list of series %s, which it has not", ledger.ErrCorrupt, number, f.Series)
}

// Standing is how a system's series stands, as its head has it.
func (f *Fleet) Standing(number uint32) (*pb.SystemStanding, error) {
	id, e, err := f.member(number)
	if err != nil {
		return nil, err
	}
	m := e.Summary
	return &pb.SystemStanding{System: id, Standing: &pb.Standing{
		ChecklistVersion: e.Version, Score: m.Score, EffectiveScore: EffectiveScore(m), Coverage: m.Coverage, Counts: CountsOf(m.Counts),
	}}, nil
}

// Newest is a system's id with its series' newest state.
func (f *Fleet) Newest(number uint32) (string, *Step, error) {
	id, e, err := f.member(number)
	if err != nil {
		return "", nil, err
	}
	h, _, err := envelope.Head[storev1.SeriesHead](f.tx, envelope.SpaceSeries, e.Stream)
	if err != nil {
		return "", nil, err
	}
	if h == nil {
		return "", nil, fmt.Errorf("%w: series %s of system %s has no head", ledger.ErrCorrupt, f.Series, id)
	}
	st, err := envelope.Decode[storev1.State](h.State)
	if err != nil {
		return "", nil, err
	}
	out, err := f.archive.newStep(f.Series, h.Effective, h.Recorded, st)
	return id, out, err
}
