package assessor

import (
	"testing"
	"time"
)

// TestPause: who waits for a clock that stands still looks less and less often,
// and as it ought to once it moves.
func TestPause(t *testing.T) {
	waited, looks := time.Duration(0), 0
	for slept := time.Duration(0); slept < time.Second; slept += waited {
		waited = pause(time.Millisecond, waited, looks == 0)
		looks++
	}
	if looks > 30 || waited > stillMost {
		t.Errorf("%d looks in a second, the last pause is %v", looks, waited)
	}
	if got := pause(time.Millisecond, waited, true); got != time.Millisecond {
		t.Errorf("once the clock moves: %v", got)
	}
	if got := pause(longest, time.Millisecond, false); got != longest {
		t.Errorf("a long wait becomes %v", got)
	}
}
