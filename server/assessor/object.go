package assessor

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/store/ledger"
)

// schema is the version of the envelopes that this program writes.
const schema = 1

// message is a generated message that can be made anew.
type message[T any] interface {
	*T
	envelope
}

// envelope is a stored message. The generated fast methods will do: the bytes
// are ours, and their checksum was verified.
type envelope interface {
	proto.Message
	MarshalVT() ([]byte, error)
	UnmarshalVT([]byte) error
}

// decode reads a stored envelope.
func decode[T any, M message[T]](b []byte) (M, error) {
	m := M(new(T))
	if err := m.UnmarshalVT(b); err != nil {
		return nil, fmt.Errorf("%w: a stored %s: %v", ledger.ErrCorrupt, m.ProtoReflect().Descriptor().Name(), err)
	}
	return m, nil
}

// encode writes an envelope. The messages are ours and always valid.
func encode(m envelope) []byte {
	b, err := m.MarshalVT()
	if err != nil {
		panic(fmt.Sprintf("assessor: %T does not marshal: %v", m, err))
	}
	return b
}

// encodeView writes a view with its maps in order, so that views which differ
// little have bytes that differ little: they are stored as differences.
func encodeView(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("assessor: %T does not marshal: %v", m, err))
	}
	return b
}

// object reads a named object; nil where it is not there.
func object[T any, M message[T]](tx *ledger.Tx, kind byte, name string) (M, error) {
	b, err := tx.Object(kind, name)
	if b == nil || err != nil {
		return nil, err
	}
	return decode[T, M](b)
}

// eachObject calls f for every object of a kind, in the order of their names.
func eachObject[T any, M message[T]](tx *ledger.Tx, kind byte, f func(name string, m M) error) error {
	for name, b := range tx.Objects(kind, "") {
		m, err := decode[T, M](b)
		if err != nil {
			return err
		}
		if err := f(name, m); err != nil {
			return err
		}
	}
	return nil
}

// head reads an overwritten head; nil where it is not there.
func head[T any, M message[T]](tx *ledger.Tx, space byte, n uint32) (M, []byte, error) {
	b, err := tx.Head(space, n)
	if b == nil || err != nil {
		return nil, nil, err
	}
	m, err := decode[T, M](b)
	return m, b, err
}
