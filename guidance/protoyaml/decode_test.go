package protoyaml

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"google.golang.org/protobuf/encoding/protojson"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var update = flag.Bool("update", false, "rewrite the wanted results in testdata")

// parseNamed parses a document by the ending of its name.
func parseNamed(name string, data []byte) ([]*Document, []Problem) {
	if filepath.Ext(name) == ".json" {
		d, problems := ParseJSON(data, 1<<20)
		if d == nil {
			return nil, problems
		}
		return []*Document{d}, problems
	}
	return ParseYAML(data, 1<<20)
}

// decodeInventory reads an inventory and shows it in one line of JSON, or the
// problems, one a line.
func decodeInventory(name string, data []byte) string {
	var b bytes.Buffer
	docs, problems := parseNamed(name, data)
	for _, d := range docs {
		inv := &pb.Inventory{}
		problems = append(problems, d.Decode(inv, Options{Keyed: true})...)
		if len(problems) == 0 {
			out, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(inv)
			if err == nil { // protojson varies its white space on purpose
				err = json.Compact(&b, out)
			}
			if err != nil {
				return err.Error()
			}
			b.WriteByte('\n')
		}
	}
	for _, p := range problems {
		fmt.Fprintln(&b, p)
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	const file = "testdata/decode.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(ar.Files); i += 2 {
		in, want := ar.Files[i], &ar.Files[i+1]
		if want.Name != strings.TrimSuffix(in.Name, filepath.Ext(in.Name))+".want" {
			t.Fatalf("%s: %s follows %s", file, want.Name, in.Name)
		}
		got := decodeInventory(in.Name, in.Data)
		if *update {
			want.Data = []byte(got)
			continue
		}
		t.Run(in.Name, func(t *testing.T) {
			if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatIsRead holds the plain forms against what they must become.
func TestWhatIsRead(t *testing.T) {
	docs, problems := ParseYAML([]byte(`
hosts:
  - id: web1
    addresses: []
    names: null
    facts: {a: true, b: 3, c: 1.5, d: text, e: [x, y], f: [], g: 2026-05-02, h: {duration_value: 90d}}
    os: {patched_time: 2026-05-02, version: 6.0}
    endpoints:
      - {id: 443, hsts_max_age: 1w2d}
`), 1<<20)
	inv := &pb.Inventory{}
	if problems = append(problems, docs[0].Decode(inv, Options{})...); len(problems) > 0 {
		t.Fatal(problems)
	}
	h := inv.Hosts[0]
	if got := h.ReportedEmpty; len(got) != 1 || got[0] != "addresses" {
		t.Errorf("reported_empty = %q; want addresses alone: names is null, not empty", got)
	}
	if h.Os.GetVersion() != "6.0" || h.Endpoints[0].Id != "443" {
		t.Errorf("version %q, id %q; want the text as it is written", h.Os.GetVersion(), h.Endpoints[0].Id)
	}
	if got := h.Endpoints[0].HstsMaxAge.AsDuration().Hours(); got != 9*24 {
		t.Errorf("1w2d = %v hours", got)
	}
	if got := h.Os.PatchedTime.AsTime().String(); got != "2026-05-02 00:00:00 +0000 UTC" {
		t.Errorf("a date is %s", got)
	}
	if _, ok := h.Facts["f"].Value.(*pb.FactValue_StringList); !ok {
		t.Errorf("[] as a fact is %v; want a list without texts", h.Facts["f"])
	}
	if got := h.Facts["h"].GetDurationValue().AsDuration().Hours(); got != 90*24 {
		t.Errorf("90d = %v hours", got)
	}
	if h.Facts["a"].GetBoolValue() != true || h.Facts["b"].GetIntValue() != 3 || h.Facts["c"].GetDoubleValue() != 1.5 ||
		h.Facts["d"].GetStringValue() != "text" || len(h.Facts["e"].GetStringList().Values) != 2 || h.Facts["g"].GetTimeValue() == nil {
		t.Errorf("facts = %v", h.Facts)
	}
}
