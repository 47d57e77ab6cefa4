package merge

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// valueText is a scalar as a disagreement shows it; ok is false where it is
// absent. Equal values have equal texts, and different ones different texts.
func valueText(f *shape.Field, p unsafe.Pointer) (text string, ok bool) {
	switch f.Kind {
	case shape.Text:
		return f.Text(p)
	case shape.Bool:
		v, ok := f.Bool(p)
		return strconv.FormatBool(v), ok
	case shape.Int32, shape.Int64:
		v, ok := f.Int(p)
		return strconv.FormatInt(v, 10), ok
	case shape.Double:
		v, ok := f.Double(p)
		return doubleText(v), ok
	case shape.Time:
		v, ok := f.Micros(p)
		return timeText(v), ok
	case shape.Duration:
		v, ok := f.Micros(p)
		return spanText(v), ok
	case shape.Fact:
		v := f.Nested(p)
		return factText(shape.As[pb.FactValue](v)), v != nil
	}
	return "", false
}

// sameValue says whether two messages have the same value in a field that both have.
func sameValue(f *shape.Field, a, b unsafe.Pointer) bool {
	switch f.Kind {
	case shape.Text:
		x, _ := f.Text(a)
		y, _ := f.Text(b)
		return x == y
	case shape.Bool:
		x, _ := f.Bool(a)
		y, _ := f.Bool(b)
		return x == y
	case shape.Int32, shape.Int64:
		x, _ := f.Int(a)
		y, _ := f.Int(b)
		return x == y
	case shape.Time, shape.Duration:
		x, _ := f.Micros(a)
		y, _ := f.Micros(b)
		return x == y
	}
	x, _ := valueText(f, a)
	y, _ := valueText(f, b)
	return x == y
}

// entries are a scalar list's values, or a map's keys and values, as texts.
func entries(f *shape.Field, p unsafe.Pointer) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		switch {
		case f.Card == shape.Map && f.Kind == shape.Fact:
			for k, v := range f.FactMap(p) {
				if !yield(k, factText(v)) {
					return
				}
			}
		case f.Card == shape.Map:
			for k, v := range f.TextMap(p) {
				if !yield(k, v) {
					return
				}
			}
		case f.Kind == shape.Int32:
			for _, v := range f.Int32s(p) {
				if s := strconv.Itoa(int(v)); !yield(s, s) {
					return
				}
			}
		default:
			for _, s := range f.Texts(p) {
				if !yield(s, s) {
					return
				}
			}
		}
	}
}

// factText is a declared fact's value. Values of different types have different
// texts, because they are different facts to a rule.
func factText(v *pb.FactValue) string {
	switch v := v.GetValue().(type) {
	case *pb.FactValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *pb.FactValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *pb.FactValue_DoubleValue:
		return doubleText(v.DoubleValue)
	case *pb.FactValue_StringValue:
		return strconv.Quote(v.StringValue) // "1" and 1 are different facts
	case *pb.FactValue_TimeValue:
		return timeText(v.TimeValue.GetSeconds()*1e6 + int64(v.TimeValue.GetNanos())/1e3)
	case *pb.FactValue_DurationValue:
		return spanText(v.DurationValue.GetSeconds()*1e6 + int64(v.DurationValue.GetNanos())/1e3)
	case *pb.FactValue_StringList:
		list := slices.Sorted(slices.Values(v.StringList.GetValues()))
		for i, s := range list {
			list[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(slices.Compact(list), ", ") + "]"
	}
	return ""
}

// sameFact says whether two facts have one value.
func sameFact(a, b *pb.FactValue) bool {
	switch x := a.GetValue().(type) {
	case *pb.FactValue_BoolValue:
		y, ok := b.GetValue().(*pb.FactValue_BoolValue)
		return ok && x.BoolValue == y.BoolValue
	case *pb.FactValue_IntValue:
		y, ok := b.GetValue().(*pb.FactValue_IntValue)
		return ok && x.IntValue == y.IntValue
	case *pb.FactValue_StringValue:
		y, ok := b.GetValue().(*pb.FactValue_StringValue)
		return ok && x.StringValue == y.StringValue
	}
	return factText(a) == factText(b)
}

// doubleText always has a point or an exponent, which sets it off from a whole
// number.
func doubleText(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if strings.ContainsAny(s, ".eIN") {
		return s
	}
	return s + ".0"
}

// timeText writes an instant as protobuf's JSON does.
func timeText(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

// spanText writes a span in seconds, as protobuf's JSON does.
func spanText(micros int64) string {
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	s := sign + strconv.FormatInt(micros/1e6, 10)
	if rest := micros % 1e6; rest != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(1e6+rest, 10)[1:], "0")
	}
	return s + "s"
}
