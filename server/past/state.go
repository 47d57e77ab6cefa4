package past

import (
	"context"
	"fmt"
	"iter"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// State is a series' state at an instant, with the evaluation that gives its
// facts and messages.
type State struct {
	System, Series string
	Effective      int64
	Recorded       int64
	Stored         *storev1.State
	Evaluation     *assess.Evaluation
	Rules          []string
	policy         digest.Digest
	exceptions     digest.Digest // of claims and waivers
	rows           *states.Index
}

// Since is the instant since which a result has stood as it does; false where
// the stored state has no such result.
func (s *State) Since(rule, subject string) (int64, bool) {
	row, ok := s.rows.Find(rule, subject)
	return row.Since, ok
}

// seriesEntry finds a series of a system; NOT_FOUND otherwise.
func seriesEntry(s *estate.System, series string) (*storev1.SeriesEntry, error) {
	for _, e := range s.Head.Series {
		if e.Id == series {
			return e, nil
		}
	}
	return nil, fault.NotFound(seriesName(s.ID, series), "list what is there with ListSeries")
}

// StateAt is the state of a series at an instant, as known at another.
func (a *Archive) StateAt(ctx context.Context, system, series string, w When) (out *State, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		r, err := a.resolveWhen(tx, w)
		if err != nil {
			return err
		}
		s, err := estate.Stored(tx, system, r.Known)
		if err != nil {
			return err
		}
		out, err = a.stateAt(tx, s, series, r)
		return err
	})
	return out, err
}

func (a *Archive) stateAt(tx *ledger.Tx, s *estate.System, series string, r estate.Moment) (*State, error) {
	st, err := a.storedStep(tx, s, series, r)
	if err != nil {
		return nil, err
	}
	out := &State{System: s.ID, Series: series, Effective: st.Effective, Recorded: st.Recorded, Stored: st.state, Rules: st.rules}
	if out.rows, err = states.NewIndex(st.state, out.Rules); err != nil {
		return nil, err
	}
	out.policy = a.History().At(r.At).PolicyDigest
	said, err := s.Said()
	if err != nil {
		return nil, err
	}
	out.exceptions = exceptionsDigest(said.Claims(r.KnownAt), said.Waivers(r.KnownAt))
	out.Evaluation, err = a.evaluationAt(s, st.state, series, r)
	return out, err
}

// Assessment is the state as a message.
func (s *State) Assessment() *pb.Assessment {
	out := s.Evaluation.Assessment()
	out.Name = seriesName(s.System, s.Series)
	out.EffectiveTime, out.RecordedTime = envelope.Timestamp(s.Effective), envelope.Timestamp(s.Recorded)
	out.Digest = DigestText(s.Stored.Digest)
	out.PolicyDigest, out.EngineVersion = s.policy.String(), s.Stored.Engine
	out.ExceptionsDigest = s.exceptions.String()
	out.Cause = states.CauseName(s.Stored.Cause)
	return out
}

// exceptionsDigest identifies claims and waivers, in the order of their ids.
func exceptionsDigest(claims []*pb.Claim, waivers []*pb.Waiver) digest.Digest {
	var b []byte
	for _, c := range claims {
		b = digest.Append(b, c)
	}
	for _, w := range waivers {
		b = digest.Append(b, w)
	}
	return digest.Sum(b)
}

// FindingsAfter yields the state's results as rows, in the order of rules and
// subjects, after a place.
func (s *State) FindingsAfter(rule, subject string) iter.Seq[*pb.Finding] {
	return func(yield func(*pb.Finding) bool) {
		for f := range s.Evaluation.FindingsAfter(rule, subject) {
			if s.complete(f); !yield(f) {
				return
			}
		}
	}
}

func (s *State) complete(f *pb.Finding) {
	f.System, f.Series = s.System, s.Series
	if t, ok := s.Since(f.Rule, f.Subject); ok {
		f.SinceTime = envelope.Timestamp(t)
	}
}

// Explain says why one result is what it is.
func (s *State) Explain(rule, subject string) (*pb.Explanation, error) {
	x, err := s.Evaluation.Explain(rule, subject)
	if err != nil {
		return nil, fault.NotFound(fmt.Sprintf("%s, rule %s, subject %q", seriesName(s.System, s.Series), rule, subject), err.Error())
	}
	s.complete(x.Finding)
	return x, nil
}

// SeriesOf lists a system's series.
func (a *Archive) SeriesOf(ctx context.Context, system string) (out []*pb.Series, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		s, err := estate.Stored(tx, system, ledger.Latest)
		if err != nil {
			return err
		}
		for _, e := range s.Head.Series {
			h, _, err := envelope.Head[storev1.SeriesHead](tx, envelope.SpaceSeries, e.Stream)
			if err != nil {
				return err
			}
			if h == nil {
				continue
			}
			checklist, profile, tailoring := guides.SplitSeries(e.Id)
			out = append(out, &pb.Series{
				Name: seriesName(system, e.Id), Checklist: checklist, Profile: profile, Tailoring: tailoring, Assignment: e.Assignment,
				FirstEffectiveTime: envelope.Timestamp(h.First), BreakpointCount: h.Breakpoints,
			})
		}
		return nil
	})
	return out, err
}

// Breakpoints asks for a series' breakpoints, newest first.
type Breakpoints struct {
	System, Series string
	From, To       int64 // microseconds, half-open; 0 is unbounded
	KnownAt        int64
	Corrected      bool         // list records that a later one corrects too
	After          ledger.Entry // begin behind this one; zero for the newest
	Limit          int
}

// Breakpoints lists a series' breakpoints, and the entries they stand in.
func (a *Archive) Breakpoints(ctx context.Context, q Breakpoints) (out []*pb.Breakpoint, entries []ledger.Entry, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out, entries = nil, nil
		r, err := a.resolveWhen(tx, When{KnownAt: q.KnownAt})
		if err != nil {
			return err
		}
		s, err := estate.Stored(tx, q.System, r.Known)
		if err != nil {
			return err
		}
		e, err := seriesEntry(s, q.Series)
		if err != nil {
			return err
		}
		from, to := q.From, q.To
		if from == 0 {
			from = ledger.MinInstant
		}
		if to == 0 {
			to = ledger.MaxInstant
		}
		if !q.After.Addr.IsZero() {
			to = min(to, q.After.Effective+1)
		}
		for entry := range tx.Entries(e.Stream, from, to, r.Known) {
			if entry.Shadowed && !q.Corrected {
				continue
			}
			if x := q.After; !x.Addr.IsZero() && entry.Effective == x.Effective && entry.Addr.Compare(x.Addr) >= 0 {
				continue
			}
			bp, err := breakpoint(tx, entry)
			if err != nil {
				return err
			}
			out, entries = append(out, bp), append(entries, entry)
			if len(out) == q.Limit {
				break
			}
		}
		return nil
	})
	return out, entries, err
}

func breakpoint(tx *ledger.Tx, e ledger.Entry) (*pb.Breakpoint, error) {
	rec, err := tx.LoadEntry(e)
	if err != nil {
		return nil, err
	}
	st, err := envelope.Decode[storev1.State](rec.Payload)
	if err != nil {
		return nil, err
	}
	out := &pb.Breakpoint{
		EffectiveTime: envelope.Timestamp(e.Effective), RecordedTime: envelope.Timestamp(rec.Recorded), Cause: states.CauseName(st.Cause),
		ChecklistVersion: st.Version, Digest: DigestText(st.Digest), Changed: st.Changed, Correction: st.Correction,
	}
	if m := st.Summary; m != nil {
		out.Score, out.EffectiveScore, out.Coverage, out.Counts = m.Score, states.EffectiveScore(m), m.Coverage, states.CountsOf(m.Counts)
	}
	return out, nil
}
