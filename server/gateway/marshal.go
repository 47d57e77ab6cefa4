package gateway

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/server/jsonwire"
)

// marshaler is grpc-gateway's way to package jsonwire.
type marshaler struct{}

var (
	_ runtime.Marshaler         = marshaler{}
	_ runtime.StreamContentType = marshaler{}
	_ runtime.Delimited         = marshaler{}
)

// ContentType implements runtime.Marshaler.
func (marshaler) ContentType(any) string { return "application/json" }

// StreamContentType is what a streamed answer is: a document a line.
func (marshaler) StreamContentType(any) string { return "application/x-ndjson" }

// Delimiter is what stands between the documents of a streamed answer, besides
// the line's end that each has.
func (marshaler) Delimiter() []byte { return nil }

// unwrap takes a message out of grpc-gateway's chunks of a stream. They say
// whether it is a result or an error; so does the message: errors are a
// google.rpc.Status here as everywhere.
func unwrap(v any) any {
	switch c := v.(type) {
	case map[string]any:
		return c["result"]
	case map[string]proto.Message:
		return c["error"]
	}
	return v
}

// Marshal implements runtime.Marshaler.
func (marshaler) Marshal(v any) ([]byte, error) {
	m, ok := unwrap(v).(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a message", v)
	}
	b, err := jsonwire.Append(make([]byte, 0, 1024), m)
	return append(b, '\n'), err
}

// Unmarshal implements runtime.Marshaler.
func (marshaler) Unmarshal(data []byte, v any) error {
	m, err := messageOf(v)
	if err != nil {
		return err
	}
	return jsonwire.Unmarshal(data, m)
}

// NewEncoder implements runtime.Marshaler.
func (m marshaler) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(v any) error {
		b, err := m.Marshal(v)
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	})
}

// documents are buffers that bodies are read into. Nothing that is decoded
// points into them.
var documents = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// NewDecoder implements runtime.Marshaler. A body is one document: it is read
// to its end, so that something after it is an error. An empty body is io.EOF,
// which generated handlers take for an empty message.
func (m marshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		buf := documents.Get().(*bytes.Buffer)
		defer func() {
			if buf.Cap() <= 1<<20 {
				buf.Reset()
				documents.Put(buf)
			}
		}()
		if _, err := buf.ReadFrom(r); err != nil {
			return err
		}
		if len(bytes.TrimSpace(buf.Bytes())) == 0 {
			return io.EOF
		}
		err := m.Unmarshal(buf.Bytes(), v)
		if b, ok := r.(*body); ok && err != nil {
			b.fault = err
		}
		return err
	})
}

// messageOf is the message that v points to: generated handlers pass a message,
// or the address of a field that holds one and may be nil.
func messageOf(v any) (proto.Message, error) {
	if m, ok := v.(proto.Message); ok {
		return m, nil
	}
	p := reflect.ValueOf(v)
	if p.Kind() == reflect.Pointer && p.Elem().Kind() == reflect.Pointer {
		if p.Elem().IsNil() {
			p.Elem().Set(reflect.New(p.Elem().Type().Elem()))
		}
		if m, ok := p.Elem().Interface().(proto.Message); ok {
			return m, nil
		}
	}
	return nil, fmt.Errorf("cannot decode JSON into %T", v)
}
