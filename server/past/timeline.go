package past

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/waive"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
)

// Parts are what one evaluation rests on, taken apart, so that whoever asks for
// a difference's cause can exchange them one by one. They share messages with
// the store's decoded views: read only.
type Parts struct {
	System       string
	At           int64 // microseconds since 1970 UTC
	Plan         *assess.Plan
	Policy       *merge.Policy
	PolicyDigest digest.Digest
	Views        merge.Input // what sources said; what people attested is left out
	Attested     []statements.Attested
	Claims       []*pb.Claim
	Waivers      []*pb.Waiver
}

// Evaluate evaluates the parts at their instant. Parts of a later instant count
// as if they had come at this one: a view that was confirmed later is as old as
// if confirmed now, and an attestation among the parts holds. For the parts of
// one instant that changes nothing.
func (p *Parts) Evaluate() *assess.Evaluation {
	in := merge.Input{Policy: p.Policy, At: p.At, System: slices.Clone(p.Views.System), Hosts: slices.Clone(p.Views.Hosts)}
	for i := range in.System {
		in.System[i].Confirmed = min(in.System[i].Confirmed, p.At)
	}
	for i := range in.Hosts {
		in.Hosts[i].Confirmed = min(in.Hosts[i].Confirmed, p.At)
	}
	list := slices.Clone(p.Attested)
	for i := range list {
		list[i].Until = max(list[i].Until, p.At+1)
	}
	estate.AddAttested(p.System, &in, list)
	return p.Plan.Evaluate(assess.Input{Merged: estate.MergeOf(p.System, in), Claims: p.Claims, Waivers: p.Waivers, At: p.At})
}

// ClaimsInForce are the claims in force at the parts' instant, made to be in
// force at another.
func (p *Parts) ClaimsInForce(at int64) (out []*pb.Claim) {
	for _, c := range p.Claims {
		if from, to := envelope.Instant(c.StartTime), envelope.Instant(c.ExpireTime); from <= p.At && p.At < to {
			c = proto.CloneOf(c)
			c.RevokeTime = nil // start and end say it all
			c.StartTime, c.ExpireTime = envelope.Timestamp(min(from, at)), envelope.Timestamp(max(to, at+1))
			out = append(out, c)
		}
	}
	return out
}

// WaiversInForce are the waivers in force at the parts' instant, made to be in
// force at another.
func (p *Parts) WaiversInForce(at int64) (out []*pb.Waiver) {
	for _, w := range p.Waivers {
		if x := waive.SpanOf(w); x.Start <= p.At && p.At < x.End {
			w = proto.CloneOf(w)
			w.CreateTime, w.ApproveTime, w.RevokeTime = nil, nil, nil // start and end say it all
			w.StartTime, w.ExpireTime = envelope.Timestamp(min(x.Start, at)), envelope.Timestamp(max(x.End, at+1))
			out = append(out, w)
		}
	}
	return out
}

// Past is a series' state at an instant as known at another, with the parts
// that its evaluation rests on.
type Past struct {
	Parts
	Series string
	Stored *Step // as it is stored
}

// PastAt takes a series' state at an instant, as known at another, apart. With
// a version the plan is of that published version instead of the one in force.
func (a *Archive) PastAt(ctx context.Context, system, series, version string, w When) (out *Past, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		r, err := a.resolveWhen(tx, w)
		if err != nil {
			return err
		}
		s, err := estate.Stored(tx, system, r.Known)
		if err != nil {
			return err
		}
		st, err := a.storedStep(tx, s, series, r)
		if err != nil {
			return err
		}
		out = &Past{Series: series, Stored: st, Parts: Parts{System: system, At: r.At}}
		return a.takeApart(s, out, r, version)
	})
	return out, err
}

func (a *Archive) takeApart(s *estate.System, p *Past, r estate.Moment, version string) error {
	g := a.History().At(r.At)
	p.Policy, p.PolicyDigest = g.Policy, g.PolicyDigest
	in, err := s.KnownViews(g.Policy, r)
	if err != nil {
		return err
	}
	p.Views = merge.Input{System: slices.Clone(in.System), Hosts: slices.Clone(in.Hosts)}
	said, err := s.Said()
	if err != nil {
		return err
	}
	p.Attested, _ = said.Attested(r.At, r.KnownAt)
	p.Claims, p.Waivers = said.Claims(r.KnownAt), said.Waivers(r.KnownAt)
	estate.AddAttested(s.ID, &in, p.Attested)
	if version == "" {
		version = p.Stored.Version
	}
	p.Plan, err = a.SeriesPlan(p.Series, version, s.ID, s.Merge(in).Inventory.System, r.At)
	return err
}

// Step is one state of a series, which holds from its instant to the next Step.
type Step struct {
	Effective int64
	Recorded  int64  // 0 for what is not recorded: a forecast
	Cause     string // as a cause of Assessment
	Version   string // the checklist's
	Engine    string
	Ended     bool // no assignment makes the series from then on
	Summary   *storev1.StateSummary

	state *storev1.State
	rules []string
}

// Row is one result of a state.
type Row struct {
	Rule    int    // index into Step.Rules
	Subject string // "" for the rule as a whole
	State   string // in XCCDF's words
	Waived  bool
	Waiver  string // the id of the waiver that accepts it
	Since   int64  // since when it has stood so
}

// Rules are the ids of the checklist version's rules, in its order.
func (s *Step) Rules() []string { return s.rules }

// Rows calls f for each result, by rule and then by subject.
func (s *Step) Rows(f func(Row)) error {
	x := &states.Index{State: s.state, Rules: s.rules}
	if err := x.Unpack(); err != nil {
		return err
	}
	for _, r := range x.Rows {
		f(Row{Rule: r.Rule, Subject: states.SubjectName(s.state, r), State: r.State.String(), Waived: r.Waived, Waiver: states.WaiverName(s.state, r), Since: r.Since})
	}
	return nil
}

func (a *Archive) newStep(series string, effective, recorded int64, st *storev1.State) (*Step, error) {
	out := &Step{
		Effective: effective, Recorded: recorded, Cause: states.CauseName(st.Cause), Version: st.Version, Engine: st.Engine,
		Ended: st.Ended, Summary: st.Summary, state: st,
	}
	if out.Summary == nil {
		out.Summary = &storev1.StateSummary{}
	}
	var err error
	if !st.Ended {
		out.rules, err = a.RuleIDs(guides.ChecklistOf(series), st.Version)
	}
	return out, err
}

func (a *Archive) loadStep(tx *ledger.Tx, series string, e ledger.Entry) (*Step, error) {
	rec, err := tx.LoadEntry(e)
	if err != nil {
		return nil, err
	}
	st, err := envelope.Decode[storev1.State](rec.Payload)
	if err != nil {
		return nil, err
	}
	return a.newStep(series, e.Effective, rec.Recorded, st)
}

// storedStep is the state that held at an instant; NOT_FOUND where there was
// none, or the series had ended.
func (a *Archive) storedStep(tx *ledger.Tx, s *estate.System, series string, r estate.Moment) (*Step, error) {
	e, err := seriesEntry(s, series)
	if err != nil {
		return nil, err
	}
	entry, ok := tx.At(e.Stream, r.At, r.Known)
	if !ok {
		return nil, fault.NotFound(seriesName(s.ID, series), "the series has no state yet at that time, as known then; ListSeries says when it begins")
	}
	st, err := a.loadStep(tx, series, entry)
	if err == nil && st.Ended {
		return nil, fault.NotFound(seriesName(s.ID, series), fmt.Sprintf("the series ended at %s; ask as of an earlier instant",
			time.UnixMicro(st.Effective).UTC().Format(time.RFC3339)))
	}
	return st, err
}

// Timeline is one series' states as known at an instant. It is valid while the
// function runs to which it is given.
type Timeline struct {
	System, Series string
	Now            int64 // the newest instant of which something was known: Present, or known_at
	Present        int64

	archive *Archive
	sys     *estate.System
	stream  uint32
	known   estate.Moment
	plans   map[string]*assess.Plan // by version and epoch
}

// Timeline calls f with a series' states as known at an instant (0 for now), in
// one View: f must be quick, and may be called again from the start.
func (a *Archive) Timeline(ctx context.Context, system, series string, knownAt int64, f func(*Timeline) error) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		r, err := a.resolveWhen(tx, When{KnownAt: knownAt})
		if err != nil {
			return err
		}
		s, err := estate.Stored(tx, system, r.Known)
		if err != nil {
			return err
		}
		e, err := seriesEntry(s, series)
		if err != nil {
			return err
		}
		return f(&Timeline{
			System: system, Series: series, Now: r.At, Present: a.NowIn(tx),
			archive: a, sys: s, stream: e.Stream, known: r, plans: map[string]*assess.Plan{},
		})
	})
}

// At is the state that held at an instant; nil before the first.
func (t *Timeline) At(instant int64) (*Step, error) {
	e, ok := t.sys.Tx.At(t.stream, instant, t.known.Known)
	if !ok {
		return nil, nil
	}
	return t.archive.loadStep(t.sys.Tx, t.Series, e)
}

// Between calls f for the state that held at from, if any, and for each that
// began before to, oldest first: states are stored as differences to the one
// before, so that this order reads each once.
func (t *Timeline) Between(ctx context.Context, from, to int64, f func(*Step) error) error {
	tx := t.sys.Tx
	var entries []ledger.Entry
	for e := range tx.Entries(t.stream, from, to, t.known.Known) {
		if !e.Shadowed {
			entries = append(entries, e)
		}
	}
	if n := len(entries); n == 0 || entries[n-1].Effective > from {
		if e, ok := tx.At(t.stream, from, t.known.Known); ok {
			entries = append(entries, e)
		}
	}
	for _, e := range slices.Backward(entries) {
		if err := ctx.Err(); err != nil {
			return err
		}
		st, err := t.archive.loadStep(tx, t.Series, e)
		if err != nil {
			return err
		}
		if err := f(st); err != nil {
			return err
		}
	}
	return nil
}

// Plan is the plan under which a state of the timeline was evaluated. The
// inventory, which selects between assignments, is read only where assignments
// of one series differ.
func (t *Timeline) Plan(s *Step) (*assess.Plan, error) {
	g := t.archive.History().At(s.Effective)
	key := fmt.Sprintf("%s %d", s.Version, g.Epoch)
	if p := t.plans[key]; p != nil {
		return p, nil
	}
	var sys *pb.System
	ambiguous := t.ambiguous(g)
	if ambiguous {
		in, err := t.sys.ViewsAt(g.Policy, estate.Moment{At: s.Effective, Known: t.known.Known, KnownAt: t.known.KnownAt})
		if err != nil {
			return nil, err
		}
		sys = t.sys.Merge(in).Inventory.System
	}
	p, err := t.plan(g, s, sys, ambiguous)
	if err == nil && !ambiguous {
		t.plans[key] = p
	}
	return p, err
}

// plan is the series' plan under a guide; where assignments do not differ, any
// of them will do, and the system is not asked for.
func (t *Timeline) plan(g *guides.Guide, s *Step, sys *pb.System, ambiguous bool) (*assess.Plan, error) {
	if ambiguous {
		return t.archive.SeriesPlan(t.Series, s.Version, t.System, sys, s.Effective)
	}
	for _, as := range g.Assignments {
		if as.Series == t.Series {
			return t.archive.PlanOf(t.Series, s.Version, as.Plan.TailoringSource())
		}
	}
	return t.archive.PlanOf(t.Series, s.Version, nil)
}

// ambiguous tells whether assignments of different tailorings make the series.
func (t *Timeline) ambiguous(g *guides.Guide) bool {
	var first *digest.Digest
	for _, as := range g.Assignments {
		if as.Series != t.Series {
			continue
		}
		d := as.Plan.TailoringDigest()
		if first != nil && *first != d {
			return true
		}
		first = &d
	}
	return false
}

// PlanOf is the plan of a series under a checklist's version and a tailoring
// (nil for none).
func (a *Archive) PlanOf(series, version string, t *pb.Tailoring) (*assess.Plan, error) {
	checklist, profile, _ := guides.SplitSeries(series)
	c, err := a.Compiled(checklist, version)
	if err != nil {
		return nil, err
	}
	if t.GetId() == assess.DefaultTailoring {
		t = nil
	}
	return a.Plan(c, profile, t)
}
