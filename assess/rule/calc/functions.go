package calc

import (
	"cmp"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/overloads"

	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// The functions of CEL on plain values, by cel-go's overload ids. Instants and
// spans of time are int64 microseconds. What CEL gives an error for, they give
// a Cause for.

// IntBinary are the functions of two whole numbers, instants or spans.
var IntBinary = map[string]func(x, y int64) (int64, Cause){
	overloads.AddInt64:      addInt,
	overloads.SubtractInt64: subInt,
	overloads.MultiplyInt64: mulInt,
	overloads.DivideInt64: func(x, y int64) (int64, Cause) {
		switch {
		case y == 0:
			return 0, ByZero
		case x == math.MinInt64 && y == -1:
			return 0, Overflow
		}
		return x / y, Fine
	},
	overloads.ModuloInt64: func(x, y int64) (int64, Cause) {
		switch {
		case y == 0:
			return 0, ByZero
		case x == math.MinInt64 && y == -1:
			return 0, Overflow
		}
		return x % y, Fine
	},
	overloads.AddDurationDuration:        func(x, y int64) (int64, Cause) { return spanOf(x + y) },
	overloads.SubtractDurationDuration:   func(x, y int64) (int64, Cause) { return spanOf(x - y) },
	overloads.SubtractTimestampTimestamp: func(x, y int64) (int64, Cause) { return spanOf(x - y) },
	overloads.AddDurationTimestamp:       func(x, y int64) (int64, Cause) { return timeOf(x + y) },
	overloads.AddTimestampDuration:       func(x, y int64) (int64, Cause) { return timeOf(x + y) },
	overloads.SubtractTimestampDuration:  func(x, y int64) (int64, Cause) { return timeOf(x - y) },
}

func addInt(x, y int64) (int64, Cause) {
	z := x + y
	if (z > x) != (y > 0) && y != 0 {
		return 0, Overflow
	}
	return z, Fine
}

func subInt(x, y int64) (int64, Cause) {
	z := x - y
	if (z < x) != (y > 0) && y != 0 {
		return 0, Overflow
	}
	return z, Fine
}

func mulInt(x, y int64) (int64, Cause) {
	hi, lo := bits.Mul64(magnitude(x), magnitude(y))
	negative := (x < 0) != (y < 0)
	switch {
	case hi != 0 || lo > 1<<63 || lo == 1<<63 && !negative:
		return 0, Overflow
	}
	return x * y, Fine
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// spanOf and timeOf check a span's and an instant's range. The sum of two
// values that are within it does not Overflow.
func spanOf(v int64) (int64, Cause) {
	if v > syntax.MaxDuration || v < -syntax.MaxDuration {
		return 0, Overflow
	}
	return v, Fine
}

func timeOf(v int64) (int64, Cause) {
	if v > syntax.MaxTime || v < syntax.MinTime {
		return 0, TimeRange
	}
	return v, Fine
}

// part makes a function of an instant, in UTC.
func part(f func(time.Time) int) func(int64) (int64, Cause) {
	return func(v int64) (int64, Cause) { return int64(f(time.UnixMicro(v).UTC())), Fine }
}

// per makes the function that gives a span of time in whole units.
func per(unit int64) func(int64) (int64, Cause) {
	return func(v int64) (int64, Cause) { return v / unit, Fine }
}

func same(v int64) (int64, Cause) { return v, Fine }

// IntUnary are the functions of one.
var IntUnary = map[string]func(int64) (int64, Cause){
	overloads.NegateInt64: func(v int64) (int64, Cause) {
		if v == math.MinInt64 {
			return 0, Overflow
		}
		return -v, Fine
	},
	overloads.IntToInt:             same,
	overloads.DurationToDuration:   same,
	overloads.TimestampToTimestamp: same,
	overloads.DurationToInt:        func(v int64) (int64, Cause) { return v * 1000, Fine },
	overloads.TimestampToInt:       func(v int64) (int64, Cause) { return time.UnixMicro(v).Unix(), Fine },
	overloads.IntToTimestamp: func(v int64) (int64, Cause) {
		if v < syntax.MinTime/1_000_000 || v > syntax.MaxTime/1_000_000 {
			return 0, TimeRange
		}
		return v * 1_000_000, Fine
	},
	overloads.TimestampToYear:                part(time.Time.Year),
	overloads.TimestampToMonth:               part(func(t time.Time) int { return int(t.Month()) - 1 }),
	overloads.TimestampToDayOfYear:           part(func(t time.Time) int { return t.YearDay() - 1 }),
	overloads.TimestampToDayOfMonthZeroBased: part(func(t time.Time) int { return t.Day() - 1 }),
	overloads.TimestampToDayOfMonthOneBased:  part(time.Time.Day),
	overloads.TimestampToDayOfWeek:           part(func(t time.Time) int { return int(t.Weekday()) }),
	overloads.TimestampToHours:               part(time.Time.Hour),
	overloads.TimestampToMinutes:             part(time.Time.Minute),
	overloads.TimestampToSeconds:             part(time.Time.Second),
	overloads.TimestampToMilliseconds:        part(func(t time.Time) int { return t.Nanosecond() / 1_000_000 }),
	overloads.DurationToHours:                per(3_600_000_000),
	overloads.DurationToMinutes:              per(60_000_000),
	overloads.DurationToSeconds:              per(1_000_000),
	overloads.DurationToMilliseconds:         per(1000),
}

// IntOfText are the functions from texts to whole numbers, instants and spans.
var IntOfText = map[string]func(string) (int64, Cause){
	overloads.SizeString: func(s string) (int64, Cause) { return int64(utf8.RuneCountInString(s)), Fine },
	overloads.StringToInt: func(s string) (int64, Cause) {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, NoNumber
		}
		return v, Fine
	},
	overloads.StringToDuration: func(s string) (int64, Cause) {
		v, ok := syntax.ParseDuration(s)
		if !ok {
			return 0, NoSpan
		}
		return v, Fine
	},
	overloads.StringToTimestamp: func(s string) (int64, Cause) {
		v, ok := syntax.ParseTime(s)
		if !ok {
			return 0, NoTime
		}
		return v, Fine
	},
}

// RealToInt cuts off the fraction.
func RealToInt(d float64) (int64, Cause) {
	if !(d > math.MinInt64 && d < math.MaxInt64) { // NaN too
		return 0, Overflow
	}
	return int64(d), Fine
}

// RealBinary are the functions of two real numbers.
var RealBinary = map[string]func(x, y float64) (float64, Cause){
	overloads.AddDouble:      func(x, y float64) (float64, Cause) { return x + y, Fine },
	overloads.SubtractDouble: func(x, y float64) (float64, Cause) { return x - y, Fine },
	overloads.MultiplyDouble: func(x, y float64) (float64, Cause) { return x * y, Fine },
	overloads.DivideDouble:   func(x, y float64) (float64, Cause) { return x / y, Fine },
}

// IntToReal is the nearest real number.
func IntToReal(i int64) (float64, Cause) { return float64(i), Fine }

// TextToReal reads a real number.
func TextToReal(s string) (float64, Cause) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, NoNumber
	}
	return v, Fine
}

// TextToBool reads a truth value.
func TextToBool(s string) (bool, Cause) {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, NoTruth
	}
	return v, Fine
}

// TextOfText are the functions from texts to texts.
var TextOfText = map[string]func(string) (string, Cause){
	overloads.StringToString: func(s string) (string, Cause) { return s, Fine },
	"string_lower_ascii":     func(s string) (string, Cause) { return strings.Map(lowerASCII, s), Fine },
	"string_upper_ascii":     func(s string) (string, Cause) { return strings.Map(upperASCII, s), Fine },
	"string_trim":            func(s string) (string, Cause) { return strings.TrimSpace(s), Fine },
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + ('a' - 'A')
	}
	return r
}

// LowerEqual tells whether v in small letters is lower.
func LowerEqual(v, lower string) bool {
	if len(v) != len(lower) {
		return false
	}
	for i := range len(v) {
		c := v[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func upperASCII(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - ('a' - 'A')
	}
	return r
}

// TextOfInt are the functions from whole numbers, instants and spans to texts.
var TextOfInt = map[string]func(int64) (string, Cause){
	overloads.IntToString:       func(v int64) (string, Cause) { return strconv.FormatInt(v, 10), Fine },
	overloads.DurationToString:  func(v int64) (string, Cause) { return fact.FormatDuration(v), Fine },
	overloads.TimestampToString: func(v int64) (string, Cause) { return fact.FormatTime(v), Fine },
}

// RealToText writes a real number.
func RealToText(d float64) (string, Cause) { return strconv.FormatFloat(d, 'g', -1, 64), Fine }

// BoolToText writes a truth value.
func BoolToText(b bool) (string, Cause) { return strconv.FormatBool(b), Fine }

// CompareIntReal compares as CEL does: as doubles, unless the double is beyond
// all whole numbers. ok is false for what has no order, NaN.
func CompareIntReal(i int64, d float64) (order int, ok bool) {
	switch {
	case d != d:
		return 0, false
	case d < -1<<63:
		return 1, true
	case d > 1<<63:
		return -1, true
	}
	return cmp.Compare(float64(i), d), true
}
