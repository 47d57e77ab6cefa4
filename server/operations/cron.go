package operations

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // so that time zones are the same on every machine that lacks them

	"github.com/robfig/cron/v3"
)

// expression is a cron expression in a time zone.
//
// Where it names hours, clocks that are set forward or back are followed as people
// expect it of "at 02:30 each day": what falls into an hour that is left out is
// at that hour's end, and what falls into one that comes twice is in the first.
// Where every hour is meant, both count.
type expression struct {
	fields *cron.SpecSchedule // in UTC
	zone   *time.Location
	hourly bool
}

// star is how package cron marks a field that was written "*".
const star = 1 << 63

// columns are the fields of an expression.
var columns = []struct{ name, values string }{
	{"minute", "0 to 59"}, {"hour", "0 to 23"}, {"day of the month", "1 to 31"},
	{"month", "1 to 12 or jan to dec"}, {"day of the week", "0 (Sunday) to 6 or sun to sat"},
}

var (
	fieldParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	word        = regexp.MustCompile(`\S+`)
	element     = regexp.MustCompile(`^[0-9A-Za-z*]+(-[0-9A-Za-z]+)?(/[0-9]{1,4})?$`)
)

// parseCron reads an expression of five fields. The error says at which
// character, from 1, it is wrong.
func parseCron(text, zone string) (*expression, error) {
	at := word.FindAllStringIndex(text, -1)
	if len(at) != len(columns) {
		return nil, fmt.Errorf("has %d fields and must have 5: minute, hour, day of the month, month, day of the week, such as \"0 2 * * 1-5\"", len(at))
	}
	for i, c := range columns {
		from := at[i][0]
		for _, e := range strings.Split(text[at[i][0]:at[i][1]], ",") {
			line := []string{"*", "*", "*", "*", "*"}
			line[i] = e
			_, err := fieldParser.Parse(strings.Join(line, " "))
			if err != nil || !element.MatchString(e) {
				return nil, fmt.Errorf("at character %d: %q is no %s; write %s, as *, 5, 1-5, */15, or several with commas between",
					from+1, e, c.name, c.values)
			}
			from += len(e) + 1
		}
	}
	s, err := fieldParser.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %v", err)
	}
	x := &expression{fields: s.(*cron.SpecSchedule)}
	x.fields.Location = time.UTC
	x.hourly = x.fields.Hour&star != 0
	if x.zone, err = location(zone); err != nil {
		return nil, err
	}
	if _, ok := x.wall(time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)); !ok {
		return nil, fmt.Errorf("names no day that ever comes; look at the day of the month and the month")
	}
	return x, nil
}

// location is a time zone by its name; UTC where that is empty.
func location(zone string) (*time.Location, error) {
	if zone == "Local" { // it would be another on every machine
		return nil, fmt.Errorf("write a name such as Europe/Oslo instead of Local")
	}
	return time.LoadLocation(zone)
}

// next is the first instant of the expression after t; false where there is
// none, which is so after the year 9999 alone.
func (x *expression) next(t time.Time) (time.Time, bool) {
	if x.hourly {
		s := *x.fields
		s.Location = x.zone
		return seek(&s, t.In(x.zone))
	}
	// The clock on the wall is followed as if it were UTC. It begins early enough
	// for any hour that comes twice.
	c := inUTC(t.In(x.zone)).Add(-25 * time.Hour)
	for {
		var ok bool
		if c, ok = x.wall(c); !ok {
			return time.Time{}, false
		}
		if at := onWall(c, x.zone); at.After(t) {
			return at, true
		}
	}
}

// wall is the next reading of the clock on the wall, as if it were UTC.
func (x *expression) wall(after time.Time) (time.Time, bool) { return seek(x.fields, after) }

// seek is Next of a schedule, which gives up after five years: a 29 February may
// be eight years away.
func seek(s *cron.SpecSchedule, t time.Time) (time.Time, bool) {
	for range 3 {
		if t.Year() > 9999 {
			break
		}
		if at := s.Next(t); !at.IsZero() {
			return at, true
		}
		t = time.Date(t.Year()+4, t.Month(), 1, 0, 0, 0, 0, t.Location())
	}
	return time.Time{}, false
}

// inUTC is what the clock shows at t, as if it stood in UTC.
func inUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// onWall is the first instant at which the clock in a zone shows what c shows
// in UTC, or the end of the span that is left out where it never does.
func onWall(c time.Time, zone *time.Location) time.Time {
	_, before := c.Add(-26 * time.Hour).In(zone).Zone()
	_, after := c.Add(26 * time.Hour).In(zone).Zone()
	first := c.Add(-time.Duration(max(before, after)) * time.Second).In(zone)
	second := c.Add(-time.Duration(min(before, after)) * time.Second).In(zone)
	switch {
	case inUTC(first).Equal(c):
		return first
	case inUTC(second).Equal(c):
		return second
	}
	if start, _ := second.ZoneBounds(); !start.IsZero() {
		return start
	}
	return second
}
