package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	api "github.com/plumbline/plumbline/proto"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/check"
	"github.com/plumbline/plumbline/server/codec"
	"github.com/plumbline/plumbline/server/fault"
)

// inputs are the request types of all services.
func inputs() []protoreflect.MessageDescriptor {
	var out []protoreflect.MessageDescriptor
	for _, service := range api.Services() {
		for i := range service.Methods().Len() {
			out = append(out, service.Methods().Get(i).Input())
		}
	}
	return out
}

func newValidator(t testing.TB) *check.Validator {
	t.Helper()
	v, err := check.New(inputs()...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func hosts(n int) []*pb.Host {
	out := make([]*pb.Host, n)
	for i := range out {
		out[i] = &pb.Host{Id: fmt.Sprint("h", i)}
	}
	return out
}

func TestRequest(t *testing.T) {
	v := newValidator(t)
	good := &pb.SubmitInventoryRequest{System: "systems/a", Source: "cmdb", Inventory: &pb.Inventory{}}
	bad := &pb.SubmitInventoryRequest{System: "a", RequestId: strings.Repeat("x", 129)}
	for _, c := range []struct {
		name   string
		m      proto.Message
		fields string // those that are wrong, sorted
	}{
		{"valid", good, ""},
		{"all at once", bad, "inventory request_id source system"},
		{"a name with a slash", &pb.GetSystemRequest{Name: "systems/a/series/b"}, "name"},
		{"negative size", &pb.ListSystemsRequest{PageSize: -1}, "page_size"},
		{"no hosts", &pb.UpsertHostsRequest{System: "systems/a", Source: "s"}, "hosts"},
		{"as many hosts as allowed", &pb.UpsertHostsRequest{System: "systems/a", Source: "s", Hosts: hosts(20000)}, ""},
		{"too many hosts", &pb.UpsertHostsRequest{System: "systems/a", Source: "s", Hosts: hosts(20001)}, "hosts"},
		{"no items", &pb.BatchSubmitRequest{}, "items"},
		{"too many items", &pb.BatchSubmitRequest{Items: make([]*pb.SubmitItem, 1001)}, "items"},
		{"a bad item does not spoil its batch", &pb.BatchSubmitRequest{Items: []*pb.SubmitItem{{}}}, ""},
		{"an item without content", &pb.SubmitItem{}, "item"},
		{"an item's fields", &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: bad}}, "submit.inventory submit.request_id submit.source submit.system"},
		{"a payload is the handler's", &pb.UpsertHostsRequest{System: "systems/a", Source: "s", Hosts: []*pb.Host{{Id: "/"}}}, ""},
		{"not of this API", &grpc_health_v1.HealthCheckRequest{Service: "x"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := v.Request(c.m)
			if got := fields(err); got != c.fields {
				t.Fatalf("violations in %q, want %q: %v", got, c.fields, err)
			}
			if c.fields != "" && (fault.Code(err) != codes.InvalidArgument || fault.Reason(fault.Status(err, "")) != fault.ReasonInvalidField) {
				t.Errorf("%v", err)
			}
		})
	}
}

func fields(err error) string {
	var out []string
	if e, ok := err.(*fault.Error); ok {
		for _, v := range e.Violations {
			out = append(out, v.Field)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// On envelopes both ways agree: what is left out here is the payload alone.
func TestAgreesWithProtovalidate(t *testing.T) {
	v := newValidator(t)
	for _, m := range []proto.Message{
		&pb.SubmitInventoryRequest{}, &pb.UpsertHostsRequest{}, &pb.BatchSubmitRequest{}, &pb.AssessInventoryRequest{},
		&pb.SubmitItem{}, &pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: &pb.UpsertHostsRequest{}}},
		&pb.CreateTokenRequest{}, &pb.CreateClaimRequest{},
	} {
		var want []string
		if err, ok := protovalidate.Validate(m).(*protovalidate.ValidationError); ok {
			for _, f := range err.Violations {
				want = append(want, protovalidate.FieldPathString(f.Proto.GetField()))
			}
		}
		slices.Sort(want)
		if got := fields(v.Request(m)); got != strings.Join(want, " ") {
			t.Errorf("%T: violations in %q, protovalidate has %q", m, got, want)
		}
	}
}

func TestUndecodable(t *testing.T) {
	m := &pb.GetSystemRequest{}
	if err := codec.New().Unmarshal(mem.BufferSlice{mem.SliceBuffer("\x0a\x01\xff")}, m); err != nil {
		t.Fatal(err)
	}
	err := newValidator(t).Request(m)
	if fault.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "name: a text that is not UTF-8") {
		t.Errorf("%v", err)
	}
}

func BenchmarkRequest(b *testing.B) {
	v := newValidator(b)
	m := &pb.SubmitInventoryRequest{System: "systems/a", Source: "cmdb", RequestId: "r", Inventory: &pb.Inventory{Hosts: hosts(20)}}
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Request(m); err != nil {
			b.Fatal(err)
		}
	}
}
