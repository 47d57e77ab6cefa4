package shape

import (
	"unsafe"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Offset is where a field lies in its message's struct. It reads without
// looking at the Field again, which is what compiled rules do millions of
// times; the caller answers for the kind and the cardinality, which it has
// checked once against the Field that the offset is from.
type Offset uintptr

// Offset returns where the field lies.
func (f *Field) Offset() Offset { return Offset(f.off) }

// Plain reads a text without presence, a key.
func (o Offset) Plain(p unsafe.Pointer) string { return *(*string)(unsafe.Add(p, uintptr(o))) }

// Bool reads a truth value with presence; nil where it is absent.
func (o Offset) Bool(p unsafe.Pointer) *bool { return *(**bool)(unsafe.Add(p, uintptr(o))) }

// Int32 reads an int32 with presence; nil where it is absent.
func (o Offset) Int32(p unsafe.Pointer) *int32 { return *(**int32)(unsafe.Add(p, uintptr(o))) }

// Int64 reads an int64 with presence; nil where it is absent.
func (o Offset) Int64(p unsafe.Pointer) *int64 { return *(**int64)(unsafe.Add(p, uintptr(o))) }

// Double reads a double with presence; nil where it is absent.
func (o Offset) Double(p unsafe.Pointer) *float64 { return *(**float64)(unsafe.Add(p, uintptr(o))) }

// Text reads a text with presence; nil where it is absent.
func (o Offset) Text(p unsafe.Pointer) *string { return *(**string)(unsafe.Add(p, uintptr(o))) }

// Time reads an instant; nil where it is absent.
func (o Offset) Time(p unsafe.Pointer) *timestamppb.Timestamp {
	return *(**timestamppb.Timestamp)(unsafe.Add(p, uintptr(o)))
}

// Duration reads a span of time; nil where it is absent.
func (o Offset) Duration(p unsafe.Pointer) *durationpb.Duration {
	return *(**durationpb.Duration)(unsafe.Add(p, uintptr(o)))
}

// Nested reads a message field; nil where it is absent.
func (o Offset) Nested(p unsafe.Pointer) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(p, uintptr(o)))
}

// Texts reads a list of texts. The caller must not change it.
func (o Offset) Texts(p unsafe.Pointer) []string { return *(*[]string)(unsafe.Add(p, uintptr(o))) }

// Int32s reads a list of int32. The caller must not change it.
func (o Offset) Int32s(p unsafe.Pointer) []int32 { return *(*[]int32)(unsafe.Add(p, uintptr(o))) }

// Elems reads a list of messages. The caller must not change it.
func (o Offset) Elems(p unsafe.Pointer) []unsafe.Pointer {
	return *(*[]unsafe.Pointer)(unsafe.Add(p, uintptr(o)))
}

// TextMap reads a map to texts. The caller must not change it.
func (o Offset) TextMap(p unsafe.Pointer) map[string]string {
	return *(*map[string]string)(unsafe.Add(p, uintptr(o)))
}

// FactMap reads a map to declared facts. The caller must not change it.
func (o Offset) FactMap(p unsafe.Pointer) map[string]*pb.FactValue {
	return *(*map[string]*pb.FactValue)(unsafe.Add(p, uintptr(o)))
}

// ListAt reads a list whose elements have the Go type T. The caller must not
// change it.
func ListAt[T any](o Offset, p unsafe.Pointer) []T { return *(*[]T)(unsafe.Add(p, uintptr(o))) }

// PartialAt is where a message names its partial lists; ok is false for one
// that has no lists.
func (m *Message) PartialAt() (o Offset, ok bool) {
	if m.partial == nil {
		return 0, false
	}
	return m.partial.Offset(), true
}
