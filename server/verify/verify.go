package verify

import (
	"context"
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
	// Progress is told, now and then and at the end, how far it is; may be nil.
	Progress func(Progress)
	Clock    func() time.Time // the time; must be given
}

// Progress is how far a verification is.
type Progress struct {
	Systems, OfSystems int
	States, OfStates   int
	Differences        int
}

// systemsAtOnce is how many ids of systems are listed in one View.
const systemsAtOnce = 1000

// Run verifies. The error is of the store, or the context's: what is wrong with
// what is stored is in the report.
func Run(ctx context.Context, a *assessor.Assessor, o Options) (*Report, error) {
	r := &run{a: a, o: o, start: o.Clock()}
	if err := r.count(ctx); err != nil {
		return nil, err
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	reports := make([]*Report, len(r.systems))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, min(o.Workers, len(r.systems))) {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(r.systems) {
					return nil
				}
				rep, err := r.system(ctx, r.systems[i])
				if err != nil {
					return fmt.Errorf("systems/%s: %w", r.systems[i], err)
				}
				reports[i] = rep
				r.progress(rep)
			}
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := &Report{Lagging: r.lagging}
	for _, x := range reports {
		out.add(x)
	}
	out.Took = o.Clock().Sub(r.start)
	return out, nil
}

// run is one verification.
type run struct {
	a       *assessor.Assessor
	o       Options
	start   time.Time
	systems []string
	total   int // recorded states that are wanted
	lagging int // Report.Lagging

	mu   sync.Mutex
	done Progress
}

// count lists the systems and counts their recorded states.
func (r *run) count(ctx context.Context) error {
	r.systems = slices.Clone(r.o.Systems)
	for after := ""; len(r.o.Systems) == 0; {
		ids, err := r.a.SystemIDs(ctx, after, systemsAtOnce)
		if err != nil {
			return err
		}
		r.systems = append(r.systems, ids...)
		if len(ids) < systemsAtOnce {
			break
		}
		after = ids[len(ids)-1]
	}
	for _, id := range r.systems {
		n, lags, err := r.a.Records(ctx, id, r.wants)
		if err != nil {
			return err
		}
		if r.total += n; lags {
			r.lagging++
		}
	}
	r.done.OfSystems, r.done.OfStates = len(r.systems), r.total
	return nil
}

func (r *run) wants(series string) bool {
	if len(r.o.Series) == 0 || slices.Contains(r.o.Series, series) {
		return true
	}
	return slices.ContainsFunc(r.o.Series, func(s string) bool { return len(series) > len(s) && series[:len(s)+1] == s+"~" })
}

// picks chooses a sample's states of a system; nil for all. A state is chosen by
// its place, so that the same seed chooses the same states.
func (r *run) picks(system string) func(n int) bool {
	if r.o.Sample <= 0 || r.o.Sample >= r.total {
		return nil
	}
	bound := uint64(float64(r.o.Sample) / float64(r.total) * math.MaxUint64)
	return func(n int) bool {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d/%s/%d", r.o.Seed, system, n)
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

// system verifies one system.
func (r *run) system(ctx context.Context, id string) (*Report, error) {
	out := &Report{Systems: 1}
	told := map[place]bool{}
	pick := r.picks(id)
	err := r.a.Recompute(ctx, id, r.wants, pick, func(x *assessor.Recomputed) error {
		before := out.Differences
		r.recorded(out, x)
		if out.Differences > before {
			told[place{x.Series, x.Effective}] = true
		}
		return nil
	})
	if err != nil || pick != nil || r.o.Recorded {
		return out, err
	}
	pending, err := r.a.Retrace(ctx, id, func(series string, stored, computed *assessor.Step) error {
		if at := (place{series, computed.Effective}); r.wants(series) && !told[at] {
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

// recorded judges one recorded state.
func (r *run) recorded(out *Report, x *assessor.Recomputed) {
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
	case x.Stored.Engine != r.a.EngineVersion():
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
func retraced(out *Report, system, series string, stored, computed *assessor.Step) {
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

func (r *run) progress(x *Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done.Systems++
	r.done.States += x.States
	r.done.Differences += x.Differences
	if r.o.Progress != nil && (r.done.Systems%progressEvery == 0 || r.done.Systems == len(r.systems)) {
		r.o.Progress(r.done)
	}
}

// instant writes an instant exactly.
func instant(t int64) string {
	if t >= assess.Forever>>1 {
		return "forever"
	}
	return time.UnixMicro(t).UTC().Format(time.RFC3339Nano)
}
