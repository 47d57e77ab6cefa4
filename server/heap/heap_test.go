package heap

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"pgregory.net/rapid"
)

// TestPercent: little may grow much, much may grow to twice, and what is between
// does not grow beyond the size.
func TestPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: most, 1 << 20: most, size / 5: most, size / 4: 300, size / 2: 100, size: least, 1 << 40: least} {
		if got := percent(live); got != want {
			t.Errorf("%d live: %d percent, want %d", live, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		live := rapid.Uint64Range(0, 1<<34).Draw(t, "live")
		p := percent(live)
		if p < least || p > most || p > least && live+live*uint64(p)/100 > size {
			t.Fatalf("%d live grow by %d percent", live, p)
		}
		if more := percent(live + 1<<20); more > p {
			t.Fatalf("%d live grow by %d percent, a MiB more by %d", live, p, more)
		}
	})
}

// TestTune: the growth is set at once, and found again after a collection.
func TestTune(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	Tune()
	if got := growth(); got != most {
		t.Errorf("the growth is %d percent, want %d", got, most)
	}
	live := make([]byte, size)
	for growth() == most {
		runtime.GC() // until the finalizer has run
		runtime.Gosched()
	}
	if got := growth(); got != least {
		t.Errorf("the growth is %d percent where %d bytes live, want %d", got, len(live), least)
	}
	runtime.KeepAlive(live)
}

func growth() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}
