package fact

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The tags that stand before a value in its canonical bytes.
const (
	tagAbsent byte = iota
	tagBool
	tagInt
	tagDouble
	tagText
	tagMicros
	tagList
	tagGroup
)

// AppendCanonical appends the fact's canonical bytes: its path's text, the key
// of the message that it starts from, and its value. Texts have their length
// before them as an unsigned varint; a value has a tag, and whole numbers and
// microseconds follow as signed varints, doubles as eight big-endian bytes. A
// list gives its presence, its length and its elements, messages by their key.
// A group gives its number of refs and their bytes. A missing fact has the tag
// of an absent value.
func (r Ref) AppendCanonical(b []byte) []byte {
	if r.Path.plain != notPlain {
		return r.appendPlain(b)
	}
	if shared, ok := r.Shared(); ok {
		b = binary.AppendUvarint(append(b, tagGroup), uint64(len(shared)))
		for _, s := range shared {
			b = s.AppendCanonical(b)
		}
		return b
	}
	b = append(b, r.Path.head...)
	if r.Path.keyed && r.Base != nil {
		b = appendText(b, r.Path.keyAt.Plain(r.Base))
	} else {
		b = append(b, 0)
	}
	switch r.Path.form {
	case field:
		if p := r.target(); p != nil {
			return appendField(b, p, r.Path.leaf())
		}
	case entry:
		if p := r.target(); p != nil {
			return r.appendEntry(b, p)
		}
	}
	return append(b, tagAbsent)
}

// plain is how a scalar with presence is read by its place alone, without a look
// at its Field: as nearly all facts are that rules read.
type plain uint8

const (
	notPlain plain = iota
	plainBool
	plainInt32
	plainInt64
	plainText
	plainTime
	plainDuration
)

func plainOf(f *shape.Field) plain {
	if f.Card != shape.One {
		return notPlain
	}
	return map[shape.Kind]plain{
		shape.Bool: plainBool, shape.Int32: plainInt32, shape.Int64: plainInt64,
		shape.Text: plainText, shape.Time: plainTime, shape.Duration: plainDuration,
	}[f.Kind]
}

// appendPlain is AppendCanonical for what is plain.
func (r Ref) appendPlain(b []byte) []byte {
	p := r.Path
	b = append(b, p.head...)
	if p.keyed && r.Base != nil {
		b = appendText(b, p.keyAt.Plain(r.Base))
	} else {
		b = append(b, 0)
	}
	m := r.Base
	for _, o := range p.way {
		if m == nil {
			break
		}
		m = o.Nested(m)
	}
	if m == nil {
		return append(b, tagAbsent)
	}
	switch p.plain {
	case plainBool:
		if v := p.at.Bool(m); v != nil {
			return appendBool(b, *v)
		}
	case plainInt32:
		if v := p.at.Int32(m); v != nil {
			return binary.AppendVarint(append(b, tagInt), int64(*v))
		}
	case plainInt64:
		if v := p.at.Int64(m); v != nil {
			return binary.AppendVarint(append(b, tagInt), *v)
		}
	case plainText:
		if v := p.at.Text(m); v != nil {
			return appendText(append(b, tagText), *v)
		}
	case plainTime:
		if v := p.at.Time(m); v != nil {
			return binary.AppendVarint(append(b, tagMicros), v.Seconds*1e6+int64(v.Nanos)/1e3)
		}
	case plainDuration:
		if v := p.at.Duration(m); v != nil {
			return binary.AppendVarint(append(b, tagMicros), v.Seconds*1e6+int64(v.Nanos)/1e3)
		}
	}
	return append(b, tagAbsent)
}

// appendText writes a text with its length before it, so that two texts never
// read as two others.
func appendText(b []byte, s string) []byte {
	if len(s) < 0x80 {
		return append(append(b, byte(len(s))), s...)
	}
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendField(b []byte, p unsafe.Pointer, f *shape.Field) []byte {
	if f.Card == shape.List {
		return appendList(b, p, f)
	}
	switch f.Kind {
	case shape.Bool:
		if v, ok := f.Bool(p); ok {
			return appendBool(b, v)
		}
	case shape.Int32, shape.Int64:
		if v, ok := f.Int(p); ok {
			return binary.AppendVarint(append(b, tagInt), v)
		}
	case shape.Double:
		if v, ok := f.Double(p); ok {
			return appendDouble(b, v)
		}
	case shape.Text:
		if f.Card == shape.Key {
			return appendText(append(b, tagText), f.Offset().Plain(p))
		}
		if v := f.Offset().Text(p); v != nil {
			return appendText(append(b, tagText), *v)
		}
	case shape.Time, shape.Duration:
		if v, ok := f.Micros(p); ok {
			return binary.AppendVarint(append(b, tagMicros), v)
		}
	}
	return append(b, tagAbsent)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, tagBool, 1)
	}
	return append(b, tagBool, 0)
}

func appendDouble(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, tagDouble), math.Float64bits(v))
}

func appendList(b []byte, p unsafe.Pointer, f *shape.Field) []byte {
	presence := f.Presence(p)
	if presence == shape.Absent {
		return append(b, tagAbsent)
	}
	b = binary.AppendUvarint(append(b, tagList, byte(presence)), uint64(f.Len(p)))
	switch f.Kind {
	case shape.Text:
		for _, v := range f.Texts(p) {
			b = appendText(b, v)
		}
	case shape.Int32:
		for _, v := range f.Int32s(p) {
			b = binary.AppendVarint(b, int64(v))
		}
	case shape.Nested:
		for _, e := range f.Elems(p) {
			key, _ := f.Elem.Key.Text(e)
			b = appendText(b, key)
		}
	}
	return b
}

// appendEntry writes a map's entry: a text, or a declared fact of any type.
func (r Ref) appendEntry(b []byte, p unsafe.Pointer) []byte {
	f := r.Path.leaf()
	if f.Kind == shape.Text {
		if v, ok := f.TextMap(p)[r.Path.key]; ok {
			return appendText(append(b, tagText), v)
		}
		return append(b, tagAbsent)
	}
	switch v := f.FactMap(p)[r.Path.key].GetValue().(type) {
	case *pb.FactValue_BoolValue:
		return appendBool(b, v.BoolValue)
	case *pb.FactValue_IntValue:
		return binary.AppendVarint(append(b, tagInt), v.IntValue)
	case *pb.FactValue_DoubleValue:
		return appendDouble(b, v.DoubleValue)
	case *pb.FactValue_StringValue:
		return appendText(append(b, tagText), v.StringValue)
	case *pb.FactValue_TimeValue:
		t := v.TimeValue
		return binary.AppendVarint(append(b, tagMicros), t.GetSeconds()*1e6+int64(t.GetNanos())/1e3)
	case *pb.FactValue_DurationValue:
		d := v.DurationValue
		return binary.AppendVarint(append(b, tagMicros), d.GetSeconds()*1e6+int64(d.GetNanos())/1e3)
	case *pb.FactValue_StringList:
		b = binary.AppendUvarint(append(b, tagList, byte(shape.Whole)), uint64(len(v.StringList.GetValues())))
		for _, s := range v.StringList.GetValues() {
			b = appendText(b, s)
		}
		return b
	}
	return append(b, tagAbsent)
}
