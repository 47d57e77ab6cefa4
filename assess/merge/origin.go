package merge

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
)

// Source says whose word stands at a path, such as "hosts/web1/os/version",
// "zones/dmz/kind" or "system/product": of a value the source that it was taken
// from, of a message or list the most believed one that has it. It is false
// where nothing is known there. Keys in the path are written as shape.PathKey
// does; a key whose slashes stand as they are is found too.
func (m *Merged) Source(path string) (Origin, bool) {
	steps := strings.Split(path, "/")
	switch steps[0] {
	case systemField.Name:
		return lookup(systemTable, m.systemVoices(), steps[1:])
	case facilitiesField.Name:
		return lookup(inventoryTable, m.facilityVoices(), steps)
	case hostsField.Name:
		if len(steps) == 1 {
			return m.hostListOrigin()
		}
		group := m.group(shape.KeyOfPath(steps[1]))
		return lookup(hostTable, m.hostVoices(group), steps[2:])
	}
	if f := systemTable.Field(steps[0]); f != nil && f.Card == shape.List {
		return lookup(systemTable, m.systemVoices(), steps)
	}
	return Origin{}, false
}

// Uniform is the origin of all that is known of a host, where one source alone
// speaks of it.
func (m *Merged) Uniform(host string) (Origin, bool) {
	if vs := m.hostVoices(m.group(host)); len(vs) == 1 {
		return vs[0].origin, true
	}
	return Origin{}, false
}

// hostListOrigin is who is believed on which hosts there are.
func (m *Merged) hostListOrigin() (o Origin, ok bool) {
	for i := range m.system {
		v := &m.system[i]
		if isWhole(v.hosts) {
			return v.origin(), true
		}
		if v.hosts == shape.Partial && !ok {
			o, ok = v.origin(), true
		}
	}
	return o, ok
}

// lookup follows a path through all versions of a message at once. At each step
// those that do not have the next one drop out, so that the first who is left
// at the end is the one whose word counts.
func lookup(t *shape.Message, vs []voice, steps []string) (Origin, bool) {
	if len(vs) == 0 {
		return Origin{}, false
	}
	if Atomic(t) {
		vs = vs[:1]
	}
	if len(steps) == 0 {
		return vs[0].origin, true
	}
	f := t.Field(steps[0])
	if f == nil {
		return Origin{}, false
	}
	rest := steps[1:]
	switch {
	case len(rest) == 0:
		return fieldOrigin(f, vs)
	case f.Card == shape.List && f.Kind == shape.Nested:
		return lookupElem(f, vs, rest)
	case f.Card == shape.List || f.Card == shape.Map:
		return lookupMember(f, vs, strings.Join(rest, "/"))
	case f.Kind == shape.Nested:
		return lookup(f.Elem, nested(f, vs), rest)
	}
	return Origin{}, false
}

// fieldOrigin is the first who has the field; of a list, the first who has it
// whole.
func fieldOrigin(f *shape.Field, vs []voice) (o Origin, ok bool) {
	for _, v := range vs {
		p := f.Presence(v.p)
		if isWhole(p) || p != shape.Absent && f.Card != shape.List {
			return v.origin, true
		}
		if p == shape.Partial && !ok {
			o, ok = v.origin, true
		}
	}
	return o, ok
}

// lookupElem takes as the key as few steps as lead to a value.
func lookupElem(f *shape.Field, vs []voice, steps []string) (Origin, bool) {
	for n := 1; n <= len(steps); n++ {
		var subs []voice
		key := shape.KeyOfPath(strings.Join(steps[:n], "/"))
		for _, v := range vs {
			if el := elem(f, v.p, key); el != nil {
				subs = append(subs, voice{el, v.origin})
			}
		}
		if o, ok := lookup(f.Elem, subs, steps[n:]); ok {
			return o, true
		}
	}
	return Origin{}, false
}

// elem finds an element by key, or nil.
func elem(f *shape.Field, p unsafe.Pointer, key string) unsafe.Pointer {
	list := inKeyOrder(f, f.Elems(p))
	i, found := slices.BinarySearchFunc(list, key, func(el unsafe.Pointer, key string) int {
		k, _ := f.Elem.Key.Text(el)
		return strings.Compare(k, key)
	})
	if !found {
		return nil
	}
	return list[i]
}

// lookupMember finds who has a value of a set or a key of a map.
func lookupMember(f *shape.Field, vs []voice, step string) (Origin, bool) {
	key := shape.KeyOfPath(step)
	for _, v := range vs {
		for k := range entries(f, v.p) {
			if k == key || k == step {
				return v.origin, true
			}
		}
	}
	return Origin{}, false
}
