package ruletest

import (
	"math/rand"
	"slices"
	"strings"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var inventoryShape = shape.Of((*pb.Inventory)(nil))

// Whole makes a fully reported inventory: every scalar, every declared fact of
// c and every key of Keys is there, every list is whole or reported empty.
func Whole(r *rand.Rand, c *pb.Checklist) *pb.Inventory {
	inv := &pb.Inventory{}
	filler{r, c}.fill(inventoryShape, shape.Ptr(inv))
	return inv
}

// Complete returns a copy of inv in which everything that was not known is
// known: a completion of it. Elements join partial lists anywhere.
func Complete(r *rand.Rand, c *pb.Checklist, inv *pb.Inventory) *pb.Inventory {
	out := proto.CloneOf(inv)
	filler{r, c}.fill(inventoryShape, shape.Ptr(out))
	return out
}

// filler adds what a message lacks.
type filler struct {
	r *rand.Rand
	c *pb.Checklist
}

func (g filler) fill(m *shape.Message, p unsafe.Pointer) {
	g.lists(m, p)
	for _, f := range m.Fields {
		switch {
		case f.Card == shape.List:
		case f.Card == shape.Map:
			g.fillMap(f, p)
		case f.Card == shape.Key:
			if v, _ := f.Text(p); v == "" {
				f.SetText(p, m.Name)
			}
		case f.Kind == shape.Nested:
			if f.Nested(p) == nil {
				f.SetNested(p, f.Elem.New())
			}
			g.fill(f.Elem, f.Nested(p))
		case f.Presence(p) == shape.Absent:
			g.scalar(f, p)
		}
	}
	if empty, partial := m.Marks(p); len(partial) > 0 {
		m.SetMarks(p, empty, nil)
	}
}

// lists fills a message's lists; the marks of partial ones stay.
func (g filler) lists(m *shape.Message, p unsafe.Pointer) {
	for _, f := range m.Fields {
		if f.Card != shape.List {
			continue
		}
		if pres := f.Presence(p); pres == shape.Absent || pres == shape.Partial {
			g.extend(f, p)
			if f.Len(p) == 0 {
				f.MarkEmpty(p)
			}
		}
		if f.Kind == shape.Nested {
			for _, e := range f.Elems(p) {
				g.fill(f.Elem, e)
			}
		}
	}
}

// extend inserts elements anywhere into a list.
func (g filler) extend(f *shape.Field, p unsafe.Pointer) {
	switch f.Kind {
	case shape.Text:
		list := slices.Clone(f.Texts(p))
		for _, v := range texts(g.r, f) {
			list = slices.Insert(list, g.r.Intn(len(list)+1), v)
		}
		f.SetTexts(p, list)
	case shape.Int32:
		list := slices.Clone(f.Int32s(p))
		for range g.r.Intn(3) {
			list = slices.Insert(list, g.r.Intn(len(list)+1), int32(g.r.Intn(4)))
		}
		f.SetInt32s(p, list)
	case shape.Nested:
		list := slices.Clone(f.Elems(p))
		used := map[string]bool{}
		for _, e := range list {
			key, _ := f.Elem.Key.Text(e)
			used[key] = true
		}
		for n := range g.r.Intn(3) {
			id := idOf(f, n)
			if used[id] {
				continue
			}
			e := f.Elem.New()
			f.Elem.Key.SetText(e, id)
			list = slices.Insert(list, g.r.Intn(len(list)+1), e)
		}
		f.SetElems(p, list)
	}
}

func (g filler) fillMap(f *shape.Field, p unsafe.Pointer) {
	if f.Kind == shape.Text {
		entries := map[string]string{}
		for _, k := range Keys {
			entries[k] = Texts[g.r.Intn(len(Texts))]
		}
		for k, v := range f.TextMap(p) {
			entries[k] = v
		}
		f.SetTextMap(p, entries)
		return
	}
	facts := map[string]*pb.FactValue{}
	for _, d := range g.c.Facts {
		if d.Scope == strings.ToLower(f.Parent.Name) {
			facts[d.Name] = factValue(g.r, d.Type)
		}
	}
	for k, v := range f.FactMap(p) {
		facts[k] = v
	}
	f.SetFactMap(p, facts)
}

// scalar sets a random value by protoreflect, which knows all types.
func (g filler) scalar(f *shape.Field, p unsafe.Pointer) {
	msg := f.Parent.Proto(p).ProtoReflect()
	d := msg.Descriptor().Fields().ByName(protoreflect.Name(f.Name))
	var v protoreflect.Value
	switch f.Kind {
	case shape.Bool:
		v = protoreflect.ValueOfBool(g.r.Intn(2) == 0)
	case shape.Int32:
		v = protoreflect.ValueOfInt32(int32(Ints[g.r.Intn(5)]))
	case shape.Int64:
		v = protoreflect.ValueOfInt64(Ints[g.r.Intn(len(Ints))])
	case shape.Double:
		v = protoreflect.ValueOfFloat64(float64(g.r.Intn(5)) / 2)
	case shape.Text:
		v = protoreflect.ValueOfString(textFor(g.r, f))
	case shape.Time:
		v = protoreflect.ValueOfMessage(timeNear(g.r).ProtoReflect())
	case shape.Duration:
		v = protoreflect.ValueOfMessage(spanNear(g.r).ProtoReflect())
	}
	msg.Set(d, v)
}

// Forget takes one piece of information away, in place: a scalar, a message,
// a map's entry, a whole list, or an element, whose list becomes partial. It
// says whether there was anything to take where it looked.
func Forget(r *rand.Rand, inv *pb.Inventory) bool {
	type piece struct {
		m *shape.Message
		p unsafe.Pointer
	}
	var all []piece
	var walk func(m *shape.Message, p unsafe.Pointer)
	walk = func(m *shape.Message, p unsafe.Pointer) {
		all = append(all, piece{m, p})
		for _, f := range m.Fields {
			if f.Kind != shape.Nested {
				continue
			}
			if f.Card == shape.List {
				for _, e := range f.Elems(p) {
					walk(f.Elem, e)
				}
			} else if sub := f.Nested(p); sub != nil {
				walk(f.Elem, sub)
			}
		}
	}
	walk(inventoryShape, shape.Ptr(inv))
	x := all[r.Intn(len(all))]
	return forget(r, x.m.Fields[r.Intn(len(x.m.Fields))], x.p)
}

func forget(r *rand.Rand, f *shape.Field, p unsafe.Pointer) bool {
	if f.Presence(p) == shape.Absent || f.Card == shape.Key {
		return false
	}
	switch f.Card {
	case shape.Map:
		return forgetEntry(r, f, p)
	case shape.List:
		n := f.Len(p)
		if n > 0 && r.Intn(2) == 0 {
			forgetElement(f, p, r.Intn(n))
			f.MarkPartial(p)
			return true
		}
		f.Clear(p)
		empty, partial := f.Parent.Marks(p)
		without := func(names []string) []string {
			return slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == f.Name })
		}
		f.Parent.SetMarks(p, without(empty), without(partial))
	default:
		f.Clear(p)
	}
	return true
}

func forgetElement(f *shape.Field, p unsafe.Pointer, i int) {
	switch f.Kind {
	case shape.Text:
		f.SetTexts(p, slices.Delete(slices.Clone(f.Texts(p)), i, i+1))
	case shape.Int32:
		f.SetInt32s(p, slices.Delete(slices.Clone(f.Int32s(p)), i, i+1))
	default:
		f.SetElems(p, slices.Delete(slices.Clone(f.Elems(p)), i, i+1))
	}
}

func forgetEntry(r *rand.Rand, f *shape.Field, p unsafe.Pointer) bool {
	var keys []string
	if f.Kind == shape.Text {
		for k := range f.TextMap(p) {
			keys = append(keys, k)
		}
	} else {
		for k := range f.FactMap(p) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	k := keys[r.Intn(len(keys))]
	if f.Kind == shape.Text {
		delete(f.TextMap(p), k)
	} else {
		delete(f.FactMap(p), k)
	}
	return true
}
