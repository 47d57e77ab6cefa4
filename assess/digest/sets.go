package digest

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func sortSteps(steps []step) {
	slices.SortFunc(steps, func(a, b step) int { return int(a.Number - b.Number) })
}

// list writes a list of the inventory model, which is a set.
func (e *encoder) list(f *step, ptr unsafe.Pointer) {
	if f.Len(ptr) == 0 {
		return
	}
	e.number(uint64(f.Number))
	switch f.Kind {
	case shape.Text:
		e.textSet(f.Texts(ptr))
	case shape.Int32:
		e.intSet(f.Int32s(ptr))
	default:
		elems, mark := e.sortedElems(f.elem.table, f.Elems(ptr))
		e.count(len(elems))
		for _, el := range elems {
			e.message(f.elem, el)
		}
		e.elems = e.elems[:mark]
	}
}

// textSet writes texts sorted and each once. Normalized inventories are sorted,
// so that case costs a comparison an element and no copy.
func (e *encoder) textSet(list []string) {
	mark := len(e.texts)
	if !ascending(list) {
		e.texts = append(e.texts, list...)
		slices.Sort(e.texts[mark:])
		list = slices.Compact(e.texts[mark:])
	}
	e.count(len(list))
	for _, s := range list {
		e.text(s)
	}
	e.texts = e.texts[:mark]
}

func (e *encoder) intSet(list []int32) {
	mark := len(e.ints)
	if !ascending(list) {
		e.ints = append(e.ints, list...)
		slices.Sort(e.ints[mark:])
		list = slices.Compact(e.ints[mark:])
	}
	e.count(len(list))
	for _, v := range list {
		e.int(int64(v))
	}
	e.ints = e.ints[:mark]
}

// ascending says whether every element is greater than the one before.
func ascending[T int32 | string](list []T) bool {
	for i := 1; i < len(list); i++ {
		if list[i] <= list[i-1] {
			return false
		}
	}
	return true
}

// sortedElems returns the list in the order of its keys: the list itself where
// it is sorted, else a copy on the stack, which the caller pops to mark.
func (e *encoder) sortedElems(t *shape.Message, list []unsafe.Pointer) (sorted []unsafe.Pointer, mark int) {
	mark = len(e.elems)
	if inKeyOrder(t, list) {
		return list, mark
	}
	e.elems = append(e.elems, list...)
	sorted = e.elems[mark:]
	slices.SortStableFunc(sorted, func(a, b unsafe.Pointer) int {
		return strings.Compare(keyOf(t, a), keyOf(t, b))
	})
	return sorted, mark
}

func inKeyOrder(t *shape.Message, list []unsafe.Pointer) bool {
	last := ""
	for _, el := range list {
		key := keyOf(t, el)
		if key < last {
			return false
		}
		last = key
	}
	return true
}

func keyOf(t *shape.Message, el unsafe.Pointer) string {
	if el == nil {
		return ""
	}
	key, _ := t.Key.Text(el)
	return key
}

// mapping writes a map in the order of its keys.
func (e *encoder) mapping(f *step, ptr unsafe.Pointer) {
	if f.Len(ptr) == 0 {
		return
	}
	e.number(uint64(f.Number))
	if f.Kind == shape.Fact {
		facts := f.FactMap(ptr)
		keys, mark := pushKeys(e, facts)
		for _, k := range keys {
			e.text(k)
			e.fact(facts[k])
		}
		e.texts = e.texts[:mark]
		return
	}
	texts := f.TextMap(ptr)
	keys, mark := pushKeys(e, texts)
	for _, k := range keys {
		e.text(k)
		e.text(texts[k])
	}
	e.texts = e.texts[:mark]
}

// pushKeys writes a map's count and returns its keys sorted, on the stack from
// mark. Appending there while the caller ranges is safe: the keys returned keep
// their own array.
func pushKeys[V string | *pb.FactValue](e *encoder, m map[string]V) (keys []string, mark int) {
	mark = len(e.texts)
	for k := range m {
		e.texts = append(e.texts, k)
	}
	keys = e.texts[mark:]
	slices.Sort(keys)
	e.count(len(keys))
	return keys, mark
}
