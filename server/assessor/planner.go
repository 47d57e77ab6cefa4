package assessor

import (
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/retention"
)

// planner makes plans, several at once. It keeps large systems between commits.
type planner struct {
	*guides.Keeper

	metrics metrics
	engine  string // its version
	cache   *cache
	wall    *retention.Wall
	arenas  arenas
}

// newPlanner evaluates under what a keeper keeps, by the engine of a version; before
// a wall it writes nothing. metrics is told of evaluations; nothing where it is nil.
func newPlanner(k *guides.Keeper, wall *retention.Wall, engine string, metrics metrics) *planner {
	return &planner{Keeper: k, wall: wall, engine: engine, metrics: metrics, cache: newCache()}
}

// keepFrom sets how many hosts a system must have to be kept between commits,
// before any plan is made; cacheFrom where it is not called.
func (x *planner) keepFrom(hosts int) { x.cache.from = hosts }

// committed keeps the system of a plan that was committed, where it is large. What
// a reassessment passes by is not kept: it would drive out what is submitted to.
func (x *planner) committed(p *plan) {
	if len(p.sys.hosts) >= x.cache.from && len(p.results) > 0 {
		x.cache.put(p.settle())
	}
}

// dueBy tells whether a plan, once committed, leaves something due before an
// instant.
func (p *plan) dueBy(t int64) bool {
	due := p.sys.head.Due
	return len(p.others) > 0 || due != 0 && due < t
}

// release lets go of what a reassessment has read and its commit does not need:
// a batch of a thousand systems would hold all their hosts, decoded, until it is
// durable. It changes states alone, so that no host is needed any more; the memory
// into which they were decoded serves the next system.
func (p *plan) release() {
	for _, st := range p.sys.sources {
		for _, v := range st.track.versions {
			v.msg, v.payload = nil, nil
		}
	}
	p.sys.hosts, p.sys.foreign, p.cache.evals = nil, nil, nil
	arena := p.sys.arena
	p.sys.arena = nil
	defer p.planner.arenas.give(arena)
	if p.replay == nil {
		return
	}
	p.replay.merged = nil
	for _, s := range p.replay.series {
		if s.eval != nil {
			s.eval.Recycle()
		}
	}
}
