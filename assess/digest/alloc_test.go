package digest

import (
	"sync"
	"testing"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestSortedInputCostsNoAllocation is that a normalized host is digested in the
// buffer of the one before.
func TestSortedInputCostsNoAllocation(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector is on")
	}
	h := typicalHost()
	if n := testing.AllocsPerRun(200, func() { Of(h) }); n >= 1 {
		t.Errorf("%v allocations a host", n)
	}
	buf := make([]byte, 0, 1<<14)
	if n := testing.AllocsPerRun(200, func() { buf = AppendHost(buf[:0], h) }); n >= 1 {
		t.Errorf("%v allocations an encoding", n)
	}
}

// TestManyAtOnce digests one message from several goroutines, for the race
// detector and for scratch that would be shared.
func TestManyAtOnce(t *testing.T) {
	h := typicalHost()
	h.Names = []string{"z", "a"}
	want := Of(h)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got := Of(&pb.Inventory{Hosts: []*pb.Host{h}}); got.IsZero() || Of(h) != want {
					t.Error("a digest differs")
					return
				}
			}
		})
	}
	wg.Wait()
}
