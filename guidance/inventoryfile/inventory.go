package inventoryfile

import (
	"bytes"
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// MaxBytes bounds one document: a YAML or JSON file, or one line of JSON
// Lines. What is larger is sent in parts.
const MaxBytes = 32 << 20

// Inventory reads one inventory from YAML or JSON; the name, of which only
// the ending counts, tells which. The inventory is nil if there is a problem.
func Inventory(name string, data []byte) (*pb.Inventory, []protoyaml.Problem) {
	docs, problems := parse(name, data)
	if len(problems) > 0 {
		return nil, problems
	}
	if len(docs) != 1 {
		return nil, []protoyaml.Problem{{Line: 1, Column: 1, Message: "the file has no document or more than one; write one inventory"}}
	}
	inv := &pb.Inventory{}
	if problems := Decode(docs[0], inv); len(problems) > 0 {
		return nil, problems
	}
	return inv, nil
}

// isJSON tells whether a file is JSON: by its name, or, where the name says
// nothing, by how it begins.
func isJSON(name string, data []byte) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return true
	case ".yaml", ".yml":
		return false
	}
	data = bytes.TrimLeft(data, " \t\r\n")
	return bytes.HasPrefix(data, []byte("{\"")) || bytes.HasPrefix(data, []byte("{\n"))
}

func parse(name string, data []byte) ([]*protoyaml.Document, []protoyaml.Problem) {
	if !isJSON(name, data) {
		return protoyaml.ParseYAML(data, MaxBytes)
	}
	doc, problems := protoyaml.ParseJSON(data, MaxBytes)
	if doc == nil {
		return nil, problems
	}
	return []*protoyaml.Document{doc}, problems
}

// Decode reads a document into an inventory, or a message that holds
// inventories or hosts, and checks the constraints of the model.
func Decode(doc *protoyaml.Document, m proto.Message) []protoyaml.Problem {
	if problems := doc.Decode(m, protoyaml.Options{Keyed: true}); len(problems) > 0 {
		return problems
	}
	violations := Violations(m)
	if len(violations) == 0 {
		return nil
	}
	// Places are kept only where they are needed, at the price of reading twice.
	doc.Decode(m.ProtoReflect().New().Interface(), protoyaml.Options{Keyed: true, Places: true})
	for i := range violations {
		v := &violations[i]
		v.Line, v.Column = doc.Place(v.Field)
	}
	slices.SortStableFunc(violations, func(a, b protoyaml.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return violations
}

// Violations holds a message against the constraints of its .proto; the
// problems have no place.
func Violations(m proto.Message) []protoyaml.Problem {
	err := protovalidate.Validate(m)
	var invalid *protovalidate.ValidationError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &invalid):
		return []protoyaml.Problem{{Message: err.Error()}}
	}
	var out []protoyaml.Problem
	for _, v := range invalid.Violations {
		p := protoyaml.Problem{Field: protovalidate.FieldPathString(v.Proto.GetField()), Message: v.Proto.GetMessage()}
		if pattern, ok := v.RuleValue.Interface().(string); ok && v.Proto.GetRuleId() == "string.pattern" {
			p.Message = "does not fit; write " + protoyaml.PatternWords(pattern)
		}
		out = append(out, p)
	}
	return out
}
