package jsonwire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// Marshal returns m as JSON. The error is one of content that JSON cannot
// hold, such as an instant after the year 9999.
func Marshal(m proto.Message) ([]byte, error) { return Append(nil, m) }

// Append appends m as JSON to b.
func Append(b []byte, m proto.Message) ([]byte, error) {
	e := encoder{b: b}
	e.message(m.ProtoReflect())
	if e.err != nil {
		return nil, e.err
	}
	return e.b, nil
}

// encoder appends to b until something fails.
type encoder struct {
	b   []byte
	err error
}

func (e *encoder) message(m protoreflect.Message) {
	switch m.Descriptor().FullName() {
	case timestampName:
		e.timestamp(m)
		return
	case durationName:
		e.duration(m)
		return
	case anyName:
		e.any(m)
		return
	}
	p := planOf(m.Descriptor())
	if p.foreign {
		e.foreign(m)
		return
	}
	e.b = append(e.b, '{')
	e.fields(p, m, true)
	e.b = append(e.b, '}')
}

// fields writes a message's fields; first tells whether nothing stands before
// them.
func (e *encoder) fields(p *plan, m protoreflect.Message, first bool) {
	for i := range p.fields {
		f := &p.fields[i]
		if !f.zero && !m.Has(f.fd) {
			continue
		}
		if !first {
			e.b = append(e.b, ',')
		}
		first = false
		e.b = append(e.b, f.key...)
		e.field(f.fd, m.Get(f.fd))
	}
}

// any writes a message with its type. One of this API is written as it is
// anywhere else, so that the progress of an operation has its zeros.
func (e *encoder) any(m protoreflect.Message) {
	a, ok := m.Interface().(*anypb.Any)
	if !ok || a.MessageName().Parent() != apiPackage {
		e.foreign(m)
		return
	}
	inner, err := a.UnmarshalNew()
	if err != nil {
		e.fail(err)
		return
	}
	e.b = appendString(append(e.b, `{"@type":`...), a.TypeUrl)
	r := inner.ProtoReflect()
	e.fields(planOf(r.Descriptor()), r, false)
	e.b = append(e.b, '}')
}

func (e *encoder) field(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch {
	case fd.IsMap():
		e.mapping(fd, v.Map())
	case fd.IsList():
		list := v.List()
		e.b = append(e.b, '[')
		for i := range list.Len() {
			if i > 0 {
				e.b = append(e.b, ',')
			}
			e.value(fd, list.Get(i))
		}
		e.b = append(e.b, ']')
	default:
		e.value(fd, v)
	}
}

// mapping writes a map, sorted by the text of its keys.
func (e *encoder) mapping(fd protoreflect.FieldDescriptor, m protoreflect.Map) {
	keys := make([]protoreflect.MapKey, 0, m.Len())
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
	e.b = append(e.b, '{')
	for i, k := range keys {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = append(appendString(e.b, k.String()), ':')
		e.value(fd.MapValue(), m.Get(k))
	}
	e.b = append(e.b, '}')
}

// foreign writes a message that is not of this API. protojson puts spaces in
// at random, so that nobody relies on its bytes; here somebody does (ETags).
func (e *encoder) foreign(m protoreflect.Message) {
	// What an operation carries are messages of this API: their counts of zero too.
	zero := m.Descriptor().ParentFile().Package() == "google.longrunning"
	raw, err := protojson.MarshalOptions{EmitDefaultValues: zero}.Marshal(m.Interface())
	if err != nil {
		e.fail(err)
		return
	}
	buf := bytes.NewBuffer(e.b)
	if err := json.Compact(buf, raw); err != nil {
		e.fail(err)
		return
	}
	e.b = buf.Bytes()
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = fmt.Errorf("to JSON: %w", err)
	}
}
