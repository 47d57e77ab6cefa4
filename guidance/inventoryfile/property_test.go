package inventoryfile

import (
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestReadBack: what the API gives as JSON, under either kind of names, and
// the same written as YAML, is read as the very same inventory.
func TestReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := inventorytest.Config{}.Inventory().Draw(t, "inventory")
		protoNames := rapid.Bool().Draw(t, "proto names")
		text, err := protojson.MarshalOptions{UseProtoNames: protoNames, Multiline: rapid.Bool().Draw(t, "lines")}.Marshal(inv)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a.json", text, inv)

		var tree any
		if err := yaml.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		text, err = yaml.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a.yaml", text, inv)
	})
}

func same(t *rapid.T, name string, text []byte, want *pb.Inventory) {
	got, problems := Inventory(name, text)
	if len(problems) > 0 {
		t.Fatalf("%s: %v\n%s", name, problems, text)
	}
	if !proto.Equal(got, want) {
		t.Fatalf("%s is read as\n%v\nwant\n%v", text, got, want)
	}
}
