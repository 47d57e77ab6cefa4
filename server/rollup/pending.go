package rollup

import (
	"fmt"
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
	labels map[uint32]*label // nil for one that is not declared any more
}

// Series is what changes of one series' sums.
type Series struct {
	pending *Pending
	batch   *ledger.Batch
	id      string
	names   *storev1.RollUpNames
	fresh   bool // a name is new
	tables  map[string]*Table
	rules   map[string]int
	whole   *tally
	groups  map[groupKey]*tally
}

// groupKey is a place of a declared label.
type groupKey struct{ label, place uint32 }

// Series is what the batch changes of a series' sums.
func (p *Pending) Series(b *ledger.Batch, id string) (*Series, error) {
	if s := p.series[id]; s != nil {
		return s, nil
	}
	s := &Series{
		pending: p, batch: b, id: id, whole: newTally(b.Intern(nameSeries, id)),
		tables: map[string]*Table{}, rules: map[string]int{}, groups: map[groupKey]*tally{},
	}
	var err error
	if s.names, err = readNames(b.Tx, id); err != nil {
		return nil, err
	}
	for i, r := range s.names.Rules {
		s.rules[r] = i
	}
	if p.series == nil {
		p.series, p.labels = map[string]*Series{}, map[uint32]*label{}
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
func (s *Series) Replace(was, is *Standing, from, to int64) error {
	return s.each(was, is, func(t *tally, was, is *Standing) { t.replace(was, is, from, to) })
}

// Newest says that a system's newest standing is another than was known, and
// moves it in the ordered lists.
func (s *Series) Newest(system uint32, was, is *Standing) error {
	return s.each(was, is, func(t *tally, was, is *Standing) {
		t.change(was, is)
		t.rank(s.batch, system, was, is)
	})
}

// each calls f with each set of sums that changes where one standing takes the
// place of another, and with what is taken from it and given to it. A system
// whose label changes leaves one group and enters another.
func (s *Series) each(was, is *Standing, f func(t *tally, was, is *Standing)) error {
	f(s.whole, was, is)
	if err := s.settle(was); err != nil {
		return err
	}
	if err := s.settle(is); err != nil {
		return err
	}
	for _, t := range was.groups {
		if slices.Contains(is.groups, t) {
			f(t, was, is)
		} else {
			f(t, was, &Standing{})
		}
	}
	for _, t := range is.groups {
		if !slices.Contains(was.groups, t) {
			f(t, &Standing{}, is)
		}
	}
	return nil
}

// settle finds the groups that a standing's labels put its system into.
func (s *Series) settle(x *Standing) (err error) {
	if len(x.labels) == 0 {
		return nil
	}
	labels := x.labels
	x.labels = nil // once
	ok := eachLabel(labels, func(v packedLabel) {
		l, known := s.pending.labels[v.id]
		if !known && err == nil {
			l, err = readLabel(s.batch.Tx, v.id)
			s.pending.labels[v.id] = l
		}
		if l == nil || err != nil {
			return
		}
		k := groupKey{v.id, l.place(v.form, string(v.value), true)}
		t := s.groups[k]
		if t == nil {
			var n uint32
			if n, err = l.grouped(s.batch, s.whole.number, k.place); err != nil {
				return
			}
			t = newTally(n)
			s.groups[k] = t
		}
		x.groups = append(x.groups, t)
	})
	if !ok && err == nil {
		err = fmt.Errorf("%w: a state's packed labels", ledger.ErrCorrupt)
	}
	return err
}

// Flush adds what was gathered to the sums.
func (p *Pending) Flush(b *ledger.Batch) {
	for id, s := range p.series {
		if s.fresh {
			b.PutObject(kindNames, id, envelope.Encode(s.names))
		}
		s.whole.flush(b)
		for _, t := range s.groups {
			t.flush(b)
		}
	}
	for _, l := range p.labels {
		if l != nil && l.changed {
			l.put(b)
		}
	}
}
