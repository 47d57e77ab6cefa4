package inventorytest

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Config says what inventories to make. The zero Config makes small ones of
// which much is not reported.
type Config struct {
	// Hosts is the greatest number of hosts; 4 where zero.
	Hosts int
	// Elements is the greatest number of elements of any other list; 3 where zero.
	Elements int
	// Full makes everything reported: every scalar is present, every list whole
	// or empty.
	Full bool
	// Facts are the declared facts that messages of their scope may carry; some
	// of every type where nil. One without a scope fits everywhere.
	Facts []*pb.FactDeclaration
	// Texts are values of text fields, by "Message.field" or field name, and of
	// the keys of maps, by "settings" and "labels", before the built-in ones.
	Texts map[string][]string
}

// most is how many elements a list has at most.
func (c Config) most() int {
	if c.Elements == 0 {
		return 3
	}
	return c.Elements
}

// hostIDs are the ids that hosts may have, in order.
func (c Config) hostIDs() []string {
	n := c.Hosts
	if n == 0 {
		n = 4
	}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("h%d", i+1)
	}
	slices.Sort(ids)
	return ids
}

// Inventory makes inventories of the system "s1".
func (c Config) Inventory() *rapid.Generator[*pb.Inventory] {
	return rapid.Custom(func(t *rapid.T) *pb.Inventory {
		inv := &pb.Inventory{}
		c.fill(t, inv.ProtoReflect())
		inv.System = c.System().Draw(t, "system")
		return inv
	})
}

// System makes systems with the id "s1".
func (c Config) System() *rapid.Generator[*pb.System] {
	return rapid.Custom(func(t *rapid.T) *pb.System {
		s := &pb.System{Id: "s1"}
		c.fill(t, s.ProtoReflect())
		return s
	})
}

// Host makes hosts with the id "h1".
func (c Config) Host() *rapid.Generator[*pb.Host] {
	return rapid.Custom(func(t *rapid.T) *pb.Host {
		h := &pb.Host{Id: "h1"}
		c.fill(t, h.ProtoReflect())
		return h
	})
}

// isMark says whether a field describes lists.
func isMark(fd protoreflect.FieldDescriptor) bool {
	return fd.Number() == emptyNumber || fd.Number() == partialNumber
}

const (
	emptyNumber   = 101 // reported_empty
	partialNumber = 102 // partial
)

// isKey says whether a field is the key of its message.
func isKey(fd protoreflect.FieldDescriptor) bool {
	return fd.Number() == 1 && fd.Kind() == protoreflect.StringKind && !fd.HasPresence() && !fd.IsList()
}

// fill draws all fields but the key. How much is present is drawn once a
// message, so that rich and poor messages both are common.
func (c Config) fill(t *rapid.T, m protoreflect.Message) {
	percent := 100
	if !c.Full {
		percent = rapid.SampledFrom([]int{15, 50, 90}).Draw(t, "percent")
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case isMark(fd) || isKey(fd):
		case !c.Full && rapid.IntRange(1, 100).Draw(t, string(fd.Name())) > percent:
		case fd.IsMap():
			c.fillMap(t, m, fd)
		case fd.IsList():
			c.fillList(t, m, fd)
		default:
			m.Set(fd, c.value(t, m, fd))
		}
	}
}

// fillList draws a list that is reported: empty, partial or whole.
func (c Config) fillList(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	state := rapid.SampledFrom([]string{"whole", "whole", "empty", "partial"}).Draw(t, "state of "+string(fd.Name()))
	if c.Full && state == "partial" {
		state = "whole"
	}
	n := 0
	none := state == "empty" || state == "partial" && rapid.Bool().Draw(t, "no element known")
	if !none {
		n = c.elements(t, m, fd)
	}
	switch {
	case state == "partial":
		mark(m, partialNumber, fd.Name())
	case n == 0:
		mark(m, emptyNumber, fd.Name())
	}
}

// mark names a list in reported_empty or partial.
func mark(m protoreflect.Message, number protoreflect.FieldNumber, name protoreflect.Name) {
	names := marks(m, number)
	names = append(names, string(name))
	slices.Sort(names)
	setMarks(m, number, slices.Compact(names))
}

// marks are the names in reported_empty or partial.
func marks(m protoreflect.Message, number protoreflect.FieldNumber) (names []string) {
	list := m.Get(m.Descriptor().Fields().ByNumber(number)).List()
	for i := range list.Len() {
		names = append(names, list.Get(i).String())
	}
	return names
}

// setMarks replaces them.
func setMarks(m protoreflect.Message, number protoreflect.FieldNumber, names []string) {
	fd := m.Descriptor().Fields().ByNumber(number)
	m.Clear(fd)
	list := m.Mutable(fd).List()
	for _, n := range names {
		list.Append(protoreflect.ValueOfString(n))
	}
}

// elements fills a list and returns how many it has.
func (c Config) elements(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor) int {
	list := m.Mutable(fd).List()
	if fd.Kind() == protoreflect.Int32Kind {
		for _, v := range subset(t, intsOf(fd), c.most()) {
			list.Append(protoreflect.ValueOfInt32(int32(v)))
		}
		return list.Len()
	}
	if fd.Kind() == protoreflect.StringKind {
		pool := slices.Clone(c.textsOf(fd))
		slices.Sort(pool)
		for _, s := range subset(t, pool, c.most()) {
			list.Append(protoreflect.ValueOfString(s))
		}
		return list.Len()
	}
	key := fd.Message().Fields().ByNumber(1)
	pool, most := slices.Clone(c.textsOf(key)), c.most()
	if fd.Message().Name() == "Host" {
		pool = c.hostIDs()
		most = len(pool)
	}
	slices.Sort(pool)
	for _, id := range subset(t, pool, most) {
		el := list.NewElement()
		el.Message().Set(key, protoreflect.ValueOfString(id))
		c.fill(t, el.Message())
		list.Append(el)
	}
	return list.Len()
}

// subset draws at least one and at most so many of a pool, in the pool's order.
func subset[T any](t *rapid.T, pool []T, most int) []T {
	n := rapid.IntRange(1, min(most, len(pool))).Draw(t, "n")
	start := rapid.IntRange(0, len(pool)-1).Draw(t, "start")
	taken := make([]bool, len(pool))
	for i := range n {
		taken[(start+i)%len(pool)] = true
	}
	var out []T
	for i, ok := range taken {
		if ok {
			out = append(out, pool[i])
		}
	}
	return out
}

// fillMap draws a map. An entry is there or not: a map has no other presence.
func (c Config) fillMap(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	entries := m.Mutable(fd).Map()
	if fd.MapValue().Kind() == protoreflect.MessageKind {
		for _, f := range c.facts(m) {
			if c.Full || rapid.Bool().Draw(t, "has "+f.Name) {
				v := c.fact(t, f.Type)
				entries.Set(protoreflect.ValueOfString(f.Name).MapKey(), protoreflect.ValueOfMessage(v.ProtoReflect()))
			}
		}
		return
	}
	keys := c.Texts[string(fd.Name())]
	if keys == nil {
		keys = []string{"a/b", "env", "tier"}
	}
	for _, k := range keys {
		if c.Full || rapid.Bool().Draw(t, "has "+k) {
			v := rapid.SampledFrom([]string{"0", "1", "x"}).Draw(t, k)
			entries.Set(protoreflect.ValueOfString(k).MapKey(), protoreflect.ValueOfString(v))
		}
	}
}

// facts are those that a message may carry.
func (c Config) facts(m protoreflect.Message) (out []*pb.FactDeclaration) {
	all := c.Facts
	if all == nil {
		all = anyFacts
	}
	scope := scopes[m.Descriptor().Name()]
	for _, f := range all {
		if f.Scope == "" || f.Scope == scope {
			out = append(out, f)
		}
	}
	return out
}

// value draws a value for a field that is present.
func (c Config) value(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor) protoreflect.Value {
	name := string(fd.Name())
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, name))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(rapid.SampledFrom(intsOf(fd)).Draw(t, name)))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.SampledFrom(intsOf(fd)).Draw(t, name))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(double(t))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.SampledFrom(c.textsOf(fd)).Draw(t, name))
	case protoreflect.MessageKind:
		switch fd.Message().FullName() {
		case "google.protobuf.Timestamp":
			return protoreflect.ValueOfMessage(instant(t).ProtoReflect())
		case "google.protobuf.Duration":
			return protoreflect.ValueOfMessage(span(t).ProtoReflect())
		}
		sub := m.NewField(fd).Message()
		c.fill(t, sub)
		return protoreflect.ValueOfMessage(sub)
	}
	panic("inventorytest: no values for " + string(fd.FullName()))
}

// double draws a number that arithmetic does not round.
func double(t *rapid.T) float64 {
	return rapid.SampledFrom([]float64{0, 0.5, 1, 99.9, -3}).Draw(t, "double")
}

// instant is one near Base, mostly of whole days, sometimes with microseconds.
func instant(t *rapid.T) *timestamppb.Timestamp {
	at := Base.AddDate(0, 0, rapid.IntRange(-500, 500).Draw(t, "day"))
	at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 86399999999}).Draw(t, "micros")) * time.Microsecond)
	return timestamppb.New(at)
}

// span draws a span, the shortest that is counted among them.
func span(t *rapid.T) *durationpb.Duration {
	return durationpb.New(rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Hour, 180 * 24 * time.Hour}).Draw(t, "span"))
}

// fact draws a declared fact's value of the type that a checklist declares.
func (c Config) fact(t *rapid.T, typ string) *pb.FactValue {
	switch typ {
	case "bool":
		return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: rapid.Bool().Draw(t, "bool")}}
	case "int":
		return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: rapid.Int64Range(-2, 20).Draw(t, "int")}}
	case "double":
		return &pb.FactValue{Value: &pb.FactValue_DoubleValue{DoubleValue: double(t)}}
	case "timestamp":
		return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: instant(t)}}
	case "duration":
		return &pb.FactValue{Value: &pb.FactValue_DurationValue{DurationValue: span(t)}}
	case "list(string)":
		list := &pb.StringList{}
		if rapid.Bool().Draw(t, "filled") {
			list.Values = subset(t, anyText, 2)
		}
		return &pb.FactValue{Value: &pb.FactValue_StringList{StringList: list}}
	}
	return &pb.FactValue{Value: &pb.FactValue_StringValue{StringValue: rapid.SampledFrom(anyText).Draw(t, "text")}}
}
