package assessor

// Another version of the engine makes nobody due: what was found under the one
// before stands as it was believed, until a full run, or anything else, has the
// system evaluated. A state that the same inputs would not have changed is then
// a breakpoint of that instant, whose cause is the engine.

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
