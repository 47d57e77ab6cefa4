package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plumbline/plumbline/bench/estate"
)

// Done is how much was answered, and in how long.
type Done struct {
	Count int
	Took  time.Duration
}

// PerSecond is the rate.
func (d Done) PerSecond() float64 { return float64(d.Count) / d.Took.Seconds() }

// Work hands out submissions: system after system, and then again from the
// first with the next change of each. It is safe for concurrent use.
type Work struct {
	Estate  *estate.Estate
	Systems int
	// Flip has every submission change a result, instead of one in
	// estate.FlipsEvery.
	Flip bool
	// From is added to the releases, so that several Works over the same systems
	// do not give them the same content.
	From int
	// Shuffle takes the systems in another order than that in which they were
	// first submitted, and which they therefore lie in.
	Shuffle bool

	mu    sync.Mutex
	next  int
	times []int // how often each system was submitted
}

// Take gives the next system, and the change of it that was not there before.
func (w *Work) Take() (system int, c estate.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.times == nil {
		w.times = make([]int, w.Systems)
	}
	system = w.next % w.Systems
	if w.Shuffle {
		// A stride that has no divisor in common with the number of systems
		// reaches all of them.
		system = (w.next * stride(w.Systems)) % w.Systems
	}
	w.next++
	n := w.times[system]
	w.times[system]++
	if w.Flip {
		return system, estate.Change{Release: w.From, Flip: n%2 == 1}
	}
	// Systems are out of step, so that each batch has some that change a result.
	c = estate.Next(n + system%estate.FlipsEvery)
	c.Release += w.From
	return system, c
}

// stride is a number near the golden section of n without a common divisor.
func stride(n int) int {
	s := int(float64(n) * 0.618)
	for s > 1 && divisor(s, n) != 1 {
		s--
	}
	return max(s, 1)
}

func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// callers runs n callers until the time is up; each call is one operation.
func callers(ctx context.Context, n int, span time.Duration, call func(ctx context.Context, caller int) error) (Done, error) {
	g, ctx := errgroup.WithContext(ctx)
	var count atomic.Int64
	start := time.Now()
	until := start.Add(span)
	for i := range n {
		g.Go(func() error {
			for time.Now().Before(until) && ctx.Err() == nil {
				if err := call(ctx, i); err != nil {
					return err
				}
				count.Add(1)
			}
			return ctx.Err()
		})
	}
	err := g.Wait()
	return Done{int(count.Load()), time.Since(start)}, err
}
