package past

import (
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// What was thinned is recomputed otherwise: of the instants between breakpoints
// nothing is left, but at those for which a state was kept (the ends of days or
// months, those of waivers and holds) all its inputs are, as they were known when
// the wall went past.

// thinned computes a state of before the wall as of the instant for which it was
// kept. Since when its results stand so is taken as it is stored, and until when
// it holds is not compared: both rest on instants that are gone.
func (r *recomputing) thinned(s *replay.Series, e ledger.Entry, out *Recomputed) error {
	at, ok := estate.Moment{}, false
	if at.At, at.KnownAt, ok = r.line.Kept(r.sys.Tx, e, r.pins); !ok {
		out.NoInputs = true
		return nil
	}
	at.Known = r.sys.Tx.SeqAt(at.KnownAt)
	sys, err := estate.Open(r.sys.Tx, r.sys.ID, at.Known)
	if err != nil {
		return err
	}
	g := r.guides.At(at.At)
	in, err := sys.ViewsAt(g.Policy, at)
	if err != nil {
		return err
	}
	m := sys.Merge(in)
	st := &storev1.State{Schema: envelope.Schema, Version: out.Stored.Version, Engine: r.a.engine, Ended: true, Summary: &storev1.StateSummary{}}
	if as := assignmentOf(g, s.Entry.Id, sys.ID, m); as != nil && !sys.RetiredAt(at.At, at.KnownAt) {
		ev := as.Plan.Evaluate(assess.Input{Merged: m, Claims: r.said.Claims(at.KnownAt), Waivers: r.said.Waivers(at.KnownAt), At: at.At})
		if st, err = states.Build(r.a.engine, ev, out.Stored.state, out.Stored.rules, at.At); err != nil {
			return err
		}
		st.Labels = rollup.PackLabels(g.Labels, m.Inventory.System)
	}
	is := out.Stored.state
	out.Same = is.Ended && st.Ended || states.Same(is, st) && proto.Equal(is.Summary, st.Summary)
	out.Computed, err = r.a.newStep(out.Series, out.Effective, out.Recorded, st)
	return err
}
