package assessor

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/score"
)

// said is one submission of a generated history.
type said struct {
	source   string
	observed time.Duration // after day0
	content  int
}

// text is an inventory in which everything that rules read depends on n.
func (s said) text() string {
	return fmt.Sprintf(`
system: {id: s, product: test, labels: {n: "%d"}, channels: [{id: c, protection: [%s], from: {zone: z}}]}
hosts:
- id: web1
  addresses: [{ip: 10.0.0.1, static: %v}]
  os: {patched_time: %s}
  endpoints: [{id: "443", tls: {enabled: %v, certificate: {not_after: %s}}}]
`, s.content, []string{"none", "tls", "ipsec"}[s.content%3], s.content%2 == 0,
		day0.Add(-time.Duration(s.content%120)*24*time.Hour).Format(time.RFC3339), s.content%5 != 0,
		day0.Add(time.Duration(s.content%90)*24*time.Hour).Format(time.RFC3339))
}

// history draws submissions of three sources over some sixty days. No source
// says the same twice in a row, since confirmations between the first and the
// last of a version are not kept.
func history(t *rapid.T) []said {
	n := rapid.IntRange(1, 8).Draw(t, "n")
	out := make([]said, n)
	for i := range out {
		out[i] = said{
			source:   rapid.SampledFrom([]string{"agent", "cmdb", "scanner"}).Draw(t, "source"),
			observed: time.Duration(rapid.IntRange(0, 60*24).Draw(t, "hour")) * time.Hour,
			content:  1000*i + rapid.IntRange(0, 999).Draw(t, "content"),
		}
	}
	return out
}

// play submits a history in an order of arrival, all of it on one day.
func play(t *testing.T, order []said, cacheFrom int) *kit {
	k := newKit(t)
	k.plans.keepFrom(cacheFrom)
	k.clock.set(day(100))
	for _, s := range order {
		if r := k.submit(s.source, day0.Add(s.observed), s.text()); r.Error != nil {
			t.Fatal(r)
		}
	}
	if _, err := k.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

// table is a state in comparable form, without since.
func table(t *testing.T, k *kit, at time.Time) string {
	st, err := k.StateAt(t.Context(), "s", series, When{AsOf: at.UnixMicro()})
	if err != nil {
		return "none"
	}
	var rows []string
	for _, r := range st.rows.rows {
		rows = append(rows, fmt.Sprint(st.Rules[r.rule], subjectName(st.Stored, r), r.state))
	}
	slices.Sort(rows)
	return fmt.Sprint(rows)
}

// TestArrivalOrderDoesNotMatter: what is known now of any instant does not
// depend on the order in which submissions arrived.
func TestArrivalOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := history(rt)
		inOrder := slices.Clone(h)
		slices.SortStableFunc(inOrder, func(a, b said) int { return int(a.observed - b.observed) })
		for i := 1; i < len(inOrder); i++ {
			if inOrder[i].observed == inOrder[i-1].observed && inOrder[i].source == inOrder[i-1].source {
				rt.Skip("of two views for one instant the later arrival holds")
			}
		}
		a, b := play(t, inOrder, cacheFrom), play(t, h, 1)
		for d := 0; d <= 100; d++ {
			at := day0.Add(time.Duration(d)*24*time.Hour + time.Minute)
			if x, y := table(t, a, at), table(t, b, at); x != y {
				rt.Fatalf("as of %v\nin order: %s\nas it came: %s\n%+v", at, x, y, h)
			}
		}
	})
}

// TestStoredIsWhatEvaluationSays: the state that is stored for an instant is
// the one that evaluating the inventory of that instant gives, between any two
// breakpoints.
func TestStoredIsWhatEvaluationSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := play(t, history(rt), rapid.SampledFrom([]int{1, cacheFrom}).Draw(rt, "cache"))
		seed := rapid.Int64().Draw(rt, "seed")
		rnd := rand.New(rand.NewSource(seed))
		for range 40 {
			at := day0.Add(time.Duration(rnd.Int63n(int64(100 * 24 * time.Hour))))
			st, err := k.StateAt(t.Context(), "s", series, When{AsOf: at.UnixMicro()})
			if notThere(err) {
				continue
			}
			if err != nil {
				rt.Fatal(err)
			}
			if d := st.Evaluation.Digest(); string(d[:]) != string(st.Stored.Digest) {
				rt.Fatalf("as of %v: stored %s, evaluated %v", at, table(t, k, at), evaluated(st))
			}
		}
	})
}

func notThere(err error) bool { return err != nil && fmt.Sprint(err)[:8] == "NotFound" }

func evaluated(st *State) []string {
	var rows []string
	for i := range st.Evaluation.Results {
		r := &st.Evaluation.Results[i]
		rows = append(rows, fmt.Sprint(st.Rules[r.Rule], st.Evaluation.SubjectID(r), r.State))
	}
	slices.Sort(rows)
	return rows
}

// TestWhatWasKnownStays: what was known at an instant is answered the same
// whatever is learned later.
func TestWhatWasKnownStays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := newKit(t)
		type belief struct {
			asOf, knownAt time.Time
			table         string
		}
		var beliefs []belief
		for i, s := range history(rt) {
			k.clock.set(day(100 + i))
			k.submit(s.source, day0.Add(s.observed), s.text())
			now := day(100 + i).Add(time.Hour)
			asOf := day0.Add(time.Duration(rapid.IntRange(0, 60).Draw(rt, "day")) * 24 * time.Hour)
			k.clock.set(now)
			beliefs = append(beliefs, belief{asOf, now, k.known(asOf, now)})
		}
		for _, b := range beliefs {
			if got := k.known(b.asOf, b.knownAt); got != b.table {
				rt.Fatalf("as of %v, known at %v: %s, was %s", b.asOf, b.knownAt, got, b.table)
			}
		}
	})
}

func (k *kit) known(asOf, knownAt time.Time) string {
	st, err := k.StateAt(k.t.Context(), "s", series, When{AsOf: asOf.UnixMicro(), KnownAt: knownAt.UnixMicro()})
	if err != nil {
		return err.Error()
	}
	d := st.Evaluation.Digest()
	return fmt.Sprintf("%x %x", st.Stored.Digest, d[:])
}

// TestPackedResults: what is packed is unpacked, and damage is an error.
func TestPackedResults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.IntRange(1, 20).Draw(rt, "rules")
		var rows []resultRow
		for r := range rules {
			for range rapid.IntRange(0, 3).Draw(rt, "results") {
				rows = append(rows, resultRow{
					rule: r, subject: rapid.IntRange(-1, 4).Draw(rt, "subject"),
					state:  score.State(rapid.IntRange(1, score.NumStates-1).Draw(rt, "state")),
					waived: rapid.Bool().Draw(rt, "waived"), exception: int8(rapid.IntRange(-1, 100).Draw(rt, "exception")),
					since: rapid.Int64Range(0, 5).Draw(rt, "since"), waiver: rapid.IntRange(0, 3).Draw(rt, "waiver"),
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
	f.Add(packResults([]resultRow{{rule: 0, subject: 0, state: score.Pass, exception: -1, since: 7}}, 1, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, _, rules, err := unpackResults(b, 3, 2)
		if err == nil && rules > len(b) {
			t.Errorf("%d rules, %d rows of %d bytes", rules, len(rows), len(b))
		}
	})
}
