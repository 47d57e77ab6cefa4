package guidance

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/guidance/internal/schemagen"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

//go:generate go test . -run TestSchemaIsUpToDate -update

var update = flag.Bool("update", false, "rewrite generated files and the wanted results in testdata")

// TestSchemaIsUpToDate generates the schema anew and holds the committed file
// against it.
func TestSchemaIsUpToDate(t *testing.T) {
	got, err := schemagen.Generate((*pb.Checklist)(nil), "Plumbline checklist", os.DirFS("../proto/plumbline/v1"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("checklist.schema.json", got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, Schema()) {
		t.Error("checklist.schema.json is not what the messages say; run: go generate ./guidance")
	}
}

// TestSchema looks into the schema: it knows the words, the names and the
// comments of the .proto.
func TestSchema(t *testing.T) {
	var s struct {
		Definitions map[string]struct {
			Description string
			Required    []string
			Properties  map[string]map[string]any
		}
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	rule := s.Definitions["Rule"]
	if got := strings.Join(rule.Required, " "); got != "id title area severity scope" {
		t.Errorf("a rule requires %s", got)
	}
	if enum, ok := rule.Properties["severity"]["enum"].([]any); !ok || len(enum) != 5 {
		t.Errorf("severity is %v", rule.Properties["severity"])
	}
	for message, d := range s.Definitions {
		if d.Description == "" && message != "FactValue" {
			t.Errorf("%s has no description", message)
		}
		for field, p := range d.Properties {
			if text, _ := p["description"].(string); text == "" {
				t.Errorf("%s.%s has no description", message, field)
			}
		}
	}
	for _, m := range []string{"Inventory", "Host", "Endpoint", "Claim"} {
		if len(s.Definitions[m].Properties) == 0 {
			t.Errorf("%s is not defined", m)
		}
	}
}
