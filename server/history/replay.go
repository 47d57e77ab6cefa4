package history

import (
	"context"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/states"
)

// state is results and numbers, as evaluated or as stored.
type state struct {
	results *outcome
	summary *storev1.StateSummary
}

func evaluated(ev *assess.Evaluation) state {
	return state{ofEvaluation(ev), states.SummaryOf(ev.Summary())}
}

// side is one of two states that are compared.
type side struct {
	past      *past.Past
	eval      *assess.Evaluation
	evaluated state // by this engine
	state           // as it stood: as stored, where another engine made it
}

// open makes a side of a past state. engine is this engine's version; asked
// tells that the side is of another checklist's version than the stored one.
func open(p *past.Past, engine string, asked bool) (side, error) {
	s := side{past: p, eval: p.Evaluate()}
	s.evaluated = evaluated(s.eval)
	s.state = s.evaluated
	if asked || p.Stored.Engine == engine {
		return s, nil
	}
	o, err := ofStep(p.Stored)
	s.state = state{o, p.Stored.Summary}
	return s, err
}

type resultKey struct{ rule, subject string }

// replay splits the difference between two states of one series over its causes,
// which it exchanges one after the other; the package's doc says in which order.
type replay struct {
	ctx       context.Context
	plans     Estate
	parts     []*pb.Attribution
	causes    map[resultKey]string // the last one that changed a result
	backwards bool                 // the later state is the one compared with

	held                       state
	score, effective, coverage *float64 // the newest values that there were
}

// attribute replays the causes from the earlier side to the later one. Where
// another engine made what is stored of the first, this engine's evaluation is
// the first step, which is the engine's as the last one is.
func attribute(ctx context.Context, e Estate, before, after side) (*replay, error) {
	r := &replay{ctx: ctx, plans: e, causes: map[resultKey]string{}, backwards: before.past.At > after.past.At}
	if r.backwards {
		before, after = after, before
	}
	r.held = before.state
	r.score, r.effective, r.coverage = r.held.summary.Score, states.EffectiveScore(r.held.summary), r.held.summary.Coverage
	engine := r.step("engine", before.evaluated)
	r.parts = nil
	if err := r.run(before, after); err != nil {
		return nil, err
	}
	last := r.step("engine", after.state)
	last.Score, last.EffectiveScore = together(engine.Score, last.Score), together(engine.EffectiveScore, last.EffectiveScore)
	last.Coverage, last.Flipped = together(engine.Coverage, last.Coverage), last.Flipped+engine.Flipped
	return r, nil
}

// together is the sum of two parts, either of which may be absent.
func together(a, b *float64) *float64 {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	v := *a + *b
	return &v
}

// step takes the state after another cause.
func (r *replay) step(cause string, next state) *pb.Attribution {
	var list []flip
	if next.results != r.held.results {
		list = flips(r.held.results, next.results)
	}
	for _, f := range list {
		r.causes[resultKey{f.rule, f.subject}] = cause
	}
	m := next.summary
	part := &pb.Attribution{
		Cause: cause, Flipped: int32(len(list)), Score: r.change(&r.score, m.Score),
		EffectiveScore: r.change(&r.effective, states.EffectiveScore(m)), Coverage: r.change(&r.coverage, m.Coverage),
	}
	r.held = next
	r.parts = append(r.parts, part)
	return part
}

// change is by how much a number changed; absent where there is none, or none
// before. A gap between two numbers is bridged, so that the parts add up.
func (r *replay) change(held **float64, next *float64) *float64 {
	was := *held
	if next == nil {
		return nil
	}
	*held = next
	if was == nil {
		return nil
	}
	d := *next - *was
	if r.backwards {
		d = *was - *next
	}
	return &d
}

// exchange is a cause and what it exchanges; false says that there is nothing
// to exchange.
type exchange struct {
	cause string
	do    func() bool
}

func (r *replay) run(before, after side) error {
	mixed, last := before.past.Parts, &after.past.Parts
	for _, x := range []exchange{
		{"guidance", func() bool { return r.guidance(&mixed, after.past) }},
		{"tailoring", func() bool {
			changed := mixed.Plan.TailoringDigest() != last.Plan.TailoringDigest()
			mixed.Plan = last.Plan
			return changed
		}},
		{"policy", func() bool {
			changed := mixed.PolicyDigest != last.PolicyDigest
			mixed.Policy, mixed.PolicyDigest = last.Policy, last.PolicyDigest
			return changed
		}},
		{"inventory", func() bool { mixed.Views = last.Views; return true }},
		{"attestation", func() bool {
			some := len(mixed.Attested)+len(last.Attested) > 0
			mixed.Attested = last.Attested
			return some
		}},
		{"claim", func() bool {
			some := len(mixed.Claims)+len(last.Claims) > 0
			mixed.Claims = last.ClaimsInForce(mixed.At)
			return some
		}},
		{"waiver", func() bool {
			some := len(mixed.Waivers)+len(last.Waivers) > 0
			mixed.Waivers = last.WaiversInForce(mixed.At)
			return some
		}},
	} {
		next := r.held
		if x.do() {
			next = evaluated(mixed.Evaluate())
		}
		r.step(x.cause, next)
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	r.step("time", after.evaluated)
	return nil
}

// guidance exchanges the checklist's version, and the tailoring too where it
// does not fit the other version.
func (r *replay) guidance(mixed *past.Parts, after *past.Past) bool {
	if mixed.Plan.Checklist().Digest() == after.Plan.Checklist().Digest() {
		return false
	}
	p, err := r.plans.PlanOf(after.Series, after.Plan.Checklist().Version(), mixed.Plan.TailoringSource())
	if err != nil {
		p = after.Plan
	}
	mixed.Plan = p
	return true
}
