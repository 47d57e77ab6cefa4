package fact

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	inventoryShape = shape.Of((*pb.Inventory)(nil))
	systemShape    = shape.Of((*pb.System)(nil))
	hostShape      = shape.Of((*pb.Host)(nil))
	hostsField     = inventoryShape.Field("hosts")
)

// Paths tells where the messages of one inventory stand in it. What it knows
// it works out when asked, one host at a time, so that naming one fact of a
// large system stays cheap. It is not safe for concurrent use.
type Paths struct {
	root  unsafe.Pointer
	sys   unsafe.Pointer
	names map[unsafe.Pointer]string // nil until somebody asks
	next  int                       // the first host whose parts are not known yet
}

// NewPaths makes the Paths of an inventory. sys is what stands for its system,
// which the inventory may lack.
func NewPaths(inv *pb.Inventory, sys *pb.System) *Paths {
	return &Paths{root: shape.Ptr(inv), sys: shape.Ptr(sys)}
}

// Of returns where a message stands, such as "hosts/web1/endpoints/443"; the
// system is "system". ok is false for a message that is not in the inventory.
// hint is the host around it, or nil where that is not known.
func (p *Paths) Of(msg, hint unsafe.Pointer) (path string, ok bool) {
	p.init()
	if s, ok := p.names[msg]; ok {
		return s, true
	}
	if s, ok := p.names[hint]; ok {
		p.walk(hostShape, hint, s)
		if s, ok := p.names[msg]; ok {
			return s, true
		}
	}
	hosts := hostsField.Elems(p.root)
	for ; p.next < len(hosts); p.next++ {
		if s, ok := p.names[msg]; ok {
			return s, true
		}
		p.walk(hostShape, hosts[p.next], p.names[hosts[p.next]])
	}
	s, ok := p.names[msg]
	return s, ok
}

// Ref returns a fact's path from the inventory's root, such as
// "hosts/web1/os/patched_time". The lists of a system stand at the root
// ("zones/dmz/kind"), its scalars under "system" ("system/product").
func (p *Paths) Ref(r Ref, hint unsafe.Pointer) string {
	switch {
	case r.Base == nil || r.Path.root == nil || r.Base == p.root:
		return r.Path.text
	case r.Base == p.sys:
		if first := r.Path.steps[0]; first.Card == shape.List {
			return r.Path.text
		}
		return "system/" + r.Path.text
	}
	at, _ := p.Of(r.Base, hint)
	return at + "/" + r.Path.text
}

// init names all but what hosts hold, and the hosts themselves.
func (p *Paths) init() {
	if p.names != nil {
		return
	}
	p.names = map[unsafe.Pointer]string{p.root: "", p.sys: "system"}
	for _, f := range inventoryShape.Fields {
		if f.Card == shape.List && f != hostsField {
			p.list(f, p.root, "")
		}
	}
	for _, h := range hostsField.Elems(p.root) {
		key, _ := hostShape.Key.Text(h)
		p.names[h] = "hosts/" + shape.PathKey(key)
	}
	for _, f := range systemShape.Fields {
		if f.Card == shape.List {
			p.list(f, p.sys, "")
		}
	}
}

// walk names all messages below the one at msg.
func (p *Paths) walk(m *shape.Message, msg unsafe.Pointer, at string) {
	for _, f := range m.Fields {
		if f.Kind != shape.Nested {
			continue
		}
		if f.Card == shape.List {
			p.list(f, msg, at+"/")
		} else if sub := f.Nested(msg); sub != nil {
			p.names[sub] = at + "/" + f.Name
			p.walk(f.Elem, sub, at+"/"+f.Name)
		}
	}
}

// list names a list's elements and what is below them.
func (p *Paths) list(f *shape.Field, msg unsafe.Pointer, prefix string) {
	if f.Kind != shape.Nested {
		return
	}
	for _, e := range f.Elems(msg) {
		key, _ := f.Elem.Key.Text(e)
		at := prefix + f.Name + "/" + shape.PathKey(key)
		p.names[e] = at
		p.walk(f.Elem, e, at)
	}
}
