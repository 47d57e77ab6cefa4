package assessor

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// labelsFor are the labels of a generated system: some absent, some too long.
func labelsFor(n int) map[string]string {
	out := map[string]string{"n": fmt.Sprint(n)}
	if v := []string{"prod", "test", ""}[n%3]; v != "" {
		out["tier"] = v
	}
	if v := []string{"a", "b", "", strings.Repeat("x", rollup.MaxValue+1), rollup.Other}[n%5]; v != "" {
		out["site"] = v
	}
	return out
}

// labelAt is what a system had as a label at an instant, as a group's value.
func (k *kit) labelAt(t *rapid.T, system, key string, at int64) (value string, until int64) {
	m, err := k.Merged(k.t.Context(), system, "", past.When{AsOf: at})
	if notThere(err) {
		// A state of before anything was said: see the known limits.
		return "", assess.Forever
	}
	if err != nil {
		t.Fatal(err)
	}
	v := m.Inventory.System.GetLabels()[key]
	if len(v) > rollup.MaxValue {
		v = rollup.Other
	}
	return v, m.ValidUntil
}

// bySteps parts a system's steps by the values of a label, wherever that may have
// changed: where something was observed, and where something became stale.
func (k *kit) bySteps(t *rapid.T, system string, l rollup.Label, steps []step, now int64) map[string][]step {
	out := map[string][]step{}
	for _, s := range steps {
		s.from = max(s.from, l.Since)
		now := max(now, s.from) // a commit's instant may be a little ahead of the clock
		for s.from < s.to && s.from <= now {
			value, until := k.labelAt(t, system, l.Key, s.from)
			for _, at := range k.observed {
				if at > s.from {
					until = min(until, at)
				}
			}
			part := s
			if part.to = min(until, s.to); part.to > now {
				part.to = s.to
			}
			if list := out[value]; len(list) > 0 && list[len(list)-1].to == part.from && list[len(list)-1].same(&part) {
				list[len(list)-1].to = part.to
			} else {
				out[value] = append(list, part)
			}
			s.from = part.to
		}
	}
	return out
}

func (s *step) same(o *step) bool {
	return fmt.Sprint(s.levels, s.rules, s.version, s.score) == fmt.Sprint(o.levels, o.rules, o.version, o.score)
}

// compareGroups compares the sums by each declared label with a recount, when
// everything that is due was evaluated.
func (k *kit) compareGroups(t *rapid.T, series string, now int64) error {
	_, labels := k.Labels()
	for _, l := range labels {
		all, newest, scores := map[string][]step{}, map[string][]step{}, map[string]map[string]float64{}
		for _, id := range fleetSystems {
			for value, own := range k.bySteps(t, id, l, k.steps(t, id, series), now) {
				all[value] = append(all[value], own...)
				if last := own[len(own)-1]; last.to == ledger.MaxInstant {
					newest[value] = append(newest[value], last)
					if last.score >= 0 {
						if scores[value] == nil {
							scores[value] = map[string]float64{}
						}
						scores[value][id] = last.score
					}
				}
			}
		}
		if err := k.ReadFleet(k.t.Context(), series, func(f *past.Fleet) error {
			if f.Sums == nil {
				return nil
			}
			g, err := f.Sums.By(l)
			if err != nil || g == nil || !g.Complete() {
				return fmt.Errorf("by %s: %+v, %v", l.Key, g, err)
			}
			for value := range all {
				if g.Of(f.Sums, value).None() {
					return fmt.Errorf("no sums of %s = %q", l.Key, value)
				}
			}
			for _, x := range g.Groups {
				err := compareNewest(x.Sums, newest[x.Value])
				if err == nil {
					err = compareTime(t, x.Sums, all[x.Value], now)
				}
				if err == nil {
					err = compareRanks(f, x.Sums, scores[x.Value])
				}
				if err != nil {
					return fmt.Errorf("%s = %q: %w", l.Key, x.Value, err)
				}
			}
			return addsUp(f, g)
		}); err != nil {
			return err
		}
	}
	return k.compareLatest(t, series)
}

// addsUp: the groups of a label are the whole.
func addsUp(f *past.Fleet, g *rollup.Grouped) error {
	for i := range counters(f.Sums) {
		sum := int64(0)
		for _, x := range g.Groups {
			sum += x.Sums.Newest().At(i)
		}
		if sum != f.Sums.Newest().At(i) {
			return fmt.Errorf("counter %d of all groups is %d, of the whole %d", i, sum, f.Sums.Newest().At(i))
		}
	}
	return nil
}

// compareLatest compares when results began to fail, or to be unknown, with what
// the newest states say.
func (k *kit) compareLatest(t *rapid.T, series string) error {
	since := int64(0)
	if rapid.Bool().Draw(t, "lately") {
		since = rollup.Floor(k.clock.now().UnixMicro(), rollup.Hour) - int64(rapid.IntRange(0, 2000).Draw(t, "hours"))*rollup.Hour
	}
	begun, latest := map[string]rollup.Begun{}, [2]map[string]int64{{}, {}}
	for _, id := range fleetSystems {
		st, err := k.StateAt(k.t.Context(), id, series, past.When{})
		if notThere(err) {
			continue
		}
		if err != nil {
			return err
		}
		for _, r := range rowsOf(st) {
			place := slices.Index([]score.State{rollup.BegunFailing: score.Fail, rollup.BegunUnknown: score.Unknown}, r.State)
			if place < 0 || r.Waived {
				continue
			}
			latest[place][id] = max(latest[place][id], rollup.Floor(r.Since, 1e6))
			if r.Since < since {
				continue
			}
			n := begun[st.Rules[r.Rule]]
			if place == rollup.BegunFailing {
				n.Failing++
			} else {
				n.Unknown++
			}
			begun[st.Rules[r.Rule]] = n
		}
	}
	return k.ReadFleet(k.t.Context(), series, func(f *past.Fleet) error {
		if f.Sums == nil {
			return nil
		}
		got := f.Sums.Begun(since)
		for id, n := range got {
			if n == (rollup.Begun{}) {
				delete(got, id)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(begun) {
			return fmt.Errorf("began since %d: %v, counted %v", since, got, begun)
		}
		for place, want := range latest {
			list, before := map[string]int64{}, int64(ledger.MaxInstant)
			for r := range f.Sums.Latest(place, ledger.Rank{}) {
				id, _, err := f.Newest(r.N)
				if err != nil {
					return err
				}
				if list[id] = rollup.LatestAt(r); list[id] > before {
					return fmt.Errorf("%s of %d comes after %d", id, list[id], before)
				}
				before = list[id]
			}
			if fmt.Sprint(list) != fmt.Sprint(want) {
				return fmt.Errorf("list %d is %v, counted %v", place, list, want)
			}
		}
		return nil
	})
}
