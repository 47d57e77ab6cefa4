package codec_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/codec"
)

func sample() *pb.SubmitInventoryRequest {
	return &pb.SubmitInventoryRequest{
		System: "systems/a", Source: "cmdb",
		Inventory: &pb.Inventory{
			System:  &pb.System{Id: "a", Product: proto.String("sharepoint-2007"), Labels: map[string]string{"tier": "1"}},
			Hosts:   []*pb.Host{{Id: "web1"}, {Id: "web2"}},
			Partial: []string{"hosts"},
		},
	}
}

func TestSameBytesAsProto(t *testing.T) {
	c := codec.New()
	for _, m := range []proto.Message{
		sample(), &pb.SubmitInventoryRequest{}, &pb.ListSystemsRequest{PageSize: 3},
		&pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: sample()}},
		&pb.LintChecklistRequest{Yaml: strings.Repeat("é", 10000)}, // beyond the pooling threshold
		&grpc_health_v1.HealthCheckRequest{Service: "x"},           // no generated code
	} {
		data, err := c.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back := m.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(data.Materialize(), back); err != nil || !proto.Equal(back, m) {
			t.Errorf("proto reads other content: %v, %v", back, err)
		}
		std, _ := proto.Marshal(m)
		got := m.ProtoReflect().New().Interface()
		// What was there before goes, as with proto.Unmarshal.
		if r, ok := got.(*pb.ListSystemsRequest); ok {
			r.ShowRetired = true
		}
		if err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(std)}, got); err != nil || !proto.Equal(got, m) {
			t.Errorf("read other content than proto wrote: %v, %v", got, err)
		}
		if err := codec.Fault(got); err != nil {
			t.Errorf("a fault where there is none: %v", err)
		}
	}
}

func TestInvalidUTF8(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*pb.SubmitInventoryRequest)
		where  string
	}{
		{"top", func(r *pb.SubmitInventoryRequest) { r.Source = "\xff" }, "source"},
		{"nested", func(r *pb.SubmitInventoryRequest) { r.Inventory.Hosts[1].Id = "a\xc3" }, "inventory: hosts: id"},
		{"optional", func(r *pb.SubmitInventoryRequest) { r.Inventory.System.Product = proto.String("\xed\xa0\x80") }, "product"},
		{"map key", func(r *pb.SubmitInventoryRequest) { r.Inventory.System.Labels["\xff"] = "x" }, "labels"},
		{"map value", func(r *pb.SubmitInventoryRequest) { r.Inventory.System.Labels["x"] = "\xff" }, "labels"},
		{"list of texts", func(r *pb.SubmitInventoryRequest) { r.Inventory.Partial = []string{"hosts", "\xff"} }, "partial"},
	} {
		m := sample()
		c.change(m)
		b, err := m.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		got := &pb.SubmitInventoryRequest{}
		if err := codec.New().Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, got); err != nil {
			t.Errorf("%s: grpc would answer INTERNAL: %v", c.name, err)
		}
		err = codec.Fault(got)
		if got.System != "" || got.Inventory != nil {
			t.Errorf("%s: half of the message is there", c.name)
		}
		if err == nil || !strings.Contains(err.Error(), c.where) || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%s: %v", c.name, err)
		}
		if proto.Unmarshal(b, &pb.SubmitInventoryRequest{}) == nil {
			t.Errorf("%s: proto accepts it, so the case shows nothing", c.name)
		}
	}
}

// A message nested a million times must be refused, not overflow the stack.
func TestDeepNesting(t *testing.T) {
	md := (&pb.LintChecklistRequest{}).ProtoReflect().Descriptor()
	deep := func(n int) []byte { // LintChecklistRequest.checklist, then field 1 of whatever is inside
		b := []byte{}
		for range n {
			b = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), b)
		}
		return b
	}
	if err := codec.Check(md, deep(5)); err != nil {
		t.Errorf("nesting within the bound: %v", err)
	}
	// Groups nest through skipping, which protowire bounds by itself.
	groups := strings.Repeat("\x0b", 1<<20)
	if err := codec.Check(md, []byte(groups)); err == nil {
		t.Error("a million open groups were accepted")
	}
}

// Nobody can send the mark of a message that could not be decoded.
func TestFaultCannotBeSent(t *testing.T) {
	b := protowire.AppendTag(nil, 19500, protowire.BytesType)
	b = protowire.AppendString(b, "text of the sender")
	m := &pb.GetSystemRequest{}
	if err := codec.New().Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, m); err != nil {
		t.Fatal(err)
	}
	if err := codec.Fault(m); err == nil || strings.Contains(err.Error(), "sender") {
		t.Errorf("Fault = %v", err)
	}
	newer := protowire.AppendTag(nil, 900, protowire.BytesType) // a field of a later version
	newer = protowire.AppendString(newer, "x")
	if err := codec.New().Unmarshal(mem.BufferSlice{mem.SliceBuffer(newer)}, m); err != nil || codec.Fault(m) != nil {
		t.Errorf("an unknown field: %v, %v", err, codec.Fault(m))
	}
}

// FuzzCheck: what Check refuses for its form, proto refuses too, and what it
// takes, the generated code and proto read alike.
func FuzzCheck(f *testing.F) {
	b, _ := proto.Marshal(sample())
	f.Add(b)
	f.Add([]byte("\x0a\x01\xff"))
	f.Add([]byte{0x0b, 0x0c})
	f.Fuzz(func(t *testing.T, b []byte) {
		want := &pb.SubmitInventoryRequest{}
		wantErr := proto.Unmarshal(b, want)
		got := &pb.SubmitInventoryRequest{}
		if err := codec.New().Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, got); err != nil {
			t.Fatal(err)
		}
		gotErr := codec.Fault(got)
		if gotErr == nil && wantErr != nil {
			t.Fatalf("accepted what proto refuses: %v", wantErr)
		}
		// Unknown fields within google.protobuf.Timestamp are dropped, which
		// nobody can miss: it has two fields for ever.
		discardUnknown(got)
		discardUnknown(want)
		if gotErr == nil && !proto.Equal(got, want) {
			t.Fatalf("read %v, proto reads %v", got, want)
		}
	})
}

func discardUnknown(m proto.Message) {
	err := protorange.Range(m.ProtoReflect(), func(v protopath.Values) error {
		if m, ok := v.Index(-1).Value.Interface().(protoreflect.Message); ok {
			m.SetUnknown(nil)
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
}

func BenchmarkCodec(b *testing.B) {
	m := sample()
	for i := range 20 {
		m.Inventory.Hosts = append(m.Inventory.Hosts, &pb.Host{
			Id: fmt.Sprintf("web%d", i), Unit: proto.String("farm-1"), Zone: proto.String("dmz"),
			Addresses: []*pb.Address{{Ip: "10.0.0.1"}, {Ip: "10.0.0.2"}},
			Labels:    map[string]string{"tier": "web", "owner": "team"},
			Packages:  []*pb.Package{{Name: "iis"}, {Name: "asp"}, {Name: "dotnet"}},
		})
	}
	data, _ := proto.Marshal(m)
	wire := mem.BufferSlice{mem.SliceBuffer(data)}
	std := encoding.GetCodecV2("proto")
	for _, c := range []struct {
		name  string
		codec encoding.CodecV2
	}{{"generated", codec.New()}, {"reflection", std}} {
		b.Run("unmarshal/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.codec.Unmarshal(wire, &pb.SubmitInventoryRequest{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("marshal/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, err := c.codec.Marshal(m)
				if err != nil {
					b.Fatal(err)
				}
				out.Free()
			}
		})
	}
}
