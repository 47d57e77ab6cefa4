package assessor

import (
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
)

// Another version of the engine makes nobody due: what was found under the one
// before stands as it was believed, until a full run, or anything else, has the
// system evaluated. A state that the same inputs would not have changed is then
// a breakpoint of that instant, whose cause is the engine.

// firstEngine is the engine of heads that name none.
const firstEngine = "1"

// lagsBehind tells whether another version of the engine evaluated a system last.
func lagsBehind(h *storev1.SystemHead, engine string) bool {
	by := h.Engine
	if by == "" {
		by = firstEngine
	}
	return by != engine && h.Retired == 0 && len(h.Sources) > 0
}

// evaluated notes in the head which engine evaluated the system.
func (p *plan) evaluated() {
	h := p.sys.head
	p.caughtUp = h.Latest != 0 && lagsBehind(h, p.planner.engine)
	if h.Engine = p.planner.engine; h.Engine == firstEngine {
		h.Engine = ""
	}
}

// Lagging is how many systems another version of the engine evaluated last, as
// far as is known: the scheduler counts them when it first looks at all.
func (a *Assessor) Lagging() int { return int(max(a.lagging.Load(), 0)) }

// countLagging keeps how many there are, and says what to do about them.
func (a *Assessor) countLagging(n int) {
	if a.lagging.Store(int64(n)); n > 0 {
		a.cfg.Log.Info("another version of the engine evaluated systems last; a full run evaluates them by this one",
			"systems", n, "engine", a.cfg.Engine)
	}
}
