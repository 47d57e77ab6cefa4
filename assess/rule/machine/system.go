package machine

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	inventoryShape = shape.Of((*pb.Inventory)(nil))
	systemShape    = shape.Of((*pb.System)(nil))
)

// indexed are the lists of an inventory and its system that are looked into
// by id, which pays an index once they are long.
var indexed = func() map[*shape.Field]int {
	out := map[*shape.Field]int{}
	for _, m := range []*shape.Message{inventoryShape, systemShape} {
		for _, f := range m.Fields {
			if f.Card == shape.List && f.Kind == shape.Nested {
				out[f] = len(out)
			}
		}
	}
	return out
}()

// searched is the length up to which a list is searched without an index.
const searched = 16

// system is one inventory, ready for evaluation.
type system struct {
	inv     *pb.Inventory
	root    unsafe.Pointer
	sys     unsafe.Pointer
	none    pb.System // stands for the system of an inventory that has none
	indexes []map[string]unsafe.Pointer
	paths   *fact.Paths
}

// reset takes another inventory. The indexes are made again when asked for.
func (s *system) reset(inv *pb.Inventory) {
	s.inv, s.paths = inv, nil
	s.root = shape.Ptr(inv)
	s.sys = shape.Ptr(&s.none)
	if inv.System != nil {
		s.sys = shape.Ptr(inv.System)
	}
	clear(s.indexes)
}

// pathsOf makes what names messages when somebody asks; evaluating does not.
func (s *system) pathsOf() *fact.Paths {
	if s.paths == nil {
		sys := s.inv.System
		if sys == nil {
			sys = &s.none
		}
		s.paths = fact.NewPaths(s.inv, sys)
	}
	return s.paths
}

// Find returns the element with that id, or nil. The first one counts.
func (m *Machine) Find(list *shape.Field, owner unsafe.Pointer, id string) unsafe.Pointer {
	elems := list.Elems(owner)
	key := list.Elem.Key.Offset()
	ordinal, ok := indexed[list]
	if !ok || len(elems) <= searched {
		m.Charge(len(elems))
		for _, e := range elems {
			if key.Plain(e) == id {
				return e
			}
		}
		return nil
	}
	s := &m.system
	if s.indexes == nil {
		s.indexes = make([]map[string]unsafe.Pointer, len(indexed))
	}
	if s.indexes[ordinal] == nil {
		byID := make(map[string]unsafe.Pointer, len(elems))
		for _, e := range elems {
			if _, twice := byID[key.Plain(e)]; !twice {
				byID[key.Plain(e)] = e
			}
		}
		s.indexes[ordinal] = byID
	}
	return s.indexes[ordinal][id]
}
