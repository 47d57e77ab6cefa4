package loadgen

import "math/bits"

// draw is a stream of numbers that follows from its keys. It is SplitMix64
// (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014):
// small enough that its output cannot change with a library.
type draw struct{ state uint64 }

// drawFor gives the stream of a thing, named by numbers: streams of different
// names are independent, so that one thing can be made without the others.
func drawFor(seed uint64, names ...uint64) *draw {
	d := &draw{seed}
	for _, n := range names {
		d.state = d.next() ^ bits.RotateLeft64(n*0x9e3779b97f4a7c15, 23)
	}
	d.next()
	return d
}

func (d *draw) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is a number from 0 to n-1.
func (d *draw) below(n int) int {
	hi, _ := bits.Mul64(d.next(), uint64(n))
	return int(hi)
}

// between is a number from lo to hi, both included.
func (d *draw) between(lo, hi int) int { return lo + d.below(hi-lo+1) }

// unit is a number from 0 up to 1.
func (d *draw) unit() float64 { return float64(d.next()>>11) / (1 << 53) }

// likely is true with a probability. It always draws, so that a rate of zero
// leaves everything else as it was.
func (d *draw) likely(p float64) bool { return d.unit() < p }

func pick[T any](d *draw, from ...T) T { return from[d.below(len(from))] }

func ptr[T any](v T) *T { return &v }
