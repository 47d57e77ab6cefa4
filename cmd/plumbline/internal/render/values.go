package render

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Instant writes an instant to the second in UTC; empty for none.
func Instant(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return InstantOf(t.AsTime())
}

// InstantOf writes an instant to the second in UTC; a midnight is its date.
func InstantOf(t time.Time) string {
	u := t.UTC()
	if u.Hour() == 0 && u.Minute() == 0 && u.Second() == 0 {
		return u.Format("2006-01-02")
	}
	return u.Format("2006-01-02 15:04:05Z")
}

// Exact writes an instant to the microsecond in UTC, as commands take it.
func Exact(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format("2006-01-02T15:04:05.999999Z07:00")
}

// Age writes how long ago an instant was, or in how long it comes.
func (v *View) Age(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return v.Until(t.AsTime())
}

// Until writes in how long an instant comes, or how long ago it was.
func (v *View) Until(t time.Time) string {
	d := v.p.Now.Sub(t)
	switch {
	case d.Abs() < time.Second:
		return "now"
	case d < 0:
		return "in " + Span(-d)
	}
	return Span(d) + " ago"
}

// When writes an instant with its age: "2026-05-02 (204 days ago)".
func (v *View) When(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return Instant(t) + " (" + v.Age(t) + ")"
}

// Span writes a span of time in its largest fitting unit.
func Span(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.unit {
			n := int64(d / u.unit)
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return fmt.Sprintf("%d s", int64(d/time.Second))
}

// Score writes a score, or that there is none: nothing assessed is neither 0
// nor 100.
func Score(s *float64) string {
	if s == nil {
		return "none"
	}
	return strconv.FormatFloat(math.Round(*s*10)/10, 'f', -1, 64)
}

// Percent writes a share of 0 to 1.
func Percent(s *float64) string {
	if s == nil {
		return "none"
	}
	// Rounded down, so that 100 % means all.
	return strconv.FormatFloat(math.Floor(*s*1000+1e-9)/10, 'f', -1, 64) + " %"
}

var stateColors = map[string]text.Colors{
	"pass": {text.FgGreen}, "fail": {text.FgRed, text.Bold}, "unknown": {text.FgYellow}, "error": {text.FgMagenta},
	"notapplicable": {text.Faint}, "notselected": {text.Faint}, "notchecked": {text.Faint}, "informational": {text.Faint},
	"rejected": {text.FgRed}, "critical": {text.FgRed, text.Bold}, "high": {text.FgRed}, "medium": {text.FgYellow},
}

// Word colours a state, an outcome or a severity.
func (v *View) Word(s string) string {
	if c, ok := stateColors[s]; ok {
		return v.paint(c, s)
	}
	return s
}

// List joins texts, and says how many are left out of a long list.
func List(in []string, most int) string {
	if len(in) <= most {
		return strings.Join(in, ", ")
	}
	return strings.Join(in[:most], ", ") + fmt.Sprintf(" and %d more", len(in)-most)
}

// Lines is List with each text on a line of its own.
func Lines(in []string, most int) string {
	if len(in) > most {
		in = append(slices.Clone(in[:most]), fmt.Sprintf("and %d more", len(in)-most))
	}
	return strings.Join(in, "\n")
}

// clean makes what is printed safe for a terminal, since names and messages
// come from outside: control characters, which could move the cursor or worse,
// become spaces. Line ends stay, and colours where they are in use.
func clean(s string, colors bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if colors && s[i] == 0x1b {
			if n := colorLen(s[i:]); n > 0 {
				b.WriteString(s[i : i+n])
				i += n
				continue
			}
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// colorLen is the length of the sequence "ESC [ numbers m" that s begins with.
func colorLen(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	n := 2 + len(s[2:]) - len(strings.TrimLeft(s[2:], "0123456789;"))
	if n < len(s) && s[n] == 'm' {
		return n + 1
	}
	return 0
}
