package shape

import (
	"reflect"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Presence says how much of a field is known.
type Presence uint8

// What may be known of a list. A scalar is Absent or Whole.
const (
	Absent  Presence = iota // no source reported it
	Empty                   // reported, and without elements
	Partial                 // some elements are known; others may exist
	Whole                   // all elements are known
)

// goTypeOf is the Go type that the accessors assume for one value.
func goTypeOf(k Kind, c Card) reflect.Type {
	base := map[Kind]reflect.Type{
		Bool: reflect.TypeFor[bool](), Int32: reflect.TypeFor[int32](), Int64: reflect.TypeFor[int64](),
		Double: reflect.TypeFor[float64](), Text: reflect.TypeFor[string](),
		Time: reflect.TypeFor[*timestamppb.Timestamp](), Duration: reflect.TypeFor[*durationpb.Duration](),
		Fact: reflect.TypeFor[*pb.FactValue](),
	}[k]
	if base != nil && c == One && base.Kind() != reflect.Pointer {
		return reflect.PointerTo(base)
	}
	return base
}

func at[T any](p unsafe.Pointer, off uintptr) T { return *(*T)(unsafe.Add(p, off)) }

// scalar reads a scalar that is a plain value or a pointer, as its Card says.
func scalar[T any](f *Field, p unsafe.Pointer) (T, bool) {
	if f.Card == Key {
		return at[T](p, f.off), true
	}
	if v := at[*T](p, f.off); v != nil {
		return *v, true
	}
	var zero T
	return zero, false
}

// Bool reads a truth value; false where it is absent.
func (f *Field) Bool(p unsafe.Pointer) (value, ok bool) { return scalar[bool](f, p) }

// Int reads an int32 or int64.
func (f *Field) Int(p unsafe.Pointer) (int64, bool) {
	if f.Kind == Int32 {
		v, ok := scalar[int32](f, p)
		return int64(v), ok
	}
	return scalar[int64](f, p)
}

// Double reads a double.
func (f *Field) Double(p unsafe.Pointer) (float64, bool) { return scalar[float64](f, p) }

// Text reads a string.
func (f *Field) Text(p unsafe.Pointer) (string, bool) { return scalar[string](f, p) }

// Micros reads a Timestamp as microseconds since 1970 UTC, or a Duration as
// microseconds; what is finer is cut off towards the past.
func (f *Field) Micros(p unsafe.Pointer) (int64, bool) {
	if f.Kind == Duration {
		d := at[*durationpb.Duration](p, f.off)
		if d == nil {
			return 0, false
		}
		return d.Seconds*1e6 + int64(d.Nanos)/1e3, true
	}
	t := at[*timestamppb.Timestamp](p, f.off)
	if t == nil {
		return 0, false
	}
	return t.Seconds*1e6 + int64(t.Nanos)/1e3, true
}

// Nested reads a message field; nil where it is absent.
func (f *Field) Nested(p unsafe.Pointer) unsafe.Pointer { return at[unsafe.Pointer](p, f.off) }

// Texts reads a list of texts. The caller must not change it.
func (f *Field) Texts(p unsafe.Pointer) []string { return at[[]string](p, f.off) }

// Int32s reads a list of int32. The caller must not change it.
func (f *Field) Int32s(p unsafe.Pointer) []int32 { return at[[]int32](p, f.off) }

// Elems reads a list of messages. The caller must not change it.
func (f *Field) Elems(p unsafe.Pointer) []unsafe.Pointer { return at[[]unsafe.Pointer](p, f.off) }

// TextMap reads a map to texts. The caller must not change it.
func (f *Field) TextMap(p unsafe.Pointer) map[string]string {
	return at[map[string]string](p, f.off)
}

// FactMap reads a map to declared facts. The caller must not change it.
func (f *Field) FactMap(p unsafe.Pointer) map[string]*pb.FactValue {
	return at[map[string]*pb.FactValue](p, f.off)
}

// Len is the number of a list's known elements, or of a map's entries.
func (f *Field) Len(p unsafe.Pointer) int {
	if f.Card == Map {
		if f.Kind == Fact {
			return len(f.FactMap(p))
		}
		return len(f.TextMap(p))
	}
	// All slice headers are alike; the length does not depend on the element.
	return len(f.Texts(p))
}

// Presence says how much of the field is known in the message at p. A list
// that the message names in partial is Partial, also with no known element.
func (f *Field) Presence(p unsafe.Pointer) Presence {
	switch f.Card {
	case Key:
		return Whole
	case One:
		if f.Nested(p) == nil { // every field with presence is a pointer
			return Absent
		}
		return Whole
	case Map:
		if f.Len(p) == 0 {
			return Absent
		}
		return Partial
	}
	return f.listPresence(p)
}

func (f *Field) listPresence(p unsafe.Pointer) Presence {
	m := f.Parent
	if m.partial != nil {
		if names := m.partial.Texts(p); len(names) > 0 && slices.Contains(names, f.Name) {
			return Partial
		}
	}
	if f.Len(p) > 0 {
		return Whole
	}
	if m.empty != nil {
		if names := m.empty.Texts(p); len(names) > 0 && slices.Contains(names, f.Name) {
			return Empty
		}
	}
	return Absent
}

// MarkEmpty names the list in reported_empty of the message at p.
func (f *Field) MarkEmpty(p unsafe.Pointer) { f.mark(p, f.Parent.empty) }

// MarkPartial names the list in partial of the message at p.
func (f *Field) MarkPartial(p unsafe.Pointer) { f.mark(p, f.Parent.partial) }

func (f *Field) mark(p unsafe.Pointer, names *Field) {
	list := (*[]string)(unsafe.Add(p, names.off))
	if slices.Contains(*list, f.Name) {
		return
	}
	// The names are kept sorted, so that equal knowledge has equal form.
	at, _ := slices.BinarySearch(*list, f.Name)
	*list = slices.Insert(slices.Clone(*list), at, f.Name)
}

// Marks returns the names in reported_empty and partial of the message at p.
func (m *Message) Marks(p unsafe.Pointer) (empty, partial []string) {
	if m.empty != nil {
		empty, partial = m.empty.Texts(p), m.partial.Texts(p)
	}
	return empty, partial
}

// SetMarks replaces reported_empty and partial of the message at p.
func (m *Message) SetMarks(p unsafe.Pointer, empty, partial []string) {
	if m.empty != nil {
		*(*[]string)(unsafe.Add(p, m.empty.off)) = empty
		*(*[]string)(unsafe.Add(p, m.partial.off)) = partial
	}
}

// Copy makes the field of dst hold the value of src's, sharing what it points
// to. Marks are not copied.
func (f *Field) Copy(dst, src unsafe.Pointer) {
	switch {
	case f.Card == List:
		*(*[]unsafe.Pointer)(unsafe.Add(dst, f.off)) = at[[]unsafe.Pointer](src, f.off)
	case f.Card == Key && f.Kind == Text:
		*(*string)(unsafe.Add(dst, f.off)) = at[string](src, f.off)
	case f.Card == Key:
		panic("shape: a plain scalar that is no text: " + f.Name)
	default: // a pointer or a map, which is one
		*(*unsafe.Pointer)(unsafe.Add(dst, f.off)) = at[unsafe.Pointer](src, f.off)
	}
}

// Clear makes the field of the message at p absent.
func (f *Field) Clear(p unsafe.Pointer) {
	switch f.Card {
	case List:
		*(*[]unsafe.Pointer)(unsafe.Add(p, f.off)) = nil
	case Key:
		*(*string)(unsafe.Add(p, f.off)) = ""
	default:
		*(*unsafe.Pointer)(unsafe.Add(p, f.off)) = nil
	}
}

// SetNested sets a message field.
func (f *Field) SetNested(p, v unsafe.Pointer) { *(*unsafe.Pointer)(unsafe.Add(p, f.off)) = v }

// SetElems sets a list of messages.
func (f *Field) SetElems(p unsafe.Pointer, v []unsafe.Pointer) {
	*(*[]unsafe.Pointer)(unsafe.Add(p, f.off)) = v
}

// SetTexts sets a list of texts.
func (f *Field) SetTexts(p unsafe.Pointer, v []string) { *(*[]string)(unsafe.Add(p, f.off)) = v }

// SetInt32s sets a list of int32.
func (f *Field) SetInt32s(p unsafe.Pointer, v []int32) { *(*[]int32)(unsafe.Add(p, f.off)) = v }

// SetText sets a text, with presence or without.
func (f *Field) SetText(p unsafe.Pointer, v string) {
	if f.Card == Key {
		*(*string)(unsafe.Add(p, f.off)) = v
		return
	}
	*(**string)(unsafe.Add(p, f.off)) = &v
}

// SetTextMap sets a map to texts.
func (f *Field) SetTextMap(p unsafe.Pointer, v map[string]string) {
	*(*map[string]string)(unsafe.Add(p, f.off)) = v
}

// SetFactMap sets a map to declared facts.
func (f *Field) SetFactMap(p unsafe.Pointer, v map[string]*pb.FactValue) {
	*(*map[string]*pb.FactValue)(unsafe.Add(p, f.off)) = v
}
