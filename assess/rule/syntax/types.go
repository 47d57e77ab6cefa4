package syntax

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Kind says what a value is.
type Kind uint8

// The kinds. A Map stands for a message's map field or a table until it is
// looked into; no value is one.
const (
	Bool Kind = iota + 1
	Int
	Double
	Text
	Time
	Duration
	Message
	List
	Map
)

// Type is a value's type.
type Type struct {
	Kind Kind
	Elem *Type          // of a List, or of a Map's values
	Msg  *shape.Message // of a Message
}

// The scalar types.
var (
	BoolType     = &Type{Kind: Bool}
	IntType      = &Type{Kind: Int}
	DoubleType   = &Type{Kind: Double}
	TextType     = &Type{Kind: Text}
	TimeType     = &Type{Kind: Time}
	DurationType = &Type{Kind: Duration}
)

// TypeNamed returns the type that a checklist writes as name, or nil.
func TypeNamed(name string) *Type {
	switch name {
	case "bool":
		return BoolType
	case "int":
		return IntType
	case "double":
		return DoubleType
	case "string":
		return TextType
	case "timestamp":
		return TimeType
	case "duration":
		return DurationType
	case "list(string)":
		return &Type{Kind: List, Elem: TextType}
	case "list(int)":
		return &Type{Kind: List, Elem: IntType}
	}
	return nil
}

// Scalar tells whether values of the type can be compared and shown.
func (t *Type) Scalar() bool { return t.Kind < Message }

// String is the type as CEL writes it.
func (t *Type) String() string {
	switch t.Kind {
	case Message:
		return t.Msg.Name
	case List:
		return "list(" + t.Elem.String() + ")"
	case Map:
		return "map(string, " + t.Elem.String() + ")"
	case Time:
		return "timestamp"
	case Duration:
		return "duration"
	}
	return t.cel().String()
}

// cel is the type as cel-go has it.
func (t *Type) cel() *cel.Type {
	switch t.Kind {
	case Bool:
		return cel.BoolType
	case Int:
		return cel.IntType
	case Double:
		return cel.DoubleType
	case Text:
		return cel.StringType
	case Time:
		return cel.TimestampType
	case Duration:
		return cel.DurationType
	case Message:
		return cel.ObjectType(messagePrefix + t.Msg.Name)
	case List:
		return cel.ListType(t.Elem.cel())
	}
	return cel.MapType(cel.StringType, t.Elem.cel())
}

const messagePrefix = "plumbline.v1."

// messages are the inventory's message types by name.
var messages = func() map[string]*shape.Message {
	all := map[string]*shape.Message{}
	var add func(m *shape.Message)
	add = func(m *shape.Message) {
		if all[m.Name] != nil {
			return
		}
		all[m.Name] = m
		for _, f := range m.Fields {
			if f.Elem != nil {
				add(f.Elem)
			}
		}
	}
	add(shape.Of((*pb.Inventory)(nil)))
	return all
}()

// MessageNamed returns the inventory's message type of that name, or nil.
func MessageNamed(name string) *shape.Message { return messages[name] }

// typeOf translates a checked type. Where it has no counterpart, refusal says
// why not and what to do instead.
func typeOf(t *cel.Type) (out *Type, refusal string) {
	switch t.Kind() {
	case types.BoolKind:
		return BoolType, ""
	case types.IntKind:
		return IntType, ""
	case types.DoubleKind:
		return DoubleType, ""
	case types.StringKind:
		return TextType, ""
	case types.TimestampKind:
		return TimeType, ""
	case types.DurationKind:
		return DurationType, ""
	case types.ListKind:
		return listTypeOf(t)
	case types.MapKind:
		elem, refusal := typeOf(t.Parameters()[1])
		if refusal != "" {
			return nil, refusal
		}
		return &Type{Kind: Map, Elem: elem}, ""
	case types.StructKind:
		if m := messages[strings.TrimPrefix(t.TypeName(), messagePrefix)]; m != nil {
			return &Type{Kind: Message, Msg: m}, ""
		}
		if t.TypeName() == messagePrefix+"FactValue" {
			return nil, `facts are read by name and type: write x.boolFact("name"), intFact, doubleFact, stringFact, timeFact, durationFact or listFact`
		}
		return nil, "no rule can hold a " + t.TypeName()
	}
	return nil, refusedKind(t)
}

// listTypeOf translates a list's type. Lists of lists are left out: every
// closure would have to be there once more for them, and nested comprehensions
// say the same.
func listTypeOf(t *cel.Type) (*Type, string) {
	elem, refusal := typeOf(t.Parameters()[0])
	switch {
	case refusal != "":
		if k := t.Parameters()[0].Kind(); k == types.DynKind || k == types.TypeParamKind {
			return nil, "the type of this list's elements is open; compare it with a list that has one, or write the elements"
		}
		return nil, refusal
	case elem.Kind == List || elem.Kind == Map:
		return nil, "lists of lists are not supported; nest all or exists instead: xs.exists(x, x.ys.exists(y, …))"
	}
	return &Type{Kind: List, Elem: elem}, ""
}

// refusedKind says why a type has no counterpart.
func refusedKind(t *cel.Type) string {
	switch t.Kind() {
	case types.UintKind:
		return "unsigned numbers are not supported, no fact is one; write the number without u"
	case types.BytesKind:
		return "bytes are not supported, no fact is one; write a string"
	case types.NullTypeKind:
		return "null is not supported: what is not reported is unknown, and a rule cannot ask for it; remove the comparison"
	case types.TypeKind:
		return "types are no values here; every expression's type is known when the checklist is published"
	case types.OpaqueKind:
		return "optional values are not supported: what is not reported is unknown, and a rule cannot ask for it; read the field plainly"
	}
	return "dynamic types are not supported; write an expression whose type is known"
}
