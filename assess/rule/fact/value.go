package fact

import (
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// target finds the message that holds the fact's field; nil where a message
// on the way is absent.
func (r Ref) target() unsafe.Pointer {
	p := r.Base
	for _, s := range r.Path.steps[:len(r.Path.steps)-1] {
		if p == nil {
			return nil
		}
		p = s.Nested(p)
	}
	return p
}

// Value is the fact's value as text: numbers in decimal, instants as RFC 3339
// in UTC, spans of time in seconds ("3600s"), lists in brackets, an element of
// a list of messages by its key, and a partial list ends in "…". ok is false
// where the fact is absent and for a group.
func (r Ref) Value() (value string, ok bool) {
	switch r.Path.form {
	case field:
		return fieldValue(r.target(), r.Path.leaf())
	case entry:
		return r.entryValue()
	}
	return "", false
}

func fieldValue(p unsafe.Pointer, f *shape.Field) (string, bool) {
	if p == nil {
		return "", false
	}
	if f.Card == shape.List {
		return listValue(p, f)
	}
	switch f.Kind {
	case shape.Bool:
		v, ok := f.Bool(p)
		return strconv.FormatBool(v), ok
	case shape.Int32, shape.Int64:
		v, ok := f.Int(p)
		return strconv.FormatInt(v, 10), ok
	case shape.Double:
		v, ok := f.Double(p)
		return strconv.FormatFloat(v, 'g', -1, 64), ok
	case shape.Text:
		return f.Text(p)
	case shape.Time:
		v, ok := f.Micros(p)
		return FormatTime(v), ok
	case shape.Duration:
		v, ok := f.Micros(p)
		return FormatDuration(v), ok
	}
	return "", f.Presence(p) != shape.Absent
}

func listValue(p unsafe.Pointer, f *shape.Field) (string, bool) {
	presence := f.Presence(p)
	if presence == shape.Absent {
		return "", false
	}
	var items []string
	switch f.Kind {
	case shape.Text:
		items = append(items, f.Texts(p)...)
	case shape.Int32:
		for _, v := range f.Int32s(p) {
			items = append(items, strconv.FormatInt(int64(v), 10))
		}
	case shape.Nested:
		for _, e := range f.Elems(p) {
			key, _ := f.Elem.Key.Text(e)
			items = append(items, key)
		}
	}
	if presence == shape.Partial {
		items = append(items, "…")
	}
	return "[" + strings.Join(items, ", ") + "]", true
}

// entryValue is a map's entry as text.
func (r Ref) entryValue() (string, bool) {
	p, f := r.target(), r.Path.leaf()
	if p == nil {
		return "", false
	}
	if f.Kind == shape.Text {
		v, ok := f.TextMap(p)[r.Path.key]
		return v, ok
	}
	switch v := f.FactMap(p)[r.Path.key].GetValue().(type) {
	case *pb.FactValue_BoolValue:
		return strconv.FormatBool(v.BoolValue), true
	case *pb.FactValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10), true
	case *pb.FactValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64), true
	case *pb.FactValue_StringValue:
		return v.StringValue, true
	case *pb.FactValue_TimeValue:
		return FormatTime(v.TimeValue.GetSeconds()*1e6 + int64(v.TimeValue.GetNanos())/1e3), true
	case *pb.FactValue_DurationValue:
		return FormatDuration(v.DurationValue.GetSeconds()*1e6 + int64(v.DurationValue.GetNanos())/1e3), true
	case *pb.FactValue_StringList:
		return "[" + strings.Join(v.StringList.GetValues(), ", ") + "]", true
	}
	return "", false
}

// FormatTime writes an instant in microseconds since 1970 as RFC 3339 in UTC.
func FormatTime(micros int64) string {
	return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano)
}

// FormatDuration writes a span of time in microseconds as seconds: "3600s".
func FormatDuration(micros int64) string {
	return strconv.FormatFloat(time.Duration(micros*1000).Seconds(), 'f', -1, 64) + "s"
}
