package shape_test

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func TestPathKey(t *testing.T) {
	for key, want := range map[string]string{"web1": "web1", "tcp/443": "tcp%2F443", "/": "%2F", "100%": "100%25", "%2F": "%252F", "": ""} {
		if got := shape.PathKey(key); got != want {
			t.Errorf("%q is written %q, want %q", key, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringOf(rapid.SampledFrom([]rune("/%2F5a"))).Draw(t, "key")
		if got := shape.KeyOfPath(shape.PathKey(key)); got != key {
			t.Fatalf("%q comes back as %q", key, got)
		}
	})
}

func TestDropUnknown(t *testing.T) {
	h := &pb.Host{Id: "h", Os: &pb.OperatingSystem{}}
	h.ProtoReflect().SetUnknown(protoreflect.RawFields{0xf8, 0x3f, 1})
	h.Os.ProtoReflect().SetUnknown(protoreflect.RawFields{0xf8, 0x3f, 1})
	shape.Of(h).DropUnknown(shape.Ptr(h))
	if h.Id != "h" || len(h.ProtoReflect().GetUnknown()) > 0 || len(h.Os.ProtoReflect().GetUnknown()) == 0 {
		t.Errorf("%v", h)
	}
}
