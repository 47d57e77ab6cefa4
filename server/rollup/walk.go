package rollup

import (
	"iter"

	"github.com/plumbline/plumbline/store/ledger"
)

// Span is the integrals of counters over a span of time: millionths, systems or
// results, times microseconds.
type Span struct {
	Start, End int64 // microseconds since 1970 UTC, half-open
	Sums       []ledger.Wide
}

// Length is how long the span is, in microseconds.
func (s Span) Length() int64 { return s.End - s.Start }

// At is the integral of a counter; zero beyond those that there are.
func (s Span) At(i int) ledger.Wide { return at(s.Sums, i) }

// walk goes through buckets in the order of time.
type walk struct {
	finest scale
	// scan yields the buckets of a scale from one on and before another, with D
	// and M of each counter.
	scan  func(s scale, lo, hi int64) iter.Seq2[int64, []ledger.Wide]
	at    int64
	level []ledger.Wide // of each counter at that instant
}

// seek goes to an instant, a multiple of the finest scale's length.
func (w *walk) seek(t int64) {
	w.at, w.level = t, nil
	lo := int64(-bias)
	for s := eras; ; s-- {
		hi := s.bucket(t)
		for _, v := range w.scan(s, lo, hi) {
			w.climb(v)
		}
		if s == w.finest {
			return
		}
		lo = (s - 1).bucket(s.start(hi))
	}
}

// climb adds a bucket's D to the level.
func (w *walk) climb(v []ledger.Wide) {
	w.level = grown(w.level, (len(v)+1)/2)
	for i := 0; i < len(v); i += 2 {
		w.level[i/2] = w.level[i/2].Add(v[i])
	}
}

// next goes on to an instant and returns the integrals on the way.
func (w *walk) next(to int64) Span {
	out := Span{Start: w.at, End: to}
	for w.at < to {
		s, end := w.stride(to)
		length := end - w.at
		out.Sums = grown(out.Sums, len(w.level))
		for i, l := range w.level {
			out.Sums[i] = out.Sums[i].Add(l.Times(length))
		}
		for n, v := range w.scan(s, s.bucket(w.at), s.bucket(end)) {
			out.Sums = grown(out.Sums, (len(v)+1)/2)
			rest := end - s.start(n)
			for i := 0; i < len(v); i += 2 {
				out.Sums[i/2] = out.Sums[i/2].Add(v[i].Times(rest)).Sub(at(v, i+1))
			}
			w.climb(v)
		}
		w.at = end
	}
	return out
}

// stride is how far one can go by buckets of one scale, the greatest that fits.
func (w *walk) stride(to int64) (scale, int64) {
	s := w.finest
	for s+1 < scales && w.at%lengths[s+1] == 0 && w.at+lengths[s+1] <= to {
		s++
	}
	end := Floor(to, lengths[s])
	if s+1 < scales {
		// Greater buckets take over where they begin, if one still fits.
		if up := Floor(w.at, lengths[s+1]) + lengths[s+1]; up+lengths[s+1] <= to {
			end = up
		}
	}
	return s, end
}

// spans cuts the time from one instant to another into spans; all are multiples
// of the finest scale's length. The last span may be shorter.
func (w *walk) spans(from, to, step int64) (out []Span) {
	w.seek(from)
	for w.at < to {
		out = append(out, w.next(min(w.at+step, to)))
	}
	return out
}
