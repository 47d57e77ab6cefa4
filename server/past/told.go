package past

import (
	"encoding/binary"
	"fmt"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// Told reads, in a transaction, what events say of states. Those of one state
// are best asked for one after the other.
func (a *Archive) Told(tx *ledger.Tx) events.Told {
	x := &told{a: a, tx: tx}
	return func(ref events.Ref) (*events.Series, error) {
		if x.state != ref.State || x.before != ref.Before {
			*x = told{a: a, tx: tx}
			if err := x.read(ref); err != nil {
				return nil, err
			}
			x.state, x.before = ref.State, ref.Before
		}
		out := x.series
		if ref.Type != events.ScoreBelow {
			for r := range x.Results(ref.Type) {
				out.Add(r.Rule, r.Subject, x.severities[r.Rule])
			}
		}
		return &out, nil
	}
}

// told is the two states between which events stand.
type told struct {
	a             *Archive
	tx            *ledger.Tx
	state, before ledger.Addr
	replay.Telling
	series     events.Series
	severities map[string]string // of the rules of is
}

func (x *told) read(ref events.Ref) error {
	rec, st, err := x.load(ref.State)
	if err != nil {
		return err
	}
	h, _, err := envelope.Head[storev1.SeriesHead](x.tx, envelope.SpaceSeries, rec.Stream)
	if err != nil {
		return err
	}
	system, ok := x.tx.Name(envelope.NameSystem, h.GetSystemNumber())
	if !ok {
		return fmt.Errorf("%w: an event of a series without a system", ledger.ErrCorrupt)
	}
	var was *storev1.State
	if !ref.Before.IsZero() {
		var before ledger.Record
		if before, was, err = x.load(ref.Before); err != nil {
			return err
		}
		if before.Stream != rec.Stream {
			return fmt.Errorf("%w: an event between states of two series", ledger.ErrCorrupt)
		}
	}
	x.series = events.Series{
		System: system, Series: h.Series, Cause: states.CauseName(st.Cause), Version: st.Version,
		Effective: rec.Effective, Before: replay.ScoreOf(was), After: replay.ScoreOf(st),
	}
	if x.Was, err = replay.Indexed(x.a.Keeper, h.Series, was); err != nil {
		return err
	}
	if x.Is, err = replay.Indexed(x.a.Keeper, h.Series, st); err != nil || st.Ended {
		return err
	}
	x.severities, err = x.a.severities(h.Series, st)
	return err
}

func (x *told) load(a ledger.Addr) (ledger.Record, *storev1.State, error) {
	rec, err := x.tx.Load(a)
	if err != nil {
		return rec, nil, err
	}
	if rec.Kind != envelope.RecordState {
		return rec, nil, fmt.Errorf("%w: an event of record %v, which is no state", ledger.ErrCorrupt, a)
	}
	st, err := envelope.Decode[storev1.State](rec.Payload)
	return rec, st, err
}

// severities are those of a state's rules, by their ids.
func (a *Archive) severities(series string, st *storev1.State) (map[string]string, error) {
	c, err := a.Compiled(guides.ChecklistOf(series), st.Version)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, c.RuleCount())
	for i := range c.RuleCount() {
		out[c.RuleID(i)] = c.Rule(i).Severity
	}
	for b := st.Severities; len(b) > 0; {
		rule, n := binary.Uvarint(b)
		if n <= 0 || n == len(b) || rule >= uint64(c.RuleCount()) || b[n] < 1 || int(b[n]) > len(rollup.Severities) {
			return nil, fmt.Errorf("%w: a state's severities", ledger.ErrCorrupt)
		}
		out[c.RuleID(int(rule))] = rollup.Severities[b[n]-1]
		b = b[n+1:]
	}
	return out, nil
}
