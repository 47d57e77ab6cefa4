package rollup

// scale is a length of buckets. Their values are part of the format.
type scale byte

const (
	hours scale = iota
	days
	months // of 32 days
	eras   // of 1,024 days
	scales
)

// Lengths of buckets, in microseconds.
const (
	Hour = int64(3600 * 1e6)
	Day  = 24 * Hour
)

var lengths = [scales]int64{Hour, Day, 32 * Day, 1024 * Day}

// bucket is the number of the bucket that an instant falls into.
func (s scale) bucket(t int64) int64 { return floorDiv(t, lengths[s]) }

// start is the first instant of a bucket.
func (s scale) start(bucket int64) int64 { return bucket * lengths[s] }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Floor is the last multiple of a length at or before an instant.
func Floor(t, length int64) int64 { return floorDiv(t, length) * length }
