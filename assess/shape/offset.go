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
func (o Offset) Plain(p unsafe.Pointer) string { return at[string](p, uintptr(o)) }

// Bool reads a truth value with presence; nil where it is absent.
func (o Offset) Bool(p unsafe.Pointer) *bool { return at[*bool](p, uintptr(o)) }

// Int32 reads an int32 with presence; nil where it is absent.
func (o Offset) Int32(p unsafe.Pointer) *int32 { return at[*int32](p, uintptr(o)) }

// Int64 reads an int64 with presence; nil where it is absent.
func (o Offset) Int64(p unsafe.Pointer) *int64 { return at[*int64](p, uintptr(o)) }

// Double reads a double with presence; nil where it is absent.
func (o Offset) Double(p unsafe.Pointer) *float64 { return at[*float64](p, uintptr(o)) }

// Text reads a text with presence; nil where it is absent.
func (o Offset) Text(p unsafe.Pointer) *string { return at[*string](p, uintptr(o)) }

// Time reads an instant; nil where it is absent.
func (o Offset) Time(p unsafe.Pointer) *timestamppb.Timestamp {
	return at[*timestamppb.Timestamp](p, uintptr(o))
}

// Duration reads a span of time; nil where it is absent.
func (o Offset) Duration(p unsafe.Pointer) *durationpb.Duration {
	return at[*durationpb.Duration](p, uintptr(o))
}

// Nested reads a message field; nil where it is absent.
func (o Offset) Nested(p unsafe.Pointer) unsafe.Pointer {
	return at[unsafe.Pointer](p, uintptr(o))
}

// Texts reads a list of texts. The caller must not change it.
func (o Offset) Texts(p unsafe.Pointer) []string { return at[[]string](p, uintptr(o)) }

// Int32s reads a list of int32. The caller must not change it.
func (o Offset) Int32s(p unsafe.Pointer) []int32 { return at[[]int32](p, uintptr(o)) }

// Elems reads a list of messages. The caller must not change it.
func (o Offset) Elems(p unsafe.Pointer) []unsafe.Pointer {
	return at[[]unsafe.Pointer](p, uintptr(o))
}

// TextMap reads a map to texts. The caller must not change it.
func (o Offset) TextMap(p unsafe.Pointer) map[string]string {
	return at[map[string]string](p, uintptr(o))
}

// FactMap reads a map to declared facts. The caller must not change it.
func (o Offset) FactMap(p unsafe.Pointer) map[string]*pb.FactValue {
	return at[map[string]*pb.FactValue](p, uintptr(o))
}
