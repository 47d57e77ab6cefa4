package rule

import (
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
// a cause for.

var intBinary = map[string]func(x, y int64) (int64, cause){
	overloads.AddInt64:      addInt,
	overloads.SubtractInt64: subInt,
	overloads.MultiplyInt64: mulInt,
	overloads.DivideInt64: func(x, y int64) (int64, cause) {
		switch {
		case y == 0:
			return 0, byZero
		case x == math.MinInt64 && y == -1:
			return 0, overflow
		}
		return x / y, fine
	},
	overloads.ModuloInt64: func(x, y int64) (int64, cause) {
		switch {
		case y == 0:
			return 0, byZero
		case x == math.MinInt64 && y == -1:
			return 0, overflow
		}
		return x % y, fine
	},
	overloads.AddDurationDuration:        func(x, y int64) (int64, cause) { return spanOf(x + y) },
	overloads.SubtractDurationDuration:   func(x, y int64) (int64, cause) { return spanOf(x - y) },
	overloads.SubtractTimestampTimestamp: func(x, y int64) (int64, cause) { return spanOf(x - y) },
	overloads.AddDurationTimestamp:       func(x, y int64) (int64, cause) { return timeOf(x + y) },
	overloads.AddTimestampDuration:       func(x, y int64) (int64, cause) { return timeOf(x + y) },
	overloads.SubtractTimestampDuration:  func(x, y int64) (int64, cause) { return timeOf(x - y) },
}

func addInt(x, y int64) (int64, cause) {
	z := x + y
	if (z > x) != (y > 0) && y != 0 {
		return 0, overflow
	}
	return z, fine
}

func subInt(x, y int64) (int64, cause) {
	z := x - y
	if (z < x) != (y > 0) && y != 0 {
		return 0, overflow
	}
	return z, fine
}

func mulInt(x, y int64) (int64, cause) {
	hi, lo := bits.Mul64(magnitude(x), magnitude(y))
	negative := (x < 0) != (y < 0)
	switch {
	case hi != 0 || lo > 1<<63 || lo == 1<<63 && !negative:
		return 0, overflow
	}
	return x * y, fine
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// spanOf and timeOf check a span's and an instant's range. The sum of two
// values that are within it does not overflow.
func spanOf(v int64) (int64, cause) {
	if v > syntax.MaxDuration || v < -syntax.MaxDuration {
		return 0, overflow
	}
	return v, fine
}

func timeOf(v int64) (int64, cause) {
	if v > syntax.MaxTime || v < syntax.MinTime {
		return 0, timeRange
	}
	return v, fine
}

// part makes a function of an instant, in UTC.
func part(f func(time.Time) int) func(int64) (int64, cause) {
	return func(v int64) (int64, cause) { return int64(f(time.UnixMicro(v).UTC())), fine }
}

// per makes the function that gives a span of time in whole units.
func per(unit int64) func(int64) (int64, cause) {
	return func(v int64) (int64, cause) { return v / unit, fine }
}

func same(v int64) (int64, cause) { return v, fine }

var intUnary = map[string]func(int64) (int64, cause){
	overloads.NegateInt64: func(v int64) (int64, cause) {
		if v == math.MinInt64 {
			return 0, overflow
		}
		return -v, fine
	},
	overloads.IntToInt:             same,
	overloads.DurationToDuration:   same,
	overloads.TimestampToTimestamp: same,
	overloads.DurationToInt:        func(v int64) (int64, cause) { return v * 1000, fine },
	overloads.TimestampToInt:       func(v int64) (int64, cause) { return time.UnixMicro(v).Unix(), fine },
	overloads.IntToTimestamp: func(v int64) (int64, cause) {
		if v < syntax.MinTime/1_000_000 || v > syntax.MaxTime/1_000_000 {
			return 0, timeRange
		}
		return v * 1_000_000, fine
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

var intOfText = map[string]func(string) (int64, cause){
	overloads.SizeString: func(s string) (int64, cause) { return int64(utf8.RuneCountInString(s)), fine },
	overloads.StringToInt: func(s string) (int64, cause) {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, noNumber
		}
		return v, fine
	},
	overloads.StringToDuration: func(s string) (int64, cause) {
		v, ok := syntax.ParseDuration(s)
		if !ok {
			return 0, noSpan
		}
		return v, fine
	},
	overloads.StringToTimestamp: func(s string) (int64, cause) {
		v, ok := syntax.ParseTime(s)
		if !ok {
			return 0, noTime
		}
		return v, fine
	},
}

func realToInt(d float64) (int64, cause) {
	if !(d > math.MinInt64 && d < math.MaxInt64) { // NaN too
		return 0, overflow
	}
	return int64(d), fine
}

var realBinary = map[string]func(x, y float64) (float64, cause){
	overloads.AddDouble:      func(x, y float64) (float64, cause) { return x + y, fine },
	overloads.SubtractDouble: func(x, y float64) (float64, cause) { return x - y, fine },
	overloads.MultiplyDouble: func(x, y float64) (float64, cause) { return x * y, fine },
	overloads.DivideDouble:   func(x, y float64) (float64, cause) { return x / y, fine },
}

func intToReal(i int64) (float64, cause) { return float64(i), fine }

func textToReal(s string) (float64, cause) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, noNumber
	}
	return v, fine
}

func textToBool(s string) (bool, cause) {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, noTruth
	}
	return v, fine
}

var textOfText = map[string]func(string) (string, cause){
	overloads.StringToString: func(s string) (string, cause) { return s, fine },
	"string_lower_ascii":     func(s string) (string, cause) { return strings.Map(lowerASCII, s), fine },
	"string_upper_ascii":     func(s string) (string, cause) { return strings.Map(upperASCII, s), fine },
	"string_trim":            func(s string) (string, cause) { return strings.TrimSpace(s), fine },
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + ('a' - 'A')
	}
	return r
}

func upperASCII(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - ('a' - 'A')
	}
	return r
}

var textOfInt = map[string]func(int64) (string, cause){
	overloads.IntToString:       func(v int64) (string, cause) { return strconv.FormatInt(v, 10), fine },
	overloads.DurationToString:  func(v int64) (string, cause) { return fact.FormatDuration(v), fine },
	overloads.TimestampToString: func(v int64) (string, cause) { return fact.FormatTime(v), fine },
}

func realToText(d float64) (string, cause) { return strconv.FormatFloat(d, 'g', -1, 64), fine }

func boolToText(b bool) (string, cause) { return strconv.FormatBool(b), fine }
