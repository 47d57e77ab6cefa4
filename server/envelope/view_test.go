package envelope_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
)

// TestEncodeView: every kind of field that stored messages have, at its edges, is
// written as proto.Marshal writes it with maps in order.
func TestEncodeView(t *testing.T) {
	unknown := &pb.Host{Id: "u"}
	unknown.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 9000, protowire.BytesType), "kept"))
	long := strings.Repeat("long ", 40)
	texts, facts := map[string]string{}, map[string]*pb.FactValue{"none": {}}
	for _, k := range []string{"b", "a", "", "\xc3\xa9", long} {
		texts[k] = k + "!"
		facts[k] = &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: k}}
	}
	facts["time"] = &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: &timestamppb.Timestamp{Seconds: -5, Nanos: 7}}}
	for _, v := range []*storev1.HostView{
		{}, {Schema: math.MaxUint32, LeftOut: true, ViaSystem: "s"},
		{Host: unknown, Members: []*storev1.Membership{{}, {System: "s", Unit: long}}},
		{Host: &pb.Host{Labels: texts, Facts: facts}},
	} {
		encodes(t, v)
	}
	for _, v := range []*storev1.State{
		{Results: []byte{0, 1}, Changed: -1, HoldsUntil: math.MinInt64, Subjects: []string{"", long}},
		{Summary: &storev1.StateSummary{Score: proto.Float64(math.Inf(-1)), Coverage: proto.Float64(0), Counts: []int32{0, -1, math.MaxInt32}}},
		{Summary: &storev1.StateSummary{Counts: make([]int32, 300)}},
	} {
		encodes(t, v)
	}
	encodes(t, &storev1.SystemHead{Retirements: []int64{math.MinInt64, 0, 1}})
}

func encodes[T any](t *testing.T, m *T) {
	t.Helper()
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(any(m).(proto.Message))
	if err != nil {
		t.Fatal(err)
	}
	if got := envelope.EncodeView(wire.For[T](), m); !bytes.Equal(got, want) {
		t.Errorf("%v\ngot  %x\nwant %x", m, got, want)
	}
}
