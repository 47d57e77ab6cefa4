package change

import (
	"fmt"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/states"
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
func (w *writer) rollUp(s *replay.Series) error {
	sums, err := w.sums.Series(w.b, s.Entry.Id)
	if err != nil {
		return err
	}
	list := s.Track.Versions // the newest first
	standings := map[*estate.Version]*rollup.Standing{nil: {}}
	standing := func(v *estate.Version) (*rollup.Standing, error) {
		if x, ok := standings[v]; ok {
			return x, nil
		}
		x, err := w.standing(s, sums, v)
		standings[v] = x
		return x, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].Staged {
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
			to = list[i-1].Effective
		}
		if err := sums.Replace(was, is, list[i].Effective, to); err != nil {
			return err
		}
		if i == 0 {
			if err := sums.Newest(w.p.sys.Number, was, is); err != nil {
				return err
			}
		}
	}
	return nil
}

// known is the version that was known to hold at the instant of the first of a
// list, which is staged; nil where there was none.
func known(list []*estate.Version) *estate.Version {
	for _, v := range list {
		if !v.Staged {
			return v
		}
		if v.Corrects != nil {
			return v.Corrects
		}
	}
	return nil
}

// standing is what a state adds to the sums.
func (w *writer) standing(s *replay.Series, sums *rollup.Series, v *estate.Version) (*rollup.Standing, error) {
	m, err := s.Track.Load(w.b.Tx, v)
	if err != nil {
		return nil, err
	}
	st := m.(*storev1.State)
	if st.Ended {
		return &rollup.Standing{}, nil
	}
	table, err := sums.Table(st.Version, func() (*assess.Checklist, error) {
		return w.p.planner.Compiled(guides.ChecklistOf(s.Entry.Id), st.Version)
	})
	if err != nil {
		return nil, err
	}
	out := table.Standing(st)
	if !states.Each(st.Results, table.RuleCount(), out.Count) {
		return nil, fmt.Errorf("%w: a state's packed results", ledger.ErrCorrupt)
	}
	return out, nil
}
