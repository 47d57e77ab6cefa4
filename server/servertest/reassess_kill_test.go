package servertest_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/servertest"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// Settings of the tests that kill a service in the middle of a run.
const (
	runChildEnv = "PLUMBLINE_TEST_RUN_CHILD"   // the store and the run of the child
	runSizeEnv  = "PLUMBLINE_TEST_RUN_SYSTEMS" // how many systems there are
)

func runSize(t *testing.T) int {
	if text := os.Getenv(runSizeEnv); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 3000
}

// TestRunChild is the service that TestReassessKill kills; by itself it does
// nothing. It says how far the run is whenever it has moved.
func TestRunChild(t *testing.T) {
	path, name, ok := strings.Cut(os.Getenv(runChildEnv), " ")
	if !ok {
		t.Skip("runs as the child of TestReassessKill")
	}
	s := servertest.Start(t, servertest.Options{Path: path, NoScheduler: true, Config: server.Config{Clock: servertest.NewClock(day85).Now}})
	for last := int32(-1); ; {
		op, err := s.Runs.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if m := metadata(t, op); m.SystemsDone != last || op.Done {
			last = m.SystemsDone
			fmt.Printf("done %d\n", last)
		}
		if op.Done {
			return
		}
	}
}

// killAt lets a child go on with a run until it has done so many systems, then
// kills it.
func killAt(t *testing.T, path, name string, done int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunChild$")
	cmd.Env = append(os.Environ(), runChildEnv+"="+path+" "+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "done "); ok {
			if n, err := strconv.Atoi(text); err != nil || n >= done {
				return
			}
		}
	}
	t.Fatal("the child ended before it was killed")
}

// TestReassessKill kills the service with SIGKILL at 20 random points of a run: at
// the end each system was assessed once, and has the breakpoints that it has
// without a kill.
func TestReassessKill(t *testing.T) {
	n := runSize(t)
	r := startRunner(t, servertest.Options{})
	r.fleet(n)
	r.Stop()
	path := filepath.Join(t.TempDir(), "killed.db")
	raw, err := os.ReadFile(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	unharmed := newRunner(t, servertest.Options{Path: r.Path, NoScheduler: true}, servertest.NewClock(day85))
	_, want := unharmed.ended(unharmed.reassess(&pb.ReassessSystemsRequest{Full: true}))
	counts(t, want, "succeeded", n, n, n/2, 0)

	c := newRunner(t, servertest.Options{Path: path, NoScheduler: true}, servertest.NewClock(day85))
	op := c.reassess(&pb.ReassessSystemsRequest{Full: true})
	c.Stop()
	points := make([]int, 20)
	for i := range points {
		points[i] = rand.IntN(n)
	}
	slices.Sort(points)
	for _, p := range points {
		killAt(t, path, op.Name, p)
	}
	c = newRunner(t, servertest.Options{Path: path, NoScheduler: true}, servertest.NewClock(day85))
	_, m := c.ended(op)
	counts(t, m, "succeeded", n, n, n/2, 0)
	for i := 0; i < n; i += 1 + n/200 {
		if got, want := c.breakpoints(i), unharmed.breakpoints(i); got != want {
			t.Errorf("%s has the breakpoints %s, without a kill %s", fleetID(i), got, want)
		}
	}
	if fails, _ := c.failing(""); fails != n/2 {
		t.Errorf("%d of %d systems fail", fails, n)
	}
	c.clean()
	c.Stop()
	verifyFile(t, path)
}

// verifyFile reads the whole of a store and wants nothing to be wrong with it.
func verifyFile(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Verify(t.Context(), func(wrong error) bool { t.Error(wrong); return true }); err != nil {
		t.Error(err)
	}
}

// breakpoints are the breakpoints of system i, the newest first.
func (r *runner) breakpoints(i int) string {
	r.t.Helper()
	list, err := r.assessment.ListBreakpoints(r.t.Context(), &pb.ListBreakpointsRequest{Parent: "systems/" + fleetID(i) + "/series/patches~all~default"})
	if err != nil {
		r.t.Fatal(err)
	}
	var b strings.Builder
	for _, x := range list.Breakpoints {
		fmt.Fprintf(&b, "%s %s %d;", x.EffectiveTime.AsTime().Format(time.RFC3339Nano), x.Cause, x.Changed)
	}
	return b.String()
}

// TestReassessRestart stops the service in the middle of a run, as an operator
// does: it goes on when the service is there again.
func TestReassessRestart(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.fleet(3000)
	r.clock.Set(day85)
	op := r.reassess(&pb.ReassessSystemsRequest{})
	next := r.reassess(&pb.ReassessSystemsRequest{Full: true})
	m := r.reached(op, 1)
	r.Stop()
	t.Logf("stopped after %d systems", m.SystemsDone)
	again := newRunner(t, servertest.Options{Path: r.Path}, r.clock)
	_, m = again.ended(op)
	if m.State != "succeeded" || m.SystemsDone != 1500 || m.SystemsFailed != 0 {
		t.Errorf("%v", m)
	}
	_, m = again.ended(next)
	counts(t, m, "succeeded", 3000, 3000, 0, 0)
	if n, _ := again.failing(""); n != 1500 {
		t.Errorf("%d systems fail", n)
	}
}

// TestReassessFull has the store fill up in the middle of a run: the run says so,
// reads go on, and with room again the run comes to its end.
func TestReassessFull(t *testing.T) {
	const n = 3000
	r := startRunner(t, servertest.Options{NoScheduler: true, Store: bolt.Options{MaxSize: 16 << 20}})
	r.fleet(n)
	r.Stop()
	info, err := os.Stat(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	tight := bolt.Options{MaxSize: info.Size(), AppendSpaces: ledger.AppendSpaces()}
	fillUp(t, r.Path, tight)
	tight.MaxSize += 1 << 20 // for a part of the run

	c := newRunner(t, servertest.Options{NoScheduler: true, Path: r.Path, Store: tight}, servertest.NewClock(day85))
	op := c.reassess(&pb.ReassessSystemsRequest{})
	m := metadata(t, op)
	for m.Problem == "" {
		// A wait that is over at once is a get that goes through all of it.
		got, err := c.runs.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: op.Name, Timeout: durationpb.New(0)})
		if err != nil || got.Done {
			t.Fatalf("the store is full, and the run is %v, %v", got, err)
		}
		m = metadata(t, got)
	}
	if !strings.Contains(m.Problem, "the store is full") || m.State == "failed" {
		t.Errorf("%v", m)
	}
	t.Logf("full after %d of %d systems", m.SystemsDone, n)
	if fails, _ := c.failing(""); fails != int(m.SystemsChanged) {
		t.Errorf("%d systems are counted as changed, %d have changed", m.SystemsChanged, fails)
	}
	c.Stop()
	roomy := bolt.Options{MaxSize: 256 << 20}
	c = newRunner(t, servertest.Options{NoScheduler: true, Path: r.Path, Store: roomy}, servertest.NewClock(day85))
	_, m = c.ended(op)
	counts(t, m, "succeeded", n/2, n/2, n/2, 0)
	if fails, _ := c.failing(""); fails != n/2 {
		t.Errorf("%d of %d systems fail", fails, n)
	}
	c.clean()
	c.Stop()
	verifyFile(t, r.Path)
}

// fillUp writes into a store until it is full.
func fillUp(t *testing.T, path string, o bolt.Options) {
	t.Helper()
	db, err := bolt.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]byte, 200_000)
	for i := 0; len(junk) > 2000; i++ {
		_, err := l.Commit(t.Context(), runDay.UnixMicro(), func(b *ledger.Batch) error {
			b.PutObject('X', fmt.Sprint("junk", i), junk)
			return nil
		})
		if errors.Is(err, store.ErrFull) {
			junk = junk[:len(junk)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
