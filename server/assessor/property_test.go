package assessor

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/states"
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
	k.plans.KeepFrom(cacheFrom)
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
	st, err := k.StateAt(t.Context(), "s", series, past.When{AsOf: at.UnixMicro()})
	if err != nil {
		return "none"
	}
	var rows []string
	for _, r := range rowsOf(st) {
		rows = append(rows, fmt.Sprint(st.Rules[r.Rule], states.SubjectName(st.Stored, r), r.State))
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
		a, b := play(t, inOrder, change.CacheFrom), play(t, h, 1)
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
		k := play(t, history(rt), rapid.SampledFrom([]int{1, change.CacheFrom}).Draw(rt, "cache"))
		seed := rapid.Int64().Draw(rt, "seed")
		rnd := rand.New(rand.NewSource(seed))
		for range 40 {
			at := day0.Add(time.Duration(rnd.Int63n(int64(100 * 24 * time.Hour))))
			st, err := k.StateAt(t.Context(), "s", series, past.When{AsOf: at.UnixMicro()})
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

func evaluated(st *past.State) []string {
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
	st, err := k.StateAt(k.t.Context(), "s", series, past.When{AsOf: asOf.UnixMicro(), KnownAt: knownAt.UnixMicro()})
	if err != nil {
		return err.Error()
	}
	d := st.Evaluation.Digest()
	return fmt.Sprintf("%x %x", st.Stored.Digest, d[:])
}
