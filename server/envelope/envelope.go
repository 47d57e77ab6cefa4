// Package envelope reads and writes what is stored: private messages with a
// schema version, so that the API can change without a migration. Decoding
// fails with [ledger.ErrCorrupt]; encoding cannot fail, since the messages are
// ours. It also turns the API's timestamps into the store's instants,
// microseconds since 1970 UTC, and back.
package envelope

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape/wire"
	"github.com/plumbline/plumbline/store/ledger"
)

// Schema is the version of the envelopes that this program writes.
const Schema = 1

// Message is a generated message that can be made anew.
type Message[T any] interface {
	*T
	Stored
}

// Stored is a stored message. The generated fast methods will do: the bytes
// are ours, and their checksum was verified.
type Stored interface {
	proto.Message
	MarshalVT() ([]byte, error)
	UnmarshalVT([]byte) error
}

// Decode reads a stored envelope.
func Decode[T any, M Message[T]](b []byte) (M, error) {
	m := M(new(T))
	if err := m.UnmarshalVT(b); err != nil {
		return nil, fmt.Errorf("%w: a stored %s: %v", ledger.ErrCorrupt, m.ProtoReflect().Descriptor().Name(), err)
	}
	return m, nil
}

// DecodeIn reads a stored envelope into an arena. The bytes must never change
// afterwards: its texts point into them.
func DecodeIn[T any](a *wire.Arena, t wire.Type[T], b []byte) (*T, error) {
	m, err := t.Decode(a, b)
	if err != nil {
		return nil, fmt.Errorf("%w: a stored %w", ledger.ErrCorrupt, err)
	}
	return m, nil
}

// Encode writes an envelope. The messages are ours and always valid.
func Encode(m Stored) []byte {
	b, err := m.MarshalVT()
	if err != nil {
		panic(fmt.Sprintf("envelope: %T does not marshal: %v", m, err))
	}
	return b
}

// EncodeView writes a view with its maps in order, so that views which differ
// little have bytes that differ little: they are stored as differences.
func EncodeView[T any](t wire.Type[T], m *T) []byte { return t.Append(make([]byte, 0, 4<<10), m) }

// Object reads a named object; nil where it is not there.
func Object[T any, M Message[T]](tx *ledger.Tx, kind byte, name string) (M, error) {
	b, err := tx.Object(kind, name)
	if b == nil || err != nil {
		return nil, err
	}
	return Decode[T, M](b)
}

// Each calls f for every object of a kind, in the order of their names.
func Each[T any, M Message[T]](tx *ledger.Tx, kind byte, f func(name string, m M) error) error {
	for name, b := range tx.Objects(kind, "") {
		m, err := Decode[T, M](b)
		if err != nil {
			return err
		}
		if err := f(name, m); err != nil {
			return err
		}
	}
	return nil
}

// Head reads an overwritten head; nil where it is not there.
func Head[T any, M Message[T]](tx *ledger.Tx, space byte, n uint32) (M, []byte, error) {
	b, err := tx.Head(space, n)
	if b == nil || err != nil {
		return nil, nil, err
	}
	m, err := Decode[T, M](b)
	return m, b, err
}

// Timestamp is an instant as the API shows it; nil for 0 and for forever.
func Timestamp(micros int64) *timestamppb.Timestamp {
	if micros == 0 || micros >= ledger.MaxInstant {
		return nil
	}
	seconds := micros / 1e6
	if micros%1e6 < 0 {
		seconds--
	}
	return &timestamppb.Timestamp{Seconds: seconds, Nanos: int32((micros - seconds*1e6) * 1e3)}
}

// Instant is a timestamp in microseconds; 0 where there is none.
func Instant(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.Seconds*1e6 + int64(t.Nanos)/1e3
}
