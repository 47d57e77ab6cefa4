package syntax

import (
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/shape"
)

// allowed are the only values that a text field, or an element of a list of
// texts, can have by the model's validation rules; nil where any can stand.
func allowed(f *shape.Field) []string {
	d := f.Parent.Proto(f.Parent.New()).ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(f.Name))
	rules, ok := proto.GetExtension(d.Options(), validate.E_Field).(*validate.FieldRules)
	if !ok {
		return nil
	}
	if f.Card == shape.List {
		rules = rules.GetRepeated().GetItems()
	}
	return rules.GetString().GetIn()
}

// fieldOf is the text field, or the list of texts, that the node's value is
// read from.
func (l *lowerer) fieldOf(n *Node) *shape.Field {
	switch n.Op {
	case Field:
		return n.Steps[len(n.Steps)-1]
	case Var:
		for _, v := range l.locals {
			if v.slot == n.Slot {
				return v.of
			}
		}
	}
	return nil
}

// lintEqual guards against a misspelt constant: comparing a field with a value
// that it can never have is legal, and surely wrong.
func (l *lowerer) lintEqual(value, constant *Node) {
	if constant.Op != Const {
		return
	}
	switch constant.Type.Kind {
	case Text:
		l.lint(value, constant.Pos, constant.Lit.S)
	case List:
		l.lint(value, constant.Pos, constant.Lit.Ss...)
	}
}

// lintIn is the same for "in": a field in constants, or a constant in a list.
func (l *lowerer) lintIn(elem, list *Node) {
	l.lintEqual(elem, list)
	if elem.Op == Const && elem.Type.Kind == Text {
		l.lint(list, elem.Pos, elem.Lit.S)
	}
}

func (l *lowerer) lint(value *Node, pos Pos, constants ...string) {
	f := l.fieldOf(value)
	if f == nil || f.Kind != shape.Text {
		return
	}
	in := allowed(f)
	for _, c := range constants {
		if in != nil && !slices.Contains(in, c) {
			l.at(pos, "%s.%s is never %q; it is one of %s", f.Parent.Name, f.Name, c, strings.Join(in, ", "))
		}
	}
}
