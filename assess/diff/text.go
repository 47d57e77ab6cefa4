package diff

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// valueEntries are a map's values, sorted by key.
func valueEntries(name string, values map[string]*pb.Value, change string) (out []entry) {
	for _, k := range slices.Sorted(maps.Keys(values)) {
		out = append(out, entry{name + "[" + k + "]", valueText(values[k]), change})
	}
	return out
}

// valueText is a value as a person writes it: "720h", "[80, 443]".
func valueText(v *pb.Value) string {
	switch x := v.GetValue().(type) {
	case *pb.Value_BoolValue:
		return boolText(x.BoolValue)
	case *pb.Value_IntValue:
		return intText(x.IntValue)
	case *pb.Value_DoubleValue:
		return numberText(x.DoubleValue)
	case *pb.Value_StringValue:
		return strconv.Quote(x.StringValue)
	case *pb.Value_DurationValue:
		return spanText(x.DurationValue)
	case *pb.Value_TimeValue:
		return x.TimeValue.AsTime().Format(time.RFC3339Nano)
	case *pb.Value_Strings:
		return listOf(x.Strings.GetValues())
	case *pb.Value_Ints:
		texts := make([]string, len(x.Ints.GetValues()))
		for i, n := range x.Ints.GetValues() {
			texts[i] = intText(n)
		}
		return listOf(texts)
	}
	return ""
}

func boolText(b bool) string      { return strconv.FormatBool(b) }
func intText(n int64) string      { return strconv.FormatInt(n, 10) }
func numberText(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// spanText is a span of time in the largest units that it takes: "720h",
// "1h30m"; empty where it is absent.
func spanText(d *durationpb.Duration) string {
	if d == nil {
		return ""
	}
	s := d.AsDuration().String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// weightText is a weight, which is 1 where it is absent.
func weightText(w *float64) string {
	if w == nil {
		return "1"
	}
	return numberText(*w)
}

// roleText is a role, which is full where it is absent.
func roleText(s string) string {
	if s == "" {
		return "full"
	}
	return s
}

// listText is a list of names; empty where there are none.
func listText(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return listOf(list)
}

// listOf is a list that is a value: an empty one is one too. A text that could
// be taken for several is quoted.
func listOf(list []string) string {
	texts := make([]string, len(list))
	for i, s := range list {
		if texts[i] = s; s == "" || strings.ContainsAny(s, "\",[]") {
			texts[i] = strconv.Quote(s)
		}
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// messageText is a message in JSON on one line. protojson varies the space
// between signs on purpose, so that is made the same.
func messageText(m proto.Message) string {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return err.Error()
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return err.Error()
	}
	return out.String()
}
