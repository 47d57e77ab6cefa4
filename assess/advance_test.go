package assess_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestAdvance evaluates one inventory at one instant after the other, each time
// once from what was found before and once afresh, in memory that is used again.
func TestAdvance(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	rapid.Check(t, func(t *rapid.T) {
		cfg := engineConfig(t, 4, 2)
		inv := cfg.Inventory().Draw(t, "inventory")
		s := estate{system: inv, hosts: inv.Hosts, known: shape.Whole}
		claims, waivers, at := engineClaims(t), engineWaivers(t), nearDay(t, "at")
		in := assess.Input{Merged: s.merged(at), Claims: claims, Waivers: waivers, At: at}
		previous := p.Evaluate(in)
		for range 4 {
			in.At += rapid.SampledFrom([]int64{0, 1, day1, 7 * day1, 90 * day1}).Draw(t, "later")
			if rapid.Bool().Draw(t, "when it turns") && previous.HoldsUntil != assess.Forever {
				in.At = max(in.At, previous.HoldsUntil)
			}
			in.Previous = nil
			fresh := p.Evaluate(in)
			in.Previous = previous
			again := p.Evaluate(in)
			if err := sameEvaluation(fresh, again); err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(plainResults(fresh), plainResults(again)); d != "" {
				t.Fatal(d)
			}
			if fresh.ValidUntil != again.ValidUntil || fresh.HoldsUntil != again.HoldsUntil {
				t.Fatalf("holds until %s and %s", when(fresh.ValidUntil), when(again.ValidUntil))
			}
			if d := gocmp.Diff(fresh.Findings(), again.Findings(), protocmp.Transform()); d != "" {
				t.Fatal(d)
			}
			fresh.Recycle()
			previous.Recycle()
			previous = again
		}
	})
}

// TestFindingsAfter: pages of any size hold the findings that there are, each
// once, in the order of rules and subjects.
func TestFindingsAfter(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	rapid.Check(t, func(t *rapid.T) {
		cfg := engineConfig(t, 3, 2)
		e := p.EvaluateInventory(cfg.Inventory().Draw(t, "inventory"), engineClaims(t), engineWaivers(t), nearDay(t, "at"))
		size := rapid.IntRange(1, 20).Draw(t, "size")
		var got []*pb.Finding
		for rule, subject := "", ""; ; {
			n := 0
			for f := range e.FindingsAfter(rule, subject) {
				if n++; n > size {
					break
				}
				got = append(got, f)
			}
			if n <= size {
				break
			}
			rule, subject = got[len(got)-1].Rule, got[len(got)-1].Subject
		}
		want := e.Findings()
		slices.SortStableFunc(want, func(a, b *pb.Finding) int {
			return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Subject, b.Subject))
		})
		if d := gocmp.Diff(want, got, protocmp.Transform()); d != "" {
			t.Fatal(d)
		}
	})
}
