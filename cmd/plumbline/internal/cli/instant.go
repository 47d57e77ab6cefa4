package cli

import (
	"fmt"
	"time"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// InstantHelp is the part of a flag's help that says how instants are written.
const InstantHelp = `(2026-03-01, 2026-03-01T09:30:00Z, -36h, -7d, now)`

// EndHelp is the part of a flag's help that says how ends are written.
const EndHelp = `(2027-03-01, 2027-03-01T09:30:00Z; 90d counts from the start, +90d from now)`

// Instant is a flag's value that is an instant; absent while it is not given.
type Instant struct {
	text string
	now  func() time.Time
	// end is set where a span without a sign counts from a start.
	end bool
}

// Instant makes a flag's value.
func (a *App) Instant() *Instant { return &Instant{now: a.Now} }

// End makes a flag's value for the end of something, which may also be written
// as the span from its start: "90d".
func (a *App) End() *Instant { return &Instant{now: a.Now, end: true} }

// String implements pflag.Value.
func (i *Instant) String() string { return i.text }

// Type implements pflag.Value.
func (i *Instant) Type() string { return "instant" }

// Set implements pflag.Value. It only checks: "now" and "-7d" count from when
// the command runs.
func (i *Instant) Set(s string) error {
	if s != "" {
		if _, err := i.parse(s, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
			return err
		}
	}
	i.text = s
	return nil
}

// Timestamp gives the instant; nil if it was not given.
func (i *Instant) Timestamp() (*timestamppb.Timestamp, error) {
	if i.text == "" {
		return nil, nil
	}
	now := i.now()
	return stamp(i.parse(i.text, now, now))
}

// After is Timestamp where a span counts from a start; from now where that is
// absent.
func (i *Instant) After(start *timestamppb.Timestamp) (*timestamppb.Timestamp, error) {
	if i.text == "" || start == nil {
		return i.Timestamp()
	}
	return stamp(i.parse(i.text, i.now(), start.AsTime()))
}

func stamp(t time.Time, err error) (*timestamppb.Timestamp, error) {
	if err != nil {
		return nil, err
	}
	return timestamppb.New(t), nil
}

// parse reads an instant, or where the flag is an end a span from start.
func (i *Instant) parse(s string, now, start time.Time) (time.Time, error) {
	if i.end {
		return ParseEnd(s, now, start)
	}
	return parseInstant(s, now)
}

// ParseEnd reads the end of something: an instant, or the span from its start.
func ParseEnd(s string, now, start time.Time) (time.Time, error) {
	if len(s) > 0 && s[0] >= '0' && s[0] <= '9' || len(s) > 0 && s[0] == 'P' {
		if d, err := ParseSpan(s); err == nil {
			return start.Add(d).UTC().Truncate(time.Microsecond), nil
		}
	}
	t, err := parseInstant(s, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no end: write 2027-03-01, 2027-03-01T09:30:00Z, 90d or +90d", s)
	}
	return t, nil
}

// OrNow gives the instant, or now.
func (i *Instant) OrNow() (time.Time, error) {
	if i.text == "" {
		return i.now(), nil
	}
	return parseInstant(i.text, i.now())
}

// parseInstant reads an instant as people write it. A date is its first instant
// in UTC; no other time zone is assumed, since none could be known.
func parseInstant(s string, now time.Time) (time.Time, error) {
	if s == "now" {
		return now, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	if len(s) > 1 && (s[0] == '-' || s[0] == '+') {
		if d, err := ParseSpan(s[1:]); err == nil {
			if s[0] == '-' {
				d = -d
			}
			return now.Add(d), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no instant: write 2026-03-01, 2026-03-01T09:30:00Z, -36h, -7d or now", s)
}

// ParseSpan reads a span of time as files write it too: "90d", "36h", "12h30m".
func ParseSpan(s string) (time.Duration, error) {
	d, ok := protoyaml.ParseDuration(s)
	if !ok {
		return 0, fmt.Errorf("%q is no span of time: write 90d or 36h", s)
	}
	return d, nil
}

// Given says whether the flag was given.
func (i *Instant) Given() bool { return i.text != "" }

// Timestamps gives several instants; the first error ends it.
func Timestamps(list ...*Instant) ([]*timestamppb.Timestamp, error) {
	out := make([]*timestamppb.Timestamp, len(list))
	for i, t := range list {
		var err error
		if out[i], err = t.Timestamp(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// AsOf are the two instants of a read.
type AsOf struct{ AsOf, KnownAt *Instant }

// AsOf adds the flags of the two instants to a command.
func (a *App) AsOf(c *cobra.Command) AsOf {
	t := AsOf{a.Instant(), a.Instant()}
	c.Flags().Var(t.AsOf, "as-of", "the state at this instant "+InstantHelp)
	c.Flags().Var(t.KnownAt, "known-at", "as it was known at this instant "+InstantHelp)
	return t
}

// Span is a flag's value that is a span of time, in days too: "30d".
type Span struct{ time.Duration }

// String implements pflag.Value.
func (s *Span) String() string {
	switch {
	case s.Duration == 0:
		return ""
	case s.Duration%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", s.Duration/(24*time.Hour))
	}
	return s.Duration.String()
}

// Type implements pflag.Value.
func (s *Span) Type() string { return "span" }

// Set implements pflag.Value.
func (s *Span) Set(text string) error {
	d, err := ParseSpan(text)
	s.Duration = d
	return err
}
