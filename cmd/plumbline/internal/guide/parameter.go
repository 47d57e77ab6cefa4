package guide

import (
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
)

// parameterValue reads the plain values of a checklist's parameters, by the types
// that it declares. A mapping says its type itself, and is left to the usual way.
func parameterValue(k *pb.Checklist) protoyaml.CustomFunc {
	types := map[string]string{}
	var names []string
	for _, p := range k.GetParameters() {
		types[p.GetName()] = p.GetType()
		names = append(names, p.GetName())
	}
	return func(v protoyaml.Value) (proto.Message, string) {
		kind := types[v.Key]
		switch {
		case v.Node.Kind == yaml.MappingNode:
			return nil, ""
		case kind == "":
			advice := "there are " + strings.Join(names, ", ")
			if near := protoyaml.Nearest(v.Key, names); near != "" {
				advice = "write " + near
			}
			return nil, fmt.Sprintf("is no parameter of %s@%s; %s", k.GetId(), k.GetVersion(), advice)
		case kind == "list(int)":
			ints, wrong := protoyaml.Ints(v.Node)
			return &pb.Value{Value: &pb.Value_Ints{Ints: &pb.IntValues{Values: ints}}}, wrong
		}
		f, wrong := sheet.Typed(v.Node, kind)
		if wrong != "" {
			return nil, wrong
		}
		return asParameter(f), ""
	}
}

// asParameter is a fact's value as a parameter's.
func asParameter(f *pb.FactValue) *pb.Value {
	switch x := f.GetValue().(type) {
	case *pb.FactValue_BoolValue:
		return &pb.Value{Value: &pb.Value_BoolValue{BoolValue: x.BoolValue}}
	case *pb.FactValue_IntValue:
		return &pb.Value{Value: &pb.Value_IntValue{IntValue: x.IntValue}}
	case *pb.FactValue_DoubleValue:
		return &pb.Value{Value: &pb.Value_DoubleValue{DoubleValue: x.DoubleValue}}
	case *pb.FactValue_TimeValue:
		return &pb.Value{Value: &pb.Value_TimeValue{TimeValue: x.TimeValue}}
	case *pb.FactValue_DurationValue:
		return &pb.Value{Value: &pb.Value_DurationValue{DurationValue: x.DurationValue}}
	case *pb.FactValue_StringList:
		return &pb.Value{Value: &pb.Value_Strings{Strings: &pb.StringValues{Values: x.StringList.GetValues()}}}
	}
	return &pb.Value{Value: &pb.Value_StringValue{StringValue: f.GetStringValue()}}
}

// valueWords writes a parameter's value for people.
func valueWords(v *pb.Value) string {
	switch x := v.GetValue().(type) {
	case *pb.Value_BoolValue:
		return fmt.Sprint(x.BoolValue)
	case *pb.Value_IntValue:
		return fmt.Sprint(x.IntValue)
	case *pb.Value_DoubleValue:
		return fmt.Sprint(x.DoubleValue)
	case *pb.Value_StringValue:
		return x.StringValue
	case *pb.Value_TimeValue:
		return x.TimeValue.AsTime().Format("2006-01-02T15:04:05.999999Z07:00")
	case *pb.Value_DurationValue:
		return sheet.Span(x.DurationValue.AsDuration())
	case *pb.Value_Strings:
		return "[" + strings.Join(x.Strings.GetValues(), ", ") + "]"
	case *pb.Value_Ints:
		return strings.ReplaceAll(fmt.Sprint(x.Ints.GetValues()), " ", ", ")
	}
	return ""
}
