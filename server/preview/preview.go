package preview

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/diff"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/past"
)

// Request says what to preview.
type Request struct {
	Checklist *assess.Checklist
	Selector  *pb.Selector  // only these systems; nil for all
	Profile   string        // previews all selected systems under it; "" for the series that assignments make
	Tailoring *pb.Tailoring // instead of the assignments' own; nil for those
	Flips     int           // at most so many are listed a series
	// ChangedOnly leaves out the rows of series in which nothing flips, and
	// SummaryOnly all rows.
	ChangedOnly, SummaryOnly bool
	Workers                  int // systems evaluated at once
	Now                      func() time.Time
}

// Estate is what a preview reads: an assessor.
type Estate interface {
	SystemCount(ctx context.Context) (int, error)
	SystemIDs(ctx context.Context, after string, n int) ([]string, error)
	LookAt(ctx context.Context, systems []string, f func(*past.Look) error) error
	Compiled(checklist, version string) (*assess.Checklist, error)
}

// Limits of a walk.
const (
	batch = 128         // systems between two sends
	chunk = 16          // systems that a worker reads in one View
	every = time.Second // between two messages about progress
)

// Run previews and sends what it finds: progress first and then about once a
// second, a row for each series in the order of systems, and the summary last.
// It ends early when ctx does, or when send fails.
func Run(ctx context.Context, e Estate, req Request, send func(*pb.PreviewChecklistResponse) error) error {
	all, err := e.SystemCount(ctx)
	if err != nil {
		return err
	}
	w := &walk{e: e, req: req, send: send, plans: map[planKey]planned{}, total: newTotal(req.Checklist)}
	w.progress.SystemsTotal = int32(all)
	if err := w.report(true); err != nil {
		return err
	}
	for after := ""; ; {
		ids, err := e.SystemIDs(ctx, after, batch)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		after = ids[len(ids)-1]
		if err := w.batch(ctx, ids); err != nil {
			return err
		}
	}
	sum := w.total.summary()
	if w.total.version != "" {
		base, err := e.Compiled(req.Checklist.ID(), w.total.version)
		if err != nil {
			return err
		}
		sum.Diff = diff.Checklists(base, req.Checklist)
		nameRemoved(sum.Rules, base)
	}
	return send(&pb.PreviewChecklistResponse{Message: &pb.PreviewChecklistResponse_Summary{Summary: sum}})
}

// walk is a preview under way.
type walk struct {
	e        Estate
	req      Request
	send     func(*pb.PreviewChecklistResponse) error
	planning sync.Mutex // guards plans, which workers share
	plans    map[planKey]planned
	total    *total
	progress pb.PreviewProgress
	reported time.Time
}

func (w *walk) report(now bool) error {
	t := w.req.Now()
	if !now && t.Sub(w.reported) < every {
		return nil
	}
	w.reported = t
	p := &pb.PreviewProgress{
		SystemsDone: w.progress.SystemsDone, SystemsTotal: w.progress.SystemsTotal, Series: w.progress.Series, Hosts: w.progress.Hosts,
	}
	return w.send(&pb.PreviewChecklistResponse{Message: &pb.PreviewChecklistResponse_Progress{Progress: p}})
}

// batch previews some systems, several at once, and sends their rows.
func (w *walk) batch(ctx context.Context, ids []string) error {
	chunks := make([]*part, 0, len(ids)/chunk+1)
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, w.req.Workers))
	for i := 0; i < len(ids); i += chunk {
		p := &part{}
		chunks = append(chunks, p)
		some := ids[i:min(i+chunk, len(ids))]
		g.Go(func() error {
			*p = part{} // a View may run twice
			return w.e.LookAt(inner, some, func(l *past.Look) error { return w.look(l, p) })
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, p := range chunks {
		if err := w.take(p); err != nil {
			return err
		}
	}
	w.progress.SystemsDone += int32(len(ids))
	return w.report(false)
}

// take adds what a worker found to the totals, and sends its rows.
func (w *walk) take(p *part) error {
	for _, r := range p.rows {
		w.total.add(r)
		w.progress.Series++
		if w.req.SummaryOnly || w.req.ChangedOnly && r.row.Flipped == 0 && r.row.Error == "" {
			continue
		}
		if err := w.send(&pb.PreviewChecklistResponse{Message: &pb.PreviewChecklistResponse_Series{Series: r.row}}); err != nil {
			return err
		}
	}
	w.progress.Hosts += p.hosts
	w.total.systems += p.systems
	w.total.statements(p.carried, p.renewals)
	return nil
}

// part is what a worker found.
type part struct {
	systems, hosts int32
	rows           []*result
	carried        int
	renewals       []*pb.Renewal
}

// target is one series to preview.
type target struct {
	series    string // that it is compared with
	profile   string
	tailoring *pb.Tailoring
}

// look previews one system.
func (w *walk) look(l *past.Look, p *part) error {
	if !guides.Selects(w.req.Selector, l.System, l.Merged.Inventory.System) {
		return nil
	}
	targets := w.targets(l)
	if len(targets) == 0 {
		return nil
	}
	p.systems++
	p.hosts += int32(len(l.Merged.Inventory.Hosts))
	for _, t := range targets {
		r, err := w.series(l, t)
		if err != nil {
			return err
		}
		p.rows = append(p.rows, r)
	}
	carried, renewals := l.Said.Carry(w.req.Checklist, l.At)
	p.carried, p.renewals = p.carried+carried, append(p.renewals, renewals...)
	return nil
}

// targets are the series of a system to preview.
func (w *walk) targets(l *past.Look) (out []target) {
	id := w.req.Checklist.ID()
	for _, as := range l.Assignments() {
		// Of two assignments that make one series the first counts.
		if as.Plan.Checklist().ID() != id || w.req.Profile != "" && as.Plan.Profile() != w.req.Profile || slices.ContainsFunc(out, func(t target) bool { return t.series == as.Series }) {
			continue
		}
		t := target{series: as.Series, profile: as.Plan.Profile(), tailoring: w.req.Tailoring}
		if t.tailoring == nil && as.Plan.Tailoring() != assess.DefaultTailoring {
			t.tailoring = as.Plan.TailoringSource()
		}
		out = append(out, t)
	}
	if len(out) == 0 && w.req.Profile != "" { // it is not assigned so
		name := assess.DefaultTailoring
		if w.req.Tailoring != nil {
			name = w.req.Tailoring.Id
		}
		out = []target{{series: id + "~" + w.req.Profile + "~" + name, profile: w.req.Profile, tailoring: w.req.Tailoring}}
	}
	return out
}
