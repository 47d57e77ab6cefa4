package codec

import (
	"errors"
	"strings"

	"google.golang.org/grpc/encoding"
	// The registered codec "proto" is the one for messages without generated code.
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// generated is what vtprotobuf generates.
type generated interface {
	proto.Message
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
	UnmarshalVT([]byte) error
}

// Codec encodes and decodes messages for gRPC. It is immutable and safe for
// concurrent use.
type Codec struct{ fallback encoding.CodecV2 }

// New returns the codec, for grpc.ForceServerCodecV2 and grpc.ForceCodecV2.
func New() Codec { return Codec{fallback: encoding.GetCodecV2(protocodec.Name)} }

// Name implements encoding.CodecV2. On the wire it is the same format.
func (c Codec) Name() string { return protocodec.Name }

// Marshal implements encoding.CodecV2.
func (c Codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(generated)
	if !ok {
		return c.fallback.Marshal(v)
	}
	size := m.SizeVT()
	if mem.IsBelowBufferPoolingThreshold(size) {
		b := make([]byte, size)
		if _, err := m.MarshalToSizedBufferVT(b); err != nil {
			return nil, err
		}
		return mem.BufferSlice{mem.SliceBuffer(b)}, nil
	}
	pool := mem.DefaultBufferPool()
	b := pool.Get(size)
	if _, err := m.MarshalToSizedBufferVT((*b)[:size]); err != nil {
		pool.Put(b)
		return nil, err
	}
	return mem.BufferSlice{mem.NewBuffer(b, pool)}, nil
}

// Unmarshal implements encoding.CodecV2. The message owns its memory.
//
// Bytes that cannot be decoded are no error here: grpc would answer INTERNAL,
// before any interceptor runs, and would end a stream for one bad item. The
// message is left empty but for the reason, which [Fault] tells; whoever
// validates messages asks it first.
func (c Codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(generated)
	if !ok {
		return c.fallback.Unmarshal(data, v)
	}
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	proto.Reset(m)
	err := Check(m.ProtoReflect().Descriptor(), buf.ReadOnlyData())
	if err == nil {
		err = decode(m, buf.ReadOnlyData())
	}
	if err != nil {
		proto.Reset(m)
		setFault(m, err)
	}
	return nil
}

// faultField is a number that no .proto may use (19000 to 19999 are reserved
// for implementations), so that a reason cannot be mistaken for content. Check
// refuses these numbers in what is received.
const faultField = protowire.Number(19500)

func setFault(m proto.Message, err error) {
	b := protowire.AppendTag(nil, faultField, protowire.BytesType)
	m.ProtoReflect().SetUnknown(protowire.AppendString(b, strings.ToValidUTF8(err.Error(), "?")))
}

// Fault tells why a received message could not be decoded; nil where it could.
func Fault(m proto.Message) error {
	unknown := m.ProtoReflect().GetUnknown()
	if len(unknown) == 0 {
		return nil
	}
	number, wire, n := protowire.ConsumeTag(unknown)
	if n < 0 || number != faultField || wire != protowire.BytesType {
		return nil
	}
	text, n := protowire.ConsumeString(unknown[n:])
	if n < 0 {
		return errMalformed
	}
	return errors.New(text)
}
