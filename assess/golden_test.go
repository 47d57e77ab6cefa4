package assess_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/digests.txt anew")

// TestGoldenDigests holds the digests of all cases' states against those that
// were written down. Stored assessments are known by them, so a change here is
// a new version of the form, not a correction.
func TestGoldenDigests(t *testing.T) {
	const file = "testdata/digests.txt"
	all := suites(t)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		fmt.Fprintf(&b, "%s checklist %s\n", name, s.compiled.Digest())
		for i := range s.Cases {
			c := &s.Cases[i]
			e, err := c.evaluate(t, s)
			if err != nil {
				continue // a plan that cannot be made
			}
			fmt.Fprintf(&b, "%s/%s\n  inventory %s\n  tailoring %s\n  state     %s\n",
				name, c.Name, e.InventoryDigest(), e.Plan.TailoringDigest(), e.Digest())
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
