package rule_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// semanticsCase is one condition on one inventory, with all that evaluating it
// must find.
type semanticsCase struct {
	About   string
	Given   map[string]any // the inventory
	Scope   string
	Subject string // its id; the first one where empty
	When    string // the condition
	Is      string
	Missing []string  // facts by path, in order
	Facts   []string  // as "path = value", in order, where given
	Until   time.Time // the horizon; for ever where not given
	Error   string    // a part of it
	Claim   string
}

// TestSemantics goes through testdata/semantics.yaml, which shows one by one
// what the engine promises.
func TestSemantics(t *testing.T) {
	raw, err := os.ReadFile("testdata/semantics.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []semanticsCase
	if err := yaml.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for _, c := range cases {
		t.Run(c.About+"/"+c.When, func(t *testing.T) { c.run(t, w) })
	}
}

func inventoryOf(t *testing.T, given map[string]any) *pb.Inventory {
	t.Helper()
	j, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	inv := &pb.Inventory{}
	if err := protojson.Unmarshal(j, inv); err != nil {
		t.Fatal(err)
	}
	return inv
}

func (c *semanticsCase) run(t *testing.T, w *world) {
	inv := inventoryOf(t, c.Given)
	w.bind(inv, now)
	i := slices.IndexFunc(subjects(inv, c.Scope), func(e element) bool {
		key, _ := shape.Of(e.msg).Key.Text(pointer(e.msg))
		return c.Subject == "" || key == c.Subject
	})
	switch {
	case i >= 0:
		w.subject(subjects(inv, c.Scope)[i])
	case c.Scope != "system":
		t.Fatalf("there is no subject %q", c.Subject)
	}
	got := w.compile(t, c.When, c.Scope).Bool(w.machine)
	if got.String() != c.Is {
		t.Errorf("is %v, want %v", got, c.Is)
	}
	if missing := w.missing(); !slices.Equal(missing, c.Missing) {
		t.Errorf("misses %v, want %v", missing, c.Missing)
	}
	if c.Facts != nil {
		if facts := w.facts(); !slices.Equal(facts, c.Facts) {
			t.Errorf("read\n%s\nwant\n%s", strings.Join(facts, "\n"), strings.Join(c.Facts, "\n"))
		}
	}
	until := int64(rule.Forever)
	if !c.Until.IsZero() {
		until = c.Until.UnixMicro()
	}
	if h := w.machine.Horizon(); h != until {
		t.Errorf("holds until %v, want %v", time.UnixMicro(h).UTC(), time.UnixMicro(until).UTC())
	}
	if err := w.machine.Err(); got == rule.Error && (err == nil || !strings.Contains(err.Error(), c.Error)) {
		t.Errorf("the error is %v, want %q in it", err, c.Error)
	}
	if claim := w.machine.ClaimUsed(); claim != c.Claim {
		t.Errorf("used the claim %q, want %q", claim, c.Claim)
	}
}

func (w *world) facts() []string {
	var out []string
	for _, f := range w.machine.DistinctFacts() {
		value, ok := f.Value()
		if !ok {
			value = "absent"
		}
		out = append(out, w.machine.Path(f)+" = "+value)
	}
	return out
}
