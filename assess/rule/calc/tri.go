package calc

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

// Truth is true or false as b is.
func Truth(b bool) Tri {
	if b {
		return True
	}
	return False
}

// State says whether a value is known. Its values are those of Tri, so that
// one becomes the other where a value is not known.
type State uint8

// The states.
const (
	Known    State = 0
	NotKnown State = State(Unknown)
	Failed   State = State(Error)
)

// Both is the state of what is strict in two values: what is not known may turn
// out to be anything, so it goes before an error.
func Both(a, b State) State {
	if a == NotKnown || b == NotKnown {
		return NotKnown
	}
	return max(a, b)
}

// Gap is what a value adds to the gaps of the list that it is put in.
func (s State) Gap() Gaps {
	switch s {
	case NotKnown:
		return More
	case Failed:
		return Wrong
	}
	return 0
}

// Gaps says what a list lacks beside its known elements.
type Gaps uint8

// The gaps, which are added up.
const (
	More  Gaps = 1 << iota // there may be elements that are not known
	Wrong                  // an element could not be computed
)

// Undecided is what a question about a list comes to that its known elements
// do not decide; whole is the answer for a list that has no gaps.
func (g Gaps) Undecided(whole Tri) Tri {
	switch {
	case g&More != 0:
		return Unknown
	case g != 0:
		return Error
	}
	return whole
}

// SameList compares lists element by element. It is unknown where one has
// gaps, unless the known elements of it cannot all stand, in their order, in
// the other: then they differ whatever the gaps hold.
func SameList[T comparable](x, y []T, xGap, yGap Gaps) Tri {
	switch {
	case xGap == 0 && yGap == 0:
		return Truth(len(x) == len(y) && within(x, y))
	case xGap == 0 && !within(y, x), yGap == 0 && !within(x, y):
		return False
	}
	return (xGap | yGap).Undecided(True)
}

// within tells whether part can be made of whole by leaving elements out.
func within[T comparable](part, whole []T) bool {
	i := 0
	for _, v := range whole {
		if i < len(part) && part[i] == v {
			i++
		}
	}
	return i == len(part)
}
