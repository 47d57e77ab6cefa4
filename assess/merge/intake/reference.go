package intake

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// MaxWarnings is how many warnings one answer has at most, besides the line
// that counts the rest.
const MaxWarnings = 100

// anyHost is what a rule or flow says that is about all hosts.
const anyHost = "any"

// Warnings says which references of a merged inventory lead nowhere: a channel
// to a host that nobody reported, a host in a zone that does not exist. All
// that names the same missing thing is one warning, in the order of the
// inventory. Lists must be sorted, as a merged inventory's are.
func Warnings(inv *pb.Inventory) []string {
	w := &references{inv: inv, own: inv.GetSystem(), sets: map[string]map[string]bool{}, seen: map[[2]string]*mention{}}
	if w.own == nil {
		w.own = &pb.System{} // of which nothing is known
	}
	w.system()
	for _, h := range inv.GetHosts() {
		w.host(h)
	}
	for _, f := range inv.GetFacilities() {
		w.ref("facility", f.GetParent(), "facilities", f.GetId(), "parent")
	}
	return w.texts()
}

// references gathers what is named and missing.
type references struct {
	inv  *pb.Inventory
	own  *pb.System                 // the inventory's system
	sets map[string]map[string]bool // ids by kind, made when first asked for
	seen map[[2]string]*mention
	all  []*mention
}

// mention is a missing thing with the first place that names it.
type mention struct {
	text  string
	first string
	more  int
}

// lists are the lists that hold what each kind of reference names.
var lists = func() map[string]*shape.Field {
	system := inventoryTable.Field("system").Elem
	return map[string]*shape.Field{
		"host": inventoryTable.Field("hosts"), "facility": inventoryTable.Field("facilities"),
		"unit": system.Field("units"), "zone": system.Field("zones"), "boundary": system.Field("boundaries"),
		"population": system.Field("populations"), "domain": system.Field("domains"),
	}
}()

// ref checks one reference; at is its path. An empty id is none.
func (w *references) ref(kind, id string, at ...string) {
	if id == "" || w.has(kind, id) {
		return
	}
	key := [2]string{kind, id}
	if m := w.seen[key]; m != nil {
		m.more++
		return
	}
	w.note(key, fmt.Sprintf("the %s %q, %s", kind, id, w.missing(lists[kind])), at)
}

// note keeps the first mention of something missing; key tells things apart.
func (w *references) note(key [2]string, text string, at []string) {
	steps := make([]string, len(at))
	for i, step := range at {
		steps[i] = shape.PathKey(step)
	}
	m := &mention{text: text, first: strings.Join(steps, "/")}
	w.seen[key] = m
	w.all = append(w.all, m)
}

// missing says what is known of the list in which something is not.
func (w *references) missing(f *shape.Field) string {
	switch f.Presence(w.parent(f)) {
	case shape.Absent, shape.Partial:
		return "which no source has reported"
	}
	return "which does not exist"
}

// has says whether the inventory has what a reference names.
func (w *references) has(kind, id string) bool {
	f := lists[kind]
	if kind == "host" { // there may be very many, and they are sorted
		return w.findHost(id) != nil
	}
	set, ok := w.sets[kind]
	if !ok {
		set = map[string]bool{}
		for _, el := range f.Elems(w.parent(f)) {
			key, _ := f.Elem.Key.Text(el)
			set[key] = true
		}
		w.sets[kind] = set
	}
	return set[id]
}

// findHost is the host with that id, or nil.
func (w *references) findHost(id string) *pb.Host {
	hosts := w.inv.GetHosts()
	i, found := slices.BinarySearchFunc(hosts, id, func(h *pb.Host, id string) int { return strings.Compare(h.Id, id) })
	if !found {
		return nil
	}
	return hosts[i]
}

// parent is the message that has the list.
func (w *references) parent(f *shape.Field) unsafe.Pointer {
	if f.Parent == inventoryTable {
		return shape.Ptr(w.inv)
	}
	return shape.Ptr(w.own)
}

// system checks what the system's parts name.
func (w *references) system() {
	s := w.own
	for _, u := range s.GetUnits() {
		w.ref("unit", u.GetParent(), "units", u.Id, "parent")
	}
	for _, b := range s.GetBoundaries() {
		w.ref("zone", b.GetOuterZone(), "boundaries", b.Id, "outer_zone")
		w.ref("zone", b.GetInnerZone(), "boundaries", b.Id, "inner_zone")
		for _, f := range b.GetFlows() {
			for _, id := range slices.Concat(f.GetFromHosts(), f.GetToHosts()) {
				if id != anyHost {
					w.ref("host", id, "boundaries", b.Id, "flows", f.Id)
				}
			}
		}
	}
	for _, p := range s.GetPopulations() {
		w.ref("zone", p.GetZone(), "populations", p.Id, "zone")
	}
	for _, c := range s.GetChannels() {
		w.party(c.GetFrom(), c.Id, "from")
		w.party(c.GetTo(), c.Id, "to")
		w.ref("host", c.GetRelay(), "channels", c.Id, "relay")
		for _, id := range c.GetBoundaries() {
			w.ref("boundary", id, "channels", c.Id, "boundaries")
		}
	}
}

// party checks one end of a channel. Organizations and other systems are not
// part of the inventory.
func (w *references) party(p *pb.Party, channel, end string) {
	w.ref("host", p.GetHost(), "channels", channel, end, "host")
	w.ref("population", p.GetPopulation(), "channels", channel, end, "population")
	w.ref("unit", p.GetUnit(), "channels", channel, end, "unit")
	w.ref("zone", p.GetZone(), "channels", channel, end, "zone")
	if h := w.findHost(p.GetHost()); h != nil {
		w.component(h, p.GetComponent(), "channels", channel, end, "component")
	}
}

// component checks a reference to a component of a host.
func (w *references) component(h *pb.Host, id string, at ...string) {
	known := slices.ContainsFunc(h.GetComponents(), func(c *pb.Component) bool { return c.Id == id })
	if id == "" || known {
		return
	}
	w.note([2]string{"component", h.Id + "/" + id}, fmt.Sprintf("the component %q, which the host %q does not have", id, h.Id), at)
}

// host checks what a host and its parts name.
func (w *references) host(h *pb.Host) {
	w.ref("unit", h.GetUnit(), "hosts", h.Id, "unit")
	w.ref("zone", h.GetZone(), "hosts", h.Id, "zone")
	w.ref("facility", h.GetFacility(), "hosts", h.Id, "facility")
	if lists["domain"].Presence(shape.Ptr(w.own)) != shape.Absent { // most systems never report their domains
		w.ref("domain", h.GetDomain(), "hosts", h.Id, "domain")
	}
	for _, c := range h.GetComponents() {
		w.ref("unit", c.GetUnit(), "hosts", h.Id, "components", c.Id, "unit")
		for _, d := range c.GetSql().GetDatabases() {
			w.ref("unit", d.GetUnit(), "hosts", h.Id, "components", c.Id, "sql", "databases", d.Name, "unit")
		}
	}
	for _, e := range h.GetEndpoints() {
		w.component(h, e.GetComponent(), "hosts", h.Id, "endpoints", e.Id, "component")
		for _, id := range e.GetPopulations() {
			w.ref("population", id, "hosts", h.Id, "endpoints", e.Id, "populations")
		}
	}
}

// texts are the warnings in words.
func (w *references) texts() []string {
	var out []string
	for i, m := range w.all {
		if i == MaxWarnings {
			return append(out, fmt.Sprintf("and %d more references to what is not in the inventory", len(w.all)-i))
		}
		verb := "names"
		if m.more == 1 {
			verb = "and one other place name"
		} else if m.more > 1 {
			verb = fmt.Sprintf("and %d other places name", m.more)
		}
		out = append(out, m.first+" "+verb+" "+m.text)
	}
	return out
}
