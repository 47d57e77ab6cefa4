package assessor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// MaxAhead is how far an instant that somebody tells may lie ahead, in
// microseconds, since clocks differ.
const MaxAhead = 5 * 60 * 1e6

// When says which knowledge a read asks for: the state at AsOf, as known at
// KnownAt, both in microseconds; 0 is now.
type When struct {
	AsOf, KnownAt int64
}

// resolved is a When against a transaction and the clock.
type resolved struct {
	at    int64
	known ledger.Seq
	// knownAt is the instant of known; MaxInstant where everything is known.
	knownAt int64
}

// nowIn is the present of a transaction: the clock's, or the newest commit's,
// which may lie a little ahead, since no two are recorded at one instant. So
// that who writes can read what he wrote.
func (a *Archive) nowIn(tx *ledger.Tx) int64 { return max(a.now(), tx.Last().Recorded) }

func (a *Archive) resolveWhen(tx *ledger.Tx, w When) (resolved, error) {
	now := a.nowIn(tx)
	out := resolved{at: w.AsOf, known: ledger.Latest, knownAt: ledger.MaxInstant}
	if out.at == 0 {
		out.at = now
	}
	if out.at > now+MaxAhead {
		return out, fault.InvalidField("as_of", "lies in the future; Forecast says what will change if nobody acts")
	}
	if w.KnownAt != 0 {
		if w.KnownAt > now+MaxAhead {
			return out, fault.InvalidField("known_at", "lies in the future; what will be known then is not known now")
		}
		// What was known then of a later instant is what was known of then.
		out.known, out.knownAt, out.at = tx.SeqAt(w.KnownAt), w.KnownAt, min(out.at, w.KnownAt)
	}
	return out, nil
}

func digestText(b []byte) string {
	if len(b) != len(digest.Digest{}) {
		return ""
	}
	return digest.Digest(b).String()
}

func etagOfHead(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// summariesOf are a system's series in short. changed says which of them a
// submission changed.
func summariesOf(system string, h *storev1.SystemHead, changed map[string]bool) []*pb.AssessmentSummary {
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
			s.Score, s.EffectiveScore, s.Coverage = m.Score, EffectiveScore(m), m.Coverage
			c := CountsOf(m.Counts)
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

func seriesChecklist(series string) string {
	id, _, _ := strings.Cut(series, "~")
	return id
}

// System is a system as a resource.
func (a *Archive) System(ctx context.Context, id string) (out *pb.SystemRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		s, err := storedSystem(tx, id, ledger.Latest)
		if err != nil {
			return err
		}
		if out, err = a.systemRecord(s); err != nil {
			return err
		}
		if out.Sources, err = a.sourcesOf(s); err != nil {
			return err
		}
		m, err := a.mergedAt(s, a.nowIn(tx))
		if err != nil {
			return err
		}
		out.System = m.Inventory.System
		return nil
	})
	return out, err
}

// storedSystem is a system that is there; NOT_FOUND otherwise.
func storedSystem(tx *ledger.Tx, id string, known ledger.Seq) (*system, error) {
	s, err := openSystem(tx, id, known)
	if err != nil {
		return nil, err
	}
	if s.isNew() {
		return nil, notFoundSystem(id)
	}
	return s, nil
}

func (a *Archive) systemRecord(s *system) (*pb.SystemRecord, error) {
	h := s.head
	out := &pb.SystemRecord{
		Name: "systems/" + s.id, State: "active", HostCount: h.HostCount, Revision: h.Revision,
		CreateTime: envelope.Timestamp(h.Created), UpdateTime: envelope.Timestamp(h.Updated), Etag: etagOfHead(s.raw),
		Assessments: summariesOf(s.id, h, nil),
	}
	if h.Retired != 0 {
		out.State = "retired"
	}
	policy := a.History().At(a.nowIn(s.tx)).Policy
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
func (a *Archive) sourcesOf(s *system) ([]*pb.SourceStatus, error) {
	now := a.nowIn(s.tx)
	policy := a.History().At(now).Policy
	out := make([]*pb.SourceStatus, len(s.head.Sources))
	confirmed := make([]int64, len(out))
	at := map[string]int{}
	for i, src := range s.head.Sources {
		out[i] = &pb.SourceStatus{Source: src.Source}
		confirmed[i], at[src.Source] = src.Confirmed, i
	}
	hosts, err := s.allHosts()
	if err != nil {
		return nil, err
	}
	for _, h := range hosts {
		for n, src := range h.head.Sources {
			i, ok := at[src.Source]
			v := h.tracks[n].newest()
			if !ok || v == nil || src.LeftOut || src.Retired || memberOf(src.Members, s.id) == nil {
				continue
			}
			c, err := s.hostConfirmed(src.Source, v, &storev1.HostView{ViaSystem: src.ViaSystem}, now)
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
			s, err := openSystem(tx, id, ledger.Latest)
			if err != nil {
				return err
			}
			if s.isNew() || s.head.Retired != 0 && !retired {
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

// mergedAt is a system's merged inventory at an instant.
func (a *Archive) mergedAt(s *system, at int64) (*merge.Merged, error) {
	in, err := s.views(a.History().At(at).Policy, at)
	if err != nil {
		return nil, err
	}
	if _, err := s.attested(&in, ledger.MaxInstant); err != nil {
		return nil, err
	}
	return s.merge(in), nil
}

// Merged is what was known of a system, merged; source limits it to one
// source's word where it is not empty.
func (a *Archive) Merged(ctx context.Context, id, source string, w When) (m *merge.Merged, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		r, err := a.resolveWhen(tx, w)
		if err != nil {
			return err
		}
		s, err := storedSystem(tx, id, r.known)
		if err != nil {
			return err
		}
		in, err := s.viewsOrNone(a.History().At(r.at).Policy, r)
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
		m = s.merge(in)
		return nil
	})
	return m, err
}

// viewsOrNone is views for a historical read: heads know what is newest now,
// which is not what was known then, so timelines are read from the index.
func (s *system) viewsOrNone(policy *merge.Policy, r resolved) (merge.Input, error) {
	in, err := s.knownViews(policy, r)
	if err == nil {
		_, err = s.attested(&in, r.knownAt)
	}
	return in, err
}

// knownViews is viewsOrNone without what people attested.
func (s *system) knownViews(policy *merge.Policy, r resolved) (merge.Input, error) {
	if r.known != ledger.Latest {
		s.knownAt = r.knownAt
		reload := func(t *track) error {
			t.complete, t.known = false, r.known
			return t.loadAll(s.tx)
		}
		for _, st := range s.sources {
			if err := reload(st.track); err != nil {
				return merge.Input{}, err
			}
		}
		hosts, err := s.allHosts()
		if err != nil {
			return merge.Input{}, err
		}
		for _, h := range hosts {
			for _, t := range h.tracks {
				if err := reload(t); err != nil {
					return merge.Input{}, err
				}
			}
		}
	}
	return s.views(policy, r.at)
}

// evaluationAt evaluates a series' plan over what was known: what a stored
// state stands for, with facts and messages.
func (a *Archive) evaluationAt(s *system, st *storev1.State, seriesID string, r resolved) (*assess.Evaluation, error) {
	in, err := s.viewsOrNone(a.History().At(r.at).Policy, r)
	if err != nil {
		return nil, err
	}
	m := s.merge(in)
	plan, err := a.SeriesPlan(seriesID, st.Version, s.id, m.Inventory.System, r.at)
	if err != nil {
		return nil, err
	}
	said, err := s.statementsOf()
	if err != nil {
		return nil, err
	}
	return plan.Evaluate(assess.Input{
		Merged: m, Claims: said.Claims(r.knownAt), Waivers: said.Waivers(r.knownAt), At: r.at,
	}), nil
}

// InventoryDigest identifies a merged inventory, observed times left out.
func InventoryDigest(m *merge.Merged) digest.Digest { return digest.Of(m.Inventory) }

// Ready says why the store cannot be read now; nil where it can.
func (a *Archive) Ready(ctx context.Context) error {
	return a.ledger.View(ctx, func(*ledger.Tx) error { return nil })
}
