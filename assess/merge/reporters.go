package merge

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
)

// Reporters are the sources whose word holds at some path that the pattern
// stands for, sorted: who could tell the same of another element. A pattern is a
// path with "*" for keys of elements, such as "hosts/*/os/patched_time". What
// people attest does not count.
//
// It looks at as many elements as it takes to find each source, and at all of
// those of a source that has none.
func (m *Merged) Reporters(pattern string) []string {
	steps := strings.Split(pattern, "/")
	found := map[string]bool{Attestation: true}
	look := func(source string, t *shape.Message, p unsafe.Pointer, steps []string) {
		if !found[source] && reports(t, p, steps) {
			found[source] = true
		}
	}
	switch steps[0] {
	case hostsField.Name:
		if len(steps) < 2 {
			return nil
		}
		for i := range m.hosts {
			if v := &m.hosts[i]; v.host != nil {
				look(m.sources.list[v.source].name, hostTable, shape.Ptr(v.host), steps[2:])
			}
		}
	case facilitiesField.Name:
		for i := range m.system {
			if v := &m.system[i]; v.facilities != nil {
				look(v.view.Source, inventoryTable, shape.Ptr(v.facilities), steps)
			}
		}
	default:
		if steps[0] == systemField.Name {
			steps = steps[1:]
		}
		for i := range m.system {
			if v := &m.system[i]; v.system != nil {
				look(v.view.Source, systemTable, shape.Ptr(v.system), steps)
			}
		}
	}
	delete(found, Attestation)
	out := make([]string, 0, len(found))
	for source := range found {
		out = append(out, source)
	}
	slices.Sort(out)
	return out
}

// reports tells whether a message says something at the end of the steps.
func reports(t *shape.Message, p unsafe.Pointer, steps []string) bool {
	if len(steps) == 0 {
		return true
	}
	f := t.Field(steps[0])
	if f == nil || f.Card == shape.Key || f.Presence(p) == shape.Absent {
		return false
	}
	rest := steps[1:]
	switch {
	case len(rest) == 0:
		return true
	case f.Card == shape.Map:
		key := shape.KeyOfPath(strings.Join(rest, "/"))
		if f.Kind == shape.Fact {
			return f.FactMap(p)[key] != nil
		}
		_, ok := f.TextMap(p)[key]
		return ok
	case f.Kind != shape.Nested:
		return false
	case f.Card == shape.One:
		return reports(f.Elem, f.Nested(p), rest)
	}
	return slices.ContainsFunc(f.Elems(p), func(el unsafe.Pointer) bool {
		key, _ := f.Elem.Key.Text(el)
		return (rest[0] == "*" || key == shape.KeyOfPath(rest[0])) && reports(f.Elem, el, rest[1:])
	})
}

// Said are those whose newest view says something at a path, whether or not it
// still holds: with Stale, who said what is missing now.
func (m *Merged) Said(path string) (list []Origin) {
	steps := strings.Split(path, "/")
	if steps[0] == hostsField.Name && len(steps) > 1 {
		for _, v := range m.group(shape.KeyOfPath(steps[1])) {
			if reports(hostTable, shape.Ptr(m.in.Hosts[v.view].Host), steps[2:]) {
				list = append(list, m.hostOrigin(&v))
			}
		}
		return list
	}
	for i := range m.system {
		v := &m.system[i]
		inv := v.view.Inventory
		said := false
		switch {
		case inv == nil:
		case steps[0] == hostsField.Name:
			said = v.view.Hosts != shape.Absent
		case steps[0] == facilitiesField.Name:
			said = reports(inventoryTable, shape.Ptr(inv), steps)
		case inv.System != nil && steps[0] == systemField.Name:
			said = reports(systemTable, shape.Ptr(inv.System), steps[1:])
		case inv.System != nil:
			said = reports(systemTable, shape.Ptr(inv.System), steps)
		}
		if said {
			list = append(list, v.origin())
		}
	}
	return list
}
