package intake

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// MaxViolations is how many violations one answer has at most: who sends 10,000
// hosts with the same fault needs to see it once.
const MaxViolations = 100

// Validate says what is wrong with an inventory: by the constraints in the
// .proto files, and beyond them. Positions are those of the inventory as it stands. Keys
// count as Normalize writes them, so that " a" duplicates "a".
func Validate(inv *pb.Inventory) []Violation {
	c := &checker{path: make([]place, 0, 8), rules: constraints()} // deeper than the model is nested
	c.message(inventoryTable, shape.Ptr(inv))
	return c.found
}

// place is one step of the path to what is being checked.
type place struct {
	name  string
	index int    // of a list's element; -1 for none
	key   string // of a map's entry
}

// checker walks an inventory. It keeps the path as a stack, a place for each
// message it is in, and writes it out only for a violation.
type checker struct {
	path  []place
	found []Violation
	rules map[*shape.Field]*constraint
}

// here is the top of the stack: the field of the innermost message.
func (c *checker) here() *place { return &c.path[len(c.path)-1] }

// where is the path as protovalidate writes paths, so that a client sees one
// form whatever found the fault.
func (c *checker) where() string {
	var b strings.Builder
	for i, p := range c.path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(p.name)
		switch {
		case p.key != "":
			fmt.Fprintf(&b, "[%q]", p.key)
		case p.index >= 0:
			fmt.Fprintf(&b, "[%d]", p.index)
		}
	}
	return b.String()
}

// add notes a violation of what stands at the top of the stack.
func (c *checker) add(reason, format string, args ...any) {
	if len(c.found) < MaxViolations {
		c.found = append(c.found, Violation{c.where(), reason, fmt.Sprintf(format, args...)})
	}
}

// message checks a message and all below it.
func (c *checker) message(t *shape.Message, p unsafe.Pointer) {
	c.path = append(c.path, place{})
	for _, f := range t.Fields {
		*c.here() = place{name: f.Name, index: -1}
		switch f.Card {
		case shape.Key, shape.One:
			c.single(f, p)
		case shape.List:
			c.list(f, p)
		case shape.Map:
			c.mapping(f, p)
		}
	}
	c.marks(t, p)
	c.path = c.path[:len(c.path)-1]
}

// single checks a field that holds one value.
func (c *checker) single(f *shape.Field, p unsafe.Pointer) {
	c.constrain(f, p)
	switch f.Kind {
	case shape.Text:
		v, _ := f.Text(p)
		c.text(v)
	case shape.Time:
		c.time(f.Timestamp(p))
	case shape.Duration:
		c.span(f.Span(p))
	case shape.Double:
		v, _ := f.Double(p)
		c.finite(v)
	case shape.Nested:
		if sub := f.Nested(p); sub != nil {
			c.message(f.Elem, sub)
		}
	}
}

// text checks a text. Protobuf's decoder refuses bad UTF-8 too; who builds
// messages otherwise meets it here.
func (c *checker) text(s string) {
	if !utf8.ValidString(s) {
		c.add(InvalidUTF8, "the text is not valid UTF-8")
	}
}

// The instants from year 1 to year 9999, which is what RFC 3339 can write.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
	// mostSeconds is what protobuf allows a Duration, about 10,000 years.
	mostSeconds = 315576000000
)

// time checks an instant against what can be written and counted.
func (c *checker) time(t *timestamppb.Timestamp) {
	if t == nil {
		return
	}
	if t.Seconds < firstSecond || t.Seconds > lastSecond || t.Nanos < 0 || t.Nanos >= 1e9 {
		c.add(OutOfRange, "an instant must lie in the years 1 to 9999")
	}
}

// span checks a span by the rules of google.protobuf.Duration.
func (c *checker) span(d *durationpb.Duration) {
	if d == nil {
		return
	}
	mixed := d.Seconds > 0 && d.Nanos < 0 || d.Seconds < 0 && d.Nanos > 0
	if d.Seconds < -mostSeconds || d.Seconds > mostSeconds || d.Nanos <= -1e9 || d.Nanos >= 1e9 || mixed {
		c.add(OutOfRange, "a duration must lie within 10,000 years, seconds and nanos with one sign")
	}
}

// finite refuses what no comparison of a rule could decide.
func (c *checker) finite(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		c.add(NotFinite, "the number must be finite")
	}
}

// list checks a list's elements.
func (c *checker) list(f *shape.Field, p unsafe.Pointer) {
	switch f.Kind {
	case shape.Text:
		for i, s := range f.Texts(p) {
			c.here().index = i
			c.text(s)
			if k := c.rules[f]; k != nil {
				c.constrainText(k, s, false)
			}
		}
	case shape.Nested:
		c.elems(f, f.Elems(p))
	}
}

// elems checks a keyed list. A list that is sorted, as most are, needs no table
// of its keys.
func (c *checker) elems(f *shape.Field, list []unsafe.Pointer) {
	var seen map[string]int
	last := ""
	for i, el := range list {
		c.here().index = i
		if el == nil {
			c.add(MissingElement, "an element of %s is null", f.Name)
			continue
		}
		key := keyOf(f, el)
		switch {
		case key == "":
			c.onKey(f, EmptyKey, "every element of %s needs its %s", f.Name, f.Elem.Key.Name)
		case key <= last || seen != nil:
			if seen == nil {
				seen = firstOf(f, list[:i])
			}
			if first, ok := seen[key]; ok {
				c.duplicate(f, i, first, key)
			} else {
				seen[key] = i
			}
		}
		last = key
		c.message(f.Elem, el)
	}
}

// keyOf is an element's key as Normalize will write it.
func keyOf(f *shape.Field, el unsafe.Pointer) string {
	key, _ := f.Elem.Key.Text(el)
	return canonicalKey(f.Elem.Key, key)
}

// firstOf maps keys to the first element that has each.
func firstOf(f *shape.Field, list []unsafe.Pointer) map[string]int {
	seen := make(map[string]int, 2*len(list))
	for i, el := range slices.Backward(list) {
		if el != nil {
			seen[keyOf(f, el)] = i
		}
	}
	return seen
}

// onKey adds a violation of the key of the element at hand.
func (c *checker) onKey(f *shape.Field, reason, format string, args ...any) {
	c.path = append(c.path, place{name: f.Elem.Key.Name, index: -1})
	c.add(reason, format, args...)
	c.path = c.path[:len(c.path)-1]
}

// duplicate names both places, since the sender must choose between them.
func (c *checker) duplicate(f *shape.Field, i, first int, key string) {
	name := f.Elem.Key.Name
	c.here().index = first
	other := c.where() + "." + name
	c.here().index = i
	c.onKey(f, DuplicateKey, "%s.%s duplicates %s (%q)", c.where(), name, other, key)
}

// mapping checks a map's keys and values.
func (c *checker) mapping(f *shape.Field, p unsafe.Pointer) {
	start := len(c.found)
	if f.Kind == shape.Fact {
		for key, v := range f.FactMap(p) {
			c.key(f, key)
			c.fact(v)
		}
	} else {
		for key, v := range f.TextMap(p) {
			c.key(f, key)
			c.text(v)
		}
	}
	// A map has no order; the answer has one.
	slices.SortFunc(c.found[start:], func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Reason, b.Reason))
	})
}

// key checks a map's key, which is part of the path from here on.
func (c *checker) key(f *shape.Field, key string) {
	c.here().key = key
	if strings.TrimSpace(key) == "" {
		c.add(EmptyKey, "every entry of %s needs a key", f.Name)
	}
	c.text(key)
}

// fact checks a declared fact's value. A fact without one is neither known nor
// left out.
func (c *checker) fact(v *pb.FactValue) {
	missing := false
	switch v := v.GetValue().(type) {
	case nil:
		missing = true
	case *pb.FactValue_DoubleValue:
		c.finite(v.DoubleValue)
	case *pb.FactValue_StringValue:
		c.text(v.StringValue)
	case *pb.FactValue_TimeValue:
		missing = v.TimeValue == nil
		c.time(v.TimeValue)
	case *pb.FactValue_DurationValue:
		missing = v.DurationValue == nil
		c.span(v.DurationValue)
	case *pb.FactValue_StringList:
		missing = v.StringList == nil
		for _, s := range v.StringList.GetValues() {
			c.text(s)
		}
	}
	if missing {
		c.add(NoValue, "a declared fact needs a value; leave it out where it is not known")
	}
}

// marks checks reported_empty and partial of the message at p.
func (c *checker) marks(t *shape.Message, p unsafe.Pointer) {
	empty, partial := t.Marks(p)
	for i, name := range empty {
		*c.here() = place{name: "reported_empty", index: i}
		if f := c.listNamed(t, name); f != nil && f.Len(p) > 0 {
			c.add(NotEmpty, "%s is reported empty but has elements (%d)", name, f.Len(p))
		}
		if slices.Contains(partial, name) {
			c.add(Contradiction, "%s is reported both empty and partial", name)
		}
	}
	for i, name := range partial {
		*c.here() = place{name: "partial", index: i}
		c.listNamed(t, name)
	}
}

// listNamed is the list that a mark names, or nil where it names none.
func (c *checker) listNamed(t *shape.Message, name string) *shape.Field {
	f := t.Field(name)
	switch {
	case f == nil:
		c.add(UnknownList, "%s has no list %q", t.Name, name)
		return nil
	case f.Card != shape.List:
		c.add(UnknownList, "%s of %s is no list", name, t.Name)
		return nil
	}
	return f
}
