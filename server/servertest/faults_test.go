package servertest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"bufio"
	"path/filepath"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// childEnv makes the test binary a service over the file that it names.
const childEnv = "PLUMBLINE_TEST_SERVICE"

// TestChild is the service that TestKill kills; by itself it does nothing.
func TestChild(t *testing.T) {
	path := os.Getenv(childEnv)
	if path == "" {
		t.Skip("runs as the child of TestKill")
	}
	s := servertest.Start(t, servertest.Options{Path: path})
	fmt.Printf("listening %s\n", s.Conn.Target())
	<-time.After(time.Minute) // it is killed long before
}

// child starts a service in a process of its own.
func child(t *testing.T, path string) (addr string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if a, ok := strings.CutPrefix(lines.Text(), "listening "); ok {
			return a, kill
		}
	}
	t.Fatal("the child did not start")
	return "", kill
}

// TestKill kills the service with SIGKILL in the middle of a stream: every
// submission that was acknowledged is there afterwards.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plumbline.db")
	c := start(t, servertest.Options{})
	c.Stop()
	if err := os.Rename(c.Path, path); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]bool{}
	for round := range 3 {
		addr, kill := child(t, path)
		streamUntilKilled(t, addr, round, kill, acknowledged)
	}
	again := connect(t, servertest.Start(t, servertest.Options{Path: path}))
	if len(acknowledged) == 0 {
		t.Fatal("nothing was acknowledged before the kill")
	}
	for system := range acknowledged {
		sys, err := again.inventory.GetSystem(t.Context(), &pb.GetSystemRequest{Name: system})
		if err != nil || len(sys.Assessments) != 1 {
			t.Errorf("%s was acknowledged, and is: %v, %v", system, sys, err)
		}
	}
	t.Logf("%d acknowledged submissions are there", len(acknowledged))
}

// streamUntilKilled streams submissions and kills the service after some.
func streamUntilKilled(t *testing.T, addr string, round int, kill func(), acknowledged map[string]bool) {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := pb.NewInventoryServiceClient(conn).StreamSubmit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for i := range 100_000 {
			system := fmt.Sprintf("k%d-%d", round, i)
			if stream.Send(&pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: view(system, host(system+"-h", i%2 == 0))}}) != nil {
				return
			}
		}
	}()
	for n := 0; ; n++ {
		r, err := stream.Recv()
		if err != nil {
			return
		}
		if r.Outcome == "inserted" {
			acknowledged[r.System] = true
		}
		if n == 200+100*round {
			kill()
		}
	}
}

// TestFullDisk fills the store: submissions are refused as RESOURCE_EXHAUSTED,
// and reads go on.
func TestFullDisk(t *testing.T) {
	c := start(t, servertest.Options{Store: bolt.Options{MaxSize: 2 << 20}})
	var refused error
	taken := 0
	for i := 0; i < 200 && refused == nil; i++ {
		req := view(fmt.Sprint("s", i), manyHosts(200)...)
		for _, h := range req.Inventory.Hosts {
			h.Id = fmt.Sprintf("s%d-%s", i, h.Id)
			h.Labels = map[string]string{"note": fmt.Sprintf("%x", time.Now().UnixNano()*int64(i+1))}
		}
		if _, refused = c.inventory.SubmitInventory(t.Context(), req); refused == nil {
			taken++
		}
	}
	if status.Code(refused) != codes.ResourceExhausted {
		t.Fatalf("after %d submissions: %v", taken, refused)
	}
	list, err := c.inventory.ListSystems(t.Context(), &pb.ListSystemsRequest{PageSize: 1000})
	if err != nil || len(list.Systems) != taken {
		t.Errorf("%d systems were taken, listed are %d: %v", taken, len(list.GetSystems()), err)
	}
}

// TestSecondProcess: a second service on the file is refused and says why.
func TestSecondProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plumbline.db")
	db, err := bolt.Create(path, bolt.Options{AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Create(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	child(t, path)
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("got %v", err)
	}
}
