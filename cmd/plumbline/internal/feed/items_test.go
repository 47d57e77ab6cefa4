package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/plumbline/plumbline/clients/sslscan"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

func hosts(n, bytes int) []*pb.Host {
	var out []*pb.Host
	for i := range n {
		out = append(out, &pb.Host{Id: fmt.Sprintf("h%d", i), Labels: map[string]string{"x": strings.Repeat("x", bytes)}})
	}
	return out
}

// TestDivideKeepsAll divides inventories of any size: the parts together are the
// whole, in one snapshot that the last one closes, and none is too large.
func TestDivideKeepsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, bytes := rapid.IntRange(0, 60).Draw(t, "hosts"), rapid.IntRange(0, 300_000).Draw(t, "bytes")
		s := &pb.SubmitInventoryRequest{
			System: "systems/s", Source: "cmdb", RequestId: "r", ValidateOnly: true,
			Inventory: &pb.Inventory{System: &pb.System{Id: "s"}, Hosts: hosts(n, bytes), Facilities: []*pb.Facility{{Id: "f"}}, Partial: []string{"hosts"}},
		}
		whole := proto.CloneOf(s)
		items := divideSubmit(s)
		if len(items) == 1 {
			if d := cmp.Diff(whole, items[0].GetSubmit(), protocmp.Transform()); d != "" {
				t.Fatal(d)
			}
			return
		}
		joined := &pb.Inventory{}
		for i, item := range items {
			part := item.GetSubmit()
			last := i == len(items)-1
			if size(part) > partBytes && len(part.Inventory.Hosts) > 1 {
				t.Fatalf("part %d has %d bytes", i, size(part))
			}
			if part.SnapshotId == "" || part.SnapshotId != items[0].GetSubmit().SnapshotId || part.SnapshotComplete != last || part.RequestId != "" || !part.ValidateOnly {
				t.Fatalf("part %d: %v", i, part)
			}
			if !last && (part.Inventory.System != nil || len(part.Inventory.Facilities) > 0) {
				t.Fatalf("part %d says more than hosts", i)
			}
			proto.Merge(joined, part.Inventory)
		}
		if d := cmp.Diff(whole.Inventory, joined, protocmp.Transform()); d != "" {
			t.Fatal(d)
		}
	})
}

func TestDivideUpsert(t *testing.T) {
	u := &pb.UpsertHostsRequest{System: "systems/s", Source: "cmdb", Hosts: hosts(30, 300_000)}
	n := 0
	for _, item := range divideUpsert(u) {
		part := item.GetUpsert()
		if size(part) > partBytes || part.System != u.System || part.Source != u.Source {
			t.Errorf("%d bytes for %s", size(part), part.System)
		}
		n += len(part.Hosts)
	}
	if n != 30 {
		t.Errorf("%d hosts", n)
	}
}

func TestHostMap(t *testing.T) {
	got, err := parseHostMap([]string{"192.0.2.1=web1", "192.0.2.2:443=web2/portal", "[2001:db8::1]:443=web3", "2001:db8::2=web4", "[2001:db8::3]=web5", "a.example=web6"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]sslscan.Target{
		"192.0.2.1": {Host: "web1"}, "192.0.2.2:443": {Host: "web2", Endpoint: "portal"}, "[2001:db8::1]:443": {Host: "web3"},
		"2001:db8::2": {Host: "web4"}, "2001:db8::3": {Host: "web5"}, "a.example": {Host: "web6"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestStoppable reads from something that never says anything.
func TestStoppable(t *testing.T) {
	silent, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	in, stop := stoppable(ctx, silent)
	defer stop()
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
