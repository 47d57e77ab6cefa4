package rule

// Tri is a truth value of Kleene's three-valued logic, or an error.
type Tri uint8

// The truth values. Error is an overflow, a division by zero, a text that is
// no number where one is wanted, or a spent budget.
const (
	False Tri = iota
	True
	Unknown
	Error
)

// String is "false", "true", "unknown" or "error".
func (t Tri) String() string {
	return [...]string{"false", "true", "unknown", "error"}[t&3]
}

// Or is true if either is, else unknown if either is, else an error if either
// is: what is not known may still turn out true.
func Or(a, b Tri) Tri { return Not(And(Not(a), Not(b))) }

// And is false if either is, else unknown if either is, else an error if
// either is: what is not known may still turn out false.
func And(a, b Tri) Tri {
	switch {
	case a == False || b == False:
		return False
	case a == Unknown || b == Unknown:
		return Unknown
	}
	return max(a, b)
}

// Not turns true and false round.
func Not(t Tri) Tri {
	if t <= True {
		return t ^ 1
	}
	return t
}

func triOf(b bool) Tri {
	if b {
		return True
	}
	return False
}

// state says whether a value is there. Its values are those of Tri, so that
// one becomes the other where a value is not known.
type state uint8

const (
	known   state = 0
	unknown state = state(Unknown)
	failed  state = state(Error)
)

// both is the state of what is strict in two values: what is unknown may turn
// out to be anything, so it goes before an error.
func both(a, b state) state {
	if a == unknown || b == unknown {
		return unknown
	}
	return max(a, b)
}

// gaps says what a list lacks beside its known elements.
type gaps uint8

const (
	more  gaps = 1 << iota // there may be elements that are not known
	wrong                  // an element could not be computed
)

// undecided is what a question about a list comes to that its known elements
// do not decide; whole is the answer for a list that has no gaps.
func (g gaps) undecided(whole Tri) Tri {
	switch {
	case g&more != 0:
		return Unknown
	case g != 0:
		return Error
	}
	return whole
}

// of is what a value's state adds to the gaps of the list that it is put in.
func (s state) gap() gaps {
	switch s {
	case unknown:
		return more
	case failed:
		return wrong
	}
	return 0
}
