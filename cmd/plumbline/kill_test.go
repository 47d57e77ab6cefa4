package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
)

// freeAddress gives an address of this machine on which nothing listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// acknowledged collects the systems whose submission was acknowledged.
type acknowledged struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (a *acknowledged) add(id string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[id] = true
	return len(a.ids)
}

func (a *acknowledged) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for id := range a.ids {
		out = append(out, id)
	}
	return out
}

// TestKillDuringStream kills the server without warning while a sync job
// streams, three times. After each restart all that had been acknowledged is
// there; the job goes on by itself, and in the end each item is acknowledged
// once and has taken effect once.
func TestKillDuringStream(t *testing.T) {
	const items, kills = 1500, 3
	dir := t.TempDir()
	if code := run(t.Context(), []string{"db", "init", filepath.Join(dir, "store.db")}, strings.NewReader(""), os.Stderr, os.Stderr, environment()); code != 0 {
		t.Fatal("db init failed")
	}
	args := []string{"--store", "store.db", "--grpc-addr", freeAddress(t), "--http-addr", freeAddress(t), "--log-level", "info"}
	server, err := startServer(program(t), dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.cmd.Process.Kill() }()
	client, err := clients.Dial(t.Context(), clients.Config{Address: server.grpc, Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	acked := &acknowledged{ids: map[string]bool{}}
	killed := 0
	submitter := clients.NewSubmitter(client.Inventory(), clients.SubmitterConfig{Window: 64, FirstWait: 20 * time.Millisecond, LongestWait: 200 * time.Millisecond, Attempts: 50})
	p, err := submitter.Submit(t.Context(), oneHostSystems(items), func(a clients.Answer) error {
		if a.Receipt.GetOutcome() != "inserted" {
			return fmt.Errorf("%s: %v", a.Receipt.GetOutcome(), a.Receipt)
		}
		n := acked.add(cli.ID(a.Receipt.GetSystem()))
		if killed == kills || n < (killed+1)*items/(kills+1) {
			return nil
		}
		killed++
		if err := server.cmd.Process.Kill(); err != nil {
			return err
		}
		<-server.ended
		if server, err = startServer(program(t), dir, args...); err != nil {
			return fmt.Errorf("restart after kill: %w", err)
		}
		return present(t, client, acked.all())
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Answered != items || len(acked.ids) != items || p.Resumed < kills {
		t.Errorf("%+v, %d systems acknowledged", p, len(acked.ids))
	}
	if err := present(t, client, acked.all()); err != nil {
		t.Error(err)
	}
	if err := server.stop(); err != nil {
		t.Error(err)
	}
}

func oneHostSystems(n int) func(yield func(*pb.SubmitItem, error) bool) {
	return func(yield func(*pb.SubmitItem, error) bool) {
		for i := range n {
			id := fmt.Sprintf("s%05d", i)
			item := &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
				System: "systems/" + id, Source: "cmdb",
				Inventory: &pb.Inventory{System: &pb.System{Id: id}, Hosts: []*pb.Host{{Id: "h" + id, Fqdn: proto.String("h" + id + ".example")}}},
			}}}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// present asks for all systems and says which of those wanted are missing, or
// were taken more than once.
func present(t *testing.T, client *clients.Client, want []string) error {
	t.Helper()
	revisions := map[string]int32{}
	_, err := cli.Pages(cli.Limit{}, func(size int32, token string) ([]*pb.SystemRecord, string, error) {
		r, err := client.Inventory().ListSystems(t.Context(), &pb.ListSystemsRequest{PageSize: size, PageToken: token})
		for _, s := range r.GetSystems() {
			revisions[cli.ID(s.GetName())] = s.GetRevision()
		}
		return r.GetSystems(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	for _, id := range want {
		if revisions[id] != 1 {
			return fmt.Errorf("%s was acknowledged and stands at revision %d of %d systems", id, revisions[id], len(revisions))
		}
	}
	return nil
}
