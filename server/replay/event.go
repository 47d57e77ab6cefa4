package replay

import (
	"iter"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/score"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/states"
)

// Which events there are is found with the plan, outside of the transaction, and
// written with what they tell of; what they say is read from the states. What late data corrects in the past is no event: events
// compare how things stood before the commit with how they stand after it.

// Tell makes the events of what has changed in each series.
func (r *Walk) Tell() error {
	for _, s := range r.Series {
		if v := s.Track.Newest(); v != nil && v.Staged {
			if err := r.tellSeries(s, v); err != nil {
				return err
			}
		}
		s.forget()
	}
	return nil
}

// forget lets go of the states' rows.
func (s *Series) forget() {
	for _, x := range s.indexes {
		x.Recycle()
	}
	s.indexes = s.indexes[:0]
}

// tellSeries compares a series' newest state with the one that is stored.
func (r *Walk) tellSeries(s *Series, newest *estate.Version) error {
	st := newest.Msg.(*storev1.State)
	was, err := r.indexed(s, s.stored)
	if err != nil {
		return err
	}
	is, err := r.indexed(s, st)
	if err != nil {
		return err
	}
	t := &Telling{Was: was, Is: is}
	for _, kind := range []events.Type{events.Failing, events.Recovered, events.Unknown} {
		for range t.Results(kind) {
			s.Events = append(s.Events, kind)
			break
		}
	}
	if _, below := events.Crossed(ScoreOf(s.stored), ScoreOf(st)); below {
		s.Events = append(s.Events, events.ScoreBelow)
	}
	return nil
}

// ScoreOf is a state's raw score; nil where it has none.
func ScoreOf(st *storev1.State) *float64 {
	if st == nil || st.Summary == nil {
		return nil
	}
	return st.Summary.Score
}

// Indexed unpacks a state; one that is not there, or has ended, has no rows.
func Indexed(k *guides.Keeper, series string, st *storev1.State) (*states.Index, error) {
	if st == nil || st.Ended {
		return &states.Index{}, nil
	}
	rules, err := k.RuleIDs(guides.ChecklistOf(series), st.Version)
	if err != nil {
		return nil, err
	}
	return states.NewIndex(st, rules)
}

// indexed is a state of the series unpacked, as it was left by who built it.
func (r *Walk) indexed(s *Series, st *storev1.State) (*states.Index, error) {
	for _, x := range s.indexes {
		if x.State != st || st == nil || st.Ended {
			continue
		}
		rules, err := r.Keeper.RuleIDs(guides.ChecklistOf(s.Entry.Id), st.Version)
		x.Rules, x.Next = rules, 0
		return x, err
	}
	return Indexed(r.Keeper, s.Entry.Id, st)
}

// Telling compares two states of a series.
type Telling struct {
	Was, Is  *states.Index
	compared [2]*states.Index // those of which the following are
	before   []events.Type    // how each row of is stood in was
	gone     []states.Row     // rows of was that failed and are not in is
}

// compare finds how rows stood before, once for all kinds of events.
func (t *Telling) compare() {
	was, is := t.Was, t.Is
	if t.compared == [2]*states.Index{was, is} {
		return
	}
	t.compared = [2]*states.Index{was, is}
	t.before, t.gone = make([]events.Type, len(is.Rows)), nil
	matched := 0
	for i, row := range is.Rows {
		old, ok := was.Find(is.Rules[row.Rule], states.SubjectName(is.State, row))
		if ok {
			matched++
		}
		t.before[i] = standing(old, ok)
	}
	if matched == len(was.Rows) {
		return
	}
	for _, row := range was.Rows {
		if standing(row, true) != events.Failing {
			continue
		}
		if _, ok := is.Find(was.Rules[row.Rule], states.SubjectName(was.State, row)); !ok {
			t.gone = append(t.gone, row)
		}
	}
}

// toldResult is a result that an event is about.
type toldResult struct{ Rule, Subject string }

// standing is what events tell results apart by; zero for all that is neither
// failing nor unknown.
func standing(row states.Row, ok bool) events.Type {
	switch {
	case !ok:
		return 0
	case row.State == score.Fail && !row.Waived:
		return events.Failing
	case row.State == score.Unknown:
		return events.Unknown
	}
	return 0
}

// Results are those that an event of a type is about, in the checklist's order;
// those of rules or subjects that are gone come last.
func (t *Telling) Results(kind events.Type) iter.Seq[toldResult] {
	return func(yield func(toldResult) bool) {
		t.compare()
		for i, row := range t.Is.Rows {
			now, before := standing(row, true), t.before[i]
			if (now == kind && before != now || kind == events.Recovered && now == 0 && before == events.Failing) &&
				!yield(toldResult{t.Is.Rules[row.Rule], states.SubjectName(t.Is.State, row)}) {
				return
			}
		}
		if kind == events.Failing {
			return
		}
		for _, row := range t.gone {
			x := toldResult{t.Was.Rules[row.Rule], states.SubjectName(t.Was.State, row)}
			if t.open(slices.Index(t.Is.Rules, x.Rule)) == (kind == events.Unknown) && !yield(x) {
				return
			}
		}
	}
}

// open tells whether a rule is unknown for subjects that nobody reports: then a
// subject that is gone has not recovered, it is not known any more.
func (t *Telling) open(rule int) bool {
	return rule >= 0 && slices.ContainsFunc(t.Is.Rows, func(row states.Row) bool {
		subject := states.SubjectName(t.Is.State, row)
		return row.Rule == rule && row.State == score.Unknown && (subject == "" || strings.HasSuffix(subject, "/?"))
	})
}
