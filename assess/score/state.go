package score

import "fmt"

// State is the result of a rule for a subject, in XCCDF's words.
type State uint8

// The states. The zero value is none of them: a result that is not there yet.
const (
	Unset         State = iota
	Pass                // all conditions are met
	Fail                // a condition is not met
	Error               // the check could not be completed
	Unknown             // the answer cannot be told: facts are missing or stale
	NotApplicable       // the rule does not apply to the subject
	NotChecked          // there is nothing to evaluate the rule with, or it is told not to be
	NotSelected         // the profile leaves the rule out
	Informational       // evaluated, but of no matter for compliance
	Fixed               // failed, then mended; arrives by import only
)

// NumStates is one more than the last State, for arrays indexed by State.
const NumStates = int(Fixed) + 1

var names = [NumStates]string{
	"unset", "pass", "fail", "error", "unknown", "notapplicable",
	"notchecked", "notselected", "informational", "fixed",
}

// String returns XCCDF's word for s, and "unset" for the zero value.
func (s State) String() string {
	if int(s) >= NumStates {
		return fmt.Sprintf("state(%d)", uint8(s))
	}
	return names[s]
}

// ParseState returns the state of XCCDF's word for it.
func ParseState(word string) (State, error) {
	for s := Pass; int(s) < NumStates; s++ {
		if names[s] == word {
			return s, nil
		}
	}
	return Unset, fmt.Errorf("%q is no result: it must be one of %v", word, names[Pass:])
}

// Counted says whether a result in state s enters a score (table 26).
func (s State) Counted() bool {
	switch s {
	case Pass, Fail, Error, Unknown, Fixed:
		return true
	}
	return false
}

// Positive says whether a counted result in state s raises a score.
func (s State) Positive() bool { return s == Pass || s == Fixed }
