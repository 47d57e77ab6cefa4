package intake

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// constraint is what a field's rule in the .proto file says, ready to be
// checked. protovalidate would check the same by reflection, at the price of
// evaluating the whole checklist.
type constraint struct {
	in       []string
	pattern  *regexp.Regexp
	id       bool // the pattern of ids within a system, checked by hand
	min, max int  // bytes of a text; max 0 for none
	ip       bool
	least    int64
	most     int64
	ranged   bool
}

// innerID is the pattern of ids that are unique within a system or host, which
// stand in every element: checked by hand it costs a tenth.
const innerID = "^[^/[:cntrl:]]{1,256}$"

// constraints are the rules of all fields that an inventory reaches.
var constraints = sync.OnceValue(func() map[*shape.Field]*constraint {
	out := map[*shape.Field]*constraint{}
	collect((&pb.Inventory{}).ProtoReflect().Descriptor(), inventoryTable, map[*shape.Message]bool{}, out)
	return out
})

func collect(d protoreflect.MessageDescriptor, t *shape.Message, seen map[*shape.Message]bool, out map[*shape.Field]*constraint) {
	if seen[t] {
		return
	}
	seen[t] = true
	for _, f := range t.Fields {
		fd := d.Fields().ByNumber(protoreflect.FieldNumber(f.Number))
		if rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules); rules != nil {
			if items := rules.GetRepeated().GetItems(); items != nil {
				rules = items
			}
			if c := constraintOf(rules); c != nil {
				out[f] = c
			}
		}
		if f.Kind == shape.Nested {
			collect(fd.Message(), f.Elem, seen, out)
		}
	}
}

// constraintOf reads the kinds of rules that the inventory's protos use. A
// test holds it to all of them.
func constraintOf(r *validate.FieldRules) *constraint {
	switch {
	case r.GetString() != nil:
		s := r.GetString()
		c := &constraint{in: s.GetIn(), min: int(s.GetMinLen()), max: int(s.GetMaxLen()), ip: s.GetIp()}
		switch p := s.GetPattern(); p {
		case "":
		case innerID:
			c.id = true
		default:
			c.pattern = regexp.MustCompile(p)
		}
		return c
	case r.GetInt32() != nil:
		return &constraint{ranged: true, least: int64(r.GetInt32().GetGte()), most: int64(r.GetInt32().GetLte())}
	}
	return nil
}

// constrain checks the value of a field that holds one.
func (c *checker) constrain(f *shape.Field, p unsafe.Pointer) {
	k := c.rules[f]
	if k == nil {
		return
	}
	if f.Kind == shape.Text {
		v, ok := f.Text(p)
		if ok && f.Parent.Key == f && f.Parent.Name != "System" && strings.TrimSpace(v) == "" {
			return // elems has said that an element lacks its key
		}
		if ok {
			c.constrainText(k, v, f.Card == shape.One && isPlaceholder(strings.TrimSpace(v), textureOf(f)))
		}
		return
	}
	if v, ok := f.Int(p); ok && k.ranged && (v < k.least || v > k.most) {
		c.add(OutOfRange, "%d is not between %d and %d", v, k.least, k.most)
	}
}

// constrainText checks one text. A placeholder is about to become absent, so
// it breaks no rule.
func (c *checker) constrainText(k *constraint, v string, placeholder bool) {
	t := strings.TrimSpace(v)
	if placeholder {
		return
	}
	switch {
	case len(k.in) > 0 && !slices.Contains(k.in, t):
		c.add(NotAllowed, "%q is none of: %s", clip(v), strings.Join(k.in, ", "))
	case k.id && !isInnerID(t):
		c.add(NotAllowed, "%q is no id: write 1 to 256 characters without a slash or control characters", clip(v))
	case k.pattern != nil && !k.pattern.MatchString(t):
		c.add(NotAllowed, "%q does not match %s", clip(v), k.pattern)
	case k.max > 0 && len(v) > k.max || len(t) < k.min:
		c.add(OutOfRange, "has %d bytes; %d to %d are allowed", len(v), k.min, k.max)
	case k.ip:
		if _, err := netip.ParseAddr(t); err != nil {
			c.add(NotAllowed, "%q is no IP address", clip(v))
		}
	}
}

// isInnerID is innerID: the pattern counts characters, and so does this.
func isInnerID(s string) bool {
	n := 0
	for _, r := range s {
		if r == '/' || r < 0x20 || r == 0x7f {
			return false
		}
		n++
	}
	return n >= 1 && n <= 256
}

func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:most], len(s))
}
