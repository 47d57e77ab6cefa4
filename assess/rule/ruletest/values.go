package ruletest

import (
	"math"
	"math/rand"
	"strconv"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Values come from small pools, so that comparisons between them go either
// way, with some that make errors.

// Now is the instant around which the inventories' instants lie.
var Now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Texts, Keys and Patterns are what expressions that are made at random use.
var (
	Texts    = []string{"", "a", "b", "A b", "web", "12", "true", "h0", "h1", "z0", "z1", "f0", "u0", "c0", "e0", " ä "}
	Keys     = []string{"k0", "k1", "k/2"}
	Patterns = []string{"^a", "b$", "[a-z]+", "^$", "h[0-9]"}
	Ints     = []int64{0, 1, 2, 3, 443, -1, 1 << 40, math.MaxInt64}
)

// shifts are distances of instants from Now, in microseconds.
var shifts = []int64{0, 1, -1, 2, 3_600_000_000, -3_600_000_000, 3_600_000_001, 86_400_000_000, -86_400_000_000}

// timeNear is a random instant near Now, rarely one at CEL's limits.
func timeNear(r *rand.Rand) *timestamppb.Timestamp {
	if r.Intn(40) == 0 {
		return timestamppb.New(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
	}
	return timestamppb.New(Now.Add(time.Duration(shifts[r.Intn(len(shifts))]) * time.Microsecond))
}

func spanNear(r *rand.Rand) *durationpb.Duration {
	return durationpb.New(time.Duration(shifts[r.Intn(len(shifts))]) * time.Microsecond)
}

// idPrefixes make the ids of elements, by the list's name; what refers to them
// draws from the same texts.
var idPrefixes = map[string]string{
	"hosts": "h", "zones": "z", "facilities": "f", "units": "u", "components": "c", "endpoints": "e",
	"boundaries": "b", "channels": "n", "populations": "p", "domains": "d", "accounts": "a",
}

// idOf is the id of a list's element of that number.
func idOf(list *shape.Field, n int) string {
	prefix, ok := idPrefixes[list.Name]
	if !ok {
		prefix = "x"
	}
	return prefix + strconv.Itoa(n)
}

// Allowed are the only values of a text field, or of a list's elements, or nil.
func Allowed(f *shape.Field) []string {
	d := f.Parent.Proto(f.Parent.New()).ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(f.Name))
	rules, _ := proto.GetExtension(d.Options(), validate.E_Field).(*validate.FieldRules)
	if f.Card == shape.List {
		rules = rules.GetRepeated().GetItems()
	}
	return rules.GetString().GetIn()
}

func textFor(r *rand.Rand, f *shape.Field) string {
	if in := Allowed(f); in != nil {
		return in[r.Intn(len(in))]
	}
	return Texts[r.Intn(len(Texts))]
}

// factValue is a random value of a declared type.
func factValue(r *rand.Rand, typ string) *pb.FactValue {
	switch typ {
	case "bool":
		return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: r.Intn(2) == 0}}
	case "int":
		return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: Ints[r.Intn(len(Ints))]}}
	case "double":
		return &pb.FactValue{Value: &pb.FactValue_DoubleValue{DoubleValue: []float64{0, 1, -2.5, 1e300, math.NaN()}[r.Intn(5)]}}
	case "string":
		return &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: Texts[r.Intn(len(Texts))]}}
	case "timestamp":
		return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: timeNear(r)}}
	case "duration":
		return &pb.FactValue{Value: &pb.FactValue_DurationValue{DurationValue: spanNear(r)}}
	}
	return &pb.FactValue{Value: &pb.FactValue_StringList{StringList: &pb.StringList{Values: texts(r, nil)}}}
}

func texts(r *rand.Rand, f *shape.Field) []string {
	var out []string
	for range r.Intn(4) {
		if f != nil {
			out = append(out, textFor(r, f))
		} else {
			out = append(out, Texts[r.Intn(len(Texts))])
		}
	}
	return out
}
