package past

import (
	"context"
	"fmt"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

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
		return f(&Fleet{Series: series, Sums: s, Now: a.NowIn(tx), archive: a, tx: tx})
	})
}

// ReadFleets calls f with what is kept of all ids that a series ever had, as
// ReadFleet does.
func (a *Archive) ReadFleets(ctx context.Context, f func([]*Fleet) error) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		var all []*Fleet
		for id, s := range rollup.Each(tx) {
			all = append(all, &Fleet{Series: id, Sums: s, Now: a.NowIn(tx), archive: a, tx: tx})
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
		ChecklistVersion: e.Version, Score: m.Score, EffectiveScore: states.EffectiveScore(m), Coverage: m.Coverage, Counts: states.CountsOf(m.Counts),
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
