package past

import (
	"context"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// Look is one system as it stands, for those who evaluate it otherwise: under a
// draft, or without a waiver. It is valid while the function runs to which it
// is given.
type Look struct {
	System  string
	At      int64 // microseconds since 1970 UTC
	Merged  *merge.Merged
	Claims  []*pb.Claim
	Waivers []*pb.Waiver
	Said    *statements.Set

	archive *Archive
	sys     *estate.System
}

// SystemIDs lists the ids of systems that are not retired, after an id, at
// most n.
func (a *Archive) SystemIDs(ctx context.Context, after string, n int) (out []string, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for id := range tx.Names(envelope.NameSystem, after) {
			if out = append(out, id); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}

// SystemCount is how many systems there are, retired ones included.
func (a *Archive) SystemCount(ctx context.Context) (n int, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		n = 0
		for range tx.Names(envelope.NameSystem, "") {
			n++
		}
		return nil
	})
	return n, err
}

// LookAt calls f for each of the systems that is stored and not retired, all in
// one View: f must be quick, must not write, and must keep nothing of the Look.
// It may be called again from the first system on.
func (a *Archive) LookAt(ctx context.Context, systems []string, f func(*Look) error) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		now := a.NowIn(tx)
		arena := a.arenas.Take()
		defer a.arenas.Give(arena)
		for _, id := range systems {
			arena.Reset()
			l, err := a.look(arena, tx, id, now)
			if err != nil {
				return err
			}
			if l == nil {
				continue
			}
			if err := f(l); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *Archive) look(arena *wire.Arena, tx *ledger.Tx, id string, now int64) (*Look, error) {
	s, err := estate.OpenIn(arena, tx, id, ledger.Latest)
	if err != nil || s.IsNew() || s.Head.Retired != 0 {
		return nil, err
	}
	m, err := a.MergedAt(s, now)
	if err != nil {
		return nil, err
	}
	said, err := s.Said()
	if err != nil {
		return nil, err
	}
	return &Look{
		System: id, At: now, Merged: m, Said: said, archive: a, sys: s,
		Claims: said.Claims(ledger.MaxInstant), Waivers: said.Waivers(ledger.MaxInstant),
	}, nil
}

// Assignments are those that select the system now.
func (l *Look) Assignments() (out []*guides.Assignment) {
	for _, as := range l.archive.History().At(l.At).Assignments {
		if guides.Selects(as.Source.Selector, l.System, l.Merged.Inventory.System) {
			out = append(out, as)
		}
	}
	return out
}

// Coming are those that are to select the system later, as it stands now.
func (l *Look) Coming() (out []*guides.Assignment) {
	h := l.archive.History()
	for t := h.Next(l.At); t != assess.Forever; t = h.Next(t) {
		for _, as := range h.At(t).Assignments {
			if guides.Selects(as.Source.Selector, l.System, l.Merged.Inventory.System) {
				out = append(out, as)
			}
		}
	}
	return out
}

// Evaluate evaluates the system under a plan.
func (l *Look) Evaluate(p *assess.Plan) *assess.Evaluation {
	return p.Evaluate(assess.Input{Merged: l.Merged, Claims: l.Claims, Waivers: l.Waivers, At: l.At})
}

// Stored is a series' newest state as it is stored.
type Stored struct {
	Version string
	Summary *storev1.StateSummary
	index   *states.Index
}

// Stored is the state of a series of the system; nil where it has none, or has
// ended.
func (l *Look) Stored(series string) (*Stored, error) {
	for _, e := range l.sys.Head.Series {
		if e.Id != series || e.Stream == 0 {
			continue
		}
		h, _, err := envelope.Head[storev1.SeriesHead](l.sys.Tx, envelope.SpaceSeries, e.Stream)
		if err != nil || h == nil {
			return nil, err
		}
		st, err := envelope.Decode[storev1.State](h.State)
		if err != nil || st.Ended {
			return nil, err
		}
		rules, err := l.archive.RuleIDs(guides.ChecklistOf(series), st.Version)
		if err != nil {
			return nil, err
		}
		x, err := states.NewIndex(st, rules)
		return &Stored{Version: st.Version, Summary: st.Summary, index: x}, err
	}
	return nil, nil
}

// Compare calls f for every result that is another in an evaluation than in
// the stored state. A result that one of them lacks is score.Unset there;
// where the other says that nothing was to be assessed, it is no difference.
func (s *Stored) Compare(ev *assess.Evaluation, f func(rule, subject string, before, after score.State)) {
	c := ev.Plan.Checklist()
	names := make([]string, len(ev.Subjects))
	matched := 0
	for i := range ev.Results {
		r := &ev.Results[i]
		rule, subject := c.RuleID(int(r.Rule)), ""
		if r.Subject >= 0 {
			if names[r.Subject] == "" {
				names[r.Subject] = ev.Subjects[r.Subject].ID()
			}
			subject = names[r.Subject]
		}
		was := score.Unset
		if s != nil {
			if row, ok := s.index.Find(rule, subject); ok {
				was = row.State
				matched++
			}
		}
		if differ(was, r.State) {
			f(rule, subject, was, r.State)
		}
	}
	if s == nil || matched == len(s.index.Rows) {
		return
	}
	seen := make(map[states.RowKey]bool, len(ev.Results))
	for i := range ev.Results {
		r := &ev.Results[i]
		key := states.RowKey{Rule: c.RuleID(int(r.Rule))}
		if r.Subject >= 0 {
			key.Subject = names[r.Subject]
		}
		seen[key] = true
	}
	for _, row := range s.index.Rows {
		key := states.RowKey{Rule: s.index.Rules[row.Rule], Subject: states.SubjectName(s.index.State, row)}
		if !seen[key] && differ(row.State, score.Unset) {
			f(key.Rule, key.Subject, row.State, score.Unset)
		}
	}
}

// differ tells whether two states are a difference to whoever is assessed.
func differ(a, b score.State) bool {
	return a != b && !(silent(a) && silent(b))
}

// silent tells whether a state says that nothing was assessed.
func silent(s score.State) bool {
	switch s {
	case score.Unset, score.NotApplicable, score.NotSelected, score.NotChecked:
		return true
	}
	return false
}
