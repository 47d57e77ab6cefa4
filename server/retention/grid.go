package retention

import (
	"time"

	"github.com/plumbline/plumbline/store/ledger"
)

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

// Kept finds the instant for which an entry of before the wall was kept, and the
// instant whose knowledge of it was kept: a state can be computed anew as of the
// one as known at the other. It is false where the entry was not kept for any.
func (l *Line) Kept(tx *ledger.Tx, e ledger.Entry, pins []Pin) (at, known int64, ok bool) {
	if !e.Shadowed {
		until := ledger.MaxInstant
		if next, ok := tx.Next(e.Stream, e.Effective, ledger.Latest); ok {
			until = next.Effective
		}
		if end, ok := l.end(e.Effective); ok && end <= until {
			return end - 1, l.crossed(end - 1), true
		}
	}
	for _, p := range pins {
		if held, ok := tx.At(e.Stream, p.At, p.known); ok && held.Addr == e.Addr && p.At < l.Before {
			return p.At, min(p.KnownAt, l.crossed(p.At)), true
		}
	}
	return 0, 0, false
}
