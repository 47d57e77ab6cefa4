package attest

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Scope is what a subject is, as checklists name it: "system", "host",
// "facility" and so on; empty where it is no subject.
func Scope(subject string) string {
	if subject == System {
		return System
	}
	at, err := subjectOf(subject)
	if err != nil {
		return ""
	}
	return strings.ToLower(at.table.Name)
}

// DeclaredName is the name of the declared fact that a fact of a subject is;
// false where it is a field, or nothing.
func DeclaredName(subject, fact string) (string, bool) {
	p, err := resolve(subject, fact)
	if err != nil || p.Form != Declared {
		return "", false
	}
	return p.Fact[strings.LastIndexByte(p.Fact, '/')+1:], true
}

// Has tells whether an inventory has a subject. The system itself is always there.
func Has(inv *pb.Inventory, subject string) bool {
	if subject == System {
		return true
	}
	if _, err := subjectOf(subject); err != nil {
		return false
	}
	steps, m := strings.Split(subject, "/"), inv.ProtoReflect()
	if inventoryTable.Field(steps[0]) == nil {
		m = inv.GetSystem().ProtoReflect()
	}
	for len(steps) > 0 && m.IsValid() {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(steps[0]))
		if !f.IsList() {
			m, steps = m.Get(f).Message(), steps[1:]
			continue
		}
		if m = find(m.Get(f).List(), f, shape.KeyOfPath(steps[1])); m == nil {
			return false
		}
		steps = steps[2:]
	}
	return m.IsValid()
}

// find is the element of a list with that key, or nil.
func find(list protoreflect.List, f protoreflect.FieldDescriptor, key string) protoreflect.Message {
	keyField := f.Message().Fields().ByNumber(1)
	for i := range list.Len() {
		if el := list.Get(i).Message(); el.Get(keyField).String() == key {
			return el
		}
	}
	return nil
}
