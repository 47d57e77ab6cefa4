package ruletest

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Scopes are the scopes of one subject.
var Scopes = []string{"system", "unit", "host", "component", "endpoint", "zone", "boundary", "channel", "population", "domain", "account", "facility"}

// Checklist declares a parameter and a table of every type, a fact of every
// type for every scope, and a claim; it has no rules.
func Checklist() *pb.Checklist {
	c := &pb.Checklist{Id: "test", Version: "1.0.0", Claims: []*pb.ClaimDeclaration{{Id: "secure", Scope: "facility", Question: "?"}}}
	for _, x := range []struct {
		typ  string
		vals []*pb.Value
	}{
		{"bool", []*pb.Value{{Value: &pb.Value_BoolValue{BoolValue: true}}, {Value: &pb.Value_BoolValue{}}}},
		{"int", []*pb.Value{{Value: &pb.Value_IntValue{IntValue: 2}}, {Value: &pb.Value_IntValue{IntValue: 443}}}},
		{"double", []*pb.Value{{Value: &pb.Value_DoubleValue{DoubleValue: 1.5}}, {Value: &pb.Value_DoubleValue{DoubleValue: -2.5}}}},
		{"string", []*pb.Value{{Value: &pb.Value_StringValue{StringValue: "a"}}, {Value: &pb.Value_StringValue{StringValue: "h0"}}}},
		{"duration", []*pb.Value{{Value: &pb.Value_DurationValue{DurationValue: durationpb.New(time.Hour)}},
			{Value: &pb.Value_DurationValue{DurationValue: durationpb.New(time.Microsecond)}}}},
		{"timestamp", []*pb.Value{{Value: &pb.Value_TimeValue{TimeValue: timestamppb.New(Now)}},
			{Value: &pb.Value_TimeValue{TimeValue: timestamppb.New(Now.Add(time.Hour))}}}},
		{"list(string)", []*pb.Value{textValue("a", "web", "h1"), textValue("a", "b", "c", "d", "e", "f", "g", "h", "i", "h0")}},
		{"list(int)", []*pb.Value{intValue(1, 2, 443), intValue()}},
	} {
		name := "p_" + TypeWord(x.typ)
		c.Parameters = append(c.Parameters, &pb.Parameter{Name: name, Type: x.typ, Default: x.vals[0]})
		c.Tables = append(c.Tables, &pb.Table{Name: "t_" + TypeWord(x.typ), Type: x.typ,
			Entries: map[string]*pb.Value{"a": x.vals[0], "web": x.vals[1], "k0": x.vals[0]}})
		if x.typ == "list(int)" {
			continue
		}
		for _, scope := range Scopes {
			c.Facts = append(c.Facts, &pb.FactDeclaration{Name: "f_" + TypeWord(x.typ), Scope: scope, Type: x.typ, Question: "?"})
		}
	}
	return c
}

// TypeWord is a type's name as part of another name.
func TypeWord(typ string) string {
	switch typ {
	case "list(string)":
		return "strings"
	case "list(int)":
		return "ints"
	}
	return typ
}

func textValue(v ...string) *pb.Value {
	return &pb.Value{Value: &pb.Value_Strings{Strings: &pb.StringValues{Values: v}}}
}

func intValue(v ...int64) *pb.Value {
	return &pb.Value{Value: &pb.Value_Ints{Ints: &pb.IntValues{Values: v}}}
}

// Claims are claims about a facility that begin and end near Now.
func Claims() []*pb.Claim {
	at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(Now.Add(d)) }
	return []*pb.Claim{
		{Claim: "secure", Subject: "f0", Claimant: "x", StartTime: at(-time.Hour), ExpireTime: at(time.Microsecond)},
		{Claim: "secure", Subject: "f0", Claimant: "x", StartTime: at(2 * time.Microsecond), ExpireTime: at(time.Hour)},
		{Claim: "secure", Subject: "a", Claimant: "x", StartTime: at(time.Microsecond), ExpireTime: at(time.Hour)},
		{Claim: "secure", Subject: "b", Claimant: "x", ExpireTime: at(24 * time.Hour), RevokeTime: at(-time.Minute)},
	}
}
