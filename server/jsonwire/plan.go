package jsonwire

import (
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// plan says how the messages of one type are written. It is immutable.
type plan struct {
	// foreign types are left to protojson: Struct, and whatever else is not of
	// this API. Operations are written as answers of it.
	foreign bool
	fields  []fieldPlan
}

type fieldPlan struct {
	fd  protoreflect.FieldDescriptor
	key []byte // `"name":`
	// zero says that the field is written also when it has its default value.
	zero bool
}

// Names of the types that are written by hand since they stand in every row.
const (
	timestampName protoreflect.FullName = "google.protobuf.Timestamp"
	durationName  protoreflect.FullName = "google.protobuf.Duration"
	anyName       protoreflect.FullName = "google.protobuf.Any"
)

const (
	apiPackage       protoreflect.FullName = "plumbline.v1"
	operationPackage protoreflect.FullName = "google.longrunning"
)

var plans sync.Map // protoreflect.FullName → *plan

func planOf(d protoreflect.MessageDescriptor) *plan {
	if p, ok := plans.Load(d.FullName()); ok {
		return p.(*plan)
	}
	p := newPlan(d)
	plans.Store(d.FullName(), p)
	return p
}

func newPlan(d protoreflect.MessageDescriptor) *plan {
	if p := d.ParentFile().Package(); p != apiPackage && p != operationPackage {
		return &plan{foreign: true}
	}
	zero := !inventoryModel()[d.FullName()]
	p := &plan{}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		p.fields = append(p.fields, fieldPlan{
			fd:   fd,
			key:  append(appendString(nil, fd.JSONName()), ':'),
			zero: zero && !fd.HasPresence(),
		})
	}
	return p
}

// inventoryModel is the set of message types that an inventory consists of.
var inventoryModel = sync.OnceValue(func() map[protoreflect.FullName]bool {
	set := map[protoreflect.FullName]bool{}
	var add func(protoreflect.MessageDescriptor)
	add = func(d protoreflect.MessageDescriptor) {
		if set[d.FullName()] {
			return
		}
		set[d.FullName()] = true
		for i := range d.Fields().Len() {
			if sub := d.Fields().Get(i).Message(); sub != nil {
				add(sub)
			}
		}
	}
	add((&pb.Inventory{}).ProtoReflect().Descriptor())
	return set
})
