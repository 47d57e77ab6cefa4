package loadgen

import (
	"container/heap"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Event is a submission with the instant at which it arrives. What is late has
// an observed time long before.
type Event struct {
	At   time.Time
	Item *pb.SubmitItem
	// System is the number of the system that it is about.
	System int
	// Late tells that it arrives after what was observed later.
	Late bool
}

// YearConfig says how a year is played. The zero value of a field means what its
// comment says.
type YearConfig struct {
	// Days is how many days are played, from the day after the fleet's instant;
	// 365 where zero.
	Days int
	// Every is how often the database reports each system; 24 hours where zero.
	// Most reports confirm what is known. Scans come once a week.
	Every time.Duration
	// Sample, where it is not 0, plays the first so many systems alone.
	Sample int
}

// Shares of what goes wrong with reports.
const (
	lateShare   = 0.01 // of reports: come up to three days late
	silentShare = 0.08 // of systems: their report fails for weeks within the year
)

// Year yields what happens after the fleet's instant, in the order in which it
// arrives: confirmations, changes, hosts that come and go, late reports, systems
// whose source falls silent, and three days without any report of the database.
// The fleet itself (Items) is not in it. It holds a few bytes for each system.
func (f *Fleet) Year(c YearConfig) iter.Seq[Event] {
	if c.Days <= 0 {
		c.Days = 365
	}
	if c.Every <= 0 {
		c.Every = day
	}
	systems := f.systems
	if c.Sample > 0 {
		systems = min(systems, c.Sample)
	}
	p := &player{f: f, c: c, end: f.cfg.At.Add(time.Duration(c.Days) * day)}
	d := drawFor(f.cfg.Seed, ofYear)
	outage := f.cfg.At.Add(d.span(20*day, 340*day))
	p.outage = window{outage, outage.Add(3 * day)}
	for i := range systems {
		p.add(turn{system: i, kind: turnReport})
		if f.system(i).scanned {
			p.add(turn{system: i, kind: turnScan})
		}
	}
	return func(yield func(Event) bool) {
		run := p.clone()
		for len(run.turns) > 0 {
			if e, ok := run.step(); ok && !yield(e) {
				return
			}
		}
	}
}

// Kinds of turns, in the order in which they come at one instant.
const (
	turnReport uint8 = iota
	turnScan
	turnLate
)

// turn is what happens to one system next.
type turn struct {
	at     time.Time
	system int
	kind   uint8
	n      int // the number of the report or scan
	back   time.Duration
}

// player plays a year.
type player struct {
	f      *Fleet
	c      YearConfig
	end    time.Time
	outage window
	turns  turns
}

func (p *player) clone() *player {
	out := *p
	out.turns = append(turns{}, p.turns...)
	heap.Init(&out.turns)
	return &out
}

// due is when a turn comes: each system has its own minute of the period.
func (p *player) due(t turn) time.Time {
	every := p.c.Every
	if t.kind == turnScan {
		every = 7 * day
	}
	d := drawFor(p.f.cfg.Seed, ofSync, uint64(t.system), uint64(t.kind))
	return p.f.cfg.At.Add(time.Duration(t.n)*every + d.span(time.Hour, every-1))
}

func (p *player) add(t turn) {
	if t.kind != turnLate {
		t.at = p.due(t)
	}
	if t.at.Before(p.end) {
		p.turns = append(p.turns, t)
	}
}

// step plays the next turn; ok is false where nothing arrives.
func (p *player) step() (e Event, ok bool) {
	t := p.turns[0]
	heap.Pop(&p.turns)
	next := t
	next.n++
	if t.kind != turnLate {
		if next.at = p.due(next); next.at.Before(p.end) {
			heap.Push(&p.turns, next)
		}
	}
	switch t.kind {
	case turnScan:
		u := p.f.Scan(t.system, t.at)
		if u == nil {
			return e, false
		}
		return Event{At: t.at, Item: upsertItem(u), System: t.system}, true
	case turnLate:
		return Event{At: t.at, Item: submitItem(p.f.Submission(t.system, t.at.Add(-t.back))), System: t.system, Late: true}, true
	}
	d := drawFor(p.f.cfg.Seed, ofSync, uint64(t.system), uint64(t.kind), uint64(t.n))
	late, back := d.likely(lateShare), d.span(2*time.Hour, 3*day)
	switch {
	case p.outage.holds(t.at), p.silent(t.system).holds(t.at):
		return e, false
	case late:
		if at := t.at.Add(back); at.Before(p.end) {
			heap.Push(&p.turns, turn{at: at, system: t.system, kind: turnLate, n: t.n, back: back})
		}
		return e, false
	}
	return Event{At: t.at, Item: submitItem(p.f.Submission(t.system, t.at)), System: t.system}, true
}

// silent is when nothing is reported of a system.
func (p *player) silent(system int) window {
	return p.f.drift(drawFor(p.f.cfg.Seed, ofYear, uint64(system)), silentShare, 50*day)
}

// turns is a heap, the next turn first.
type turns []turn

func (h turns) Len() int      { return len(h) }
func (h turns) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h turns) Less(i, j int) bool {
	a, b := h[i], h[j]
	switch {
	case !a.at.Equal(b.at):
		return a.at.Before(b.at)
	case a.system != b.system:
		return a.system < b.system
	}
	return a.kind < b.kind
}
func (h *turns) Push(x any) { *h = append(*h, x.(turn)) }
func (h *turns) Pop() any {
	old := *h
	t := old[len(old)-1]
	*h = old[:len(old)-1]
	return t
}

// message is what an item carries.
func message(item *pb.SubmitItem) proto.Message {
	if u := item.GetUpsert(); u != nil {
		return u
	}
	return item.GetSubmit()
}
