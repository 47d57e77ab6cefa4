package merge

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Certificates and IPsec rules are taken from one source whole: half of one
// certificate and half of another would be a certificate that nobody has.
var (
	certificateTable = shape.Of(&pb.Certificate{})
	ipsecRuleTable   = shape.Of(&pb.IpsecRule{})
)

// Atomic says whether a message is taken from one source whole.
func Atomic(t *shape.Message) bool { return t == certificateTable || t == ipsecRuleTable }

// few is how many sources usually speak of one thing; more cost an allocation.
const few = 6

// union merges what several sources say of one thing; ps has the most believed
// first and at least one. What one source alone says is shared, not copied.
func union(t *shape.Message, ps []unsafe.Pointer) unsafe.Pointer {
	if len(ps) == 1 || Atomic(t) {
		return ps[0]
	}
	q := t.New()
	var m marks
	for _, f := range t.Fields {
		switch f.Card {
		case shape.Key:
			f.Copy(q, ps[0])
		case shape.One:
			unionSingle(f, q, ps)
		case shape.List:
			m.note(f, unionList(f, q, ps))
		case shape.Map:
			unionMaps(f, q, ps)
		}
	}
	m.set(t, q)
	return q
}

// unionSingle takes a scalar from the first who has it and merges a nested
// message of all who have one.
func unionSingle(f *shape.Field, q unsafe.Pointer, ps []unsafe.Pointer) {
	if f.Kind != shape.Nested {
		for _, p := range ps {
			if f.Nested(p) != nil { // every field with presence is a pointer
				f.Copy(q, p)
				return
			}
		}
		return
	}
	var buf [few]unsafe.Pointer
	subs := buf[:0]
	for _, p := range ps {
		if sub := f.Nested(p); sub != nil {
			subs = append(subs, sub)
		}
	}
	if len(subs) > 0 {
		f.SetNested(q, union(f.Elem, subs))
	}
}

// unionList merges a list and returns what is known of it. One source whose
// list is whole makes the union whole: what others have besides stays, and is
// a disagreement, not a doubt.
func unionList(f *shape.Field, q unsafe.Pointer, ps []unsafe.Pointer) shape.Presence {
	var buf [few]unsafe.Pointer
	with := buf[:0]
	known := shape.Absent
	for _, p := range ps {
		presence := f.Presence(p)
		if presence == shape.Empty { // an empty list is a whole one
			presence = shape.Whole
		}
		known = max(known, presence) // Absent < Partial < Whole
		if f.Len(p) > 0 {
			with = append(with, p)
		}
	}
	switch {
	case len(with) == 0 && known == shape.Whole:
		return shape.Empty
	case len(with) == 0:
	case len(with) == 1:
		f.Copy(q, with[0])
	case f.Kind == shape.Text:
		f.SetTexts(q, unionSets(f.Texts, with))
	case f.Kind == shape.Int32:
		f.SetInt32s(q, unionSets(f.Int32s, with))
	default:
		f.SetElems(q, unionElems(f, with))
	}
	return known
}

// unionSets joins lists of scalars. The result is sorted whatever came in, so
// that who spoke first does not show.
func unionSets[T int32 | string](read func(unsafe.Pointer) []T, ps []unsafe.Pointer) []T {
	n := 0
	for _, p := range ps {
		n += len(read(p))
	}
	out := make([]T, 0, n)
	for _, p := range ps {
		out = append(out, read(p)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unionElems joins keyed lists. An element that one source alone has is shared.
func unionElems(f *shape.Field, ps []unsafe.Pointer) []unsafe.Pointer {
	var lists [few][]unsafe.Pointer
	var same [few]unsafe.Pointer
	j := newJoin(f, lists[:0], ps)
	out := make([]unsafe.Pointer, 0, j.longest())
	for j.next() {
		els := same[:0]
		for i := range j.lists {
			if el := j.at(i); el != nil {
				els = append(els, el)
			}
		}
		out = append(out, union(f.Elem, els))
	}
	return out
}

// join walks several keyed lists side by side in the order of their keys.
type join struct {
	key     *shape.Field
	lists   [][]unsafe.Pointer // what is left; the elements at hand stand first
	current string
	started bool
}

// newJoin starts a walk; lists is room for as many lists as there are messages.
func newJoin(f *shape.Field, lists [][]unsafe.Pointer, ps []unsafe.Pointer) join {
	for _, p := range ps {
		lists = append(lists, inKeyOrder(f, f.Elems(p)))
	}
	return join{key: f.Elem.Key, lists: lists}
}

// longest is a guess at how many keys there are: sources mostly know the same.
func (j *join) longest() (n int) {
	for _, l := range j.lists {
		n = max(n, len(l))
	}
	return n
}

// next goes to the next key, if there is one.
func (j *join) next() bool {
	found := false
	least := ""
	for i := range j.lists {
		if j.started {
			j.skip(i)
		}
		if len(j.lists[i]) == 0 {
			continue
		}
		if key, _ := j.key.Text(j.lists[i][0]); !found || key < least {
			found, least = true, key
		}
	}
	j.current, j.started = least, true
	return found
}

// skip drops the elements at hand. Normalized lists have one element a key; of
// several the first counts.
func (j *join) skip(i int) {
	for j.at(i) != nil {
		j.lists[i] = j.lists[i][1:]
	}
}

// at is the element of list i that has the current key, or nil.
func (j *join) at(i int) unsafe.Pointer {
	if len(j.lists[i]) == 0 {
		return nil
	}
	if key, _ := j.key.Text(j.lists[i][0]); key != j.current {
		return nil
	}
	return j.lists[i][0]
}

// inKeyOrder is the list itself where it is sorted, as Normalize leaves it, and
// else a sorted copy.
func inKeyOrder(f *shape.Field, list []unsafe.Pointer) []unsafe.Pointer {
	key := f.Elem.Key
	byKey := func(a, b unsafe.Pointer) int {
		ka, _ := key.Text(a)
		kb, _ := key.Text(b)
		return strings.Compare(ka, kb)
	}
	if slices.IsSortedFunc(list, byKey) {
		return list
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, byKey)
	return list
}

// unionMaps joins maps key by key: of each key the first source that has it.
func unionMaps(f *shape.Field, q unsafe.Pointer, ps []unsafe.Pointer) {
	if f.Kind == shape.Fact {
		f.SetFactMap(q, unionKeys(f.FactMap, ps))
		return
	}
	f.SetTextMap(q, unionKeys(f.TextMap, ps))
}

// unionKeys shares the map where one source alone has one.
func unionKeys[V any](read func(unsafe.Pointer) map[string]V, ps []unsafe.Pointer) map[string]V {
	var out map[string]V
	shared := true
	for _, p := range ps {
		from := read(p)
		switch {
		case len(from) == 0:
		case out == nil:
			out = from
		default:
			if shared {
				own := make(map[string]V, len(out)+len(from))
				for k, v := range out {
					own[k] = v
				}
				out, shared = own, false
			}
			for k, v := range from {
				if _, ok := out[k]; !ok {
					out[k] = v
				}
			}
		}
	}
	return out
}
