package attest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/attest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func text(s string) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: s}}
}
func number(n int64) *pb.FactValue { return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: n}} }
func truth(b bool) *pb.FactValue   { return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: b}} }
func texts(s ...string) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_StringList{StringList: &pb.StringList{Values: s}}}
}
func instant(s int64) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: &timestamppb.Timestamp{Seconds: s}}}
}
func ptr[T any](v T) *T { return &v }

func host(h *pb.Host) *pb.Inventory {
	return &pb.Inventory{Hosts: []*pb.Host{h}, Partial: []string{"hosts"}}
}

func TestSetFact(t *testing.T) {
	for _, c := range []struct {
		subject, fact string
		value         *pb.FactValue
		typ           string
		want          *pb.Inventory
	}{
		{"system", "product", text("mail"), "string", &pb.Inventory{System: &pb.System{Product: ptr("mail")}}},
		{"system", "settings/a%2Fb%25", text("x"), "string", &pb.Inventory{System: &pb.System{Settings: map[string]string{"a/b%": "x"}}}},
		{"system", "plan_reviewed", truth(true), "", &pb.Inventory{System: &pb.System{Facts: map[string]*pb.FactValue{"plan_reviewed": truth(true)}}}},
		{"zones/dmz", "kind", text("perimeter"), "string", &pb.Inventory{System: &pb.System{Zones: []*pb.Zone{{Id: "dmz", Kind: ptr("perimeter")}}, Partial: []string{"zones"}}}},
		{"facilities/dc1", "escorted", truth(false), "", &pb.Inventory{Facilities: []*pb.Facility{{Id: "dc1", Facts: map[string]*pb.FactValue{"escorted": truth(false)}}}, Partial: []string{"facilities"}}},
		{"hosts/web1", "virtual", truth(false), "bool", host(&pb.Host{Id: "web1", Virtual: ptr(false)})},
		{"hosts/a%2Fb", "os/patched_time", instant(60), "timestamp", host(&pb.Host{Id: "a/b", Os: &pb.OperatingSystem{PatchedTime: &timestamppb.Timestamp{Seconds: 60}}})},
		{"hosts/web1", "os/open_alerts", number(3), "int", host(&pb.Host{Id: "web1", Os: &pb.OperatingSystem{OpenAlerts: ptr(int32(3))}})},
		{"hosts/web1", "facts/virtual", text("x"), "", host(&pb.Host{Id: "web1", Facts: map[string]*pb.FactValue{"virtual": text("x")}})},
		{"hosts/web1", "names", texts("b", "a", "b"), "list(string)", host(&pb.Host{Id: "web1", Names: []string{"a", "b"}})},
		{"hosts/web1", "names", texts(), "list(string)", host(&pb.Host{Id: "web1", ReportedEmpty: []string{"names"}})},
		{"hosts/web1", "labels/tier", text("web"), "string", host(&pb.Host{Id: "web1", Labels: map[string]string{"tier": "web"}})},
		{"hosts/web1/components/iis", "signed", truth(true), "", host(&pb.Host{Id: "web1", Components: []*pb.Component{{Id: "iis", Facts: map[string]*pb.FactValue{"signed": truth(true)}}}, Partial: []string{"components"}})},
		{"hosts/web1/ipsec/rules/r", "action", text("require"), "string", host(&pb.Host{Id: "web1", Ipsec: &pb.IpsecPolicy{Rules: []*pb.IpsecRule{{Id: "r", Action: ptr("require")}}, Partial: []string{"rules"}}})},
		{"channels/c", "to/host", text("web1"), "string", &pb.Inventory{System: &pb.System{Channels: []*pb.Channel{{Id: "c", To: &pb.Party{Host: ptr("web1")}}}, Partial: []string{"channels"}}}},
	} {
		name := c.subject + " " + c.fact
		got := &pb.Inventory{}
		for range 2 { // stating it again changes nothing
			if err := attest.SetFact(got, c.subject, c.fact, c.value); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if d := cmp.Diff(c.want, got, protocmp.Transform()); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
		if typ, err := attest.Type(c.subject, c.fact); typ != c.typ || err != nil {
			t.Errorf("%s is of type %q, %v; want %q", name, typ, err, c.typ)
		}
		if !attest.Has(got, c.subject) || c.subject != attest.System && attest.Has(&pb.Inventory{}, c.subject) {
			t.Errorf("%s: the subject is not where it was put", name)
		}
	}
}

func TestSetFactRefuses(t *testing.T) {
	for _, c := range []struct {
		subject, fact string
		value         *pb.FactValue
		want          string // what the error must say
	}{
		{"host/web1", "virtual", truth(true), `(the nearest is "hosts")`},
		{"hosts", "virtual", truth(true), "nothing that has an id"},
		{"hosts/web1/os", "family", text("x"), "such as hosts/web1"},
		{"hosts/", "virtual", truth(true), "there is no"},
		{"", "virtual", truth(true), "there is no"},
		{"hosts/web1", "", truth(true), "is empty"},
		{"hosts/web1", "id", text("x"), "cannot be stated"},
		{"hosts/web1", "os", text("x"), "more than one value"},
		{"hosts/web1", "labels", text("x"), "more than one value"},
		{"hosts/web1", "endpoints", texts("x"), "submit it in an inventory"},
		{"hosts/web1", "os/famly", text("x"), `(the nearest is "family")`},
		{"hosts/web1", "virtual/x", truth(true), "nothing below"},
		{"hosts/web1", "components/iis/product", text("x"), "hosts/web1/components/iis; write that as the subject"},
		{"hosts/web1/ipsec/rules/r", "ports", texts("x"), "submit it in an inventory"},
		{"hosts/web1", "virtual", text("yes"), "is of type string, but virtual of hosts/web1 is of type bool"},
		{"hosts/web1", "virtual", nil, "write one of type bool"},
		{"hosts/web1", "declared", &pb.FactValue{}, "write one of type that the checklist declares"},
		{"hosts/web1", "os/open_alerts", number(1 << 31), "out of the range"},
		{"hosts/web1", "os/patched_time", instant(1 << 60), "is no instant"},
	} {
		inv := &pb.Inventory{}
		err := attest.SetFact(inv, c.subject, c.fact, c.value)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v; want %q", c.subject, c.fact, err, c.want)
		}
		if !proto.Equal(inv, &pb.Inventory{}) {
			t.Errorf("%s %s: refused, and written: %v", c.subject, c.fact, inv)
		}
	}
}

func TestLocate(t *testing.T) {
	for path, want := range map[string]string{
		"hosts/web1/os/patched_time":           "hosts/web1 os/patched_time hosts/*/os/patched_time 1",
		"hosts/web1/facts/escorted":            "hosts/web1 escorted hosts/*/facts/escorted 4",
		"hosts/web1/facts/virtual":             "hosts/web1 facts/virtual hosts/*/facts/virtual 4",
		"hosts/web1/labels/a%2Fb":              "hosts/web1 labels/a%2Fb hosts/*/labels/a%2Fb 3",
		"hosts/web1/endpoints":                 "hosts/web1 endpoints hosts/*/endpoints 5",
		"hosts/web1/endpoints/443/tls/enabled": "hosts/web1/endpoints/443 tls/enabled hosts/*/endpoints/*/tls/enabled 1",
		"hosts/ghost":                          "system hosts/ghost hosts/* 6",
		"hosts/web1/components/gone":           "hosts/web1 components/gone hosts/*/components/* 6",
		"zones/dmz/kind":                       "zones/dmz kind zones/*/kind 1",
		"zones":                                "system zones zones 5",
		"system/product":                       "system product system/product 1",
		"system/id":                            "system id system/id 8",
		"hosts/web1/os":                        "hosts/web1 os hosts/*/os 7",
		"tables/ports/web":                     "",
		"hosts/web1/nothing":                   "",
		"hosts/web1/virtual/x":                 "",
	} {
		got := ""
		if p, ok := attest.Locate(path); ok {
			got = strings.Join([]string{p.Subject, p.Fact, p.Pattern, string('0' + rune(p.Form))}, " ")
		}
		if got != want {
			t.Errorf("%s is at %q, want %q", path, got, want)
		}
	}
}
