package past

import (
	"context"
	"fmt"
	"slices"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// When says which knowledge a read asks for: the state at AsOf, as known at
// KnownAt, both in microseconds; 0 is now.
type When struct {
	AsOf, KnownAt int64
}

// NowIn is the present of a transaction: the clock's, or the newest commit's,
// which may lie a little ahead, since no two are recorded at one instant. So
// that who writes can read what he wrote.
func (a *Archive) NowIn(tx *ledger.Tx) int64 { return max(a.now(), tx.Last().Recorded) }

func (a *Archive) resolveWhen(tx *ledger.Tx, w When) (estate.Moment, error) {
	now := a.NowIn(tx)
	out := estate.Moment{At: w.AsOf, Known: ledger.Latest, KnownAt: ledger.MaxInstant}
	if out.At == 0 {
		out.At = now
	}
	if out.At > now+estate.MaxAhead {
		return out, fault.InvalidField("as_of", "lies in the future; Forecast says what will change if nobody acts")
	}
	if w.KnownAt != 0 {
		if w.KnownAt > now+estate.MaxAhead {
			return out, fault.InvalidField("known_at", "lies in the future; what will be known then is not known now")
		}
		// What was known then of a later instant is what was known of then.
		out.Known, out.KnownAt, out.At = tx.SeqAt(w.KnownAt), w.KnownAt, min(out.At, w.KnownAt)
	}
	return out, nil
}

// DigestText is a stored digest as text; "" where there is none.
func DigestText(b []byte) string {
	if len(b) != len(digest.Digest{}) {
		return ""
	}
	return digest.Digest(b).String()
}

// SummariesOf are a system's series in short. changed says which of them a
// submission changed.
func SummariesOf(system string, h *storev1.SystemHead, changed map[string]bool) []*pb.AssessmentSummary {
	var out []*pb.AssessmentSummary
	for _, e := range h.Series {
		if e.Assignment == "" {
			continue
		}
		s := &pb.AssessmentSummary{
			Series: seriesName(system, e.Id), Changed: changed[e.Id],
			ValidUntil: envelope.Timestamp(min(e.HoldsUntil, orForever(h.StaleUntil))),
		}
		if m := e.Summary; m != nil {
			s.Score, s.EffectiveScore, s.Coverage = m.Score, states.EffectiveScore(m), m.Coverage
			c := states.CountsOf(m.Counts)
			s.Fail, s.Unknown = c.Fail, c.Unknown
		}
		out = append(out, s)
	}
	return out
}

func orForever(t int64) int64 {
	if t == 0 {
		return ledger.MaxInstant
	}
	return t
}

func seriesName(system, series string) string { return "systems/" + system + "/series/" + series }

// System is a system as a resource.
func (a *Archive) System(ctx context.Context, id string) (out *pb.SystemRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		s, err := estate.Stored(tx, id, ledger.Latest)
		if err != nil {
			return err
		}
		if out, err = a.systemRecord(s); err != nil {
			return err
		}
		if out.Sources, err = a.sourcesOf(s); err != nil {
			return err
		}
		m, err := a.MergedAt(s, a.NowIn(tx))
		if err != nil {
			return err
		}
		out.System = m.Inventory.System
		return nil
	})
	return out, err
}

func (a *Archive) systemRecord(s *estate.System) (*pb.SystemRecord, error) {
	h := s.Head
	out := &pb.SystemRecord{
		Name: "systems/" + s.ID, State: "active", HostCount: h.HostCount, Revision: h.Revision,
		CreateTime: envelope.Timestamp(h.Created), UpdateTime: envelope.Timestamp(h.Updated), Etag: estate.Etag(s.Raw),
		Assessments: SummariesOf(s.ID, h, nil),
	}
	if h.Retired != 0 {
		out.State = "retired"
	}
	policy := a.History().At(a.NowIn(s.Tx)).Policy
	for _, src := range h.Sources {
		if src.Stream == 0 {
			continue
		}
		out.Sources = append(out.Sources, &pb.SourceStatus{
			Source: src.Source, ConfirmedTime: envelope.Timestamp(src.Confirmed), HostCount: src.Hosts,
			StaleTime: envelope.Timestamp(policy.SystemStale(src.Source, src.Confirmed)),
		})
	}
	return out, nil
}

// sourcesOf says when each source last spoke of the system or of one of its
// hosts, and of how many hosts, whichever way it reports them.
func (a *Archive) sourcesOf(s *estate.System) ([]*pb.SourceStatus, error) {
	now := a.NowIn(s.Tx)
	policy := a.History().At(now).Policy
	out := make([]*pb.SourceStatus, len(s.Head.Sources))
	confirmed := make([]int64, len(out))
	at := map[string]int{}
	for i, src := range s.Head.Sources {
		out[i] = &pb.SourceStatus{Source: src.Source}
		confirmed[i], at[src.Source] = src.Confirmed, i
	}
	hosts, err := s.AllHosts()
	if err != nil {
		return nil, err
	}
	for _, h := range hosts {
		for n, src := range h.Head.Sources {
			i, ok := at[src.Source]
			v := h.Tracks[n].Newest()
			if !ok || v == nil || src.LeftOut || src.Retired || estate.MemberOf(src.Members, s.ID) == nil {
				continue
			}
			c, err := s.HostConfirmed(src.Source, v, &storev1.HostView{ViaSystem: src.ViaSystem}, now)
			if err != nil {
				return nil, err
			}
			out[i].HostCount++
			confirmed[i] = max(confirmed[i], c)
		}
	}
	for i, c := range confirmed {
		out[i].ConfirmedTime = envelope.Timestamp(c)
		out[i].StaleTime = envelope.Timestamp(policy.SystemStale(out[i].Source, c))
	}
	return out, nil
}

// Systems lists systems after an id, at most n, in the order of their ids.
func (a *Archive) Systems(ctx context.Context, after string, n int, retired bool) (out []*pb.SystemRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for id := range tx.Names(envelope.NameSystem, after) {
			s, err := estate.Open(tx, id, ledger.Latest)
			if err != nil {
				return err
			}
			if s.IsNew() || s.Head.Retired != 0 && !retired {
				continue
			}
			r, err := a.systemRecord(s)
			if err != nil {
				return err
			}
			if out = append(out, r); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}

// MergedAt is a system's merged inventory at an instant.
func (a *Archive) MergedAt(s *estate.System, at int64) (*merge.Merged, error) {
	in, err := s.Views(a.History().At(at).Policy, at)
	if err != nil {
		return nil, err
	}
	if _, err := s.Attested(&in, ledger.MaxInstant); err != nil {
		return nil, err
	}
	return s.Merge(in), nil
}

// Merged is what was known of a system, merged; source limits it to one
// source's word where it is not empty.
func (a *Archive) Merged(ctx context.Context, id, source string, w When) (m *merge.Merged, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		r, err := a.resolveWhen(tx, w)
		if err != nil {
			return err
		}
		s, err := estate.Stored(tx, id, r.Known)
		if err != nil {
			return err
		}
		in, err := s.ViewsAt(a.History().At(r.At).Policy, r)
		if err != nil {
			return err
		}
		if source != "" {
			in.System = slices.DeleteFunc(in.System, func(v merge.SystemView) bool { return v.Source != source })
			in.Hosts = slices.DeleteFunc(in.Hosts, func(v merge.HostView) bool { return v.Source != source })
			if len(in.System)+len(in.Hosts) == 0 {
				return fault.NotFound(fmt.Sprintf("systems/%s as source %s says", id, source), "the system's sources stand in GetSystem")
			}
		}
		if len(in.System)+len(in.Hosts) == 0 {
			return fault.NotFound("systems/"+id+"/inventory", "nothing was known of it at that time")
		}
		m = s.Merge(in)
		return nil
	})
	return m, err
}

// evaluationAt evaluates a series' plan over what was known: what a stored
// state stands for, with facts and messages.
func (a *Archive) evaluationAt(s *estate.System, st *storev1.State, seriesID string, r estate.Moment) (*assess.Evaluation, error) {
	in, err := s.ViewsAt(a.History().At(r.At).Policy, r)
	if err != nil {
		return nil, err
	}
	m := s.Merge(in)
	plan, err := a.SeriesPlan(seriesID, st.Version, s.ID, m.Inventory.System, r.At)
	if err != nil {
		return nil, err
	}
	said, err := s.Said()
	if err != nil {
		return nil, err
	}
	return plan.Evaluate(assess.Input{
		Merged: m, Claims: said.Claims(r.KnownAt), Waivers: said.Waivers(r.KnownAt), At: r.At,
	}), nil
}

// InventoryDigest identifies a merged inventory, observed times left out.
func InventoryDigest(m *merge.Merged) digest.Digest { return digest.Of(m.Inventory) }

// Ready says why the store cannot be read now; nil where it can.
func (a *Archive) Ready(ctx context.Context) error {
	return a.ledger.View(ctx, func(*ledger.Tx) error { return nil })
}
