package assessor

import (
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// What was thinned is recomputed otherwise: of the instants between breakpoints
// nothing is left, but at those for which a state was kept (the ends of days or
// months, those of waivers and holds) all its inputs are, as they were known when
// the wall went past.

// thinned computes a state of before the wall as of the instant for which it was
// kept. Since when its results stand so is taken as it is stored, and until when
// it holds is not compared: both rest on instants that are gone.
func (r *recomputing) thinned(s *seriesState, e ledger.Entry, out *Recomputed) error {
	at, ok := resolved{}, false
	if at.at, at.knownAt, ok = r.line.Kept(r.sys.tx, e, r.pins); !ok {
		out.NoInputs = true
		return nil
	}
	at.known = r.sys.tx.SeqAt(at.knownAt)
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
	st := &storev1.State{Schema: envelope.Schema, Version: out.Stored.Version, Engine: r.a.engine, Ended: true, Summary: &storev1.StateSummary{}}
	if as := assignmentOf(g, s.entry.Id, sys.id, m); as != nil && !sys.retiredAt(at.at, at.knownAt) {
		ev := as.Plan.Evaluate(assess.Input{Merged: m, Claims: r.said.Claims(at.knownAt), Waivers: r.said.Waivers(at.knownAt), At: at.at})
		if st, err = buildState(r.a.engine, ev, out.Stored.state, out.Stored.rules, at.at); err != nil {
			return err
		}
		st.Labels = rollup.PackLabels(g.Labels, m.Inventory.System)
	}
	is := out.Stored.state
	out.Same = is.Ended && st.Ended || sameState(is, st) && proto.Equal(is.Summary, st.Summary)
	out.Computed, err = r.a.newStep(out.Series, out.Effective, out.Recorded, st)
	return err
}

// touch makes the series be evaluated at an instant, or from the wall on.
func (p *plan) touch(at int64, cause uint32) {
	at = max(at, p.line.Before)
	if was, ok := p.touched[at]; !ok || was == causeDerived || was == causeTime || cause == causeInventory {
		p.touched[at] = cause
	}
	if p.from == 0 || at < p.from {
		p.from = at
	}
}
