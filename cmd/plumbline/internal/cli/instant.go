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

// Instant is a flag's value that is an instant; absent while it is not given.
type Instant struct {
	text string
	now  func() time.Time
}

// Instant makes a flag's value.
func (a *App) Instant() *Instant { return &Instant{now: a.Now} }

// String implements pflag.Value.
func (i *Instant) String() string { return i.text }

// Type implements pflag.Value.
func (i *Instant) Type() string { return "instant" }

// Set implements pflag.Value. It only checks: "now" and "-7d" count from when
// the command runs.
func (i *Instant) Set(s string) error {
	if s != "" {
		if _, err := parseInstant(s, time.Unix(0, 0)); err != nil {
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
	t, err := parseInstant(i.text, i.now())
	if err != nil {
		return nil, err
	}
	return timestamppb.New(t), nil
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
