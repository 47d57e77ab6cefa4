package retention

import "time"

const day = 24 * 3600 * 1e6 // microseconds

// midnight is the beginning of the day in which an instant lies, in UTC.
func midnight(t int64) int64 {
	d := t / day
	if t%day < 0 {
		d--
	}
	return d * day
}

// month is the beginning of the month that is n months after the one in which
// an instant lies, in UTC.
func month(t int64, n int) int64 {
	at := time.UnixMicro(t).UTC()
	return time.Date(at.Year(), at.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC).UnixMicro()
}

// end is the first instant after t just before which everything is kept; false
// where that is the wall's future.
func (l *Line) end(t int64) (int64, bool) {
	switch {
	case t >= l.Before:
		return 0, false
	case t < l.Monthly:
		return month(t, 1), true
	}
	return midnight(t) + day, true
}

// keeps tells whether what holds from an instant until another is in force at
// an instant of the grid, pins aside.
func (l *Line) keeps(from, until int64) bool {
	end, ok := l.end(from)
	return !ok || end <= until
}

// At is the instant of the grid, pins aside, for which a state was kept that holds
// from an instant until another, and the instant whose knowledge of it was kept;
// false where there is none.
func (l *Line) At(from, until int64) (at, known int64, ok bool) {
	if end, ok := l.end(from); ok && end <= until {
		return end - 1, l.crossed(end - 1), true
	}
	return 0, 0, false
}
