package protoyaml

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// scalar reads a value that is no message.
func (w *walker) scalar(n *yaml.Node, fd protoreflect.FieldDescriptor, p *path, depth int) (protoreflect.Value, bool) {
	n, leave, ok := w.enter(n, p, depth)
	defer leave()
	if !ok {
		return protoreflect.Value{}, false
	}
	v, wrong := scalarValue(n, fd.Kind())
	if words := Words(fd); wrong != "" && words != nil {
		wrong = fmt.Sprintf("is %s; write one of %s", kindName(n), wordList(words))
	} else if wrong == "" {
		wrong = checkWord(fd, v)
	}
	if wrong != "" {
		w.add(n, p, "%s", wrong)
		return protoreflect.Value{}, false
	}
	return v, true
}

// scalarValue reads a scalar of a kind, or says what is wrong with it.
func scalarValue(n *yaml.Node, k protoreflect.Kind) (v protoreflect.Value, wrong string) {
	switch k {
	case protoreflect.BoolKind:
		if b, ok := Bool(n); ok {
			return protoreflect.ValueOfBool(b), ""
		}
		return v, fmt.Sprintf("is %s; write true or false", kindName(n))
	case protoreflect.StringKind:
		if s, ok := Text(n); ok {
			return protoreflect.ValueOfString(s), ""
		}
		return v, fmt.Sprintf("is %s; write a text", kindName(n))
	case protoreflect.Int32Kind:
		if i, ok := Int(n); ok && i >= math.MinInt32 && i <= math.MaxInt32 {
			return protoreflect.ValueOfInt32(int32(i)), ""
		}
		return v, fmt.Sprintf("is %s; write a whole number between -2147483648 and 2147483647", kindName(n))
	case protoreflect.Int64Kind:
		if i, ok := Int(n); ok {
			return protoreflect.ValueOfInt64(i), ""
		}
		return v, fmt.Sprintf("is %s; write a whole number", kindName(n))
	case protoreflect.DoubleKind:
		if f, ok := Double(n); ok {
			return protoreflect.ValueOfFloat64(f), ""
		}
		return v, fmt.Sprintf("is %s; write a number", kindName(n))
	}
	panic("protoyaml: no field that files hold has the kind " + k.String())
}

// Bool reads true or false.
func Bool(n *yaml.Node) (value, ok bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		return false, false
	}
	return strings.EqualFold(n.Value, "true"), true
}

// Text reads a text. Numbers, dates and truth values count as the text that
// is written, so that versions and ports need no quotes.
func Text(n *yaml.Node) (string, bool) {
	return n.Value, n.Kind == yaml.ScalarNode && !isNull(n)
}

// Int reads a whole number; in quotes too, as JSON writes those of 64 bits.
func Int(n *yaml.Node) (int64, bool) {
	if n.Kind != yaml.ScalarNode {
		return 0, false
	}
	if n.ShortTag() == "!!float" {
		f, err := strconv.ParseFloat(n.Value, 64)
		return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
	}
	text, base := n.Value, 0
	if n.ShortTag() != "!!int" {
		base = 10
	}
	i, err := strconv.ParseInt(text, base, 64)
	return i, err == nil
}

// Double reads a number.
func Double(n *yaml.Node) (float64, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!float" {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// Time reads an instant: "2026-05-02T10:00:00Z", or a date, which means its
// midnight UTC. wrong says what to write instead.
func Time(n *yaml.Node) (t time.Time, wrong string) {
	if n.Kind == yaml.ScalarNode {
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
			if t, err := time.Parse(layout, n.Value); err == nil {
				return t.UTC(), ""
			}
		}
		if _, err := time.Parse("2006-01-02T15:04:05", strings.Replace(n.Value, " ", "T", 1)); err == nil {
			return t, fmt.Sprintf("lacks a time zone; write %q", strings.Replace(n.Value, " ", "T", 1)+"Z")
		}
	}
	return t, fmt.Sprintf("is %s; write an instant such as 2026-05-02T10:00:00Z, or a date such as 2026-05-02", kindName(n))
}

// Duration reads a span of time: "90d", "1w", "12h30m", "3600s", or ISO
// 8601's "P90D" and "PT12H". wrong says what to write instead.
func Duration(n *yaml.Node) (d time.Duration, wrong string) {
	if n.Kind == yaml.ScalarNode {
		if d, ok := ParseDuration(n.Value); ok {
			return d, ""
		}
		if iso := strings.ToUpper(n.Value); strings.HasPrefix(iso, "P") && strings.ContainsAny(iso, "YM") {
			return 0, "is in years or months, which differ in length; write days, such as 365d"
		}
	}
	return 0, fmt.Sprintf("is %s; write a span of time such as 90d, 12h30m or P90D", kindName(n))
}

// ParseDuration reads a span of time as [Duration] does.
func ParseDuration(s string) (time.Duration, bool) {
	if rest, ok := strings.CutPrefix(s, "P"); ok {
		// ISO 8601's designators but for years and months are ours in lower case.
		days, clock, hasClock := strings.Cut(rest, "T")
		if strings.ContainsAny(days, "HMSYhmsy") || hasClock && (clock == "" || strings.ContainsAny(clock, "DWdw")) {
			return 0, false
		}
		s = strings.ToLower(days + clock)
	}
	days, rest := time.Duration(0), s
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		count, after, found := strings.Cut(rest, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(count, 10, 32)
		if err != nil || n > uint64(100*365*24*time.Hour/unit.length) {
			return 0, false
		}
		days, rest = days+time.Duration(n)*unit.length, after
	}
	if rest == "" {
		return days, s != ""
	}
	d, err := time.ParseDuration(rest)
	if err != nil || days > 0 && d < 0 {
		return 0, false
	}
	return days + d, d <= math.MaxInt64-days
}

// builtin decodes the messages whose natural form is a scalar.
var builtin = map[protoreflect.FullName]CustomFunc{
	"google.protobuf.Timestamp": func(v Value) (proto.Message, string) {
		t, wrong := Time(v.Node)
		return timestamppb.New(t), wrong
	},
	"google.protobuf.Duration": func(v Value) (proto.Message, string) {
		d, wrong := Duration(v.Node)
		return durationpb.New(d), wrong
	},
	"plumbline.v1.FactValue": factValue,
}

// factValue reads a declared fact's plain value. A mapping is left to the
// usual way: {duration_value: 90d} says a type that a plain value cannot.
func factValue(v Value) (proto.Message, string) {
	n := v.Node
	switch n.Kind {
	case yaml.MappingNode:
		return nil, ""
	case yaml.SequenceNode:
		texts, wrong := Texts(n)
		return &pb.FactValue{Value: &pb.FactValue_StringList{StringList: &pb.StringList{Values: texts}}}, wrong
	}
	switch n.ShortTag() {
	case "!!bool":
		b, _ := Bool(n)
		return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: b}}, ""
	case "!!int":
		i, ok := Int(n)
		if !ok {
			return nil, kindName(n) + " is too large; at most 64 bits are kept"
		}
		return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: i}}, ""
	case "!!float":
		f, ok := Double(n)
		if !ok {
			return nil, kindName(n) + " is not finite; write a number"
		}
		return &pb.FactValue{Value: &pb.FactValue_DoubleValue{DoubleValue: f}}, ""
	case "!!timestamp":
		t, wrong := Time(n)
		return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: timestamppb.New(t)}}, wrong
	}
	return &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: n.Value}}, ""
}

// Texts reads a list of texts. wrong says what to write instead.
func Texts(n *yaml.Node) (texts []string, wrong string) {
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Sprintf("is %s; write a list of texts: [a, b]", kindName(n))
	}
	for _, e := range n.Content {
		s, ok := Text(target(e))
		if !ok {
			return nil, fmt.Sprintf("has %s in it; write texts only", kindName(target(e)))
		}
		texts = append(texts, s)
	}
	return texts, ""
}

// Ints reads a list of whole numbers. wrong says what to write instead.
func Ints(n *yaml.Node) (ints []int64, wrong string) {
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Sprintf("is %s; write a list of whole numbers: [80, 443]", kindName(n))
	}
	for _, e := range n.Content {
		i, ok := Int(target(e))
		if !ok {
			return nil, fmt.Sprintf("has %s in it; write whole numbers only", kindName(target(e)))
		}
		ints = append(ints, i)
	}
	return ints, ""
}
