package rule

import (
	"fmt"

	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// cause says what went wrong in an operation.
type cause uint8

const (
	fine cause = iota
	overflow
	byZero
	noNumber
	noTruth
	noTime
	noSpan
	timeRange
	tooLong
	spent
	foreign
	causes
)

var causeTexts = [causes]string{
	overflow:  "the number or span of time overflows",
	byZero:    "division by zero",
	noNumber:  "the text is no number",
	noTruth:   "the text is neither true nor false",
	noTime:    "the text is no RFC 3339 timestamp",
	noSpan:    "the text is no duration",
	timeRange: "the timestamp is not within the years 1 to 9999",
	tooLong:   "the text is longer than allowed",
	spent:     "cost budget exceeded",
	foreign:   "the rule and the values belong to different checklists",
}

// Fault is why a rule could not be evaluated. It is immutable.
type Fault struct {
	cause cause
	pos   syntax.Pos // in the expression
}

// Error says what went wrong, and where in the expression.
func (f *Fault) Error() string {
	if f.pos.Line == 0 {
		return causeTexts[f.cause]
	}
	return fmt.Sprintf("%d:%d: %s", f.pos.Line, f.pos.Column, causeTexts[f.cause])
}

// faults are all faults that one operation can have, made when it is compiled
// so that failing allocates nothing.
type faults [causes]Fault

func faultsAt(pos syntax.Pos) *faults {
	var fs faults
	for c := range fs {
		fs[c] = Fault{cause(c), pos}
	}
	return &fs
}

var (
	spentFault   = &Fault{cause: spent}
	foreignFault = &Fault{cause: foreign}
)
