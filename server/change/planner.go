package change

import (
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/retention"
)

// Planner makes plans, several at once. It keeps large systems between commits.
type Planner struct {
	*guides.Keeper

	metrics replay.Metrics
	engine  string // its version
	cache   *cache
	wall    *retention.Wall
	arenas  estate.Arenas
}

// NewPlanner evaluates under what a keeper keeps, by the engine of a version; before
// a wall it writes nothing. metrics is told of evaluations; nothing where it is nil.
func NewPlanner(k *guides.Keeper, wall *retention.Wall, engine string, metrics replay.Metrics) *Planner {
	return &Planner{Keeper: k, wall: wall, engine: engine, metrics: metrics, cache: newCache()}
}

// KeepFrom sets how many hosts a system must have to be kept between commits,
// before any plan is made; CacheFrom where it is not called.
func (x *Planner) KeepFrom(hosts int) { x.cache.from = hosts }

// Line is where the wall stands: nothing is planned before it.
func (x *Planner) Line() *retention.Line { return x.wall.Line() }

// Committed keeps the system of a plan that was committed, where it is large. What
// a reassessment passes by is not kept: it would drive out what is submitted to.
func (x *Planner) Committed(p *Plan) {
	if len(p.sys.Hosts) >= x.cache.from && len(p.Results) > 0 {
		x.cache.put(p.settle())
	}
}

// DueBy tells whether a plan, once committed, leaves something due before an
// instant.
func (p *Plan) DueBy(t int64) bool {
	due := p.sys.Head.Due
	return len(p.others) > 0 || due != 0 && due < t
}

// Release lets go of what a plan has read and its commit does not need: a batch of
// a thousand systems would hold all their hosts and evaluations until it is durable.
// The memory into which views were decoded serves the next system. What a
// reassessment changes are states alone, so that no host is needed any more; of a
// submission those stay that it writes. A large system, which is kept after the
// commit, stays whole.
func (p *Plan) Release() {
	passing := len(p.Results) == 0
	if !passing && len(p.sys.Hosts) >= p.planner.cache.from {
		return
	}
	for _, st := range p.sys.Sources {
		st.Track.Forget()
	}
	if passing {
		p.sys.Hosts = nil
	}
	for id, h := range p.sys.Hosts {
		if !h.Changed {
			delete(p.sys.Hosts, id)
		}
		for _, t := range h.Tracks {
			t.Forget()
		}
	}
	p.sys.Foreign, p.cache.Evals = nil, nil
	arena := p.sys.Arena
	p.sys.Arena = nil
	defer p.planner.arenas.Give(arena)
	if p.Replay == nil {
		return
	}
	p.Replay.Merged = nil
	for _, s := range p.Replay.Series {
		if s.Eval != nil {
			s.Eval.Recycle()
		}
	}
}
