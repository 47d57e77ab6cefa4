// Package measure times things beside each other, so that what disturbs one
// disturbs the others too: in many short rounds, A B C A B C …, each after the
// garbage of the one before is gone, and by medians over the rounds. A ratio is
// the median of the rounds' ratios, not the ratio of two medians: the two
// halves of a round are neighbours in time.
package measure

import (
	"runtime"
	"slices"
	"time"
)

// Case is one of the things that are timed. Run does the work n times.
type Case struct {
	Name string
	Run  func(n int) error
}

// Samples are what the rounds of one case came to, round by round.
type Samples struct {
	CPU    []float64 // seconds of processor an operation
	Wall   []float64 // seconds by the clock an operation
	Allocs []float64 // heap allocations an operation
}

// Rounds runs the cases by turns, each for about slice a round, and returns
// their samples in their order. Before that it finds out how often each is to
// be run.
func Rounds(rounds int, slice time.Duration, cases ...Case) ([]Samples, error) {
	times := make([]int, len(cases))
	for i, c := range cases {
		var err error
		if times[i], err = calibrate(c, slice); err != nil {
			return nil, err
		}
	}
	out := make([]Samples, len(cases))
	for range rounds {
		for i, c := range cases {
			if err := out[i].take(c, times[i]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// calibrate finds how often a case runs in a slice of time.
func calibrate(c Case, slice time.Duration) (int, error) {
	for n := 1; ; {
		start := CPUTime()
		if err := c.Run(n); err != nil {
			return 0, err
		}
		took := CPUTime() - start
		if took >= slice/4 {
			return max(1, int(float64(n)*float64(slice)/float64(took))), nil
		}
		n *= 2
	}
}

// take runs a case n times and adds the round to its samples.
func (s *Samples) take(c Case, n int) error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, wall := CPUTime(), time.Now()
	if err := c.Run(n); err != nil {
		return err
	}
	tookWall, took := time.Since(wall), CPUTime()-cpu
	runtime.ReadMemStats(&after)
	s.CPU = append(s.CPU, took.Seconds()/float64(n))
	s.Wall = append(s.Wall, tookWall.Seconds()/float64(n))
	s.Allocs = append(s.Allocs, float64(after.Mallocs-before.Mallocs)/float64(n))
	return nil
}

// Median is the middle of the values; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	n := len(v) / 2
	if len(v)%2 == 1 {
		return v[n]
	}
	return (v[n-1] + v[n]) / 2
}

// Ratio is the median of a's values divided by b's, round by round. Rounds that
// only one of them has do not count.
func Ratio(a, b []float64) float64 {
	r := make([]float64, 0, len(a))
	for i := range min(len(a), len(b)) {
		r = append(r, a[i]/b[i])
	}
	return Median(r)
}

// Spread is the distance of the quartiles, as a share of the median: how much
// the figure is to be trusted.
func Spread(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return (v[(3*len(v))/4] - v[len(v)/4]) / Median(v)
}
