package merge

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
)

// PathOrigin says whose word stands at a path.
type PathOrigin struct {
	Path string
	Origin
}

// sortPaths makes the answer one that can be paged through and compared.
func sortPaths(list []PathOrigin) []PathOrigin {
	slices.SortFunc(list, func(a, b PathOrigin) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Source, b.Source), cmp.Compare(a.Confirmed, b.Confirmed))
	})
	return list
}

// Provenance says whose word each value of the inventory is, in the bytewise
// order of paths. A path stands for all values below it that have no path of
// their own. Where one source alone has spoken, that is a path a list.
func (m *Merged) Provenance() []PathOrigin {
	w := &tracer{}
	if vs := m.systemVoices(); len(vs) > 0 {
		at := trail{step: systemField.Name}
		w.found = append(w.found, PathOrigin{at.String(), vs[0].origin})
		for _, f := range systemTable.Fields {
			above := vs[0].origin
			if f.Card == shape.List {
				above = Origin{} // it does not stand below "system"
			}
			w.field(f, systemTrail(f), vs, above)
		}
	}
	w.field(facilitiesField, trail{step: facilitiesField.Name}, m.facilityVoices(), Origin{})
	m.traceHosts(w)
	return sortPaths(w.found)
}

// traceHosts writes a path for the list, which stands for most hosts as a rule,
// and one for each host with another origin.
func (m *Merged) traceHosts(w *tracer) {
	root := trail{step: hostsField.Name}
	list, ok := m.hostListOrigin()
	for id, group := range m.hostGroups() {
		vs := m.hostVoices(group)
		if len(vs) == 0 {
			continue
		}
		if !ok { // nobody sent the list: the first host's origin stands there
			list, ok = vs[0].origin, true
		}
		w.message(hostTable, trail{&root, id}, vs, list)
	}
	if ok {
		w.found = append(w.found, PathOrigin{root.String(), list})
	}
}

// tracer gathers origins that differ from that of what stands above.
type tracer struct{ found []PathOrigin }

// note writes a path only where its origin differs from what is above it, which
// keeps the answer short, and returns what now stands above.
func (w *tracer) note(at trail, o, above Origin) Origin {
	if o != above {
		w.found = append(w.found, PathOrigin{at.String(), o})
	}
	return o
}

// message traces a message of which vs are the versions, at least one. Where one
// source alone has it, or it is taken whole, nothing below can differ.
func (w *tracer) message(t *shape.Message, at trail, vs []voice, above Origin) {
	above = w.note(at, vs[0].origin, above)
	if len(vs) == 1 || Atomic(t) {
		return
	}
	for _, f := range t.Fields {
		if f.Card != shape.Key {
			w.field(f, trail{&at, f.Name}, vs, above)
		}
	}
}

// field traces a field as union merges it.
func (w *tracer) field(f *shape.Field, at trail, vs []voice, above Origin) {
	if f.Kind == shape.Nested && f.Card == shape.One {
		if subs := nested(f, vs); len(subs) > 0 {
			w.message(f.Elem, at, subs, above)
		}
		return
	}
	o, ok := fieldOrigin(f, vs)
	if !ok {
		return
	}
	above = w.note(at, o, above)
	switch {
	case f.Card == shape.List && f.Kind == shape.Nested:
		for key, subs := range elems(f, vs) {
			w.message(f.Elem, trail{&at, key}, subs, above)
		}
	case f.Card == shape.List || f.Card == shape.Map:
		for key, who := range members(f, vs) {
			w.note(trail{&at, key}, who[0].origin, above)
		}
	}
}

// Stale are the values of views that are left out because their source has been
// silent for too long, whether or not another source still gives them. A path
// stands for all that the source said below it.
func (m *Merged) Stale() []PathOrigin {
	l := &losses{}
	for i := range m.system {
		v := &m.system[i]
		l.origin = v.origin()
		l.system(v)
		if inv := v.view.Inventory; inv != nil {
			var kept unsafe.Pointer
			if v.facilities != nil {
				kept = shape.Ptr(v.facilities)
			}
			l.field(facilitiesField, trail{step: facilitiesField.Name}, shape.Ptr(inv), kept)
		}
	}
	root := trail{step: hostsField.Name}
	for i := range m.hosts {
		v := &m.hosts[i]
		l.origin = m.hostOrigin(v)
		l.message(hostTable, trail{&root, v.id}, shape.Ptr(m.in.Hosts[v.view].Host), shape.Ptr(v.host))
	}
	return sortPaths(l.found)
}

// losses gathers what a view said and what of it no longer holds.
type losses struct {
	origin Origin
	found  []PathOrigin
}

// system looks for losses of a system's view. The lists stand at the root and
// not below "system", so that each needs a path where all is lost.
func (l *losses) system(v *systemVoice) {
	said := v.view.Inventory.GetSystem()
	if said == nil || said == v.system {
		return
	}
	if v.system == nil {
		l.note(trail{step: systemField.Name})
	}
	for _, f := range systemTable.Fields {
		if v.system != nil || f.Card == shape.List {
			l.field(f, systemTrail(f), shape.Ptr(said), shape.Ptr(v.system))
		}
	}
}

// note writes down a path that is lost.
func (l *losses) note(at trail) { l.found = append(l.found, PathOrigin{at.String(), l.origin}) }

// message compares what was said with what is kept of it; kept may be nil.
func (l *losses) message(t *shape.Message, at trail, said, kept unsafe.Pointer) {
	switch kept {
	case said:
	case nil:
		l.note(at)
	default:
		for _, f := range t.Fields {
			l.field(f, trail{&at, f.Name}, said, kept)
		}
	}
}

// field compares a field. What freshness cuts is one path where all of it goes,
// else what is missing below.
func (l *losses) field(f *shape.Field, at trail, said, kept unsafe.Pointer) {
	switch {
	case f.Card == shape.Key || f.Presence(said) == shape.Absent:
	case kept == nil || f.Presence(kept) == shape.Absent:
		l.note(at)
	case f.Card == shape.Map:
		has := map[string]bool{}
		for k := range entries(f, kept) {
			has[k] = true
		}
		for k := range entries(f, said) {
			if !has[k] {
				l.note(trail{&at, k})
			}
		}
	case f.Kind != shape.Nested:
	case f.Card == shape.One:
		l.message(f.Elem, at, f.Nested(said), f.Nested(kept))
	default:
		for _, el := range f.Elems(said) {
			key, _ := f.Elem.Key.Text(el)
			l.message(f.Elem, trail{&at, key}, el, elem(f, kept, key))
		}
	}
}

// NotReported is a host that a source reported before, but left out of its
// newest whole view.
type NotReported struct {
	Host string
	Origin
	Stale int64 // from when what the source said of it no longer holds
}

// NotReported are those hosts, in the order of their ids.
func (m *Merged) NotReported() (list []NotReported) {
	for i := range m.hosts {
		v := &m.hosts[i]
		view := &m.in.Hosts[v.view]
		if view.Reported {
			continue
		}
		stale := view.Until
		if stale == 0 {
			stale = m.in.Policy.HostStale(view.Source, view.Confirmed)
		}
		list = append(list, NotReported{v.id, m.hostOrigin(v), stale})
	}
	return list
}
