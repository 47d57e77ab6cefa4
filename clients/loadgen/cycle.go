package loadgen

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

const day = 24 * time.Hour

// cycle is what happens again and again: first at one instant, then every period.
type cycle struct {
	first  time.Time
	period time.Duration
}

// last is when it happened last, at or before an instant, and how often before
// that since the first.
func (c cycle) last(at time.Time) (time.Time, int) {
	n := int64(at.Sub(c.first) / c.period)
	if at.Before(c.first) && c.first.Sub(at)%c.period != 0 {
		n--
	}
	return c.first.Add(time.Duration(n) * c.period), int(n)
}

// from is a cycle that happened some time before the fleet's instant.
func (f *Fleet) from(before, period time.Duration) cycle {
	return cycle{f.cfg.At.Add(-before), period}
}

// span is a length of time between two, to the second.
func (d *draw) span(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(d.below(int((hi-lo)/time.Second)+1))*time.Second
}

// patching is when a host is patched.
func (f *Fleet) patching(d *draw) cycle {
	regular, phase := d.span(26*day, 30*day), d.unit()
	late, back := d.span(120*day, 460*day), d.span(60*day, 400*day)
	if d.likely(f.cfg.Faults.OldPatch) {
		return f.from(min(back, late-day), late)
	}
	return f.from(time.Duration(phase*float64(min(regular, 28*day))/float64(time.Second))*time.Second, regular)
}

// released is when the vendors' newest patches came: every four weeks, for all.
var released = cycle{time.Date(2020, 1, 14, 18, 0, 0, 0, time.UTC), 28 * day}

// renewal is the life of a certificate and its successors: issued in a cycle,
// each for so long.
type renewal struct {
	issued cycle
	life   time.Duration
}

// certificates draws how a listener's certificates are renewed.
func (f *Fleet) certificates(d *draw) renewal {
	life := pick(d, 90*day, 90*day, 180*day, 365*day, 365*day)
	phase, expired, expires := d.unit(), d.span(time.Hour, 60*day), d.span(time.Hour, 21*day)
	kind := d.unit()
	rates := f.cfg.Faults
	switch {
	case kind < rates.ExpiredCertificate:
		// It is renewed when somebody complains, long after.
		return renewal{f.from(life+expired, life+expired+d.span(day, 30*day)), life}
	case kind < rates.ExpiredCertificate+rates.ExpiringCertificate:
		return renewal{f.from(life-expires, life-min(expires/2, 2*day)), life}
	}
	ahead := 30 * day
	period := life - ahead
	return renewal{f.from(time.Duration(phase*float64(period)/float64(time.Second))*time.Second, period), life}
}

// at is the certificate in use at an instant: from when until when it is valid,
// and its number.
func (r renewal) at(t time.Time) (from, until time.Time, n int) {
	from, n = r.issued.last(t)
	return from, from.Add(r.life), n
}

// window is a time out of the year in which something is otherwise; nil where
// there is none.
type window struct{ from, to time.Time }

// drift draws a window for a share of things, up to so long.
func (f *Fleet) drift(d *draw, share float64, longest time.Duration) window {
	from, length, has := d.span(0, 365*day), d.span(3*day, longest), d.likely(share)
	if !has {
		return window{}
	}
	start := f.cfg.At.Add(from)
	return window{start, start.Add(length)}
}

func (w window) holds(t time.Time) bool { return !t.Before(w.from) && t.Before(w.to) }

func stamp(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }
