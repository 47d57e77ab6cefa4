// Package heap sets how far a server's heap may grow before it is collected.
//
// What lives in a server is small, and what a submission or a re-evaluation
// leaves behind is much: with Go's default the collector takes a third of the
// processor time. So the heap may grow to five times what lives while that is
// little, and less far the more lives, down to twice as Go has it: a bound that
// never has the collector run without end, as a fixed limit of memory would once
// more lives than it.
package heap

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Bounds of the growth in percent, and the size in bytes that the heap should
// not grow beyond as long as that allows the least growth.
const (
	most  = 400
	least = 100
	size  = 176 << 20
)

// slack is by how many percent the growth must be another one before it is set,
// since setting it stops the program for an instant.
const slack = 10

// Tune sets the growth now, and again after each collection, for as long as the
// process lives. It is for programs; calling it twice does no good.
func Tune() {
	debug.SetGCPercent(most)
	again(&mark{percent: most})
}

// mark is collected at each collection, and then makes the next one.
type mark struct {
	percent int
	_       [24]byte // objects of less than 16 bytes are allocated together, and collected late
}

func again(m *mark) {
	runtime.SetFinalizer(m, func(m *mark) {
		next := &mark{percent: m.percent}
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		if metrics.Read(sample); sample[0].Value.Kind() == metrics.KindUint64 {
			if p := percent(sample[0].Value.Uint64()); p > m.percent+slack || p < m.percent-slack {
				next.percent = p
				debug.SetGCPercent(p)
			}
		}
		again(next)
	})
}

// percent is the growth where so many bytes live.
func percent(live uint64) int {
	if live >= size {
		return least
	}
	return int(max(least, min(most, (size-live)*100/max(live, 1))))
}
