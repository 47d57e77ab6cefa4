package rollup

import (
	"slices"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Pending gathers what one batch changes, so that each sum is read and written
// once however many systems change. It belongs to the batch's goroutine. The
// zero value is ready.
type Pending struct {
	series map[string]*Series
}

// Series is what changes of one series' sums.
type Series struct {
	id     string
	number uint32
	names  *storev1.RollUpNames
	fresh  bool // a name is new
	tables map[string]*Table
	rules  map[string]int

	newest   []int64
	byRule   []int64
	versions []int64
	hours    map[int64][]moment
	days     map[int64][]moment
	lastHour slot
	lastDay  slot
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

// Series is what the batch changes of a series' sums.
func (p *Pending) Series(b *ledger.Batch, id string) (*Series, error) {
	if s := p.series[id]; s != nil {
		return s, nil
	}
	s := &Series{
		id: id, number: b.Intern(nameSeries, id), tables: map[string]*Table{}, rules: map[string]int{},
		hours: map[int64][]moment{}, days: map[int64][]moment{},
	}
	var err error
	if s.names, err = readNames(b.Tx, id); err != nil {
		return nil, err
	}
	for i, r := range s.names.Rules {
		s.rules[r] = i
	}
	if p.series == nil {
		p.series = map[string]*Series{}
	}
	p.series[id] = s
	return s, nil
}

func readNames(tx *ledger.Tx, id string) (*storev1.RollUpNames, error) {
	raw, err := tx.Object(kindNames, id)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return &storev1.RollUpNames{Schema: envelope.Schema}, nil
	}
	return envelope.Decode[storev1.RollUpNames](raw)
}

// Table is where the rules of a version are counted; get finds the version.
func (s *Series) Table(version string, get func() (*assess.Checklist, error)) (*Table, error) {
	if t := s.tables[version]; t != nil {
		return t, nil
	}
	c, err := get()
	if err != nil {
		return nil, err
	}
	t := &Table{version: s.numbered(&s.names.Versions, version)}
	for i := range c.RuleCount() {
		r := c.Rule(i)
		n, ok := s.rules[r.Id]
		if !ok {
			n = len(s.names.Rules)
			s.names.Rules = append(s.names.Rules, r.Id)
			s.rules[r.Id], s.fresh = n, true
		}
		t.rule = append(t.rule, int32(n))
		t.area = append(t.area, int32(s.numbered(&s.names.Areas, r.Area)))
		t.severity = append(t.severity, byte(max(assess.SeverityRank(r.Severity)-1, 0)))
	}
	s.tables[version] = t
	return t, nil
}

// numbered is the number of a name in a short list.
func (s *Series) numbered(list *[]string, name string) int {
	if i := slices.Index(*list, name); i >= 0 {
		return i
	}
	*list, s.fresh = append(*list, name), true
	return len(*list) - 1
}

// Replace says that one standing of a system is another than was known from one
// instant to before another, ledger.MaxInstant where it goes on.
func (s *Series) Replace(was, is *Standing, from, to int64) {
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

func (s *Series) hour(t int64, i int, change int64) {
	step(s.hours, &s.lastHour, hours, t, i, change)
}

func (s *Series) day(t int64, i int, change int64) {
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

// Newest says that a system's newest standing is another than was known.
func (s *Series) Newest(was, is *Standing) {
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
}

func sign(n int32) int64 {
	if n > 0 {
		return 1
	}
	return 0
}

func (s *Series) countVersion(x *Standing, n int64) {
	if x.table != nil {
		s.versions = grown(s.versions, x.table.version+1)
		s.versions[x.table.version] += n
	}
}

// Rank moves a system in the list of scores.
func (s *Series) Rank(b *ledger.Batch, system uint32, was, is *Standing) {
	before, wasIn := was.rank(system)
	after, isIn := is.rank(system)
	if wasIn == isIn && before == after {
		return
	}
	if wasIn {
		b.DeleteRank(rankScores, s.number, before)
	}
	if isIn {
		b.PutRank(rankScores, s.number, after)
	}
}

func (s *Standing) rank(system uint32) (ledger.Rank, bool) {
	if at(s.levels, Scored) == 0 {
		return ledger.Rank{}, false
	}
	return ledger.Rank{Value: uint32(min(max(s.levels[Score], 0), 1<<32-1)), N: system}, true
}

// Flush adds what was gathered to the sums.
func (p *Pending) Flush(b *ledger.Batch) {
	for id, s := range p.series {
		if s.fresh {
			b.PutObject(kindNames, id, envelope.Encode(s.names))
		}
		b.Add(string(key(tagNewest, s.number)), s.newest)
		b.Add(string(key(tagRules, s.number)), s.byRule)
		b.Add(string(key(tagVersions, s.number)), s.versions)
		for n, moments := range s.hours {
			s.flushHistory(b, hours.start(n), moments)
		}
		for n, moments := range s.days {
			s.flushRules(b, days.start(n), moments)
		}
	}
}

// flushHistory adds the moments of an hour to the buckets that it lies in.
func (s *Series) flushHistory(b *ledger.Batch, start int64, moments []moment) {
	out := make([]ledger.Wide, 2*len(moments))
	for sc := hours; sc < scales; sc++ {
		n := sc.bucket(start)
		wides(out, moments, start-sc.start(n))
		b.AddWide(historyKey(s.number, sc, n), out)
	}
}

// flushRules adds the moments of a day to the buckets that it lies in.
func (s *Series) flushRules(b *ledger.Batch, start int64, moments []moment) {
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
