package states

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/score"
)

// TestPackedResults: what is packed is unpacked, and damage is an error.
func TestPackedResults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.IntRange(1, 20).Draw(rt, "rules")
		var rows []Row
		for r := range rules {
			for range rapid.IntRange(0, 3).Draw(rt, "results") {
				rows = append(rows, Row{
					Rule: r, subject: rapid.Int32Range(-1, 4).Draw(rt, "subject"),
					State:  score.State(rapid.IntRange(1, score.NumStates-1).Draw(rt, "state")),
					Waived: rapid.Bool().Draw(rt, "waived"), exception: int8(rapid.IntRange(-1, 100).Draw(rt, "exception")),
					Since: rapid.Int64Range(0, 5).Draw(rt, "since"), waiver: rapid.Int32Range(0, 3).Draw(rt, "waiver"),
				})
			}
		}
		b := packResults(rows, rules, []int64{3, 4})
		got, _, n, err := unpackResults(b, 5, 3)
		if err != nil || n != rules || !slices.Equal(got, rows) {
			rt.Fatalf("%v, %d rules, %v\nwant %v", got, n, err, rows)
		}
		if _, _, _, err := unpackResults(b[:len(b)-1], 5, 3); err == nil {
			rt.Fatal("a cut state is read")
		}
	})
}

func FuzzUnpackResults(f *testing.F) {
	f.Add(packResults([]Row{{Rule: 0, subject: 0, State: score.Pass, exception: -1, Since: 7}}, 1, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, _, rules, err := unpackResults(b, 3, 2)
		if err == nil && rules > len(b) {
			t.Errorf("%d rules, %d rows of %d bytes", rules, len(rows), len(b))
		}
	})
}
