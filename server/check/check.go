package check

import (
	"errors"
	"fmt"
	"slices"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/server/codec"
	"github.com/plumbline/plumbline/server/fault"
)

// payload are the fields whose content the handlers check, with the reason.
var payload = map[protoreflect.FullName]string{
	"plumbline.v1.SubmitInventoryRequest.inventory": "assess/merge checks inventories by its tables",
	"plumbline.v1.UpsertHostsRequest.hosts":         "assess/merge checks hosts by its tables",
	"plumbline.v1.AssessInventoryRequest.inventory": "assess/merge checks inventories by its tables",
	"plumbline.v1.BatchSubmitRequest.items":         "each item is checked for its own receipt",
}

// Validator validates requests. It is immutable and safe for concurrent use.
type Validator struct {
	rules   protovalidate.Validator
	outline []outline
	options []protovalidate.ValidationOption
}

// outline is what is checked here of a payload field.
type outline struct {
	fd       protoreflect.FieldDescriptor
	required bool
	min, max uint64 // elements; max 0 is any number
}

// New compiles the rules of the message types given and of all that they hold.
// An error is a mistake in a .proto.
func New(types ...protoreflect.MessageDescriptor) (*Validator, error) {
	rules, err := protovalidate.New(
		protovalidate.WithMessageDescriptors(types...),
		protovalidate.WithDisableLazy(), // no locks, and a type that is missing is an error
	)
	if err != nil {
		return nil, fmt.Errorf("validation rules: %w", err)
	}
	v := &Validator{rules: rules}
	for _, d := range types {
		if err := v.addOutlines(d); err != nil {
			return nil, err
		}
	}
	v.options = []protovalidate.ValidationOption{protovalidate.WithFilter(protovalidate.FilterFunc(v.descend))}
	return v, nil
}

// addOutlines looks for payload fields in a type and in what stands in it,
// such as the requests in a batch's item.
func (v *Validator) addOutlines(d protoreflect.MessageDescriptor) error {
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if _, ok := payload[fd.FullName()]; ok && !slices.ContainsFunc(v.outline, func(o outline) bool { return o.fd == fd }) {
			rules, err := protovalidate.ResolveFieldRules(fd)
			if err != nil {
				return fmt.Errorf("validation rules of %s: %w", fd.FullName(), err)
			}
			v.outline = append(v.outline, outlineOf(fd, rules))
		}
		if o := fd.ContainingOneof(); o != nil && fd.Message() != nil && !o.IsSynthetic() {
			if err := v.addOutlines(fd.Message()); err != nil {
				return err
			}
		}
	}
	return nil
}

func outlineOf(fd protoreflect.FieldDescriptor, rules *validate.FieldRules) outline {
	return outline{
		fd: fd, required: rules.GetRequired(),
		min: rules.GetRepeated().GetMinItems(), max: rules.GetRepeated().GetMaxItems(),
	}
}

// descend says whether protovalidate looks at a field.
func (v *Validator) descend(_ protoreflect.Message, d protoreflect.Descriptor) bool {
	for i := range v.outline {
		if d == v.outline[i].fd {
			return false
		}
	}
	return true
}

// Request validates a request, or an item of a batch or stream. The error is
// INVALID_ARGUMENT with a violation for every field that is wrong. Messages
// that are not of this API (health, reflection) have no rules and pass.
func (v *Validator) Request(m proto.Message) error {
	if err := codec.Fault(m); err != nil {
		e := fault.Invalid(fault.Violation{Description: "the message cannot be decoded: " + err.Error(), Reason: "wire"})
		e.Reason = fault.ReasonMalformed
		return e
	}
	if m.ProtoReflect().Descriptor().ParentFile().Package() != "plumbline.v1" {
		return nil
	}
	violations := v.whole(m.ProtoReflect(), "")
	err := v.rules.Validate(m, v.options...)
	var found *protovalidate.ValidationError
	switch {
	case errors.As(err, &found):
		for _, f := range found.Violations {
			violations = append(violations, violation(f))
		}
	case err != nil:
		return err // a rule that cannot be evaluated, which is our mistake
	}
	if len(violations) > 0 {
		return fault.Invalid(violations...)
	}
	return nil
}

func violation(f *protovalidate.Violation) fault.Violation {
	return fault.Violation{
		Field:       protovalidate.FieldPathString(f.Proto.GetField()),
		Description: f.Proto.GetMessage(),
		Reason:      f.Proto.GetRuleId(),
	}
}

// whole checks the payload fields of a message as wholes.
func (v *Validator) whole(m protoreflect.Message, prefix string) []fault.Violation {
	var out []fault.Violation
	for i := range v.outline {
		o := &v.outline[i]
		if o.fd.ContainingMessage() != m.Descriptor() {
			continue
		}
		path := prefix + string(o.fd.Name())
		switch {
		case o.required && !m.Has(o.fd):
			out = append(out, fault.Violation{Field: path, Description: "value is required", Reason: "required"})
		case o.fd.IsList() && uint64(m.Get(o.fd).List().Len()) < o.min:
			out = append(out, fault.Violation{Field: path, Reason: "repeated.min_items",
				Description: fmt.Sprintf("must contain at least %d element(s)", o.min)})
		case o.fd.IsList() && o.max > 0 && uint64(m.Get(o.fd).List().Len()) > o.max:
			out = append(out, fault.Violation{Field: path, Reason: "repeated.max_items",
				Description: fmt.Sprintf("has %d elements and may have %d at most; send several requests", m.Get(o.fd).List().Len(), o.max)})
		}
	}
	if oneof := m.Descriptor().Oneofs(); oneof.Len() > 0 && !oneof.Get(0).IsSynthetic() {
		if fd := m.WhichOneof(oneof.Get(0)); fd != nil && fd.Message() != nil {
			out = append(out, v.whole(m.Get(fd).Message(), prefix+string(fd.Name())+".")...)
		}
	}
	return out
}
