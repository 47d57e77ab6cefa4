package shape

import (
	"strings"
	"unsafe"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// As is the message at p by its Go type, which the caller knows from the
// message's table.
func As[T any](p unsafe.Pointer) *T { return (*T)(p) }

// Timestamp returns the message of a field of the kind Time; nil where absent.
func (f *Field) Timestamp(p unsafe.Pointer) *timestamppb.Timestamp {
	return at[*timestamppb.Timestamp](p, f.off)
}

// Span returns the message of a field of the kind Duration; nil where absent.
func (f *Field) Span(p unsafe.Pointer) *durationpb.Duration {
	return at[*durationpb.Duration](p, f.off)
}

// DropUnknown removes from the message at p, but not from those below it, what
// was sent with field numbers that this binary does not know.
func (m *Message) DropUnknown(p unsafe.Pointer) {
	if list := (*[]byte)(unsafe.Add(p, m.unknown)); *list != nil {
		*list = nil
	}
}

// pathEscapes keep a key from being read as more than one step of a path.
var pathEscapes = strings.NewReplacer("%", "%25", "/", "%2F")

// PathKey is a list's or map's key as a step of a fact path. Keys such as
// "tcp/443" or "/var" hold the sign that parts steps, so it is written %2F, and
// the percent sign %25.
func PathKey(key string) string {
	if !strings.ContainsAny(key, "%/") {
		return key
	}
	return pathEscapes.Replace(key)
}

var pathUnescapes = strings.NewReplacer("%2F", "/", "%25", "%")

// KeyOfPath undoes PathKey.
func KeyOfPath(step string) string {
	if !strings.Contains(step, "%") {
		return step
	}
	return pathUnescapes.Replace(step)
}
