package past

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// ahead walks one series from now on, as if nobody acted: sources go on
// confirming what they confirm now, and everything else takes its course.
type ahead struct {
	a      *Archive
	replay *replay.Walk // for causes alone
	series string
	now    int64
	views  merge.Input // as of now
	step   *Step       // the newest
	eval   *assess.Evaluation
}

// Ahead calls f with a series' state now, and then with each state that will
// follow it until an instant (included) if nobody acts, in the order of time:
//
//   - a source confirms what it confirms now, so that what is not stale does not
//     become so, and what is stale stays so. What it does not confirm, a host
//     that its newest whole list left out, becomes stale in its time;
//   - claims, waivers and attestations begin and end as they say;
//   - guidance that is to come into force does;
//   - facts that are compared with the time turn when they turn.
//
// It reads in one View and evaluates afterwards. f may end it with an error.
func (a *Archive) Ahead(ctx context.Context, system, series string, until int64, f func(*Step) error) error {
	w := &ahead{a: a, series: series}
	if err := a.ledger.View(ctx, func(tx *ledger.Tx) error { return w.open(tx, system) }); err != nil {
		return err
	}
	for t, steps := w.now, 0; ; steps++ {
		changed, next, err := w.at(t)
		if err != nil {
			return err
		}
		if changed || t == w.now {
			if err := f(w.step); err != nil {
				return err
			}
		}
		next = max(next, t+1)
		if next > until {
			return nil
		}
		if steps == replay.MaxSteps {
			return fault.Exhausted(fault.ReasonTooMany, "more than %d instants until then at which something may change; ask for less", replay.MaxSteps)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		t = next
	}
}

// open reads what the walk needs of the store.
func (w *ahead) open(tx *ledger.Tx, id string) error {
	r, err := w.a.resolveWhen(tx, When{})
	if err != nil {
		return err
	}
	s, err := estate.Stored(tx, id, r.Known)
	if err != nil {
		return err
	}
	if s.Head.Retired != 0 {
		return fault.FailedPrecondition("", "systems/%s is retired; nothing will change of it", id)
	}
	if w.step, err = w.a.storedStep(tx, s, w.series, r); err != nil {
		return err
	}
	h := w.a.History()
	if w.views, err = s.Views(h.At(r.At).Policy, r.At); err != nil {
		return err
	}
	w.now = r.At
	w.replay = &replay.Walk{Keeper: w.a.Keeper, Engine: w.a.engine, System: s, Guides: h}
	w.replay.Said, err = s.Said()
	return err
}

// viewsAt are the views as they will be: those that are confirmed keep their
// age. Those that nobody confirms are given apart too, since they alone have
// a horizon.
func (w *ahead) viewsAt(g *guides.Guide, t int64) (all, silent merge.Input) {
	all, silent = merge.Input{Policy: g.Policy, At: t}, merge.Input{Policy: g.Policy, At: t}
	for _, v := range w.views.System {
		v.Confirmed += t - w.now
		all.System = append(all.System, v)
	}
	for _, v := range w.views.Hosts {
		if v.Reported {
			v.Confirmed += t - w.now
		} else {
			silent.Hosts = append(silent.Hosts, v)
		}
		all.Hosts = append(all.Hosts, v)
	}
	return all, silent
}

// at evaluates an instant, makes w.step the state of it, and says whether it is
// another than the one before, and when it may be another again.
func (w *ahead) at(t int64) (changed bool, next int64, err error) {
	r, id := w.replay, w.replay.System.ID
	g := r.Guides.At(t)
	in, silent := w.viewsAt(g, t)
	attested, next := r.Said.Attested(t, ledger.MaxInstant)
	for _, x := range attested {
		next = min(next, x.Until)
	}
	estate.AddAttested(id, &in, attested)
	next = min(next, merge.Merge(silent).ValidUntil, r.Guides.Next(t))
	r.Merged = estate.MergeOf(id, in)
	r.Cause = r.CauseAt(t)

	as := assignmentOf(g, w.series, id, r.Merged)
	if as == nil {
		w.eval = nil
		changed, err := w.take(&storev1.State{
			Schema: envelope.Schema, Version: w.step.Version, Engine: w.a.engine, Ended: true, Summary: &storev1.StateSummary{},
		}, t, r.Cause)
		return changed, next, err
	}
	previous := w.eval
	if previous != nil && previous.Plan != as.Plan {
		previous = nil
	}
	ev := as.Plan.Evaluate(assess.Input{
		Merged: r.Merged, Claims: r.Said.Claims(ledger.MaxInstant), Waivers: r.Said.Waivers(ledger.MaxInstant), At: t, Previous: previous,
	})
	w.eval = ev
	st, err := states.Build(w.a.engine, ev, w.step.state, w.step.rules, t)
	if err != nil {
		return false, 0, err
	}
	changed, err = w.take(st, t, r.CauseOfSeries(as, t))
	return changed, min(next, ev.HoldsUntil), err
}

// take makes a state the newest one where it is another, as the write path
// decides that (replay.Walk).
func (w *ahead) take(st *storev1.State, t int64, cause uint32) (bool, error) {
	held := w.step.state
	if states.Same(st, held) && (st.Ended || proto.Equal(st.Summary, held.Summary)) && !(cause == states.CauseTailoring && w.step.Effective != t) {
		return false, nil
	}
	st.Cause = cause
	step, err := w.a.newStep(w.series, t, 0, st)
	if err == nil {
		w.step = step
	}
	return true, err
}

// assignmentOf is the assignment that makes a series of a system, or nil.
func assignmentOf(g *guides.Guide, series, system string, m *merge.Merged) *guides.Assignment {
	for _, as := range g.Assignments {
		if as.Series == series && guides.Selects(as.Source.Selector, system, m.Inventory.System) {
			return as
		}
	}
	return nil
}
