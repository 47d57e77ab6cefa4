package fleet

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/filter"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// mostLookedAt bounds the systems that one page of new results looks at: a filter
// may leave out all that it finds.
const mostLookedAt = 1000

// New asks for a page of results that began to stand so since an instant.
type New struct {
	Series string
	State  string // "fail" or "unknown"
	Since  int64  // microseconds since 1970 UTC; a day ago for 0
	Filter string
	After  []byte // the key of the last row that was seen
	Rows   int    // at most so many
	Page   int64  // the instant of the first page, from which a day is counted
}

// newSince is the instant since which something is new; longest is how far back
// it may lie, 0 for any time.
func newSince(field string, since, now, longest int64) (int64, error) {
	switch {
	case since == 0:
		return now - rollup.Day, nil
	case since > now:
		return 0, fault.InvalidField(field, "lies in the future")
	case longest != 0 && since < now-longest:
		return 0, fault.InvalidField(field, "lies more than %d days back", longest/rollup.Day)
	}
	return since, nil
}

// newPage is a page under way.
type newPage struct {
	e     Estate
	q     New
	since int64
	place int // of rollup: BegunFailing or BegunUnknown
	where []filter.Equality
	rows  []*pb.NewResult
	last  []byte // the key of the last row, or of the last system that was looked at
}

// NewResults is a page of results that began to stand so lately, and the key after
// which the next page begins; nil on the last.
func NewResults(ctx context.Context, e Estate, q New) (out *pb.ListNewResultsResponse, next []byte, err error) {
	from, skip, err := q.begin()
	if err != nil {
		return nil, nil, err
	}
	p := &newPage{e: e, q: q, place: rollup.BegunFailing}
	if q.State == "unknown" {
		p.place = rollup.BegunUnknown
	}
	var more bool
	err = read(ctx, e, q.Series, q.Filter, func(x *scope) (err error) {
		if p.since, err = newSince("since", q.Since, q.Page, 0); err != nil {
			return err
		}
		p.where, p.rows, p.last = x.where, nil, nil
		more, err = p.walk(x, from, skip)
		return err
	}, "severity", "area", "rule")
	if err != nil {
		return nil, nil, err
	}
	if more {
		next = p.last
	}
	return &pb.ListNewResultsResponse{Results: p.rows, Since: envelope.Timestamp(p.since)}, next, nil
}

// begin is where a page begins: at a system, after so many of its rows.
func (q *New) begin() (from ledger.Rank, skip int, err error) {
	switch len(q.After) {
	case 0:
		return ledger.Rank{}, 0, nil
	case placeSize + 4:
		return placeOf(q.After), int(binary.BigEndian.Uint32(q.After[placeSize:])), nil
	}
	return from, 0, damagedPage()
}

// walk goes from system to system. It tells whether there is more.
func (p *newPage) walk(x *scope, from ledger.Rank, skip int) (more bool, err error) {
	looked := 0
	first := from
	for at := range x.sums.Latest(p.place, from) {
		if rollup.LatestAt(at) < rollup.Floor(p.since, 1e6) {
			return false, nil
		}
		if len(p.rows) >= p.q.Rows || looked == mostLookedAt {
			p.last = binary.BigEndian.AppendUint32(appendPlace(nil, at), 0)
			return true, nil
		}
		looked++
		rows, err := p.system(x, at.N)
		if err != nil {
			return false, err
		}
		done := 0
		if at == first {
			done = min(skip, len(rows))
		}
		room := p.q.Rows - len(p.rows)
		if len(rows)-done > room {
			p.rows = append(p.rows, rows[done:done+room]...)
			p.last = binary.BigEndian.AppendUint32(appendPlace(nil, at), uint32(done+room))
			return true, nil
		}
		p.rows = append(p.rows, rows[done:]...)
	}
	return false, nil
}

// system is the rows of a system, the newest first.
func (p *newPage) system(x *scope, number uint32) (out []*pb.NewResult, err error) {
	id, step, err := x.Newest(number)
	if err != nil || step.Ended {
		return nil, err
	}
	checklist, _, _ := guides.SplitSeries(x.Series)
	c, err := p.e.Compiled(checklist, step.Version)
	if err != nil {
		return nil, err
	}
	severities := rollup.SeveritiesOf(c, step.State())
	want := "fail"
	if p.place == rollup.BegunUnknown {
		want = "unknown"
	}
	err = step.Rows(func(r past.Row) {
		if r.Since < p.since || r.State != want || r.Waived {
			return
		}
		rule := c.Rule(r.Rule)
		row := &pb.NewResult{
			System: id, Rule: rule.Id, Title: rule.Title, Area: rule.Area, Severity: severities[r.Rule],
			Subject: r.Subject, State: r.State, SinceTime: envelope.Timestamp(r.Since),
		}
		if !p.left(row) {
			out = append(out, row)
		}
	})
	slices.SortStableFunc(out, func(a, b *pb.NewResult) int {
		return cmp.Compare(envelope.Instant(b.SinceTime), envelope.Instant(a.SinceTime))
	})
	return out, err
}

// left tells whether the filter leaves a row out.
func (p *newPage) left(r *pb.NewResult) bool {
	return slices.ContainsFunc(p.where, func(c filter.Equality) bool {
		switch c.Field {
		case "severity":
			return r.Severity != c.Value
		case "area":
			return r.Area != c.Value
		}
		return r.Rule != c.Value
	})
}
