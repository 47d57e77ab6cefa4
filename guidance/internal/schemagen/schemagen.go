package schemagen

import (
	"bytes"
	"encoding/json"
	"io/fs"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/guidance/protoyaml"
)

// schema is one JSON Schema. Maps marshal with sorted keys, so the same
// descriptors give the same bytes.
type schema map[string]any

// Generate makes the schema of a message type, with all that it refers to.
// protos is a folder with the .proto files that define it.
func Generate(root proto.Message, title string, protos fs.FS) ([]byte, error) {
	comments, err := readComments(protos)
	if err != nil {
		return nil, err
	}
	g := &generator{comments: comments, definitions: schema{}}
	d := root.ProtoReflect().Descriptor()
	g.message(d)
	out := schema{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"title":       title,
		"$ref":        "#/definitions/" + string(d.Name()),
		"definitions": g.definitions,
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(out)
	return b.Bytes(), err
}

type generator struct {
	comments    map[string]string // by "Message" and "Message.field"
	definitions schema
}

// plain are the messages that files write as plain values.
var plain = map[protoreflect.FullName]schema{
	"google.protobuf.Timestamp": {"type": "string", "description": "An instant, such as 2026-05-02T10:00:00Z, or a date, which means its midnight UTC."},
	"google.protobuf.Duration":  {"type": "string", "description": "A span of time, such as 90d, 12h30m or P90D."},
	"plumbline.v1.Value": {"description": "A value of the declared type.", "anyOf": []schema{
		{"type": []string{"boolean", "number", "string"}},
		{"type": "array", "items": schema{"type": []string{"number", "string"}}},
	}},
}

// message defines a message type, once.
func (g *generator) message(d protoreflect.MessageDescriptor) schema {
	if s, ok := plain[d.FullName()]; ok {
		return s
	}
	name := string(d.Name())
	ref := schema{"$ref": "#/definitions/" + name}
	if _, done := g.definitions[name]; done {
		return ref
	}
	s := schema{"type": "object", "additionalProperties": false}
	g.definitions[name] = s // before its fields, which may refer to it
	if c := g.comments[name]; c != "" {
		s["description"] = c
	}
	properties, required := schema{}, []string{}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		properties[string(fd.Name())] = g.field(fd)
		if protoyaml.Required(fd) {
			required = append(required, string(fd.Name()))
		}
	}
	s["properties"] = properties
	if len(required) > 0 {
		s["required"] = required
	}
	if name == "FactValue" { // a plain value, or the type said outright
		g.definitions[name] = schema{"anyOf": []schema{
			{"type": []string{"boolean", "number", "string"}},
			{"type": "array", "items": schema{"type": "string"}},
			s,
		}}
	}
	return ref
}

// field is the schema of one field. Null stands for what is not known.
func (g *generator) field(fd protoreflect.FieldDescriptor) schema {
	var s schema
	switch {
	case fd.IsMap():
		s = schema{"type": []string{"object", "null"}, "additionalProperties": g.value(fd.MapValue())}
	case fd.IsList():
		s = schema{"type": []string{"array", "null"}, "items": g.value(fd)}
		if n := protoyaml.Rules(fd).GetRepeated().GetMinItems(); n > 0 {
			s["minItems"] = n
		}
	default:
		s = g.value(fd)
	}
	if c := g.comments[string(fd.Parent().Name())+"."+string(fd.Name())]; c != "" {
		if _, isRef := s["$ref"]; isRef { // draft 7 ignores what stands beside a $ref
			return schema{"description": c, "allOf": []schema{s}}
		}
		s["description"] = c
	}
	return s
}

// value is the schema of a value, or of an element of a list or a map.
func (g *generator) value(fd protoreflect.FieldDescriptor) schema {
	if fd.Message() != nil {
		return copyOf(g.message(fd.Message()))
	}
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return schema{"type": []string{"boolean", "null"}}
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return g.integer(fd)
	case protoreflect.DoubleKind:
		return schema{"type": []string{"number", "null"}}
	}
	if words := protoyaml.Words(fd); len(words) > 0 {
		return schema{"enum": words}
	}
	s := schema{"type": []string{"string", "number", "boolean", "null"}}
	if p := protoyaml.Rules(fd).GetString().GetPattern(); p != "" && !fd.IsList() && !isPOSIX(p) {
		return schema{"type": []string{"string", "number"}, "pattern": p}
	}
	return s
}

func (g *generator) integer(fd protoreflect.FieldDescriptor) schema {
	s := schema{"type": []string{"integer", "null"}}
	if r := protoyaml.Rules(fd).GetInt32(); r != nil {
		if r.HasGte() {
			s["minimum"] = r.GetGte()
		}
		if r.HasLte() {
			s["maximum"] = r.GetLte()
		}
	}
	return s
}

// isPOSIX tells whether a pattern names a POSIX class, which ECMAScript's
// patterns do not know.
func isPOSIX(pattern string) bool { return bytes.Contains([]byte(pattern), []byte("[:")) }

func copyOf(s schema) schema {
	out := schema{}
	for k, v := range s {
		out[k] = v
	}
	return out
}
