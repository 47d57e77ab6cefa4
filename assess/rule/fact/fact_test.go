package fact

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func ptr[T any](v T) *T { return &v }

func sample() *pb.Inventory {
	return &pb.Inventory{
		System: &pb.System{Id: "s", Product: ptr("web"), Zones: []*pb.Zone{{Id: "z", Insulated: ptr(true)}},
			Channels: []*pb.Channel{{Id: "c", From: &pb.Party{Host: ptr("h")}}}},
		Hosts: []*pb.Host{
			{Id: "g"},
			{Id: "h", Zone: ptr("z"), Virtual: ptr(false), Names: []string{"a", "b"}, Labels: map[string]string{"a/b": "x"},
				Os:            &pb.OperatingSystem{OpenAlerts: ptr(int32(3)), PatchedTime: timestamppb.New(time.Unix(60, 1500))},
				Ports:         []*pb.ListeningPort{{Id: "tcp/443"}, {Id: "tcp/80"}},
				Ipsec:         &pb.IpsecPolicy{Rules: []*pb.IpsecRule{{Id: "r", Ports: []int32{443, 80}}}},
				Endpoints:     []*pb.Endpoint{{Id: "443", HstsMaxAge: durationpb.New(time.Hour)}},
				ReportedEmpty: []string{"volumes"}, Partial: []string{"names"},
				Facts: map[string]*pb.FactValue{
					"b": {Value: &pb.FactValue_BoolValue{BoolValue: true}}, "i": {Value: &pb.FactValue_IntValue{IntValue: -1}},
					"d": {Value: &pb.FactValue_DoubleValue{DoubleValue: 1.5}}, "s": {Value: &pb.FactValue_StringValue{StringValue: "x"}},
					"t": {Value: &pb.FactValue_TimeValue{TimeValue: timestamppb.New(time.Unix(60, 0))}},
					"p": {Value: &pb.FactValue_DurationValue{DurationValue: durationpb.New(time.Minute)}},
					"l": {Value: &pb.FactValue_StringList{StringList: &pb.StringList{Values: []string{"x", "y"}}}},
				}},
		},
		Facilities: []*pb.Facility{{Id: "f"}},
	}
}

// cases are facts of the sample, with their path, their value and their
// canonical bytes. The bytes are part of digests: they may not change within a
// version of the engine.
var cases = []struct {
	steps            string // from the host, unless it begins with another message
	path, value, hex string
}{
	{"zone", "hosts/h/zone", "z", "047a6f6e65016804017a"},
	{"virtual", "hosts/h/virtual", "false", "077669727475616c01680100"},
	{"os open_alerts", "hosts/h/os/open_alerts", "3", "0e6f732f6f70656e5f616c6572747301680206"},
	{"os patched_time", "hosts/h/os/patched_time", "1970-01-01T00:01:00.000001Z", "0f6f732f706174636865645f74696d65016805829c9c39"},
	{"os family", "hosts/h/os/family", "absent", "096f732f66616d696c79016800"},
	{"time_sync enabled", "hosts/h/time_sync/enabled", "absent", ""},
	{"names", "hosts/h/names", "[a, b, …]", "056e616d65730168060202016101" + "62"},
	{"volumes", "hosts/h/volumes", "[]", "07766f6c756d65730168060100"},
	{"ports", "hosts/h/ports", "[tcp/443, tcp/80]", ""},
	{"services", "hosts/h/services", "absent", ""},
	{"labels/a/b", "hosts/h/labels/a%2Fb", "x", "0c6c6162656c732f612532466201680401" + "78"},
	{"labels/c", "hosts/h/labels/c", "absent", ""},
	{"facts/b", "hosts/h/facts/b", "true", "0766616374732f6201680101"},
	{"facts/i", "hosts/h/facts/i", "-1", ""},
	{"facts/d", "hosts/h/facts/d", "1.5", "0766616374732f640168033ff8000000000000"},
	{"facts/s", "hosts/h/facts/s", "x", ""},
	{"facts/t", "hosts/h/facts/t", "1970-01-01T00:01:00Z", ""},
	{"facts/p", "hosts/h/facts/p", "60s", ""},
	{"facts/l", "hosts/h/facts/l", "[x, y]", "0766616374732f6c0168060302017801" + "79"},
	{"facts/none", "hosts/h/facts/none", "absent", ""},
	{"System product", "system/product", "web", "0770726f647563740173040377" + "6562"},
	{"System zones", "zones", "[z]", ""},
	{"Zone insulated", "zones/z/insulated", "true", ""},
	{"Channel from host", "channels/c/from/host", "h", ""},
	{"Inventory hosts", "hosts", "[g, h]", "05686f737473000603020167016" + "8"},
	{"Inventory hosts/nope", "hosts/nope", "absent", "0a686f7374732f6e6f70650000"},
	{"IpsecRule ports", "hosts/h/ipsec/rules/r/ports", "[443, 80]", ""},
	{"IpsecPolicy rules", "hosts/h/ipsec/rules", "[r]", ""},
	{"ListeningPort process", "hosts/h/ports/tcp%2F443/process", "absent", ""},
	{"Endpoint hsts_max_age", "hosts/h/endpoints/443/hsts_max_age", "3600s", ""},
	{"Facility kind", "facilities/f/kind", "absent", ""},
}

// refOf makes the Ref of a case.
func refOf(in *Interner, inv *pb.Inventory, steps string) Ref {
	h := inv.Hosts[1]
	bases := map[string]unsafe.Pointer{
		"Inventory": shape.Ptr(inv), "System": shape.Ptr(inv.System), "Zone": shape.Ptr(inv.System.Zones[0]), "Channel": shape.Ptr(inv.System.Channels[0]),
		"IpsecRule": shape.Ptr(h.Ipsec.Rules[0]), "IpsecPolicy": shape.Ptr(h.Ipsec), "ListeningPort": shape.Ptr(h.Ports[0]),
		"Endpoint": shape.Ptr(h.Endpoints[0]), "Facility": shape.Ptr(inv.Facilities[0]), "Host": shape.Ptr(h),
	}
	shapes := map[string]*shape.Message{
		"Inventory": shape.Of(inv), "System": shape.Of(inv.System), "Zone": shape.Of(inv.System.Zones[0]), "Channel": shape.Of(inv.System.Channels[0]),
		"IpsecRule": shape.Of(h.Ipsec.Rules[0]), "IpsecPolicy": shape.Of(h.Ipsec), "ListeningPort": shape.Of(h.Ports[0]),
		"Endpoint": shape.Of(h.Endpoints[0]), "Facility": shape.Of(inv.Facilities[0]), "Host": shape.Of(h),
	}
	names := strings.Fields(steps)
	root := "Host"
	if shapes[names[0]] != nil {
		root, names = names[0], names[1:]
	}
	m, key := shapes[root], ""
	names[len(names)-1], key, _ = strings.Cut(names[len(names)-1], "/")
	var fields []*shape.Field
	for _, n := range names {
		f := m.Field(n)
		fields = append(fields, f)
		m = f.Elem
	}
	p := in.Field(shapes[root], fields)
	if key != "" {
		p = in.Below(p, key)
	}
	return Ref{bases[root], p}
}

func TestRefs(t *testing.T) {
	inv := sample()
	var in Interner
	for _, c := range cases {
		r := refOf(&in, inv, c.steps)
		paths := NewPaths(inv, inv.System)
		if got := paths.Ref(r, nil); got != c.path {
			t.Errorf("%s: the path is %q, want %q", c.steps, got, c.path)
		}
		if got := NewPaths(inv, inv.System).Ref(r, shape.Ptr(inv.Hosts[1])); got != c.path {
			t.Errorf("%s: with a hint the path is %q, want %q", c.steps, got, c.path)
		}
		value, ok := r.Value()
		if !ok {
			value = "absent"
		}
		if value != c.value {
			t.Errorf("%s: the value is %q, want %q", c.steps, value, c.value)
		}
		if got := hex.EncodeToString(r.AppendCanonical(nil)); c.hex != "" && got != c.hex {
			t.Errorf("%s: the canonical bytes are %s, want %s", c.steps, got, c.hex)
		}
	}
}

// TestPlain reads every field of a host, and of its operating system, by place and
// by Field: where there is all, little, and nothing.
func TestPlain(t *testing.T) {
	var in Interner
	host, plainOnes := shape.Of((*pb.Host)(nil)), 0
	system := host.Field("os")
	for _, h := range []*pb.Host{sample().Hosts[1], {Id: "h", Os: &pb.OperatingSystem{}}, {}, nil} {
		check := func(steps ...*shape.Field) {
			r := Ref{shape.Ptr(h), in.Field(host, steps)}
			by := *r.Path
			by.plain = notPlain
			if got, want := r.AppendCanonical(nil), (Ref{r.Base, &by}).AppendCanonical(nil); !slices.Equal(got, want) {
				t.Errorf("%s: %x by its place, %x by its field", r.Path, got, want)
			}
			if r.Path.plain != notPlain {
				plainOnes++
			}
		}
		for _, f := range host.Fields {
			if f.Card != shape.Map { // whose entries are facts
				check(f)
			}
		}
		for _, f := range system.Elem.Fields {
			check(system, f)
		}
	}
	if plainOnes < 40 {
		t.Errorf("only %d were read by place", plainOnes)
	}
}

// TestCanonicalTellsApart changes each fact of the sample in turn: its bytes
// change, and no others' do.
func TestCanonicalTellsApart(t *testing.T) {
	var in Interner
	seen := map[string]string{}
	for _, c := range cases {
		b := string(refOf(&in, sample(), c.steps).AppendCanonical(nil))
		if seen[b] != "" {
			t.Errorf("%s and %s have the same bytes", c.steps, seen[b])
		}
		seen[b] = c.steps
	}
	for _, change := range []struct {
		steps string
		do    func(*pb.Host)
	}{
		{"virtual", func(h *pb.Host) { h.Virtual = ptr(true) }},
		{"virtual", func(h *pb.Host) { h.Virtual = nil }},
		{"zone", func(h *pb.Host) { h.Zone = ptr("") }},
		{"names", func(h *pb.Host) { h.Partial = nil }},
		{"names", func(h *pb.Host) { h.Names = []string{"ab"} }},
		{"names", func(h *pb.Host) { h.Names = nil }},
		{"volumes", func(h *pb.Host) { h.ReportedEmpty = nil }},
		{"ports", func(h *pb.Host) { h.Ports = h.Ports[:1] }},
		{"os patched_time", func(h *pb.Host) { h.Os.PatchedTime.Nanos += 1000 }},
		{"os open_alerts", func(h *pb.Host) { h.Os = nil }},
		{"labels/a/b", func(h *pb.Host) { h.Labels["a/b"] = "y" }},
		{"facts/l", func(h *pb.Host) { h.Facts["l"].GetStringList().Values = nil }},
		{"facts/b", func(h *pb.Host) { h.Facts["b"] = &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: "true"}} }},
	} {
		inv := proto.CloneOf(sample())
		before := refOf(&in, inv, change.steps).AppendCanonical(nil)
		change.do(inv.Hosts[1])
		if after := refOf(&in, inv, change.steps).AppendCanonical(nil); string(before) == string(after) {
			t.Errorf("%s: a change does not show", change.steps)
		}
	}
}

func TestDistinct(t *testing.T) {
	inv := sample()
	var in Interner
	var refs []Ref
	for _, c := range cases {
		refs = append(refs, refOf(&in, inv, c.steps))
	}
	g := &Group{Facts: refs[5:10], Missing: refs[:1]}
	all := append(append([]Ref{ReadBy(g), MissingFrom(g)}, refs...), ReadBy(g), refs[3])
	// Paths with keys are made anew each time, and equal ones are kept apart
	// unless they are kept by the interner; here each stands once.
	got := AppendDistinct(nil, all)
	if len(got) != len(refs) || got[0] != refs[5] || got[5] != refs[0] {
		t.Errorf("%d distinct of %d", len(got), len(refs))
	}
	if again := AppendDistinct(got[:3:3], refs[:3]); len(again) != 6 {
		t.Errorf("what is appended to has %d", len(again))
	}
	if _, ok := ReadBy(g).Value(); ok {
		t.Error("a group has a value")
	}
}

// TestInterner asks that equal steps give equal paths.
func TestInterner(t *testing.T) {
	inv := sample()
	var in Interner
	first, again := refOf(&in, inv, "os family"), refOf(&in, inv, "os family")
	if first != again || refOf(&in, inv, "zone") == refOf(&in, inv, "rack") {
		t.Error("paths are not told apart")
	}
	table := in.Table("ports")
	if p := in.Keep(in.Below(table, "a/b")); p != in.Below(table, "a/b") || p.String() != "tables/ports/a%2Fb" {
		t.Errorf("the table's entry is %s", p)
	}
}

// TestPaths names every message of an inventory, and compares with a walk by
// reflection.
func TestPaths(t *testing.T) {
	inv := sample()
	paths := NewPaths(inv, inv.System)
	count := 0
	var walk func(m *shape.Message, p unsafe.Pointer, at string)
	walk = func(m *shape.Message, p unsafe.Pointer, at string) {
		got, ok := paths.Of(p, nil)
		if !ok || got != at {
			t.Errorf("the message at %q is at %q, %v", at, got, ok)
		}
		count++
		for _, f := range m.Fields {
			prefix := at + "/"
			if at == "" || at == "system" {
				prefix = ""
			}
			switch {
			case f.Kind != shape.Nested:
			case f.Card == shape.List:
				for _, e := range f.Elems(p) {
					key, _ := f.Elem.Key.Text(e)
					walk(f.Elem, e, prefix+f.Name+"/"+shape.PathKey(key))
				}
			case f.Nested(p) != nil:
				walk(f.Elem, f.Nested(p), prefix+f.Name)
			}
		}
	}
	walk(shape.Of(inv), shape.Ptr(inv), "")
	if count < 14 {
		t.Errorf("only %d messages were named", count)
	}
	if at, ok := paths.Of(shape.Ptr(&pb.Host{}), nil); ok {
		t.Errorf("a stranger is at %q", at)
	}
}
