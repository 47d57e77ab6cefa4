package assessor

import (
	"iter"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/score"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/events/silence"
	"github.com/plumbline/plumbline/server/guides"
)

// Which events there are is found with the plan, outside of the transaction, and
// written with what they tell of; what they say is read from the states. What late data corrects in the past is no event: events
// compare how things stood before the commit with how they stand after it.

// tell makes the events of what has changed in each series.
func (r *replay) tell() error {
	for _, s := range r.series {
		v := s.track.newest()
		if v == nil || !v.staged {
			continue
		}
		if err := r.tellSeries(s, v); err != nil {
			return err
		}
	}
	return nil
}

// tellSeries compares a series' newest state with the one that is stored.
func (r *replay) tellSeries(s *seriesState, newest *version) error {
	st := newest.msg.(*storev1.State)
	was, err := r.indexed(s, s.stored)
	if err != nil {
		return err
	}
	is, err := r.indexed(s, st)
	if err != nil {
		return err
	}
	t := &telling{was: was, is: is}
	for _, kind := range []events.Type{events.Failing, events.Recovered, events.Unknown} {
		for range t.results(kind) {
			s.events = append(s.events, kind)
			break
		}
	}
	if _, below := events.Crossed(scoreOf(s.stored), scoreOf(st)); below {
		s.events = append(s.events, events.ScoreBelow)
	}
	return nil
}

// scoreOf is a state's raw score; nil where it has none.
func scoreOf(st *storev1.State) *float64 {
	if st == nil || st.Summary == nil {
		return nil
	}
	return st.Summary.Score
}

// indexed unpacks a state; one that is not there, or has ended, has no rows.
func indexed(k *guides.Keeper, series string, st *storev1.State) (*stateIndex, error) {
	if st == nil || st.Ended {
		return &stateIndex{}, nil
	}
	rules, err := k.RuleIDs(seriesChecklist(series), st.Version)
	if err != nil {
		return nil, err
	}
	return indexState(st, rules)
}

// indexed is a state of the series unpacked, as it was left by who built it.
func (r *replay) indexed(s *seriesState, st *storev1.State) (*stateIndex, error) {
	for _, x := range s.indexes {
		if x.state != st || st == nil || st.Ended {
			continue
		}
		rules, err := r.keeper.RuleIDs(seriesChecklist(s.entry.Id), st.Version)
		x.rules, x.next = rules, 0
		return x, err
	}
	return indexed(r.keeper, s.entry.Id, st)
}

// telling compares two states of a series.
type telling struct {
	was, is  *stateIndex
	compared [2]*stateIndex // those of which the following are
	before   []events.Type  // how each row of is stood in was
	gone     []resultRow    // rows of was that failed and are not in is
}

// compare finds how rows stood before, once for all kinds of events.
func (t *telling) compare() {
	was, is := t.was, t.is
	if t.compared == [2]*stateIndex{was, is} {
		return
	}
	t.compared = [2]*stateIndex{was, is}
	t.before, t.gone = make([]events.Type, len(is.rows)), nil
	matched := 0
	for i, row := range is.rows {
		old, ok := was.find(is.rules[row.rule], subjectName(is.state, row))
		if ok {
			matched++
		}
		t.before[i] = standing(old, ok)
	}
	if matched == len(was.rows) {
		return
	}
	for _, row := range was.rows {
		if standing(row, true) != events.Failing {
			continue
		}
		if _, ok := is.find(was.rules[row.rule], subjectName(was.state, row)); !ok {
			t.gone = append(t.gone, row)
		}
	}
}

// toldResult is a result that an event is about.
type toldResult struct{ rule, subject string }

// standing is what events tell results apart by; zero for all that is neither
// failing nor unknown.
func standing(row resultRow, ok bool) events.Type {
	switch {
	case !ok:
		return 0
	case row.state == score.Fail && !row.waived:
		return events.Failing
	case row.state == score.Unknown:
		return events.Unknown
	}
	return 0
}

// results are those that an event of a type is about, in the checklist's order;
// those of rules or subjects that are gone come last.
func (t *telling) results(kind events.Type) iter.Seq[toldResult] {
	return func(yield func(toldResult) bool) {
		t.compare()
		for i, row := range t.is.rows {
			now, before := standing(row, true), t.before[i]
			if (now == kind && before != now || kind == events.Recovered && now == 0 && before == events.Failing) &&
				!yield(toldResult{t.is.rules[row.rule], subjectName(t.is.state, row)}) {
				return
			}
		}
		if kind == events.Failing {
			return
		}
		for _, row := range t.gone {
			x := toldResult{t.was.rules[row.rule], subjectName(t.was.state, row)}
			if t.open(slices.Index(t.is.rules, x.rule)) == (kind == events.Unknown) && !yield(x) {
				return
			}
		}
	}
}

// open tells whether a rule is unknown for subjects that nobody reports: then a
// subject that is gone has not recovered, it is not known any more.
func (t *telling) open(rule int) bool {
	return rule >= 0 && slices.ContainsFunc(t.is.rows, func(row resultRow) bool {
		subject := subjectName(t.is.state, row)
		return row.rule == rule && row.state == score.Unknown && (subject == "" || strings.HasSuffix(subject, "/?"))
	})
}

// heard notes that the sources of the plan's items have spoken.
func (w *writer) heard() {
	for _, d := range w.p.results {
		if d.err != nil {
			continue
		}
		if err := silence.Heard(w.b, d.it.source, w.p.now); err != nil {
			return // the batch fails with it
		}
	}
}

// guidanceChanged has the scheduler and the Notifier look again.
func (a *Assessor) guidanceChanged() {
	a.pokeScheduler()
	a.Notifier.Wake()
}
