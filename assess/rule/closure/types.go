package closure

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/machine"
)

// The closures, by what they give.
type (
	Condition     func(*machine.Machine) calc.Tri
	Scalar[T any] func(*machine.Machine) (T, calc.State)
	List[T any]   func(*machine.Machine) ([]T, calc.Gaps)
	Shown         func(*machine.Machine, []byte) ([]byte, calc.State)
	Message       = Scalar[unsafe.Pointer]
)

// Comparable are the Go types of values that can be told equal. Instants and
// spans of time are int64 too.
type Comparable interface {
	bool | int64 | float64 | string
}

// Order is what a comparison asks for.
type Order uint8

// The orders.
const (
	Less Order = iota
	LessEqual
	Greater
	GreaterEqual
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
