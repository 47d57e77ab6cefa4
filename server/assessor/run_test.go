package assessor

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// gate holds the committer after each commit, until it is told to go on.
type gate struct {
	mu      sync.Mutex
	commits int
	closed  bool
	arrived chan int
	leave   chan struct{}
}

func (g *gate) Submission(string) {}

func (g *gate) Assessment(string, bool, time.Duration) {}

func (g *gate) Commit(int, time.Duration) {
	g.mu.Lock()
	g.commits++
	n, closed := g.commits, g.closed
	g.mu.Unlock()
	if closed {
		g.arrived <- n
		<-g.leave
	}
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.commits
}

func (g *gate) close(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
}

// fleetKit is an assessor with so many systems and a gate.
func fleetKit(t *testing.T, n int) (*kit, *gate) {
	t.Helper()
	l, err := ledger.Create(t.Context(), memory.New())
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{arrived: make(chan int), leave: make(chan struct{})}
	k := &kit{t: t, clock: &clock{t: day0}}
	if k.Assessor, err = New(t.Context(), l, Config{Clock: k.clock.now, Metrics: g}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	var items []*pb.SubmitItem
	for i := range n {
		items = append(items, &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
			System: "systems/" + runID(i), Source: "cmdb", Inventory: &pb.Inventory{System: &pb.System{Id: runID(i)}},
		}}})
	}
	receipts, err := k.Submit(t.Context(), items, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range receipts {
		if r.Error != nil {
			t.Fatal(r.Error)
		}
	}
	return k, g
}

func runID(i int) string { return fmt.Sprintf("s%05d", i) }

// TestSubmitOvertakesRun: what is submitted while thousands of systems wait to be
// reassessed is in the third commit at the latest: the one under way, the one
// that is planned already, and its own. It is counted in commits, not in time.
func TestSubmitOvertakesRun(t *testing.T) {
	const n = 4000
	k, g := fleetKit(t, n)
	g.close(true)
	batch := &Batch{Full: true, Carry: func(b *ledger.Batch, done []Outcome) error {
		b.PutObject('X', "done", []byte{byte(len(done))})
		return nil
	}}
	for i := range n {
		batch.Systems = append(batch.Systems, runID(i))
	}
	ended := make(chan []Outcome, 1)
	go func() {
		out, err := k.ReassessBatch(context.WithoutCancel(t.Context()), batch)
		if err != nil {
			t.Error(err)
		}
		ended <- out
	}()
	start := <-g.arrived // a commit of the run is under way
	for k.QueueDepth() < n {
		runtime.Gosched()
	}
	answered := make(chan int, 1)
	err := k.SubmitAsync(t.Context(), &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
		System: "systems/" + runID(n-1), Source: "cmdb",
		Inventory: &pb.Inventory{System: &pb.System{Id: runID(n - 1)}, Hosts: []*pb.Host{{Id: "new"}}},
	}}}, "test", func(*pb.Receipt, error) { answered <- g.count() })
	if err != nil {
		t.Fatal(err)
	}
	g.close(false)
	g.leave <- struct{}{}
	if at := <-answered; at-start > 2 {
		t.Errorf("submitted during commit %d, answered after commit %d", start, at)
	}
	for i, x := range <-ended {
		if x.System != runID(i) || !x.Assessed || x.Err != nil {
			t.Fatalf("outcome %d: %+v", i, x)
		}
	}
	if c := g.count(); c < n/laterMost {
		t.Errorf("%d systems took only %d commits: they did not go in small batches", n, c)
	}
}

// TestRunIsNotStarved: a run moves on while submissions never pause.
func TestRunIsNotStarved(t *testing.T) {
	k, g := fleetKit(t, 200)
	batch := &Batch{Systems: []string{runID(0)}, Full: true}
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for w := range 4 { // each keeps one item in the queue
		busy.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_, err := k.Submit(context.WithoutCancel(t.Context()), []*pb.SubmitItem{{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
					System: "systems/" + runID(1+w), Source: "cmdb", Inventory: &pb.Inventory{System: &pb.System{Id: runID(1 + w)}, Hosts: []*pb.Host{{Id: fmt.Sprint("h", i)}}},
				}}}}, "test")
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	before := g.count()
	if _, err := k.ReassessBatch(t.Context(), batch); err != nil {
		t.Error(err)
	}
	t.Logf("done after %d commits", g.count()-before)
	close(stop)
	busy.Wait()
}

// TestLaterNow: of systems for which nobody waits a commit takes some where
// nothing else waits, none beside others, but now and then.
func TestLaterNow(t *testing.T) {
	a := &Assessor{cfg: Config{BatchSize: 1000}, later: []*lane{{}}}
	taken := 0
	for range 2 * laterEvery {
		taken += a.laterNow(1)
	}
	if taken != 2*laterShare {
		t.Errorf("%d in %d commits", taken, 2*laterEvery)
	}
	if n := a.laterNow(0); n != laterMost {
		t.Errorf("%d where nothing else waits", n)
	}
}

// TestCarryStandsAndFalls: what a batch carries is in the commits that have its
// systems, and those alone.
func TestCarryStandsAndFalls(t *testing.T) {
	k, _ := fleetKit(t, 10)
	seen := map[string]int{}
	batch := &Batch{Full: true, Systems: []string{runID(3), "no-such-system", runID(4)}, Carry: func(b *ledger.Batch, done []Outcome) error {
		for _, x := range done {
			seen[x.System]++
		}
		return fmt.Errorf("refused")
	}}
	out, err := k.ReassessBatch(t.Context(), batch)
	if err != nil || out[0].Err == nil || out[2].Err == nil {
		t.Errorf("a carry that fails: %+v, %v", out, err)
	}
	if len(seen) == 0 {
		t.Error("nothing was carried")
	}
}
