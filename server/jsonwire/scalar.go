package jsonwire

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// value writes one value of a field, of a list or of a map.
func (e *encoder) value(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		e.message(v.Message())
	case protoreflect.StringKind:
		e.b = appendString(e.b, v.String())
	case protoreflect.BoolKind:
		e.b = strconv.AppendBool(e.b, v.Bool())
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		e.b = strconv.AppendInt(e.b, v.Int(), 10)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		e.b = strconv.AppendUint(e.b, v.Uint(), 10)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		// 64 bits do not fit the numbers of many JSON readers, so they are texts.
		e.b = append(strconv.AppendInt(append(e.b, '"'), v.Int(), 10), '"')
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		e.b = append(strconv.AppendUint(append(e.b, '"'), v.Uint(), 10), '"')
	case protoreflect.DoubleKind:
		e.b = appendFloat(e.b, v.Float(), 64)
	case protoreflect.FloatKind:
		e.b = appendFloat(e.b, v.Float(), 32)
	case protoreflect.BytesKind:
		e.b = append(e.b, '"')
		e.b = base64.StdEncoding.AppendEncode(e.b, v.Bytes())
		e.b = append(e.b, '"')
	case protoreflect.EnumKind:
		e.enum(fd, v.Enum())
	}
}

func (e *encoder) enum(fd protoreflect.FieldDescriptor, n protoreflect.EnumNumber) {
	if d := fd.Enum().Values().ByNumber(n); d != nil {
		e.b = appendString(e.b, string(d.Name()))
		return
	}
	e.b = strconv.AppendInt(e.b, int64(n), 10)
}

// appendFloat writes a number as ECMAScript does, which is what readers expect
// of JSON; those that are none are texts.
func appendFloat(b []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, bits)
}

const hexDigits = "0123456789abcdef"

// appendString writes a text. What is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	begin := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			b = append(append(b, s[begin:i]...), "\ufffd"...)
			i++
			begin = i
			continue
		}
		b = appendEscape(append(b, s[begin:i]...), c)
		i++
		begin = i
	}
	return append(append(b, s[begin:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

var (
	errInstant  = errors.New("an instant outside of the years 1 to 9999")
	errDuration = errors.New("a duration of more than 10,000 years, or with seconds and nanoseconds of different signs")
)

// The bounds that google.protobuf.Timestamp and Duration document.
const (
	minSeconds  = -62135596800
	maxSeconds  = 253402300799
	maxDuration = 315576000000
)

// seconds reads the fields of Timestamp and Duration, which are alike.
func seconds(m protoreflect.Message) (s, nanos int64) {
	fields := m.Descriptor().Fields()
	return m.Get(fields.ByNumber(1)).Int(), m.Get(fields.ByNumber(2)).Int()
}

func (e *encoder) timestamp(m protoreflect.Message) {
	s, nanos := seconds(m)
	if s < minSeconds || s > maxSeconds || nanos < 0 || nanos > 999999999 {
		e.fail(errInstant)
		return
	}
	e.b = append(e.b, '"')
	e.b = time.Unix(s, nanos).UTC().AppendFormat(e.b, "2006-01-02T15:04:05")
	e.b = append(appendNanos(e.b, nanos), 'Z', '"')
}

func (e *encoder) duration(m protoreflect.Message) {
	s, nanos := seconds(m)
	if s < -maxDuration || s > maxDuration || nanos < -999999999 || nanos > 999999999 || s > 0 && nanos < 0 || s < 0 && nanos > 0 {
		e.fail(errDuration)
		return
	}
	e.b = append(e.b, '"')
	if s < 0 || nanos < 0 {
		e.b, s, nanos = append(e.b, '-'), -s, -nanos
	}
	e.b = strconv.AppendInt(e.b, s, 10)
	e.b = append(appendNanos(e.b, nanos), 's', '"')
}

// appendNanos writes a fraction of a second with 0, 3, 6 or 9 digits.
func appendNanos(b []byte, nanos int64) []byte {
	if nanos == 0 {
		return b
	}
	digits := 9
	for nanos%1000 == 0 {
		nanos /= 1000
		digits -= 3
	}
	b = append(b, '.')
	begin := len(b)
	for range digits {
		b = append(b, '0')
	}
	for i := len(b) - 1; i >= begin; i-- {
		b[i] = byte('0' + nanos%10)
		nanos /= 10
	}
	return b
}
