package calc

import (
	"fmt"

	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// Cause says what went wrong in an operation.
type Cause uint8

// The causes.
const (
	Fine Cause = iota // nothing
	Overflow
	ByZero
	NoNumber
	NoTruth
	NoTime
	NoSpan
	TimeRange
	TooLong
	Spent
	Foreign
	causes
)

var causeTexts = [causes]string{
	Overflow:  "the number or span of time overflows",
	ByZero:    "division by zero",
	NoNumber:  "the text is no number",
	NoTruth:   "the text is neither true nor false",
	NoTime:    "the text is no RFC 3339 timestamp",
	NoSpan:    "the text is no duration",
	TimeRange: "the timestamp is not within the years 1 to 9999",
	TooLong:   "the text is longer than allowed",
	Spent:     "cost budget exceeded",
	Foreign:   "the rule and the values belong to different checklists",
}

// Fault is why a rule could not be evaluated. It is immutable.
type Fault struct {
	Cause Cause
	Pos   syntax.Pos // in the expression; zero for one that is about the whole
}

// Error says what went wrong, and where in the expression.
func (f *Fault) Error() string {
	if f.Pos.Line == 0 {
		return causeTexts[f.Cause]
	}
	return fmt.Sprintf("%d:%d: %s", f.Pos.Line, f.Pos.Column, causeTexts[f.Cause])
}

// Faults are all faults that one operation can have, made when it is compiled
// so that failing allocates nothing.
type Faults [causes]Fault

// FaultsAt makes the faults of an operation.
func FaultsAt(pos syntax.Pos) *Faults {
	var fs Faults
	for c := range fs {
		fs[c] = Fault{Cause(c), pos}
	}
	return &fs
}

// The faults that are no operation's.
var (
	SpentFault   = &Fault{Cause: Spent}
	ForeignFault = &Fault{Cause: Foreign}
)
