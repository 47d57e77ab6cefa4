package merge

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Merged is what several sources say, as one inventory. It is immutable and
// safe for concurrent use, as long as its views stay unchanged.
type Merged struct {
	// Inventory shares messages with the views it was made of: read only.
	Inventory *pb.Inventory
	// ValidUntil is the next instant at which something that a view says may
	// become stale, in microseconds since 1970 UTC, or Never. Until then, and
	// without a new view, Merge gives the same inventory.
	ValidUntil int64

	in      Input
	sources speakers
	system  []systemVoice // most believed first
	hosts   []hostVoice   // by host, then most believed first
}

// Merge makes one inventory of what several sources say at an instant. It
// depends on nothing but its input, and not on the order of views.
func Merge(in Input) *Merged {
	in.Policy = in.Policy.or()
	m := &Merged{Inventory: &pb.Inventory{}, ValidUntil: Never, in: in}
	m.sources.policy = in.Policy
	m.hear()
	var names marks
	m.mergeSystem(&names)
	m.mergeHosts(&names)
	names.set(inventoryTable, shape.Ptr(m.Inventory))
	return m
}

// hear finds out what of each view holds, and puts the views in order.
func (m *Merged) hear() {
	m.system = make([]systemVoice, len(m.in.System))
	m.hosts = make([]hostVoice, len(m.in.Hosts))
	for i := range m.in.System {
		m.hearSystem(&m.system[i], &m.in.System[i])
	}
	for i := range m.in.Hosts {
		m.hearHost(&m.hosts[i], i)
	}
	m.sources.setRanks()
	slices.SortFunc(m.system, func(a, b systemVoice) int {
		return compareVoices(m.rank(a.source), m.rank(b.source),
			a.view.Confirmed, b.view.Confirmed, a.view.Inventory, b.view.Inventory)
	})
	// Who reads views from a store reads them in order, mostly.
	byHost := func(a, b hostVoice) int {
		if c := strings.Compare(a.id, b.id); c != 0 {
			return c
		}
		va, vb := &m.in.Hosts[a.view], &m.in.Hosts[b.view]
		return compareVoices(m.rank(a.source), m.rank(b.source), va.Confirmed, vb.Confirmed, va.Host, vb.Host)
	}
	if !slices.IsSortedFunc(m.hosts, byHost) {
		slices.SortFunc(m.hosts, byHost)
	}
}

// rank is a source's place in the order of belief.
func (m *Merged) rank(source int32) int32 { return m.sources.list[source].rank }

// hearSystem finds what of a system's view holds. System, facilities and the
// list of hosts each have a freshness of their own.
func (m *Merged) hearSystem(v *systemVoice, view *SystemView) {
	source := m.sources.index(view.Source)
	v.view, v.source = view, int32(source)
	w := m.sources.list[source].holds
	inv := view.Inventory
	if inv.GetSystem() != nil {
		p := m.holding(w.system, systemTable, shape.Ptr(inv.System), view.Confirmed, view.Until)
		v.system = shape.As[pb.System](p)
	}
	if inv != nil && facilitiesField.Presence(shape.Ptr(inv)) != shape.Absent {
		p := m.holding(w.facilities, inventoryTable, shape.Ptr(inv), view.Confirmed, view.Until)
		v.facilities = shape.As[pb.Inventory](p)
	}
	// What was said of the list of hosts holds as long as what was said of hosts.
	if view.Hosts != shape.Absent && m.holds(w.host.hold, view.Confirmed, view.Until) {
		v.hosts = view.Hosts
	}
}

// hearHost finds what of a host's view holds. Nearly always that is all or
// nothing, and then nothing is copied.
func (m *Merged) hearHost(v *hostVoice, i int) {
	view := &m.in.Hosts[i]
	source := m.sources.index(view.Source)
	v.id, v.view, v.source = view.Host.Id, int32(i), int32(source)
	w := m.sources.list[source].holds.host
	p := m.holding(w, hostTable, shape.Ptr(view.Host), view.Confirmed, view.Until)
	v.host = shape.As[pb.Host](p)
}

// holding is the part of a view that holds, and nil where none does. It brings
// ValidUntil forward to where that changes next.
func (m *Merged) holding(w *window, t *shape.Message, p unsafe.Pointer, confirmed, until int64) unsafe.Pointer {
	if until != 0 || len(w.all) == 1 {
		if !m.holds(w.hold, confirmed, until) {
			return nil
		}
		return p
	}
	m.ValidUntil = min(m.ValidUntil, w.next(confirmed, m.in.At))
	return w.fresh(t, p, m.in.At-confirmed)
}

// holds says whether something with one freshness still holds, and keeps in mind
// when it no longer will. Intervals are half-open: at the end it is stale.
func (m *Merged) holds(hold, confirmed, until int64) bool {
	if until == 0 {
		until = after(confirmed, hold)
	}
	if until <= m.in.At {
		return false
	}
	m.ValidUntil = min(m.ValidUntil, until)
	return true
}

// mergeSystem merges system and facilities.
func (m *Merged) mergeSystem(names *marks) {
	var systems, facilities [few]unsafe.Pointer
	ss, fs := systems[:0], facilities[:0]
	for i := range m.system {
		v := &m.system[i]
		if v.system != nil {
			ss = append(ss, shape.Ptr(v.system))
		}
		if v.facilities != nil {
			fs = append(fs, shape.Ptr(v.facilities))
		}
	}
	out := shape.Ptr(m.Inventory)
	if len(ss) > 0 {
		systemField.SetNested(out, union(systemTable, ss))
	} else if id := m.systemID(); id != "" {
		m.Inventory.System = &pb.System{Id: id} // who it is does not become stale
	}
	names.note(facilitiesField, unionList(facilitiesField, out, fs))
}

// systemID is the system's id by whoever has told it, however long ago.
func (m *Merged) systemID() string {
	for i := range m.system {
		if id := m.system[i].view.Inventory.GetSystem().GetId(); id != "" {
			return id
		}
	}
	return ""
}

// mergeHosts merges host by host. A host of which nothing holds any more stays
// with its id alone: that nobody speaks of it does not make it go away.
func (m *Merged) mergeHosts(names *marks) {
	var buf [few]unsafe.Pointer
	hosts := make([]*pb.Host, 0, len(m.hosts))
	for i := 0; i < len(m.hosts); {
		j := m.groupEnd(i)
		if j == i+1 && m.hosts[i].host != nil { // one source alone: shared as it is
			hosts = append(hosts, m.hosts[i].host)
			i = j
			continue
		}
		ps := buf[:0]
		for k := i; k < j; k++ {
			if h := m.hosts[k].host; h != nil {
				ps = append(ps, shape.Ptr(h))
			}
		}
		if len(ps) > 0 {
			hosts = append(hosts, shape.As[pb.Host](union(hostTable, ps)))
		} else {
			hosts = append(hosts, &pb.Host{Id: m.hosts[i].id})
		}
		i = j
	}
	if len(hosts) > 0 {
		m.Inventory.Hosts = hosts
	}
	names.note(hostsField, m.hostsPresence(len(hosts)))
}

// groupEnd is where the voices of the host at i end.
func (m *Merged) groupEnd(i int) int {
	id := m.hosts[i].id
	for i++; i < len(m.hosts) && m.hosts[i].id == id; i++ {
	}
	return i
}

// hostsPresence says how much of the list of hosts is known: as unionList, but
// a source may have named hosts one by one without ever sending a list.
func (m *Merged) hostsPresence(n int) shape.Presence {
	known := shape.Absent
	for i := range m.system {
		p := m.system[i].hosts
		if p == shape.Empty {
			p = shape.Whole
		}
		known = max(known, p)
	}
	switch {
	case known == shape.Whole && n == 0:
		return shape.Empty
	case known == shape.Absent && n > 0:
		return shape.Partial
	}
	return known
}

// group is the voices of one host.
func (m *Merged) group(id string) []hostVoice {
	i, found := slices.BinarySearchFunc(m.hosts, id, func(v hostVoice, id string) int {
		return cmp.Compare(v.id, id)
	})
	if !found {
		return nil
	}
	return m.hosts[i:m.groupEnd(i)]
}
