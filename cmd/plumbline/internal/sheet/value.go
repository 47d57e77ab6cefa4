package sheet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Types are the types that a fact may have.
var Types = []string{"bool", "int", "double", "string", "timestamp", "duration", "list(string)"}

// CheckType says whether a word is one of Types; empty is none, and right.
func CheckType(s string) error {
	if s == "" || slices.Contains(Types, s) {
		return nil
	}
	return fmt.Errorf("type %q: write %s", s, strings.Join(Types, ", "))
}

// Value reads a field as a fact's value of a type; nil where it is not given.
// Without a type the form of what is written says it.
func (e *Entry) Value(name, kind string) *pb.FactValue {
	of, n := e.given(name)
	if n == nil {
		return nil
	}
	v, wrong := Typed(n, kind)
	if wrong != "" {
		of.Wrong(name, "%s", wrong)
		return nil
	}
	return v
}

// Typed reads a value of a type; wrong says what to write instead.
func Typed(n *yaml.Node, kind string) (v *pb.FactValue, wrong string) {
	if kind == "" {
		kind = implied(n)
	}
	switch kind {
	case "bool":
		if b, ok := protoyaml.Bool(n); ok {
			return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: b}}, ""
		}
		return nil, fmt.Sprintf("is %q; write true or false", n.Value)
	case "int":
		if i, ok := protoyaml.Int(n); ok {
			return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: i}}, ""
		}
		return nil, fmt.Sprintf("is %q; write a whole number", n.Value)
	case "double":
		if d, ok := protoyaml.Double(n); ok {
			return &pb.FactValue{Value: &pb.FactValue_DoubleValue{DoubleValue: d}}, ""
		}
		return nil, fmt.Sprintf("is %q; write a number", n.Value)
	case "string":
		if s, ok := protoyaml.Text(n); ok {
			return &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: s}}, ""
		}
		return nil, "is no text; write one"
	case "timestamp":
		t, wrong := protoyaml.Time(n)
		return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: timestamppb.New(t)}}, wrong
	case "duration":
		d, wrong := protoyaml.Duration(n)
		return &pb.FactValue{Value: &pb.FactValue_DurationValue{DurationValue: durationpb.New(d)}}, wrong
	case "list(string)":
		list, wrong := protoyaml.Texts(n)
		return &pb.FactValue{Value: &pb.FactValue_StringList{StringList: &pb.StringList{Values: list}}}, wrong
	}
	return nil, fmt.Sprintf("has the type %q; there are %s", kind, strings.Join(Types, ", "))
}

// implied is the type of a value by how it is written.
func implied(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return "list(string)"
	}
	switch n.ShortTag() {
	case "!!bool":
		return "bool"
	case "!!int":
		return "int"
	case "!!float":
		return "double"
	case "!!timestamp":
		return "timestamp"
	}
	return "string"
}

// Flag reads a value as it is written on a command line.
func Flag(text, kind string) (*pb.FactValue, error) {
	var doc yaml.Node
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	// A text that is no YAML, such as "a: b: c", is a text all the same.
	if err := yaml.Unmarshal([]byte(text), &doc); err == nil && len(doc.Content) == 1 && kind != "string" {
		if root := doc.Content[0]; root.Kind == yaml.SequenceNode || root.Kind == yaml.ScalarNode {
			n = root
		}
	}
	v, wrong := Typed(n, kind)
	if wrong != "" {
		return nil, fmt.Errorf("the value %s", wrong)
	}
	return v, nil
}

// Words writes a value for people.
func Words(v *pb.FactValue) string {
	switch x := v.GetValue().(type) {
	case *pb.FactValue_BoolValue:
		return fmt.Sprint(x.BoolValue)
	case *pb.FactValue_IntValue:
		return fmt.Sprint(x.IntValue)
	case *pb.FactValue_DoubleValue:
		return fmt.Sprint(x.DoubleValue)
	case *pb.FactValue_StringValue:
		return x.StringValue
	case *pb.FactValue_TimeValue:
		return x.TimeValue.AsTime().Format("2006-01-02T15:04:05.999999Z07:00")
	case *pb.FactValue_DurationValue:
		return Span(x.DurationValue.AsDuration())
	case *pb.FactValue_StringList:
		return "[" + strings.Join(x.StringList.GetValues(), ", ") + "]"
	}
	return ""
}

// Span writes a span of time as files write it, in days where it is some: "90d".
func Span(d time.Duration) string {
	if day := 24 * time.Hour; d != 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}
