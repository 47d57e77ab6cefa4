package intake_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge/intake"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// cases reads a file of cases.
func cases[T any](t *testing.T, file string) (list []T) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no case")
	}
	return list
}

// read makes a message of the YAML form of its JSON.
func read[T proto.Message](t *testing.T, from any, into T) T {
	t.Helper()
	raw, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
	return into
}

func TestNormalizeCases(t *testing.T) {
	type normalizeCase struct {
		Name          string
		Before, After map[string]any
	}
	for _, c := range cases[normalizeCase](t, "normalize.yaml") {
		t.Run(c.Name, func(t *testing.T) {
			got, want := read(t, c.Before, &pb.Inventory{}), read(t, c.After, &pb.Inventory{})
			if v := intake.Validate(got); len(v) > 0 {
				t.Fatal(v)
			}
			intake.Normalize(got)
			if !proto.Equal(got, want) {
				t.Errorf("\n%v, want\n%v", got, want)
			}
			if v := intake.Validate(got); len(v) > 0 {
				t.Errorf("afterwards: %v", v)
			}
		})
	}
}

func TestValidateCases(t *testing.T) {
	type violation struct{ Path, Reason, Message string }
	type validateCase struct {
		Name       string
		Inventory  map[string]any
		Violations []violation
	}
	for _, c := range cases[validateCase](t, "validate.yaml") {
		t.Run(c.Name, func(t *testing.T) {
			got := intake.Validate(read(t, c.Inventory, &pb.Inventory{}))
			if len(got) != len(c.Violations) {
				t.Fatalf("%+v, want %+v", got, c.Violations)
			}
			for i, want := range c.Violations {
				if want.Message == "" {
					want.Message = got[i].Message
				}
				if got[i] != intake.Violation(want) {
					t.Errorf("%+v, want %+v", got[i], want)
				}
			}
		})
	}
}

// TestValidateWhatJSONCannotSay has the faults that only a binary client can send.
func TestValidateWhatJSONCannotSay(t *testing.T) {
	tests := map[string]struct {
		host   *pb.Host
		path   string
		reason string
	}{
		"bad UTF-8":        {&pb.Host{Id: "h", Zone: proto.String("\xff")}, "hosts[0].zone", intake.InvalidUTF8},
		"bad UTF-8 in set": {&pb.Host{Id: "h", Names: []string{"a", "\xff"}}, "hosts[0].names[1]", intake.InvalidUTF8},
		"bad UTF-8 in key": {&pb.Host{Id: "h", Labels: map[string]string{"k\xff": "x"}}, `hosts[0].labels["k\xff"]`, intake.InvalidUTF8},
		"year 0":           {patched(-62135596801, 0), "hosts[0].os.patched_time", intake.OutOfRange},
		"year 10000":       {patched(253402300800, 0), "hosts[0].os.patched_time", intake.OutOfRange},
		"negative nanos":   {patched(0, -1), "hosts[0].os.patched_time", intake.OutOfRange},
		"too many nanos":   {patched(0, 1e9), "hosts[0].os.patched_time", intake.OutOfRange},
		"long span":        {hsts(315576000001, 0), "hosts[0].endpoints[0].hsts_max_age", intake.OutOfRange},
		"two signs":        {hsts(1, -1), "hosts[0].endpoints[0].hsts_max_age", intake.OutOfRange},
		"null element":     {&pb.Host{Id: "h", Shares: []*pb.Share{nil}}, "hosts[0].shares[0]", intake.MissingElement},
		"null fact":        {&pb.Host{Id: "h", Facts: map[string]*pb.FactValue{"f": nil}}, `hosts[0].facts["f"]`, intake.NoValue},
		"null instant": {&pb.Host{Id: "h", Facts: map[string]*pb.FactValue{"f": {Value: &pb.FactValue_TimeValue{}}}},
			`hosts[0].facts["f"]`, intake.NoValue},
		"infinite": {&pb.Host{Id: "h", Facts: map[string]*pb.FactValue{"f": {Value: &pb.FactValue_DoubleValue{DoubleValue: math.Inf(1)}}}},
			`hosts[0].facts["f"]`, intake.NotFinite},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			got := intake.Validate(&pb.Inventory{Hosts: []*pb.Host{c.host}})
			if len(got) != 1 || got[0].Path != c.path || got[0].Reason != c.reason {
				t.Errorf("%+v, want %s at %s", got, c.reason, c.path)
			}
		})
	}
	if v := intake.Validate(&pb.Inventory{Hosts: []*pb.Host{patched(-62135596800, 0), {Id: "i"}}}); len(v) > 0 {
		t.Errorf("the first instant: %v", v)
	}
}

func patched(seconds int64, nanos int32) *pb.Host {
	return &pb.Host{Id: "h", Os: &pb.OperatingSystem{PatchedTime: &timestamppb.Timestamp{Seconds: seconds, Nanos: nanos}}}
}

func hsts(seconds int64, nanos int32) *pb.Host {
	return &pb.Host{Id: "h", Endpoints: []*pb.Endpoint{{Id: "e", HstsMaxAge: &durationpb.Duration{Seconds: seconds, Nanos: nanos}}}}
}

func TestValidateStops(t *testing.T) {
	inv := &pb.Inventory{}
	for range 10000 {
		inv.Hosts = append(inv.Hosts, &pb.Host{Id: "same"})
	}
	if got := intake.Validate(inv); len(got) != intake.MaxViolations {
		t.Errorf("%d violations", len(got))
	}
}

func TestWarnings(t *testing.T) {
	type warningsCase struct {
		Name      string
		Inventory map[string]any
		Warnings  []string
	}
	for _, c := range cases[warningsCase](t, "warnings.yaml") {
		t.Run(c.Name, func(t *testing.T) {
			got := intake.Warnings(read(t, c.Inventory, &pb.Inventory{}))
			if !slices.Equal(got, c.Warnings) {
				t.Errorf("%q, want %q", got, c.Warnings)
			}
		})
	}
	many := &pb.Inventory{System: &pb.System{Id: "s"}}
	for i := range 200 {
		many.System.Channels = append(many.System.Channels, &pb.Channel{Id: "c", Relay: proto.String("h" + string(rune('a'+i)))})
	}
	got := intake.Warnings(many)
	if last := got[len(got)-1]; len(got) != intake.MaxWarnings+1 || last != "and 100 more references to what is not in the inventory" {
		t.Errorf("%d warnings, the last is %q", len(got), last)
	}
}

func TestStrongKeys(t *testing.T) {
	type keysCase struct {
		Name string
		Host map[string]any
		Keys map[string][]string
	}
	for _, c := range cases[keysCase](t, "keys.yaml") {
		t.Run(c.Name, func(t *testing.T) {
			host := read(t, c.Host, &pb.Host{})
			if got := intake.StrongKeys(host); !reflect.DeepEqual(got, c.Keys) {
				t.Errorf("%v, want %v", got, c.Keys)
			}
			intake.NormalizeHost(host)
			if got := intake.StrongKeys(host); !reflect.DeepEqual(got, c.Keys) {
				t.Errorf("normalized: %v, want %v", got, c.Keys)
			}
		})
	}
}

// TestNormalizeTwice is on inventories with odd texts in them.
func TestNormalizeTwice(t *testing.T) {
	odd := []string{"", " ", "N/A", "unknown", " x ", "localhost", "y", "None"}
	c := inventorytest.Config{Texts: map[string][]string{}}
	for _, name := range []string{"product", "names", "fqdn", "serial_number", "purpose", "members", "owner", "environment"} {
		c.Texts[name] = odd
	}
	c.Texts["labels"] = []string{" a", "a", "b ", "c"}
	rapid.Check(t, func(t *rapid.T) {
		inv := c.Inventory().Draw(t, "inventory")
		inventorytest.Shuffle(t, inv)
		inv.GetSystem().ProtoReflect().SetUnknown(protoreflect.RawFields{0xf8, 0x3f, 1})
		if v := intake.Validate(inv); len(v) > 0 {
			t.Fatal(v)
		}
		intake.Normalize(inv)
		once := proto.Clone(inv).(*pb.Inventory)
		if v := intake.Validate(once); len(v) > 0 {
			t.Fatal(v)
		}
		intake.Normalize(inv)
		if !proto.Equal(inv, once) {
			t.Fatalf("the second time\n%v\nthe first time\n%v", inv, once)
		}
		if len(inv.GetSystem().ProtoReflect().GetUnknown()) > 0 {
			t.Fatal("a field that is not known stays")
		}
	})
}

// TestRealIdentities reads what real agents say of a virtual machine.
func TestRealIdentities(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "samples", "inventory", "ansible-setup.json"))
	if err != nil {
		t.Skip("the samples are not there: ", err)
	}
	var doc struct {
		Facts map[string]any `json:"ansible_facts"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	fact := func(name string) *string {
		s, ok := doc.Facts["ansible_"+name].(string)
		if !ok {
			t.Fatalf("the sample has no %s", name)
		}
		return &s
	}
	h := &pb.Host{
		Id: "vm", Fqdn: fact("fqdn"), Names: []string{*fact("hostname")},
		SerialNumber: fact("product_serial"), Uuid: fact("product_uuid"), AssetTag: fact("board_asset_tag"),
	}
	intake.NormalizeHost(h)
	if want := (&pb.Host{Id: "vm"}); !proto.Equal(h, want) {
		t.Errorf("%v, want %v", h, want)
	}
}

func BenchmarkHost(b *testing.B) {
	h := inventorytest.Config{Full: true, Elements: 2}.Host().Example(1)
	inv := &pb.Inventory{Hosts: []*pb.Host{h}}
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			intake.Validate(inv)
		}
	})
	b.Run("normalize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			intake.NormalizeHost(h)
		}
	})
	b.Run("strong keys", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			intake.StrongKeys(h)
		}
	})
}
