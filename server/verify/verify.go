package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

// Options say what is verified. The zero value is everything.
type Options struct {
	Systems []string // ids; all where empty
	Series  []string // ids, or checklists' ids; all where empty
	// Sample computes about so many recorded states, spread evenly over all that
	// are wanted, instead of all; 0 is all. A sample is not evaluated anew, so it
	// finds no missing states.
	Sample int
	Seed   uint64 // another one is another sample
	// Recorded leaves out evaluation anew from the first view on.
	Recorded bool
	Workers  int // systems at once; as many as there are processors where 0
	// Progress is told, now and then and at its end, how far a stretch is, or all
	// of Run; may be nil.
	Progress func(Progress)
	// Yield is called before each system, so that others go first; may be nil.
	Yield func(context.Context)
	Clock func() time.Time // the time; must be given
}

// Progress is how far a verification is.
type Progress struct {
	Systems, OfSystems int
	States, OfStates   int
	Differences        int
}

// Run verifies. The error is of the store, or the context's: what is wrong with
// what is stored is in the report.
func Run(ctx context.Context, a *assessor.Assessor, o Options) (*Report, error) {
	out := &Report{}
	if tell := o.Progress; tell != nil {
		o.Progress = func(p Progress) {
			p.Systems, p.States, p.Differences = p.Systems+out.Systems, p.States+out.States, p.Differences+out.Differences
			tell(p)
		}
	}
	c, err := Open(ctx, a, o, Count{})
	if err != nil {
		return nil, err
	}
	out.Lagging = c.count.Lagging
	for after, more := "", true; more; {
		var r *Report
		if r, after, more, err = c.Stretch(ctx, after, systemsAtOnce); err != nil {
			return nil, err
		}
		out.add(r)
	}
	return out, nil
}

// systemsAtOnce is how many systems are listed in one View, and are one stretch of Run.
const systemsAtOnce = 1000

// Course is a verification that goes on in stretches, in the order of systems'
// ids. Another one with the same Options and Count goes on where it stopped.
type Course struct {
	a       *assessor.Assessor
	o       Options
	systems []string // where Options name them
	count   Count

	mu   sync.Mutex
	done Progress
}

// Count is what there is to verify.
type Count struct {
	Systems int
	States  int // recorded states that are wanted
	Lagging int // systems that another version of the engine evaluated last
}

// Open begins a verification, or goes on with the one for which something was
// counted before: a sample is chosen by that.
func Open(ctx context.Context, a *assessor.Assessor, o Options, counted Count) (*Course, error) {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	c := &Course{a: a, o: o, systems: slices.Clone(o.Systems), count: counted}
	slices.Sort(c.systems)
	c.systems = slices.Compact(c.systems)
	if counted == (Count{}) {
		if err := c.counting(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Counted is what there is to verify.
func (c *Course) Counted() Count { return c.count }

// counting counts the systems and their recorded states.
func (c *Course) counting(ctx context.Context) error {
	for after, more := "", true; more; {
		ids, err := c.next(ctx, after, systemsAtOnce)
		if err != nil {
			return err
		}
		for _, id := range ids {
			n, lags, err := c.a.Records(ctx, id, c.wants)
			if err != nil && !isDamage(err) { // what is damaged is found on the way
				return err
			}
			c.count.States += n
			if after = id; lags {
				c.count.Lagging++
			}
		}
		c.count.Systems += len(ids)
		more = len(ids) == systemsAtOnce
	}
	return nil
}

// next lists the systems after one, at most so many.
func (c *Course) next(ctx context.Context, after string, most int) ([]string, error) {
	if len(c.o.Systems) == 0 {
		return c.a.SystemIDs(ctx, after, most)
	}
	i, found := slices.BinarySearch(c.systems, after)
	if found {
		i++
	}
	return c.systems[i:min(i+most, len(c.systems))], nil
}

// Stretch verifies at most so many systems after one, and says with which it
// ended and whether there may be more. Its error is as Run's.
func (c *Course) Stretch(ctx context.Context, after string, most int) (rep *Report, through string, more bool, err error) {
	start := c.o.Clock()
	c.done = Progress{OfSystems: c.count.Systems, OfStates: c.count.States}
	ids, err := c.next(ctx, after, most)
	if err != nil || len(ids) == 0 {
		return &Report{}, after, false, err
	}
	reports := make([]*Report, len(ids))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, min(c.o.Workers, len(ids))) {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(ids); i = int(next.Add(1)) - 1 {
				if c.o.Yield != nil {
					c.o.Yield(ctx)
				}
				rep, err := c.system(ctx, ids[i])
				if err != nil {
					return fmt.Errorf("systems/%s: %w", ids[i], err)
				}
				reports[i] = rep
				c.progress(rep, i == len(ids)-1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, after, true, err
	}
	out := &Report{}
	for _, x := range reports {
		out.add(x)
	}
	out.Took = c.o.Clock().Sub(start)
	return out, ids[len(ids)-1], len(ids) == most, nil
}

func (c *Course) wants(series string) bool {
	if len(c.o.Series) == 0 || slices.Contains(c.o.Series, series) {
		return true
	}
	return slices.ContainsFunc(c.o.Series, func(s string) bool { return len(series) > len(s) && series[:len(s)+1] == s+"~" })
}

// picks chooses a sample's states of a system; nil for all. A state is chosen by
// its place, so that the same seed chooses the same states.
func (c *Course) picks(system string) func(n int) bool {
	if c.o.Sample <= 0 || c.o.Sample >= c.count.States {
		return nil
	}
	bound := uint64(float64(c.o.Sample) / float64(c.count.States) * math.MaxUint64)
	return func(n int) bool {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d/%s/%d", c.o.Seed, system, n)
		x := h.Sum64() // FNV's last bytes differ little: mix them
		x ^= x >> 33
		x *= 0xff51afd7ed558ccd
		x ^= x >> 33
		x *= 0xc4ceb9fe1a85ec53
		return x^x>>33 < bound
	}
}

// place is where a recorded state stands.
type place struct {
	series    string
	effective int64
}

// system verifies one system. What makes this program stumble over it is told as
// what is wrong with the system.
func (c *Course) system(ctx context.Context, id string) (out *Report, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%w: it cannot be computed: panic: %v", ledger.ErrCorrupt, x)
		}
		if isDamage(err) && ctx.Err() == nil {
			out = cmp.Or(out, &Report{Systems: 1})
			out.differ(Difference{Kind: Unreadable, System: id, Detail: err.Error()})
			err = nil
		}
	}()
	out = &Report{Systems: 1}
	told := map[place]bool{}
	pick := c.picks(id)
	err = c.a.Recompute(ctx, id, c.wants, pick, func(x *past.Recomputed) error {
		before := out.Differences
		c.recorded(out, x)
		if out.Differences > before {
			told[place{x.Series, x.Effective}] = true
		}
		return nil
	})
	if err != nil || pick != nil || c.o.Recorded {
		return out, err
	}
	pending, err := c.a.Retrace(ctx, id, func(series string, stored, computed *past.Step) error {
		if at := (place{series, computed.Effective}); c.wants(series) && !told[at] {
			retraced(out, id, series, stored, computed)
		}
		return nil
	})
	if pending != assess.Forever {
		out.Pending++
	}
	switch {
	case err == nil || ctx.Err() != nil:
		return out, err
	case out.Differences == 0: // else what cannot be read has been told
		out.differ(Difference{Kind: Unreadable, System: id, Detail: err.Error()})
	}
	return out, nil
}

// isDamage tells whether an error is of what is stored, and not of the store.
func isDamage(err error) bool {
	return errors.Is(err, ledger.ErrCorrupt) || errors.Is(err, store.ErrCorrupt)
}

// recorded judges one recorded state.
func (c *Course) recorded(out *Report, x *past.Recomputed) {
	out.States++
	d := Difference{Kind: Damaged, System: x.System, Series: x.Series, Effective: x.Effective, Recorded: x.Recorded}
	switch {
	case x.Err != nil:
		d.Kind, d.Detail = Unreadable, x.Err.Error()
		out.differ(d)
	case x.Same:
		out.Same++
	case x.NoInputs:
		out.InputsGone++
	case x.Stored.Engine != c.a.EngineVersion():
		if err := d.firstResult(x.Stored, x.Computed, false); err == nil && d.Rule == "" {
			out.OtherEngine++
			return
		}
		out.EngineChanged++
	default:
		if err := d.describe(x.Stored, x.Computed); err != nil {
			d.Kind, d.Detail = Unreadable, err.Error()
		}
		out.differ(d)
	}
}

// retraced judges a state that evaluation anew found otherwise.
func retraced(out *Report, system, series string, stored, computed *past.Step) {
	d := Difference{Kind: Missing, System: system, Series: series, Effective: computed.Effective}
	if stored == nil {
		d.Detail = "no state is recorded, though the state changes then"
		out.differ(d)
		return
	}
	d.Kind, d.Recorded = Outdated, stored.Recorded
	if err := d.describe(stored, computed); err != nil {
		d.Kind, d.Detail = Unreadable, err.Error()
	}
	out.differ(d)
}

// progressEvery is how many systems are done between two tellings.
const progressEvery = 64

func (c *Course) progress(x *Report, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done.Systems++
	c.done.States += x.States
	c.done.Differences += x.Differences
	if c.o.Progress != nil && (c.done.Systems%progressEvery == 0 || last) {
		c.o.Progress(c.done)
	}
}

// instant writes an instant exactly.
func instant(t int64) string {
	if t >= assess.Forever>>1 {
		return "forever"
	}
	return time.UnixMicro(t).UTC().Format(time.RFC3339Nano)
}
