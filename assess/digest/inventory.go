package digest

import (
	"crypto/sha256"
	"reflect"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

const (
	inventoryName protoreflect.FullName = "plumbline.v1.Inventory"

	systemNumber     = 1
	hostsNumber      = 2
	facilitiesNumber = 3
	emptyNumber      = 101 // reported_empty, in every message that has lists
	partialNumber    = 102 // partial
)

// plan is a message type of the inventory model with its fields in the order
// of their numbers, which is not always that of the .proto file.
type plan struct {
	name   protoreflect.FullName
	goType reflect.Type // a pointer to the generated struct
	table  *shape.Message
	fields []step
}

// step is one field of a plan.
type step struct {
	shape.Field       // a copy, so that a message's fields lie side by side
	elem        *plan // where the field holds messages of the inventory model
}

// The plans of the inventory model, by full proto name.
var plans = sync.OnceValue(func() map[protoreflect.FullName]*plan {
	all := map[protoreflect.FullName]*plan{}
	addPlan(all, shape.Of(&pb.Inventory{}))
	return all
})

func addPlan(all map[protoreflect.FullName]*plan, t *shape.Message) *plan {
	m := t.Proto(t.New())
	name := m.ProtoReflect().Descriptor().FullName()
	if p, ok := all[name]; ok {
		return p
	}
	p := &plan{name: name, goType: reflect.TypeOf(m), table: t}
	all[name] = p
	for _, f := range t.Fields {
		s := step{Field: *f}
		if f.Kind == shape.Nested {
			s.elem = addPlan(all, f.Elem)
		}
		p.fields = append(p.fields, s)
	}
	sortSteps(p.fields)
	return p
}

// root finds the plan of the types that are digested most without asking
// protoreflect for their names.
var root = sync.OnceValue(func() (r struct{ inventory, system, host, facility *plan }) {
	all := plans()
	r.inventory = all[inventoryName]
	r.system, r.host, r.facility = all["plumbline.v1.System"], all["plumbline.v1.Host"], all["plumbline.v1.Facility"]
	return r
})

// message writes the body of the message at ptr.
func (e *encoder) message(p *plan, ptr unsafe.Pointer) {
	if ptr == nil { // a nil element of a list, which no decoder makes
		e.end()
		return
	}
	if p.name == inventoryName {
		e.inventory(shape.As[pb.Inventory](ptr))
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		switch f.Card {
		case shape.One:
			if f.Nested(ptr) != nil { // all fields with presence are pointers
				e.single(f, ptr)
			}
		case shape.Key:
			if v, _ := f.Text(ptr); v != "" {
				e.number(uint64(f.Number))
				e.text(v)
			}
		case shape.List:
			e.list(f, ptr)
		case shape.Map:
			e.mapping(f, ptr)
		}
	}
	e.marks(p.table.Marks(ptr))
	e.end()
}

// single writes a field that is present.
func (e *encoder) single(f *step, ptr unsafe.Pointer) {
	e.number(uint64(f.Number))
	switch f.Kind {
	case shape.Text:
		v, _ := f.Text(ptr)
		e.text(v)
	case shape.Bool:
		v, _ := f.Bool(ptr)
		e.bool(v)
	case shape.Int32, shape.Int64:
		v, _ := f.Int(ptr)
		e.int(v)
	case shape.Double:
		v, _ := f.Double(ptr)
		e.double(v)
	case shape.Time, shape.Duration:
		v, _ := f.Micros(ptr)
		e.int(v)
	case shape.Fact:
		e.fact(shape.As[pb.FactValue](f.Nested(ptr)))
	case shape.Nested:
		e.message(f.elem, f.Nested(ptr))
	}
}

// inventory writes an inventory's body: its parts by their digests.
func (e *encoder) inventory(m *pb.Inventory) {
	r := root()
	if m.System != nil {
		e.number(systemNumber)
		e.part(r.system, shape.Ptr(m.System))
	}
	for i := range r.inventory.fields {
		f := &r.inventory.fields[i]
		if f.Card != shape.List || f.Len(shape.Ptr(m)) == 0 {
			continue
		}
		e.number(uint64(f.Number))
		elems, mark := e.sortedElems(f.elem.table, f.Elems(shape.Ptr(m)))
		e.count(len(elems))
		for _, el := range elems {
			e.part(f.elem, el)
		}
		e.elems = e.elems[:mark]
	}
	e.marks(m.ReportedEmpty, m.Partial)
	e.end()
}

// part writes the digest of a message in the message's place.
func (e *encoder) part(p *plan, ptr unsafe.Pointer) {
	start := len(e.buf)
	e.head(p.name)
	e.message(p, ptr)
	sum := sha256.Sum256(e.buf[start:])
	e.buf = append(e.buf[:start], sum[:]...)
}

func (e *encoder) marks(empty, partial []string) {
	if len(empty) > 0 {
		e.number(emptyNumber)
		e.textSet(empty)
	}
	if len(partial) > 0 {
		e.number(partialNumber)
		e.textSet(partial)
	}
}

// fact writes the body of a declared fact's value. A oneof has presence, so
// false, 0 and "" are written.
func (e *encoder) fact(m *pb.FactValue) {
	switch v := m.GetValue().(type) {
	case *pb.FactValue_BoolValue:
		e.number(1)
		e.bool(v.BoolValue)
	case *pb.FactValue_IntValue:
		e.number(2)
		e.int(v.IntValue)
	case *pb.FactValue_DoubleValue:
		e.number(3)
		e.double(v.DoubleValue)
	case *pb.FactValue_StringValue:
		e.number(4)
		e.text(v.StringValue)
	case *pb.FactValue_TimeValue:
		e.number(5)
		e.int(micros(v.TimeValue))
	case *pb.FactValue_DurationValue:
		e.number(6)
		e.int(spanMicros(v.DurationValue))
	case *pb.FactValue_StringList:
		e.number(7)
		e.stringList(v.StringList)
	}
	e.end()
}

func (e *encoder) stringList(m *pb.StringList) {
	if list := m.GetValues(); len(list) > 0 {
		e.number(1)
		e.textSet(list)
	}
	e.end()
}

func micros(t *timestamppb.Timestamp) int64 {
	return t.GetSeconds()*1e6 + int64(t.GetNanos())/1e3
}

func spanMicros(d *durationpb.Duration) int64 {
	return d.GetSeconds()*1e6 + int64(d.GetNanos())/1e3
}
