package assessor

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// fleetSystems are the systems of the generated fleets.
var fleetSystems = []string{"a", "b", "c"}

// step is how a system stood from one instant to another, by counters' names.
type step struct {
	from, to int64
	levels   map[string]int64
	rules    map[string][3]int64
	version  string
	score    float64
}

// steps are all that a system's series went through, each evaluated anew as of
// its instant: this is what sums over systems must be sums of.
func (k *kit) steps(t *rapid.T, system, series string) (out []step) {
	list, _, err := k.Breakpoints(k.t.Context(), past.Breakpoints{System: system, Series: series, Limit: 10_000})
	if err != nil {
		if notThere(err) {
			return nil
		}
		t.Fatal(err)
	}
	slices.Reverse(list)
	for i, b := range list {
		s := step{from: envelope.Instant(b.EffectiveTime), to: ledger.MaxInstant}
		if i+1 < len(list) {
			s.to = envelope.Instant(list[i+1].EffectiveTime)
		}
		st, err := k.StateAt(k.t.Context(), system, series, past.When{AsOf: s.from})
		if notThere(err) {
			continue // it ended
		}
		if err != nil {
			t.Fatal(err)
		}
		s.fill(b, st)
		out = append(out, s)
	}
	return out
}

func (s *step) fill(b *pb.Breakpoint, st *past.State) {
	s.levels, s.rules, s.version, s.score = map[string]int64{"systems": 1}, map[string][3]int64{}, b.ChecklistVersion, -1
	if b.Score != nil {
		s.score = *b.Score
		s.levels["scored"], s.levels["score"] = 1, int64(math.Round(*b.Score*1e6))
		s.levels["effective"] = int64(math.Round(*b.EffectiveScore * 1e6))
	}
	if b.Coverage != nil {
		s.levels["covered"], s.levels["coverage"] = 1, int64(math.Round(*b.Coverage*1e6))
	}
	plan := st.Evaluation.Plan
	for _, r := range rowsOf(st) {
		s.levels[r.State.String()]++
		n := s.rules[st.Rules[r.Rule]]
		switch r.State {
		case score.Pass:
			n[rollup.Pass]++
		case score.Fail:
			n[rollup.Fail]++
			s.levels["severity "+plan.Severity(r.Rule)]++
			s.levels["area "+plan.Checklist().Rules()[r.Rule].Area]++
		case score.Unknown:
			n[rollup.Unknown]++
		}
		s.rules[st.Rules[r.Rule]] = n
	}
}

// counters are the names of the counters in their order.
func counters(s *rollup.Sums) []string {
	out := []string{"systems", "scored", "score", "effective", "covered", "coverage"}
	for i := range score.NumStates {
		out = append(out, score.State(i).String())
	}
	for _, x := range rollup.Severities {
		out = append(out, "severity "+x)
	}
	for _, x := range s.Areas() {
		out = append(out, "area "+x)
	}
	return out
}

// integral is that of a counter of all steps over a span.
func integral(all []step, from, to int64, level func(step) int64) *big.Int {
	sum := new(big.Int)
	for _, s := range all {
		if a, b := max(s.from, from), min(s.to, to); a < b {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(level(s)), big.NewInt(b-a)))
		}
	}
	return sum
}

// compareFleet compares the sums with a recount.
func (k *kit) compareFleet(t *rapid.T, series string, now int64) error {
	var all, newest []step
	scores := map[string]float64{}
	for _, id := range fleetSystems {
		own := k.steps(t, id, series)
		all = append(all, own...)
		if n := len(own); n > 0 && own[n-1].to == ledger.MaxInstant {
			newest = append(newest, own[n-1])
			if own[n-1].score >= 0 {
				scores[id] = own[n-1].score
			}
		}
	}
	err := k.ReadFleet(k.t.Context(), series, func(f *past.Fleet) error {
		s := f.Sums
		if s == nil {
			if len(all) > 0 {
				return fmt.Errorf("no sums of %d steps", len(all))
			}
			return nil
		}
		if err := compareNewest(s, newest); err != nil {
			return err
		}
		return compareTime(t, s, all, now)
	})
	if err != nil {
		return err
	}
	return k.compareWorst(series, scores)
}

func compareNewest(s *rollup.Sums, newest []step) error {
	got := s.Newest()
	for i, name := range counters(s) {
		want := int64(0)
		for _, x := range newest {
			want += x.levels[name]
		}
		if got.At(i) != want {
			return fmt.Errorf("newest %s is %d, counted %d", name, got.At(i), want)
		}
	}
	rules, versions := map[string][4]int64{}, map[string]int64{}
	for _, x := range newest {
		versions[x.version]++
		for id, n := range x.rules {
			r := rules[id]
			for i := range n {
				r[i] += n[i]
			}
			if n[rollup.Fail] > 0 {
				r[rollup.FailingSystems]++
			}
			if rules[id] = r; r[0]+r[1]+r[2] == 0 {
				delete(rules, id)
			}
		}
	}
	stored := map[string][4]int64{}
	for _, r := range s.Rules() {
		stored[r.ID] = [4]int64{r.Pass, r.Fail, r.Unknown, r.FailingSystems}
	}
	if fmt.Sprint(stored) != fmt.Sprint(rules) || fmt.Sprint(s.Versions()) != fmt.Sprint(versions) {
		return fmt.Errorf("rules %v, counted %v; versions %v, counted %v", stored, rules, s.Versions(), versions)
	}
	return nil
}

// compareTime compares integrals over drawn spans, some of them far away.
func compareTime(t *rapid.T, s *rollup.Sums, all []step, now int64) error {
	span := func(unit int64, most int) (from, to, length int64) {
		from = rollup.Floor(now, unit) - int64(rapid.IntRange(-50, most).Draw(t, "from"))*unit
		to = from + int64(rapid.IntRange(0, most).Draw(t, "to"))*unit
		if rapid.IntRange(0, 9).Draw(t, "far") == 0 {
			from, to = from-3000*rollup.Day, to+3000*rollup.Day
		}
		return from, to, max((to-from)/unit/int64(rapid.IntRange(1, 40).Draw(t, "spans"))*unit, unit)
	}
	from, to, length := span(rollup.Hour, 24*100)
	names := counters(s)
	at := from
	for _, x := range s.Trend(from, to, length) {
		if x.Start != at || x.Length() != min(length, to-at) {
			return fmt.Errorf("a span of %d from %d, not at %d", x.Length(), x.Start, at)
		}
		at = x.End
		for i, name := range names {
			if want := integral(all, x.Start, x.End, func(s step) int64 { return s.levels[name] }); x.At(i).Big().Cmp(want) != 0 {
				return fmt.Errorf("%s from %d to %d is %v, integrated %v", name, x.Start, x.End, x.At(i).Big(), want)
			}
		}
	}
	if at != max(from, to) {
		return fmt.Errorf("the spans end at %d, not at %d", at, to)
	}
	from, to, length = span(rollup.Day, 100)
	for _, rule := range []string{"static", "patched", "clear"} {
		for _, x := range s.RuleTrend(rule, from, to, length) {
			for i := range 3 {
				if want := integral(all, x.Start, x.End, func(s step) int64 { return s.rules[rule][i] }); x.At(i).Big().Cmp(want) != 0 {
					return fmt.Errorf("place %d of rule %s from %d to %d is %v, integrated %v", i, rule, x.Start, x.End, x.At(i).Big(), want)
				}
			}
		}
	}
	return nil
}

// compareWorst compares the list of systems.
func (k *kit) compareWorst(series string, scores map[string]float64) error {
	return k.ReadFleet(k.t.Context(), series, func(f *past.Fleet) error {
		if f.Sums == nil {
			return nil
		}
		return compareRanks(f, f.Sums, scores)
	})
}

func compareRanks(f *past.Fleet, s *rollup.Sums, scores map[string]float64) error {
	left, last := maps.Clone(scores), -1.0
	for place := range s.Worst(ledger.Rank{}) {
		r, err := f.Standing(place.N)
		if err != nil {
			return err
		}
		if want, ok := left[r.System]; !ok || *r.Standing.Score != want || want < last-1e-6 {
			return fmt.Errorf("system %s with %v after %v, of %v", r.System, r.Standing, last, scores)
		}
		last = *r.Standing.Score
		delete(left, r.System)
	}
	if len(left) > 0 {
		return fmt.Errorf("no place in the list: %v", left)
	}
	return nil
}

// TestSumsAreWhatSystemsAddUpTo: whatever happens to some systems, also late,
// sums over all systems and integrals of them are those of the systems' own
// timelines, exactly.
func TestSumsAreWhatSystemsAddUpTo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := newKit(t)
		now := 0
		var trace []string
		for i := range rapid.IntRange(2, 12).Draw(rt, "n") {
			now += rapid.IntRange(0, 12).Draw(rt, "pause")
			k.clock.set(day(now).Add(time.Duration(i+1) * 61 * time.Minute))
			x := fleetAct{
				kind:   rapid.SampledFrom([]string{"submit", "submit", "submit", "late", "shared", "retire", "retire host", "waive", "version", "refine", "unassign", "assign", "declare", "declare"}).Draw(rt, "kind"),
				system: rapid.SampledFrom(fleetSystems).Draw(rt, "system"),
				ago:    time.Duration(rapid.Int64Range(0, int64(time.Duration(now+2)*24*time.Hour)).Draw(rt, "ago")),
				n:      1000*(i+1) + rapid.IntRange(0, 999).Draw(rt, "content"),
			}
			trace = append(trace, fmt.Sprintf("%+v on day %d", x, now))
			if err := k.act(x); err != nil {
				rt.Fatal(err, trace)
			}
			if rapid.Bool().Draw(rt, "scheduler") {
				if _, err := k.RunDue(t.Context()); err != nil {
					rt.Fatal(err)
				}
				for _, id := range []string{series, tailored} {
					if err := k.compareGroups(rt, id, k.clock.now().UnixMicro()); err != nil {
						rt.Fatalf("%s: %v\n%q", id, err, trace)
					}
				}
			}
			for _, id := range []string{series, tailored} {
				if err := k.compareFleet(rt, id, k.clock.now().UnixMicro()); err != nil {
					rt.Fatalf("%s: %v\n%q", id, err, trace)
				}
			}
		}
	})
}

// fleetAct is something that happens to a fleet.
type fleetAct struct {
	kind, system string
	ago          time.Duration
	n            int
}

// act does one thing at the clock's instant.
func (k *kit) act(x fleetAct) error {
	ctx, at := k.t.Context(), k.clock.now()
	switch x.kind {
	case "late":
		at = at.Add(-x.ago)
		fallthrough
	case "submit", "shared":
		inv := k.inventory(said{content: x.n}.text())
		inv.System.Id = x.system
		inv.System.Labels = labelsFor(x.n)
		k.observed = append(k.observed, at.UnixMicro())
		if x.kind != "shared" { // otherwise one host stands in all systems
			inv.Hosts[0].Id += "-" + x.system
		}
		r := k.send(&pb.SubmitInventoryRequest{
			System: "systems/" + x.system, Source: []string{"agent", "cmdb"}[x.n%2], Inventory: inv, ObservedTime: timestamppb.New(at),
		})
		return within(x.kind, r)
	case "retire":
		return orMissing(k.RetireSystem(ctx, x.system, "", "test"))
	case "retire host":
		return orMissing(k.RetireHost(ctx, "web1-"+x.system, "", "test"))
	case "waive":
		id := fmt.Sprint("w", x.n)
		if _, err := k.Statements.CreateWaiver(ctx, x.system, id, &pb.Waiver{
			Checklist: "test", Rule: "static", Reason: "accepted", ExpireTime: timestamppb.New(at.Add(9 * 24 * time.Hour)),
		}, "test"); err != nil {
			return orMissing(err)
		}
		_, err := k.Statements.ApproveWaiver(ctx, x.system, id, "test")
		return err
	case "version":
		return k.newVersion(x.n, func(c *pb.Checklist) {
			r := c.Groups[0].Rules
			r[0].Severity, r[1].Area = rollup.Severities[x.n%5], []string{"network", "os", "lifecycle"}[x.n%3]
			if x.n%2 == 0 {
				c.Groups[0].Rules = append(r[1:], r[0])
			}
		})
	case "unassign":
		return orMissing(k.Unassign(ctx, []string{"all", "local"}[x.n%2], "test"))
	case "assign":
		a := &pb.Assignment{Selector: &pb.Selector{}, Checklist: "test"}
		if x.n%2 == 1 {
			a.Tailoring = "tailorings/local"
			if err := k.refineRule(x.n); err != nil {
				return err
			}
		}
		if _, err := k.Assign(ctx, []string{"all", "local"}[x.n%2], a, "test"); err != nil {
			return nil // it is there already
		}
	case "refine":
		return k.refineRule(x.n)
	case "declare":
		return k.SetLabels(ctx, [][]string{{"tier"}, {"site", "tier"}, {"site"}, {}, {"tier", "site", "n"}}[x.n%5], "", "test")
	}
	return nil
}

// refineRule publishes a version of the tailoring that gives rules another
// severity.
func (k *kit) refineRule(n int) error {
	c, _, err := k.Checklist("test", "1.0.0")
	if err != nil {
		return err
	}
	_, err = k.PublishTailoring(k.t.Context(), &pb.Tailoring{Id: "local", Refinements: []*pb.Refinement{
		{Rule: "static", Severity: proto.String(rollup.Severities[n%5])}, {Rule: "clear", Weight: proto.Float64(float64(1 + n%4))},
	}}, c, "", "test", false)
	return err
}

// within is the error of a submission; one before the system was retired is
// refused.
func within(kind string, r *pb.Receipt) error {
	if r.Error != nil && kind != "late" {
		return fmt.Errorf("%v", r.Error)
	}
	return nil
}

func orMissing(err error) error {
	if notThere(err) {
		return nil
	}
	return err
}
