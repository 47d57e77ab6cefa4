// Package commsuite_test holds the example files against what their README
// says of them.
package commsuite_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var update = flag.Bool("update", false, "rewrite testdata")

// findings assesses the one submission of a file.
func findings(t *testing.T, name, profile string, at time.Time) []*pb.Finding {
	t.Helper()
	file, err := guidance.Get("commsuite-5", guidance.Latest)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := assess.Compile(file.Checklist)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	plan, err := c.Plan(profile, nil)
	if err != nil {
		t.Fatal(err)
	}
	inv := read(t, name)
	return plan.EvaluateInventory(inv, nil, nil, at.UnixMicro()).Findings()
}

func read(t *testing.T, name string) *pb.Inventory {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out *pb.Inventory
	for s := range inventoryfile.Submissions(name, f) {
		for _, p := range s.Problems {
			t.Errorf("%s:%s", name, p)
		}
		if s.Item == nil || out != nil {
			t.Fatalf("%s is not one good submission", name)
		}
		out = s.Item.GetSubmit().Inventory
	}
	intake.Normalize(out)
	return out
}

// TestGood: everything that applies is known and passes, and time alone ends
// that.
func TestGood(t *testing.T) {
	day := time.Date(2008, 6, 16, 0, 0, 0, 0, time.UTC)
	for _, profile := range []string{"single-tier", "two-tier"} {
		passed := 0
		for _, f := range findings(t, "good.yaml", profile, day) {
			switch f.State {
			case "pass":
				passed++
			case "notapplicable", "notselected":
			default:
				t.Errorf("%s: %s is %s for %s: %s %v", profile, f.Rule, f.State, f.Subject, f.Message, f.MissingFacts)
			}
		}
		if passed < 200 {
			t.Errorf("%s: %d results pass, which is too few to mean anything", profile, passed)
		}
	}
	later := findings(t, "good.yaml", "two-tier", day.AddDate(2, 0, 0))
	if !slices.ContainsFunc(later, func(f *pb.Finding) bool { return f.State == "fail" }) {
		t.Error("nothing fails after two years without a word")
	}
}

// TestFaulty compares what fails and what is unknown with testdata.
func TestFaulty(t *testing.T) {
	var got strings.Builder
	for _, f := range findings(t, "faulty.yaml", "two-tier", time.Date(2009, 6, 15, 0, 0, 0, 0, time.UTC)) {
		switch f.State {
		case "fail":
			fmt.Fprintf(&got, "fail     %-9s %s %s\n         %s\n", f.Severity, f.Rule, f.Subject, f.Message)
		case "unknown":
			fmt.Fprintf(&got, "unknown  %-9s %s %s\n         missing: %s\n", f.Severity, f.Rule, f.Subject, strings.Join(f.MissingFacts, ", "))
		case "error":
			t.Errorf("%s is error for %s", f.Rule, f.Subject)
		}
	}
	golden := filepath.Join("testdata", "faulty.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("other findings than in %s (-want +got):\n%s", golden, d)
	}
}
