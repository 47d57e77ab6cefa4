package assessor

import (
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// What was thinned is recomputed otherwise: of the instants between breakpoints
// nothing is left, but at those for which a state was kept (the ends of days or
// months, those of waivers and holds) all its inputs are, as they were known when
// the wall went past.

// kept finds the instant for which a state of before the wall was kept, and what
// was known of it; false where it was not kept for any.
func (r *recomputing) kept(e ledger.Entry) (out resolved, ok bool) {
	tx := r.sys.tx
	if !e.Shadowed {
		until := int64(assess.Forever)
		if next, ok := tx.Next(e.Stream, e.Effective, ledger.Latest); ok {
			until = next.Effective
		}
		if out.at, out.knownAt, ok = r.line.At(e.Effective, until); ok {
			out.known = tx.SeqAt(out.knownAt)
			return out, true
		}
	}
	for _, p := range r.pins {
		known := tx.SeqAt(p.KnownAt)
		if held, ok := tx.At(e.Stream, p.At, known); ok && held.Addr == e.Addr {
			return resolved{at: p.At, known: known, knownAt: p.KnownAt}, true
		}
	}
	return out, false
}

// thinned computes a state of before the wall as of the instant for which it was
// kept. Since when its results stand so is taken as it is stored, and until when
// it holds is not compared: both rest on instants that are gone.
func (r *recomputing) thinned(s *seriesState, e ledger.Entry, out *Recomputed) error {
	at, ok := r.kept(e)
	if out.NoInputs = !ok; !ok {
		return nil
	}
	sys, err := openSystem(r.sys.tx, r.sys.id, at.known)
	if err != nil {
		return err
	}
	g := r.guides.At(at.at)
	in, err := sys.viewsOrNone(g.Policy, at)
	if err != nil {
		return err
	}
	m := sys.merge(in)
	st := &storev1.State{Schema: envelope.Schema, Version: out.Stored.Version, Engine: r.a.cfg.Engine, Ended: true, Summary: &storev1.StateSummary{}}
	if as := assignmentOf(g, s.entry.Id, sys.id, m); as != nil && !sys.retiredAt(at.at, at.knownAt) {
		ev := as.Plan.Evaluate(assess.Input{Merged: m, Claims: r.said.Claims(at.knownAt), Waivers: r.said.Waivers(at.knownAt), At: at.at})
		if st, err = r.a.buildState(ev, out.Stored.state, out.Stored.rules, at.at); err != nil {
			return err
		}
		st.Labels = rollup.PackLabels(g.Labels, m.Inventory.System)
	}
	is := out.Stored.state
	out.Same = is.Ended && st.Ended || sameState(is, st) && proto.Equal(is.Summary, st.Summary)
	out.Computed, err = r.a.newStep(out.Series, out.Effective, out.Recorded, st)
	return err
}

// readWall sets where the wall stands, and what stays before it.
func (r *recomputing) readWall() (err error) {
	r.line = r.a.Wall.Line()
	r.pins, err = retention.Pins(r.sys.tx, r.sys.id)
	return err
}
