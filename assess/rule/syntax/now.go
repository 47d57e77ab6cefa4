package syntax

import (
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// mentionsNow tells whether now stands anywhere in the expression.
func (l *lowerer) mentionsNow(e ast.Expr) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(x ast.Expr) {
		found = found || l.isNow(x)
	}))
	return found
}

// turned are the comparisons with their sides exchanged.
var turned = map[string]string{
	operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals,
	operators.Greater: operators.Less, operators.GreaterEquals: operators.LessEquals,
}

// nowCompare lowers a comparison in which now stands. That is the only form
// in which a rule can depend on the clock: now plus a constant against a time
// that does not depend on it. So the instant at which the comparison turns
// can be computed, and the result holds exactly until then.
func (l *lowerer) nowCompare(e ast.Expr) (n *Node, done bool) {
	c, pos := e.AsCall(), l.pos(e)
	left, right, op := c.Args()[0], c.Args()[1], c.FunctionName()
	inLeft, inRight := l.mentionsNow(left), l.mentionsNow(right)
	switch {
	case !inLeft && !inRight:
		return nil, false
	case inLeft && inRight:
		return l.refuse(pos, reasonNow), true
	case inRight:
		left, right, op = right, left, turned[op]
	}
	shift, ok := l.shift(left)
	if !ok {
		return nil, true
	}
	other := l.lower(right)
	if other == nil {
		return nil, true
	}
	return &Node{Op: NowCompare, Type: BoolType, Pos: pos, Name: op, Shift: shift,
		Args: []*Node{other}, Free: other.Free | NeedsNow}, true
}

// shift reads "now ± constant ± …".
func (l *lowerer) shift(e ast.Expr) ([]Term, bool) {
	if l.isNow(e) {
		return nil, true
	}
	if e.Kind() == ast.CallKind {
		c := e.AsCall()
		fn := c.FunctionName()
		if fn == operators.Add || fn == operators.Subtract {
			base, by := c.Args()[0], c.Args()[1]
			if fn == operators.Add && l.mentionsNow(by) {
				base, by = by, base
			}
			terms, ok := l.shift(base)
			if !ok {
				return nil, false
			}
			t, ok := l.term(by)
			t.Negative = fn == operators.Subtract
			return append(terms, t), ok
		}
	}
	l.at(l.pos(e), reasonNow)
	return nil, false
}

// term reads a constant span of time.
func (l *lowerer) term(e ast.Expr) (Term, bool) {
	if l.mentionsNow(e) {
		l.at(l.pos(e), reasonNow)
		return Term{}, false
	}
	n := l.lower(e)
	switch {
	case n == nil:
		return Term{}, false
	case n.Op == Const && n.Type.Kind == Duration:
		return Term{Param: -1, Micros: n.Lit.I}, true
	case n.Op == Param && n.Type.Kind == Duration:
		return Term{Param: n.Index}, true
	}
	l.at(n.Pos, reasonNow)
	return Term{}, false
}

// Calls are the overloads that a Call can name, as cel-go names them; matches
// aside, whose pattern has been compiled once by then.
var Calls = slices.Concat(comparisons("less"), comparisons("less_equals"), comparisons("greater"), comparisons("greater_equals"), []string{
	overloads.AddInt64, overloads.SubtractInt64, overloads.MultiplyInt64, overloads.DivideInt64, overloads.ModuloInt64, overloads.NegateInt64,
	overloads.AddDouble, overloads.SubtractDouble, overloads.MultiplyDouble, overloads.DivideDouble, overloads.NegateDouble,
	overloads.AddString, overloads.AddList,
	overloads.AddDurationDuration, overloads.AddDurationTimestamp, overloads.AddTimestampDuration,
	overloads.SubtractDurationDuration, overloads.SubtractTimestampDuration, overloads.SubtractTimestampTimestamp,
	overloads.ContainsString, overloads.StartsWithString, overloads.EndsWithString, overloads.MatchesString, overloads.SizeString,
	"string_lower_ascii", "string_upper_ascii", "string_trim",
	overloads.BoolToBool, overloads.StringToBool, overloads.IntToInt, overloads.DoubleToInt, overloads.StringToInt,
	overloads.DurationToInt, overloads.TimestampToInt, overloads.DoubleToDouble, overloads.IntToDouble, overloads.StringToDouble,
	overloads.StringToString, overloads.BoolToString, overloads.IntToString, overloads.DoubleToString,
	overloads.DurationToString, overloads.TimestampToString, overloads.DurationToDuration, overloads.StringToDuration,
	overloads.TimestampToTimestamp, overloads.IntToTimestamp, overloads.StringToTimestamp,
	overloads.TimestampToYear, overloads.TimestampToMonth, overloads.TimestampToDayOfYear, overloads.TimestampToDayOfMonthZeroBased,
	overloads.TimestampToDayOfMonthOneBased, overloads.TimestampToDayOfWeek, overloads.TimestampToHours, overloads.TimestampToMinutes,
	overloads.TimestampToSeconds, overloads.TimestampToMilliseconds,
	overloads.DurationToHours, overloads.DurationToMinutes, overloads.DurationToSeconds, overloads.DurationToMilliseconds,
})

func comparisons(prefix string) []string {
	var out []string
	for _, t := range []string{"bool", "int64", "double", "string", "timestamp", "duration", "int64_double", "double_int64"} {
		out = append(out, prefix+"_"+t)
	}
	return out
}

// fold computes the calls that make constants of texts, so that a bad one is
// found when the checklist is published and a good one costs nothing.
func (l *lowerer) fold(n *Node) *Node {
	for _, a := range n.Args {
		if a.Op != Const {
			return n
		}
	}
	lit := func(v int64) *Node { return &Node{Op: Const, Type: n.Type, Pos: n.Pos, Lit: Literal{I: v}} }
	switch n.Name {
	case overloads.StringToDuration:
		v, ok := ParseDuration(n.Args[0].Lit.S)
		if !ok {
			return l.refuse(n.Args[0].Pos, "%q is no duration; write such as \"720h\", \"90m\" or \"1.5s\"", n.Args[0].Lit.S)
		}
		if d, _ := time.ParseDuration(n.Args[0].Lit.S); d%time.Microsecond != 0 {
			return l.refuse(n.Args[0].Pos, "%q is finer than a microsecond, in which instants are kept; round it", n.Args[0].Lit.S)
		}
		return lit(v)
	case overloads.StringToTimestamp:
		v, ok := ParseTime(n.Args[0].Lit.S)
		if !ok {
			return l.refuse(n.Args[0].Pos, "%q is no instant; write such as \"2026-01-31T00:00:00Z\"", n.Args[0].Lit.S)
		}
		if t, _ := time.Parse(time.RFC3339, n.Args[0].Lit.S); t.Nanosecond()%1000 != 0 {
			return l.refuse(n.Args[0].Pos, "%q is finer than a microsecond, in which instants are kept; round it", n.Args[0].Lit.S)
		}
		return lit(v)
	case overloads.NegateInt64:
		if n.Args[0].Lit.I != math.MinInt64 {
			return lit(-n.Args[0].Lit.I)
		}
	}
	return n
}

// The instants of CEL, year 1 to 9999, and its spans of time, which are 64-bit
// nanoseconds; all in microseconds.
const (
	MinTime     = -62135596800 * 1_000_000
	MaxTime     = 253402300800*1_000_000 - 1
	MaxDuration = math.MaxInt64 / 1000
)

// ParseDuration reads a span of time as CEL writes it, in microseconds; what
// is finer is cut off.
func ParseDuration(s string) (micros int64, ok bool) {
	d, err := time.ParseDuration(s)
	return d.Microseconds(), err == nil
}

// ParseTime reads an instant in RFC 3339, in microseconds since 1970; what is
// finer is cut off towards the past.
func ParseTime(s string) (micros int64, ok bool) {
	if !strictTime(s) {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339, s)
	micros = t.UnixMicro()
	return micros, err == nil && micros >= MinTime && micros <= MaxTime
}

// strictTime refuses what Go's parser lets through although RFC 3339 does not:
// hours of one digit, commas, and offsets out of range.
func strictTime(s string) bool {
	if len(s) < len("2006-01-02T15:04:05Z") || s[10] != 'T' && s[10] != 't' || s[13] != ':' {
		return false
	}
	rest := s[19:]
	if rest[0] == '.' {
		i := 1
		for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
			i++
		}
		rest = rest[i:]
	}
	switch len(rest) {
	case 1:
		return rest == "Z" || rest == "z"
	case 6:
		return rest[1:3] <= "23" && rest[4:6] <= "59"
	}
	return false
}
