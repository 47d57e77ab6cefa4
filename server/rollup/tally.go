package rollup

import (
	"slices"

	"github.com/plumbline/plumbline/store/ledger"
)

// tally is what a batch changes of one set of sums: of all systems that have a
// series, or of those of them in one group.
type tally struct {
	number   uint32
	newest   []int64
	byRule   []int64
	versions []int64
	begun    map[int64][]int64 // by hour
	hours    map[int64][]moment
	days     map[int64][]moment
	lastHour slot
	lastDay  slot
}

func newTally(number uint32) *tally {
	return &tally{number: number, begun: map[int64][]int64{}, hours: map[int64][]moment{}, days: map[int64][]moment{}}
}

// slot is the bucket found last: mostly the next change falls into it too.
type slot struct {
	bucket  int64
	moments []moment
}

// moment is what changes of a counter within a bucket: D and M.
type moment struct {
	d int64
	m ledger.Wide
}

func (m *moment) add(change, offset int64) {
	m.d += change
	m.m = m.m.Add(ledger.WideOf(change).Times(offset))
}

// replace says that another standing is known from one instant to before another.
func (s *tally) replace(was, is *Standing, from, to int64) {
	for i := range max(len(was.levels), len(is.levels)) {
		if d := at(is.levels, i) - at(was.levels, i); d != 0 {
			s.hour(from, i, d)
			if to < ledger.MaxInstant {
				s.hour(to, i, -d)
			}
		}
	}
	for i := range max(len(was.rules), len(is.rules)) {
		if d := int64(at(is.rules, i) - at(was.rules, i)); d != 0 {
			s.day(from, i, d)
			if to < ledger.MaxInstant {
				s.day(to, i, -d)
			}
		}
	}
}

func (s *tally) hour(t int64, i int, change int64) {
	step(s.hours, &s.lastHour, hours, t, i, change)
}

func (s *tally) day(t int64, i int, change int64) {
	step(s.days, &s.lastDay, days, t, i, change)
}

// step adds a change of one counter at an instant.
func step(buckets map[int64][]moment, last *slot, sc scale, t int64, i int, change int64) {
	n := sc.bucket(t)
	if last.moments == nil || last.bucket != n {
		*last = slot{n, buckets[n]}
	}
	if i >= len(last.moments) {
		last.moments = grown(last.moments, i+1)
		buckets[n] = last.moments
	}
	last.moments[i].add(change, t-sc.start(n))
}

// change says that a newest standing is another than was known.
func (s *tally) change(was, is *Standing) {
	s.newest = grown(s.newest, max(len(was.levels), len(is.levels)))
	for i := range s.newest {
		s.newest[i] += at(is.levels, i) - at(was.levels, i)
	}
	n := max(len(was.rules), len(is.rules))
	s.byRule = grown(s.byRule, n/timePlaces*rulePlaces+rulePlaces)
	for i := range n {
		before, after := at(was.rules, i), at(is.rules, i)
		if before == after {
			continue
		}
		j := i / timePlaces * rulePlaces
		s.byRule[j+i%timePlaces] += int64(after - before)
		if i%timePlaces == Fail {
			s.byRule[j+FailingSystems] += sign(after) - sign(before)
		}
	}
	s.countVersion(was, -1)
	s.countVersion(is, 1)
	s.begin(was, is)
}

func sign(n int32) int64 {
	if n > 0 {
		return 1
	}
	return 0
}

func (s *tally) countVersion(x *Standing, n int64) {
	if x.table != nil {
		s.versions = grown(s.versions, x.table.version+1)
		s.versions[x.table.version] += n
	}
}

// begin counts when results began to stand so. Most of a state's results stand in
// the next one as they did, at the same place: those cancel out unseen.
func (s *tally) begin(was, is *Standing) {
	for i := range max(len(was.begun), len(is.begun)) {
		a, b := at(was.begun, i), at(is.begun, i)
		if a == b && i < len(was.begun) && i < len(is.begun) {
			continue
		}
		if i < len(was.begun) {
			s.beginAt(a, -1)
		}
		if i < len(is.begun) {
			s.beginAt(b, 1)
		}
	}
}

func (s *tally) beginAt(x began, n int64) {
	list := s.begun[int64(x.hour)]
	if int(x.place) >= len(list) {
		list = grown(list, int(x.place)+1)
		s.begun[int64(x.hour)] = list
	}
	list[x.place] += n
}

// rank moves a system in the ordered lists.
func (s *tally) rank(b *ledger.Batch, system uint32, was, is *Standing) {
	for _, list := range rankLists {
		before, wasIn := list.value(was)
		after, isIn := list.value(is)
		if wasIn == isIn && before == after {
			continue
		}
		if wasIn {
			b.DeleteRank(list.kind, s.number, ledger.Rank{Value: before, N: system})
		}
		if isIn {
			b.PutRank(list.kind, s.number, ledger.Rank{Value: after, N: system})
		}
	}
}

// flush adds what was gathered to the sums.
func (s *tally) flush(b *ledger.Batch) {
	b.Add(string(key(tagNewest, s.number)), s.newest)
	b.Add(string(key(tagRules, s.number)), s.byRule)
	b.Add(string(key(tagVersions, s.number)), s.versions)
	for hour, n := range s.begun {
		b.Add(begunKey(s.number, hour), n)
	}
	for n, moments := range s.hours {
		s.flushHistory(b, hours.start(n), moments)
	}
	for n, moments := range s.days {
		s.flushRules(b, days.start(n), moments)
	}
}

// flushHistory adds the moments of an hour to the buckets that it lies in.
func (s *tally) flushHistory(b *ledger.Batch, start int64, moments []moment) {
	out := make([]ledger.Wide, 2*len(moments))
	for sc := hours; sc < scales; sc++ {
		n := sc.bucket(start)
		wides(out, moments, start-sc.start(n))
		b.AddWide(historyKey(s.number, sc, n), out)
	}
}

// flushRules adds the moments of a day to the buckets that it lies in.
func (s *tally) flushRules(b *ledger.Batch, start int64, moments []moment) {
	out := make([]ledger.Wide, 2*timePlaces)
	for i := 0; i < len(moments); i += timePlaces {
		own := moments[i:min(i+timePlaces, len(moments))]
		if !slices.ContainsFunc(own, func(m moment) bool { return m != moment{} }) {
			continue
		}
		for sc := days; sc < scales; sc++ {
			n := sc.bucket(start)
			wides(out[:2*len(own)], own, start-sc.start(n))
			b.AddWide(ruleKey(s.number, sc, n, i/timePlaces), out[:2*len(own)])
		}
	}
}

// wides are moments as they are stored, of a bucket that begins so much earlier.
func wides(out []ledger.Wide, moments []moment, earlier int64) {
	for i, x := range moments {
		d := ledger.WideOf(x.d)
		out[2*i], out[2*i+1] = d, x.m.Add(d.Times(earlier))
	}
}
