package servertest_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
)

// TestBadInput submits what must be refused: each gets a clear error, nothing
// of it is stored, and the service goes on.
func TestBadInput(t *testing.T) {
	c := start(t, servertest.Options{})
	t.Run("unknown JSON field", func(t *testing.T) {
		code, body := c.rest("POST", "/v1/systems/x:submit", `{"source":"cmdb","inventory":{"system":{"id":"x","colour":"red"}}}`)
		if code != 400 {
			t.Errorf("status %d", code)
		}
		jsonHas(t, body, "colour")
	})
	t.Run("wrong type", func(t *testing.T) {
		code, body := c.rest("POST", "/v1/systems/x:submit", `{"source":"cmdb","inventory":{"hosts":[{"id":"a","virtual":"yes"}]}}`)
		if code != 400 {
			t.Errorf("status %d", code)
		}
		jsonHas(t, body, "virtual")
	})
	t.Run("5 MB over REST", func(t *testing.T) {
		code, body := c.rest("POST", "/v1/systems/x:submit", `{"source":"`+strings.Repeat("x", 5_000_000)+`"}`)
		if code != 413 {
			t.Errorf("status %d", code)
		}
		jsonHas(t, body, "4194304")
	})
	t.Run("5 MB over gRPC", func(t *testing.T) {
		req := view("x", host("a", true))
		req.Inventory.System.Owner = proto.String(strings.Repeat("x", 5_000_000))
		if _, err := c.inventory.SubmitInventory(t.Context(), req); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too many hosts", func(t *testing.T) {
		_, err := c.inventory.SubmitInventory(t.Context(), view("x", manyHosts(20_001)...))
		refusal(t, err, codes.InvalidArgument, "inventory.hosts")
	})
	t.Run("invalid UTF-8", func(t *testing.T) {
		req := view("x", host("a", true))
		req.Inventory.Hosts[0].Fqdn = proto.String("a\xffb")
		if _, err := c.inventory.SubmitInventory(t.Context(), req); err == nil {
			t.Error("taken")
		}
		code, _ := c.rest("POST", "/v1/systems/x:submit", "{\"source\":\"cmdb\",\"inventory\":{\"hosts\":[{\"id\":\"a\",\"fqdn\":\"a\xffb\"}]}}")
		if code != 400 {
			t.Errorf("REST: status %d", code)
		}
	})
	t.Run("duplicate hosts", func(t *testing.T) {
		_, err := c.inventory.SubmitInventory(t.Context(), view("x", host("a", true), host("a", false)))
		refusal(t, err, codes.InvalidArgument, "inventory.hosts[1]")
	})
	t.Run("value out of its list", func(t *testing.T) {
		req := view("x", host("a", true))
		req.Inventory.Hosts[0].DomainRole = proto.String("emperor")
		_, err := c.inventory.SubmitInventory(t.Context(), req)
		refusal(t, err, codes.InvalidArgument, "inventory.hosts[0].domain_role")
	})
	t.Run("observed in the future", func(t *testing.T) {
		req := view("x", host("a", true))
		req.ObservedTime = timestamppb.New(time.Now().Add(time.Hour))
		_, err := c.inventory.SubmitInventory(t.Context(), req)
		refusal(t, err, codes.InvalidArgument, "observed_time")
	})
	t.Run("bad names", func(t *testing.T) {
		for _, name := range []string{"systems/", "systems/a b", "systems/../x", "hosts/a", "systems/a/b", "systems/.a"} {
			req := view("x", host("a", true))
			req.System = name
			_, err := c.inventory.SubmitInventory(t.Context(), req)
			refusal(t, err, codes.InvalidArgument, "system")
		}
	})
	t.Run("a name with %2F", func(t *testing.T) {
		if code, _ := c.rest("GET", "/v1/systems/a%2Fhosts%2Fb", ""); code < 400 || code >= 500 {
			t.Errorf("status %d", code)
		}
		if code, _ := c.rest("POST", "/v1/systems/a%2Fb:submit", `{"source":"cmdb","inventory":{}}`); code < 400 || code >= 500 {
			t.Errorf("submit: status %d", code)
		}
	})
	if _, err := c.inventory.GetSystem(t.Context(), &pb.GetSystemRequest{Name: "systems/x"}); status.Code(err) != codes.NotFound {
		t.Errorf("something of what was refused is stored: %v", err)
	}
	if r := c.submit(view("x", host("a", true))); r.Outcome != "inserted" {
		t.Errorf("the service does not go on: %v", r)
	}
}

func TestMissingHostOfChannelIsAWarning(t *testing.T) {
	c := start(t, servertest.Options{})
	req := view("s", host("a", true))
	req.Inventory.System.ReportedEmpty = nil
	req.Inventory.System.Channels = []*pb.Channel{{Id: "c", From: &pb.Party{Host: proto.String("ghost")}}}
	r := c.submit(req)
	if len(r.Warnings) == 0 || !strings.Contains(strings.Join(r.Warnings, " "), "ghost") {
		t.Errorf("warnings: %v", r.Warnings)
	}
	if got := c.state("same-zone", "channels/c", time.Time{}, time.Time{}); got != "unknown" {
		t.Errorf("what depends on it is %s", got)
	}
}

func TestSnapshots(t *testing.T) {
	c := start(t, servertest.Options{})
	part := func(closing bool, hosts ...*pb.Host) *pb.SubmitInventoryRequest {
		req := view("s", hosts...)
		req.SnapshotId, req.SnapshotComplete = "night", closing
		if !closing {
			req.Inventory.System = nil
		}
		return req
	}
	if r := c.submit(part(false, host("a", true))); r.Outcome != "pending" {
		t.Fatalf("first part: %v", r)
	}
	// Never closed, it takes no effect.
	if _, err := c.inventory.GetSystem(t.Context(), &pb.GetSystemRequest{Name: "systems/s"}); status.Code(err) != codes.NotFound {
		t.Errorf("a part took effect: %v", err)
	}
	c.submit(part(false, host("b", false)))
	if _, err := c.inventory.SubmitInventory(t.Context(), part(true, host("a", true))); err == nil {
		t.Error("the same host in two parts was taken")
	}
	if r := c.submit(part(true, host("c", true))); r.Outcome != "inserted" {
		t.Fatalf("closing: %v", r)
	}
	hosts, err := c.inventory.ListHosts(t.Context(), &pb.ListHostsRequest{Parent: "systems/s"})
	if err != nil || len(hosts.Hosts) != 3 {
		t.Errorf("hosts: %v, %v", hosts, err)
	}
	if got := c.state("static", "hosts/b", time.Time{}, time.Time{}); got != "fail" {
		t.Errorf("static of b: %s", got)
	}
}

func TestDataThatArrivesADayLate(t *testing.T) {
	c := start(t, servertest.Options{})
	now := time.Now()
	at := func(req *pb.SubmitInventoryRequest, ago time.Duration) *pb.SubmitInventoryRequest {
		req.ObservedTime = timestamppb.New(now.Add(-ago))
		return req
	}
	// The assignment holds from its creation, so history begins now: observed
	// times lie between then and now.
	c.submit(at(view("s", host("a", true)), 0))
	believed := time.Now()
	time.Sleep(2 * time.Millisecond)
	c.submit(at(view("s", host("a", false)), 24*time.Hour))
	inv := func(asOf, knownAt time.Time) string {
		x, err := c.inventory.GetInventory(t.Context(), &pb.GetInventoryRequest{
			Name: "systems/s/inventory", AsOf: timestamppb.New(asOf), KnownAt: timestamppb.New(knownAt),
		})
		if err != nil {
			return status.Code(err).String()
		}
		return fmt.Sprint(x.Inventory.Hosts[0].Addresses[0].GetStatic())
	}
	yesterday := now.Add(-12 * time.Hour)
	if got := inv(yesterday, time.Now()); got != "false" {
		t.Errorf("yesterday as known now: %s", got)
	}
	if got := inv(yesterday, believed); got != "NotFound" {
		t.Errorf("yesterday as known then: %s", got)
	}
	if got := inv(time.Now(), time.Now()); got != "true" {
		t.Errorf("now: %s", got)
	}
}

func TestSameRequestIDOtherContent(t *testing.T) {
	c := start(t, servertest.Options{})
	req := view("s", host("a", true))
	req.RequestId = "r1"
	c.submit(proto.Clone(req).(*pb.SubmitInventoryRequest))
	if r := c.submit(proto.Clone(req).(*pb.SubmitInventoryRequest)); !r.RepeatedRequest || r.Outcome != "inserted" {
		t.Errorf("repeated: %v", r)
	}
	req.Inventory.Hosts[0].Zone = proto.String("dmz")
	_, err := c.inventory.SubmitInventory(t.Context(), req)
	refusal(t, err, codes.InvalidArgument, "request_id")
}

func TestPageTokenOfAnotherQuery(t *testing.T) {
	c := start(t, servertest.Options{})
	c.submit(view("s", manyHosts(5)...))
	first, err := c.inventory.ListHosts(t.Context(), &pb.ListHostsRequest{Parent: "systems/s", PageSize: 2})
	if err != nil || len(first.Hosts) != 2 || first.NextPageToken == "" {
		t.Fatalf("first page: %v, %v", first, err)
	}
	_, err = c.inventory.ListHosts(t.Context(), &pb.ListHostsRequest{PageSize: 2, PageToken: first.NextPageToken})
	refusal(t, err, codes.InvalidArgument, "page_token")
	var seen []string
	for token := ""; ; {
		p, err := c.inventory.ListHosts(t.Context(), &pb.ListHostsRequest{Parent: "systems/s", PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range p.Hosts {
			seen = append(seen, h.Name)
		}
		if token = p.NextPageToken; token == "" {
			break
		}
	}
	if len(seen) != 5 {
		t.Errorf("pages give %v", seen)
	}
}

func TestPublish(t *testing.T) {
	c := start(t, servertest.Options{})
	t.Run("the same again", func(t *testing.T) {
		if _, err := c.guidance.PublishChecklist(t.Context(), &pb.PublishChecklistRequest{Yaml: checklist}); err != nil {
			t.Error(err)
		}
	})
	t.Run("other content", func(t *testing.T) {
		other := strings.Replace(checklist, "severity: medium", "severity: high", 1)
		if _, err := c.guidance.PublishChecklist(t.Context(), &pb.PublishChecklistRequest{Yaml: other}); status.Code(err) != codes.AlreadyExists {
			t.Errorf("got %v", err)
		}
	})
	t.Run("exponential cost", func(t *testing.T) {
		costly := "host.names.exists(a, host.names.exists(b, host.names.exists(c, host.names.exists(d, host.names.exists(e, host.names.exists(f, a+b+c+d+e+f == 'x'))))))"
		text := strings.NewReplacer("1.0.0", "2.0.0", "host.addresses.all(a, a.static)", costly).Replace(checklist)
		begin := time.Now()
		_, err := c.guidance.PublishChecklist(t.Context(), &pb.PublishChecklistRequest{Yaml: text})
		refusal(t, err, codes.InvalidArgument, "")
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("refusing took %v", took)
		}
	})
}

func TestTenThousandHosts(t *testing.T) {
	c := start(t, servertest.Options{})
	stream, err := c.inventory.StreamSubmit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const n, each = 10_000, 50
	go func() {
		hosts := manyHosts(n)
		for i := 0; i < n; i += each {
			item := &pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: &pb.UpsertHostsRequest{
				System: "systems/s", Source: "agent", Hosts: hosts[i : i+each], RequestId: fmt.Sprint("r", i),
			}}}
			if err := stream.Send(item); err != nil {
				return // Recv tells why
			}
		}
		_ = stream.CloseSend()
	}()
	answered := 0
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Error != nil {
			t.Fatal(r)
		}
		answered++
	}
	sys, err := c.inventory.GetSystem(t.Context(), &pb.GetSystemRequest{Name: "systems/s"})
	if err != nil || answered != n/each || sys.HostCount != n {
		t.Errorf("%d answers, %v, %v", answered, sys, err)
	}
}

// TestStreamSurvivesABadItem: each item has its receipt, a bad one too.
func TestStreamSurvivesABadItem(t *testing.T) {
	c := start(t, servertest.Options{})
	stream, err := c.inventory.StreamSubmit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bad := view("b", host("x", true), host("x", true))
	for _, req := range []*pb.SubmitInventoryRequest{view("a", host("1", true)), bad, view("c", host("2", true))} {
		if err := stream.Send(&pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: req}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	got := map[int32]string{}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got[r.Index] = r.Outcome
	}
	if got[0] != "inserted" || got[1] != "rejected" || got[2] != "inserted" || len(got) != 3 {
		t.Errorf("receipts: %v", got)
	}
}

// TestReadBackIsUnchanged: what is read back and submitted again changes
// nothing.
func TestReadBackIsUnchanged(t *testing.T) {
	c := start(t, servertest.Options{})
	c.submit(view("s", host("a", true), host("b", false)))
	x, err := c.inventory.GetInventory(t.Context(), &pb.GetInventoryRequest{Name: "systems/s/inventory"})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.submit(&pb.SubmitInventoryRequest{System: "systems/s", Source: "cmdb", Inventory: x.Inventory}); r.Outcome != "unchanged" {
		t.Errorf("read back and submitted again: %v", r)
	}
}
