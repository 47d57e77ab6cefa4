package merge

import (
	"iter"
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
)

// voice is one source's version of one message, as far as it holds.
type voice struct {
	p      unsafe.Pointer
	origin Origin
}

// systemVoices are the versions of the system, most believed first.
func (m *Merged) systemVoices() (vs []voice) {
	for i := range m.system {
		if v := &m.system[i]; v.system != nil {
			vs = append(vs, voice{shape.Ptr(v.system), v.origin()})
		}
	}
	return vs
}

// facilityVoices are the inventories whose facilities hold.
func (m *Merged) facilityVoices() (vs []voice) {
	for i := range m.system {
		if v := &m.system[i]; v.facilities != nil {
			vs = append(vs, voice{shape.Ptr(v.facilities), v.origin()})
		}
	}
	return vs
}

// hostOrigin is who speaks of a host.
func (m *Merged) hostOrigin(v *hostVoice) Origin {
	view := &m.in.Hosts[v.view]
	return Origin{view.Source, view.Confirmed}
}

// hostVoices are the versions of one host that hold.
func (m *Merged) hostVoices(group []hostVoice) (vs []voice) {
	for i := range group {
		if v := &group[i]; v.host != nil {
			vs = append(vs, voice{shape.Ptr(v.host), m.hostOrigin(v)})
		}
	}
	return vs
}

// hostGroups walks the hosts with the voices of each.
func (m *Merged) hostGroups() iter.Seq2[string, []hostVoice] {
	return func(yield func(string, []hostVoice) bool) {
		for i := 0; i < len(m.hosts); {
			j := m.groupEnd(i)
			if !yield(m.hosts[i].id, m.hosts[i:j]) {
				return
			}
			i = j
		}
	}
}

// nested are the versions of a message field.
func nested(f *shape.Field, vs []voice) (subs []voice) {
	for _, v := range vs {
		if p := f.Nested(v.p); p != nil {
			subs = append(subs, voice{p, v.origin})
		}
	}
	return subs
}

// elems walks a list of messages by key, with the versions of each element,
// which are good until the next step.
func elems(f *shape.Field, vs []voice) iter.Seq2[string, []voice] {
	return func(yield func(string, []voice) bool) {
		ps := make([]unsafe.Pointer, len(vs))
		for i, v := range vs {
			ps[i] = v.p
		}
		j := newJoin(f, nil, ps)
		room := make([]voice, 0, len(vs))
		for j.next() {
			subs := room
			for i := range vs {
				if el := j.at(i); el != nil {
					subs = append(subs, voice{el, vs[i].origin})
				}
			}
			if !yield(j.current, subs) {
				return
			}
		}
	}
}

// said is a value by its text, and who said it.
type said struct {
	text   string
	origin Origin
}

// members walks a list of scalars, or a map, by value or key, with who has it;
// of a map each says its value.
func members(f *shape.Field, vs []voice) iter.Seq2[string, []said] {
	return func(yield func(string, []said) bool) {
		by := map[string][]said{}
		for _, v := range vs {
			for key, text := range entries(f, v.p) {
				if s := by[key]; len(s) > 0 && s[len(s)-1].origin == v.origin && f.Card == shape.List {
					continue // a value that stands twice in one list
				}
				by[key] = append(by[key], said{text, v.origin})
			}
		}
		keys := make([]string, 0, len(by))
		for k := range by {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, strings.Compare)
		for _, k := range keys {
			if !yield(k, by[k]) {
				return
			}
		}
	}
}

// trail is a path that is only written out where somebody asks for it: most
// values that are compared agree.
type trail struct {
	up   *trail
	step string // a field's name or a key
}

// String writes the path with keys as shape.PathKey does. Field names hold no
// sign that it would escape.
func (t trail) String() string {
	if t.up == nil {
		return shape.PathKey(t.step)
	}
	return t.up.String() + "/" + shape.PathKey(t.step)
}

// systemTrail is the path of a system's field: its lists stand at the root.
func systemTrail(f *shape.Field) trail {
	if f.Card == shape.List {
		return trail{step: f.Name}
	}
	return trail{&trail{step: systemField.Name}, f.Name}
}
