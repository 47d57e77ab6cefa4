package compile

import (
	"github.com/plumbline/plumbline/assess/rule/calc"
)

// Short names for what every closure deals in.
type (
	state = calc.State
	gaps  = calc.Gaps
)

const (
	known   = calc.Known
	unknown = calc.NotKnown
	failed  = calc.Failed

	more  = calc.More
	wrong = calc.Wrong
)
