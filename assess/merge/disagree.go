package merge

import (
	"maps"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/shape"
)

// What a disagreement says of an element that one source has and another,
// whose list is whole, has not.
const (
	Present        = "present"
	AbsentFromList = "absent from a whole list"
)

// Disagreement is a value on which sources disagree.
type Disagreement struct {
	Path   string
	Values []SourceValue // by source, the most believed first
}

// SourceValue is what one source says.
type SourceValue struct {
	Origin
	Value string
}

// Disagreements are the values on which sources disagree, in the bytewise order
// of their paths. What is stale disagrees with nothing, nor does a source that
// says nothing. They are found anew at each call, which costs about as much as
// merging, and a microsecond or so for each that is found.
func (m *Merged) Disagreements() []Disagreement {
	d := &dissent{}
	if vs := m.systemVoices(); len(vs) > 1 {
		for _, f := range systemTable.Fields {
			d.field(f, systemTrail(f), vs)
		}
	}
	d.field(facilitiesField, trail{step: facilitiesField.Name}, m.facilityVoices())
	root := trail{step: hostsField.Name}
	for id, group := range m.hostGroups() {
		at := trail{&root, id}
		m.disagreeOnHost(d, at, group)
		d.message(hostTable, at, m.hostVoices(group))
	}
	slices.SortFunc(d.found, func(a, b Disagreement) int { return strings.Compare(a.Path, b.Path) })
	return d.found
}

// disagreeOnHost notes a host that a source reports and that the whole list of
// another has not.
func (m *Merged) disagreeOnHost(d *dissent, at trail, group []hostVoice) {
	var have, whole []Origin
	for i := range group {
		if v := &group[i]; v.host != nil && m.in.Hosts[v.view].Reported {
			have = append(have, m.hostOrigin(v))
		}
	}
	for i := range m.system {
		if v := &m.system[i]; isWhole(v.hosts) {
			whole = append(whole, v.origin())
		}
	}
	d.lacking(at, Present, have, without(whole, have))
}

// isWhole says whether all elements of a list are known. Only such a list can
// contradict another source by lacking something.
func isWhole(p shape.Presence) bool { return p == shape.Whole || p == shape.Empty }

// dissent gathers disagreements.
type dissent struct{ found []Disagreement }

// message compares the versions of one message. It goes into certificates too:
// which source's is taken is one question, whether they agree another.
func (d *dissent) message(t *shape.Message, at trail, vs []voice) {
	if len(vs) < 2 {
		return
	}
	for _, f := range t.Fields {
		if f.Card != shape.Key {
			d.field(f, trail{&at, f.Name}, vs)
		}
	}
}

// field compares one field of messages that have it or not.
func (d *dissent) field(f *shape.Field, at trail, vs []voice) {
	switch {
	case len(vs) < 2:
	case f.Card == shape.Map:
		d.mapping(f, at, vs)
	case f.Card == shape.List && f.Kind == shape.Nested:
		d.elems(f, at, vs)
	case f.Card == shape.List:
		d.set(f, at, vs)
	case f.Kind == shape.Nested:
		d.message(f.Elem, at, nested(f, vs))
	default:
		d.scalar(f, at, vs)
	}
}

// scalar notes a value only where two that have it differ, and then lists all
// who have it, so that a reader sees who stands alone.
func (d *dissent) scalar(f *shape.Field, at trail, vs []voice) {
	first, differ := -1, false
	for i, v := range vs {
		switch {
		case f.Presence(v.p) == shape.Absent:
		case first < 0:
			first = i
		case !sameValue(f, vs[first].p, v.p):
			differ = true
		}
	}
	if !differ {
		return
	}
	var values []SourceValue
	for _, v := range vs {
		if text, ok := valueText(f, v.p); ok {
			values = append(values, SourceValue{v.origin, text})
		}
	}
	d.found = append(d.found, Disagreement{at.String(), values})
}

// mapping compares key by key. A key that a source lacks is no disagreement,
// since nothing says that a source's map is whole.
func (d *dissent) mapping(f *shape.Field, at trail, vs []voice) {
	if alike(f, vs) {
		return
	}
	for key, who := range members(f, vs) {
		if !slices.ContainsFunc(who, func(s said) bool { return s.text != who[0].text }) {
			continue
		}
		var values []SourceValue
		for _, s := range who {
			values = append(values, SourceValue{s.origin, s.text})
		}
		d.found = append(d.found, Disagreement{trail{&at, key}.String(), values})
	}
}

// elems compares a keyed list: who has which element, and then the elements.
func (d *dissent) elems(f *shape.Field, at trail, vs []voice) {
	whole := wholeLists(f, vs)
	for key, subs := range elems(f, vs) {
		here := trail{&at, key}
		if len(subs) < len(vs) && len(whole) > 0 { // somebody may lack it
			have := make([]Origin, len(subs))
			for i, s := range subs {
				have[i] = s.origin
			}
			d.lacking(here, Present, have, without(whole, have))
		}
		d.message(f.Elem, here, subs)
	}
}

// set compares lists of scalars. Their members have nothing to differ in, so
// that without a whole list there is no disagreement.
func (d *dissent) set(f *shape.Field, at trail, vs []voice) {
	whole := wholeLists(f, vs)
	if len(whole) == 0 || alike(f, vs) {
		return
	}
	for value, who := range members(f, vs) {
		have := make([]Origin, len(who))
		for i, s := range who {
			have[i] = s.origin
		}
		d.lacking(trail{&at, value}, value, have, without(whole, have))
	}
}

// wholeLists are the sources whose list is whole or empty.
func wholeLists(f *shape.Field, vs []voice) (whole []Origin) {
	for _, v := range vs {
		if isWhole(f.Presence(v.p)) {
			whole = append(whole, v.origin)
		}
	}
	return whole
}

// alike says that all have the same scalar list or the same map, which they
// mostly have and which is found out without making texts.
func alike(f *shape.Field, vs []voice) bool {
	first := vs[0].p
	for _, v := range vs[1:] {
		same := false
		switch {
		case f.Card == shape.Map && f.Kind == shape.Fact:
			same = maps.EqualFunc(f.FactMap(first), f.FactMap(v.p), sameFact)
		case f.Card == shape.Map:
			same = maps.Equal(f.TextMap(first), f.TextMap(v.p))
		case f.Kind == shape.Int32:
			same = slices.Equal(f.Int32s(first), f.Int32s(v.p))
		default:
			same = slices.Equal(f.Texts(first), f.Texts(v.p))
		}
		if !same {
			return false
		}
	}
	return true
}

// without leaves out the sources of some: one that says it in another of its
// views does not lack it.
func without(all, some []Origin) (rest []Origin) {
	for _, o := range all {
		if !slices.ContainsFunc(some, func(s Origin) bool { return s.Source == o.Source }) {
			rest = append(rest, o)
		}
	}
	return rest
}

// lacking notes an element that some have and others lack.
func (d *dissent) lacking(at trail, value string, have, lack []Origin) {
	if len(have) == 0 || len(lack) == 0 {
		return
	}
	values := make([]SourceValue, 0, len(have)+len(lack))
	for _, o := range have {
		values = append(values, SourceValue{o, value})
	}
	for _, o := range lack {
		values = append(values, SourceValue{o, AbsentFromList})
	}
	d.found = append(d.found, Disagreement{at.String(), values})
}
