package operations

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// Bounds of what a calendar may say.
const (
	longestJitter   = 24 * time.Hour
	longestBlackout = 7 * 24 * time.Hour
	least           = time.Minute // of a blackout: cron knows nothing shorter
	// chained is over how many blackouts that follow each other their end is
	// looked for.
	chained = 2000
)

// calendar is when runs start and when they must not. It is immutable.
type calendar struct {
	runs      []*scheduled
	blackouts []*blackout
}

type scheduled struct {
	source *pb.ScheduledRun
	cron   *expression
	jitter time.Duration
}

type blackout struct {
	cron *expression
	span time.Duration
}

// compile reads a calendar. The error is INVALID_ARGUMENT and names every field
// that is wrong.
func compile(src *pb.Calendar, checklistIsThere func(string) bool) (*calendar, error) {
	c, wrong := &calendar{}, problems(nil)
	ids := map[string]bool{}
	for i, r := range src.Runs {
		field := fmt.Sprintf("calendar.runs[%d].", i)
		s := &scheduled{source: r, cron: wrong.cron(field, r.Cron, r.TimeZone)}
		s.jitter = wrong.span(field+"jitter", r.Jitter, 0, longestJitter)
		if ids[r.Id] {
			wrong.add(field+"id", "%q is the id of another run too", r.Id)
		}
		ids[r.Id] = true
		for _, x := range [][2]string{{"request", r.Request.GetRequestId()}, {"verify", r.Verify.GetRequestId()}} {
			if x[1] != "" {
				wrong.add(field+x[0]+".request_id", "belongs to one run; leave it out where runs come again")
			}
		}
		if r.Request != nil && r.Verify != nil {
			wrong.add(field+"verify", "a run assesses or verifies; leave out verify or request, and add another run")
		}
		if l := r.Request.GetChecklist(); l != "" && !checklistIsThere(l) {
			wrong.add(field+"request.checklist", "checklists/%s does not exist", l)
		}
		c.runs = append(c.runs, s)
	}
	for i, b := range src.Blackouts {
		field := fmt.Sprintf("calendar.blackouts[%d].", i)
		c.blackouts = append(c.blackouts, &blackout{
			cron: wrong.cron(field, b.Cron, b.TimeZone), span: wrong.span(field+"duration", b.Duration, least, longestBlackout),
		})
	}
	if len(wrong) > 0 {
		return nil, fault.Invalid(wrong...)
	}
	return c, nil
}

// problems are what is wrong with a calendar.
type problems []fault.Violation

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, fault.Violation{Field: field, Description: fmt.Sprintf(format, args...)})
}

func (p *problems) cron(field, text, zone string) *expression {
	if _, err := location(zone); err != nil {
		p.add(field+"time_zone", "%q is no time zone: write a name of the IANA database, such as Europe/Oslo", zone)
		zone = ""
	}
	x, err := parseCron(text, zone)
	if err != nil {
		p.add(field+"cron", "%v", err)
	}
	return x
}

func (p *problems) span(field string, d *durationpb.Duration, from, to time.Duration) time.Duration {
	if d == nil {
		return 0
	}
	if err := d.CheckValid(); err != nil || d.AsDuration() < from || d.AsDuration() > to {
		p.add(field, "must be %v to %v", from, to)
	}
	return d.AsDuration()
}

// start is the first start after an instant; false where there is none. What the
// jitter adds is less than the time to the next instant of the expression, so
// that starts come in the order of those.
func (s *scheduled) start(after time.Time) (time.Time, bool) {
	tick, ok := s.cron.next(after)
	if !ok {
		return tick, false
	}
	span := s.jitter
	if following, ok := s.cron.next(tick); ok {
		span = min(span, following.Sub(tick))
	}
	return tick.Add(offset(s.source.Id, tick, span)), true
}

// offset is 0 to just below span, in whole seconds: a hash of the id and the
// instant, so that it is the same for whoever computes it, and another each day.
func offset(id string, tick time.Time, span time.Duration) time.Duration {
	seconds := uint64(span / time.Second)
	if seconds == 0 {
		return 0
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(id+"\x00"), uint64(tick.Unix())))
	return time.Duration(binary.BigEndian.Uint64(sum[:])%seconds) * time.Second
}

// blackedOut is the instant until which runs must not go on, at an instant;
// false where they may. Blackouts that follow each other without a pause are one;
// where they never seem to end, forever is true.
func (c *calendar) blackedOut(t time.Time) (until time.Time, forever, out bool) {
	until = t
	for range chained {
		end, ok := c.covers(until)
		if !ok {
			return until, false, until.After(t)
		}
		until = end
	}
	return until, true, true
}

// covers is the end of a blackout that is on at an instant: the latest of those
// that began first.
func (c *calendar) covers(t time.Time) (end time.Time, ok bool) {
	for _, b := range c.blackouts {
		began, found := b.cron.next(t.Add(-b.span))
		if found && !began.After(t) && began.Add(b.span).After(end) {
			end, ok = began.Add(b.span), true
		}
	}
	return end, ok
}
