package intake

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unsafe"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Normalize brings an inventory, in place, into the form that equal content
// always has: texts and keys trimmed, placeholders absent, lists sorted by
// key, sets sorted with each value once, instants and spans cut to
// microseconds, marks sorted and free of contradiction, fields that this binary
// does not know dropped. It changes nothing the second time.
//
// The inventory must have passed Validate.
func Normalize(inv *pb.Inventory) { normalize(inventoryTable, shape.Ptr(inv)) }

// NormalizeHost is Normalize for a host.
func NormalizeHost(h *pb.Host) { normalize(hostTable, shape.Ptr(h)) }

var (
	inventoryTable = shape.Of(&pb.Inventory{})
	hostTable      = shape.Of(&pb.Host{})
	ipField        = shape.Of(&pb.Address{}).Field("ip")
)

// normalize does one message and all below it. Marks come last, since what was
// dropped above may have changed which lists have elements.
func normalize(t *shape.Message, p unsafe.Pointer) {
	t.DropUnknown(p)
	for _, f := range t.Fields {
		switch f.Card {
		case shape.Key:
			key, _ := f.Text(p)
			if c := canonicalKey(f, key); c != key {
				f.SetText(p, c)
			}
		case shape.One:
			normalizeSingle(f, p)
		case shape.List:
			normalizeList(f, p)
		case shape.Map:
			normalizeMap(f, p)
		}
	}
	normalizeMarks(t, p)
}

// canonicalKey is the one spelling of a key. An IP address has several.
func canonicalKey(f *shape.Field, key string) string {
	key = strings.TrimSpace(key)
	if f == ipField {
		if ip, err := netip.ParseAddr(key); err == nil {
			return ip.String()
		}
	}
	return key
}

// normalizeSingle does a field with presence.
func normalizeSingle(f *shape.Field, p unsafe.Pointer) {
	switch f.Kind {
	case shape.Text:
		v, ok := f.Text(p)
		if !ok {
			return
		}
		trimmed := strings.TrimSpace(v)
		if isPlaceholder(trimmed, textureOf(f)) {
			f.Clear(p)
		} else if trimmed != v {
			f.SetText(p, trimmed)
		}
	case shape.Time:
		cutTime(f.Timestamp(p))
	case shape.Duration:
		cutSpan(f.Span(p))
	case shape.Nested:
		if sub := f.Nested(p); sub != nil {
			normalize(f.Elem, sub)
		}
	}
}

// cutTime cuts an instant to microseconds, which is as fine as the engine, the
// store and digests count.
func cutTime(t *timestamppb.Timestamp) {
	if t != nil {
		t.Nanos -= t.Nanos % 1e3
	}
}

// cutSpan does so with a span.
func cutSpan(d *durationpb.Duration) {
	if d != nil {
		d.Nanos -= d.Nanos % 1e3
	}
}

// normalizeList does a list. Doubles in a keyed list stay: Validate refuses them.
func normalizeList(f *shape.Field, p unsafe.Pointer) {
	switch f.Kind {
	case shape.Text:
		kind := textureOf(f)
		list, dropped := cleanSet(f.Texts(p), kind)
		f.SetTexts(p, list)
		if dropped && kind != naming {
			f.MarkPartial(p) // there is a member of which only that is known
		}
	case shape.Int32:
		f.SetInt32s(p, sortedSet(f.Int32s(p)))
	case shape.Nested:
		list := f.Elems(p)
		for _, el := range list {
			normalize(f.Elem, el)
		}
		byKey := func(a, b unsafe.Pointer) int {
			ka, _ := f.Elem.Key.Text(a)
			kb, _ := f.Elem.Key.Text(b)
			return strings.Compare(ka, kb)
		}
		if !slices.IsSortedFunc(list, byKey) {
			slices.SortStableFunc(list, byKey)
		}
	}
}

// cleanSet trims, sorts, and drops doubles and placeholders.
func cleanSet(list []string, kind texture) (kept []string, dropped bool) {
	kept = list[:0]
	for _, s := range list {
		s = strings.TrimSpace(s)
		if isPlaceholder(s, kind) {
			dropped = true
			continue
		}
		kept = append(kept, s)
	}
	clear(list[len(kept):])
	if len(kept) == 0 {
		return nil, dropped
	}
	return sortedSet(kept), dropped
}

// sortedSet sorts in place. Most lists come sorted from who read them back.
func sortedSet[T int32 | string](list []T) []T {
	if !slices.IsSorted(list) {
		slices.Sort(list)
	}
	return slices.Compact(list)
}

// normalizeMap does a map. Nothing marks a map as partial: a key that goes is
// simply not known.
func normalizeMap(f *shape.Field, p unsafe.Pointer) {
	if f.Kind == shape.Fact {
		facts := cleanKeys(f.FactMap(p))
		maps.DeleteFunc(facts, func(_ string, v *pb.FactValue) bool { return normalizeFact(v) })
		f.SetFactMap(p, facts)
		return
	}
	texts := cleanKeys(f.TextMap(p))
	kind := textureOf(f)
	for k, v := range texts {
		trimmed := strings.TrimSpace(v)
		if isPlaceholder(trimmed, kind) {
			delete(texts, k)
		} else if trimmed != v {
			texts[k] = trimmed
		}
	}
	f.SetTextMap(p, texts)
}

// cleanKeys trims keys. Where two become one, the one that was trimmed already
// wins, else the first in order.
func cleanKeys[V any](m map[string]V) map[string]V {
	var odd []string
	for k := range m {
		if strings.TrimSpace(k) != k {
			odd = append(odd, k)
		}
	}
	slices.Sort(odd)
	for _, k := range odd {
		trimmed := strings.TrimSpace(k)
		if _, taken := m[trimmed]; !taken {
			m[trimmed] = m[k]
		}
		delete(m, k)
	}
	return m
}

// normalizeFact says whether the fact goes since it says nothing.
func normalizeFact(v *pb.FactValue) (goes bool) {
	if v == nil {
		return true
	}
	if m := v.ProtoReflect(); len(m.GetUnknown()) > 0 {
		m.SetUnknown(nil)
	}
	switch v := v.Value.(type) {
	case nil:
		return true
	case *pb.FactValue_StringValue:
		v.StringValue = strings.TrimSpace(v.StringValue)
		return isPlaceholder(v.StringValue, plain)
	case *pb.FactValue_TimeValue:
		cutTime(v.TimeValue)
	case *pb.FactValue_DurationValue:
		cutSpan(v.DurationValue)
	case *pb.FactValue_StringList:
		list, dropped := cleanSet(v.StringList.GetValues(), plain)
		if dropped { // a fact has no marks, so a list known in part is not known
			return true
		}
		v.StringList.Values = list
	}
	return false
}

// normalizeMarks leaves in reported_empty the lists that are empty and in
// partial those that are partial, each once and in order.
func normalizeMarks(t *shape.Message, p unsafe.Pointer) {
	empty, partial := t.Marks(p)
	if len(empty)+len(partial) == 0 {
		t.SetMarks(p, nil, nil)
		return
	}
	partial, _ = cleanSet(partial, setting)
	empty, _ = cleanSet(empty, setting)
	empty = slices.DeleteFunc(empty, func(name string) bool {
		f := t.Field(name)
		return slices.Contains(partial, name) || f != nil && f.Len(p) > 0
	})
	if len(empty) == 0 {
		empty = nil
	}
	t.SetMarks(p, empty, partial)
}
