package history

import (
	"context"
	"fmt"
	"slices"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/store/ledger"
)

// FindingQuery asks for the history of one result. Instants are microseconds
// since 1970 UTC; 0 stands for the first state, for now, and for now.
type FindingQuery struct {
	System, Series, Rule string
	Subject              string // may be empty where the rule has one
	From, To, KnownAt    int64
}

// Finding is the history of one result within a range. Spans and times are those
// of the range; only since when it is open, and how long what was remedied took,
// count from where the failing began.
func Finding(ctx context.Context, e Estate, q FindingQuery) (out *pb.FindingTimeline, err error) {
	err = e.Timeline(ctx, q.System, q.Series, q.KnownAt, func(t *past.Timeline) error {
		s, err := resolveSpan(t, q.From, q.To)
		if err != nil {
			return err
		}
		w := &finding{t: t, ctx: ctx, rule: q.Rule, subject: q.Subject, span: s}
		if w.from = s.from; w.from == 0 {
			w.from = ledger.MinInstant
		}
		out, err = w.timeline()
		return err
	})
	return out, err
}

// finding is the history of one result being read.
type finding struct {
	t             *past.Timeline
	ctx           context.Context
	rule, subject string
	span          span
	from          int64
	spans         []findingSpan
	seen          bool // there was such a result
}

// findingSpan is a time during which the result stood in one state.
type findingSpan struct {
	state      string
	waived     bool
	waiver     string // its id, where it is waived
	start, end int64  // end is 0 while it lasts
	began      int64  // since when it has failed without a break, where it does
	cause      string
}

func (w *finding) timeline() (*pb.FindingTimeline, error) {
	if w.subject == "" {
		if err := w.findSubject(); err != nil {
			return nil, err
		}
	}
	if err := w.t.Between(w.ctx, w.from, w.span.end(), w.step); err != nil {
		return nil, err
	}
	if !w.seen {
		return nil, fault.NotFound(fmt.Sprintf("systems/%s/series/%s, rule %s, subject %q", w.t.System, w.t.Series, w.rule, w.subject),
			"there was no such result in that time; ListFindings lists what there is")
	}
	return w.message(), nil
}

// listedSubjects is how many subjects an error names.
const listedSubjects = 10

// findSubject finds the one subject that the rule has had.
func (w *finding) findSubject() error {
	var found []string
	err := w.t.Between(w.ctx, w.from, w.span.end(), func(s *past.Step) error {
		return s.Rows(func(r past.Row) {
			if s.Rules()[r.Rule] == w.rule && r.Subject != "" && len(found) <= listedSubjects && !slices.Contains(found, r.Subject) {
				found = append(found, r.Subject)
			}
		})
	})
	switch {
	case err != nil:
		return err
	case len(found) > listedSubjects:
		return fault.InvalidField("subject", "rule %s has many, among them %s; name one", w.rule, strings.Join(found[:listedSubjects], ", "))
	case len(found) > 1:
		return fault.InvalidField("subject", "rule %s has had %s; name one", w.rule, strings.Join(found, ", "))
	case len(found) == 1:
		w.subject = found[0]
	}
	return nil
}

// row is the result in a state; false where it has none.
func (w *finding) row(s *past.Step) (out past.Row, ok bool, err error) {
	if s == nil || s.Ended {
		return out, false, nil
	}
	i := slices.Index(s.Rules(), w.rule)
	if i < 0 {
		return out, false, nil
	}
	err = s.Rows(func(r past.Row) {
		if r.Rule == i && r.Subject == w.subject {
			out, ok = r, true
		}
	})
	return out, ok, err
}

// step takes the next state of the timeline.
func (w *finding) step(s *past.Step) error {
	r, ok, err := w.row(s)
	if err != nil {
		return err
	}
	if w.seen = w.seen || ok; !w.seen {
		return nil // its history begins where there first was such a result
	}
	next := findingSpan{state: r.State, waived: r.Waived, waiver: r.Waiver, start: max(s.Effective, w.from), cause: s.Cause}
	n := len(w.spans)
	if n == 0 && ok && s.Effective < w.from { // it began before the range
		if _, next.cause, err = w.origin(r, func(o past.Row) bool { return o.State == r.State && o.Waived == r.Waived && o.Waiver == r.Waiver }); err != nil {
			return err
		}
	}
	if n > 0 {
		last := &w.spans[n-1]
		if last.state == next.state && last.waived == next.waived && last.waiver == next.waiver {
			return nil
		}
		last.end = next.start
	}
	if next.state == fail {
		next.began = next.start
		switch {
		case n > 0 && w.spans[n-1].state == fail:
			next.began = w.spans[n-1].began
		case n == 0 && s.Effective < w.from:
			if next.began, _, err = w.origin(r, func(o past.Row) bool { return o.State == fail }); err != nil {
				return err
			}
		}
	}
	w.spans = append(w.spans, next)
	return nil
}

// origin follows a result back to where it came to be as same says, from one
// instant since which it has stood to the one before, and tells why it did.
func (w *finding) origin(r past.Row, same func(past.Row) bool) (since int64, cause string, err error) {
	for {
		s, err := w.t.At(r.Since)
		if err != nil {
			return 0, "", err
		}
		if s != nil && s.Effective == r.Since { // else it was thinned out, and with it the cause
			cause = s.Cause
		}
		before, err := w.t.At(r.Since - 1)
		if err != nil {
			return 0, "", err
		}
		was, ok, err := w.row(before)
		if err != nil || !ok || !same(was) || was.Since >= r.Since {
			return r.Since, cause, err
		}
		if err := w.ctx.Err(); err != nil {
			return 0, "", err
		}
		r, cause = was, ""
	}
}

func (w *finding) message() *pb.FindingTimeline {
	out := &pb.FindingTimeline{Rule: w.rule, Subject: w.subject}
	for _, s := range w.spans {
		m := &pb.FindingSpan{State: s.state, Waived: s.waived, StartTime: envelope.Timestamp(s.start), Cause: s.cause}
		if s.waiver != "" {
			m.Waiver = fmt.Sprintf("systems/%s/waivers/%s", w.t.System, s.waiver)
		}
		if s.end != 0 {
			m.EndTime = envelope.Timestamp(s.end)
		}
		out.Spans = append(out.Spans, m)
	}
	f := failing(w.spans, w.span.to)
	out.TimesFailed, out.FailingTime, out.LongestFailing = f.times, duration(f.total), duration(f.longest)
	if f.open {
		out.OpenSince = envelope.Timestamp(f.since)
	}
	if f.remedied > 0 {
		out.MeanTimeToRemedy = duration(f.remedying / int64(f.remedied))
	}
	return out
}

// failures are spans in numbers. Times are microseconds.
type failures struct {
	times     int32
	total     int64
	longest   int64
	open      bool
	since     int64 // where it is open
	remedied  int32
	remedying int64 // how long those took that were remedied, from where each began
}

// failing counts how often and how long spans that end at an instant failed.
// Whether a failure is accepted makes no difference: it fails.
func failing(spans []findingSpan, end int64) (out failures) {
	for i := 0; i < len(spans); {
		if spans[i].state != fail {
			i++
			continue
		}
		first := spans[i]
		for i < len(spans) && spans[i].state == fail {
			i++
		}
		until := end
		if i < len(spans) {
			until = spans[i].start
		}
		out.times++
		out.total += until - first.start
		out.longest = max(out.longest, until-first.start)
		switch {
		case i == len(spans):
			out.open, out.since = true, first.began
		case spans[i].state == pass || spans[i].state == fixed:
			out.remedied++
			out.remedying += until - first.began
		}
	}
	return out
}
