package verify

import "time"

// Kinds of differences.
const (
	// Damaged is a recorded state that its inputs do not give.
	Damaged = "damaged"
	// Unreadable is a record, or an input of one, that cannot be read.
	Unreadable = "unreadable"
	// Missing is a state that evaluation anew finds and that is not recorded.
	Missing = "missing"
	// Outdated is a recorded state that is not what all that is known now gives.
	Outdated = "outdated"
)

// Difference is one recorded state that is not what it should be.
type Difference struct {
	Kind      string
	System    string
	Series    string
	Effective int64 // microseconds since 1970 UTC
	Recorded  int64 // 0 for what is not recorded
	// What are the parts that differ: "version", "engine", "digest", "results",
	// "score", "severities", "holds_until", "ended".
	What []string
	// The first result that differs; Rule is empty where none does.
	Rule, Subject   string
	Expected, Found string // its state, "none" where there is no such result
	// Detail says in a sentence what is wrong.
	Detail string
}

// Report is what was found. Counts are of recorded states.
type Report struct {
	Systems       int // whose states were looked at
	States        int // computed, or found unreadable
	Same          int
	EngineChanged int // of another engine version, with other results under this one
	OtherEngine   int // of another engine version, with the same results
	InputsGone    int // of which no input is stored any more
	Differences   int // all of them
	// Pending are systems that are due: from then on they have yet to be evaluated.
	Pending int
	// Lagging are systems that another version of the engine evaluated last: a full
	// run evaluates them by this one.
	Lagging int
	// First are the first differences, at most MaxListed, by system.
	First []Difference
	Took  time.Duration
}

// MaxListed is how many differences a report lists.
const MaxListed = 1000

// Clean tells whether nothing is wrong.
func (r *Report) Clean() bool { return r.Differences == 0 }

// PerSecond is how many states were computed a second.
func (r *Report) PerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.States) / r.Took.Seconds()
}

func (r *Report) add(x *Report) {
	r.Systems += x.Systems
	r.States += x.States
	r.Same += x.Same
	r.EngineChanged += x.EngineChanged
	r.OtherEngine += x.OtherEngine
	r.InputsGone += x.InputsGone
	r.Differences += x.Differences
	r.Pending += x.Pending
	r.Lagging += x.Lagging
	r.Took += x.Took
	if room := MaxListed - len(r.First); room > 0 {
		r.First = append(r.First, x.First[:min(room, len(x.First))]...)
	}
}

func (r *Report) differ(d Difference) {
	r.Differences++
	if len(r.First) < MaxListed {
		r.First = append(r.First, d)
	}
}
