package compile

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/closure"
)

// Short names for what compiling deals in.
type (
	boolFn       = closure.Condition
	fn[T any]    = closure.Scalar[T]
	list[T any]  = closure.List[T]
	messageFn    = closure.Scalar[unsafe.Pointer]
	comparableTo = closure.Comparable

	state = calc.State
	gaps  = calc.Gaps
)

const (
	known   = calc.Known
	unknown = calc.NotKnown
	failed  = calc.Failed
)
