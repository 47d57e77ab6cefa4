package guidance

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// MaxBytes bounds a checklist file.
const MaxBytes = 4 << 20

// File is a checklist file that was read. It is immutable and safe for
// concurrent use; nobody may change the checklist.
type File struct {
	Name      string
	Text      []byte // as it was read; nil for a checklist that came as a message
	Checklist *pb.Checklist

	doc *protoyaml.Document // nil for a checklist that came as a message
}

// OfMessage wraps a checklist that came as a message, so that it can be
// linted; its diagnostics have no lines.
func OfMessage(c *pb.Checklist) *File { return &File{Name: c.GetId(), Checklist: c} }

// Place is where the value of a field stands, lines and characters from 1;
// where the file lacks the field, the nearest one around it. It is 0, 0 for a
// checklist that came as a message.
func (f *File) Place(field string) (line, column int) {
	if f.doc == nil {
		return 0, 0
	}
	return f.doc.Place(field)
}

// Locate leads from a line and column within the text of a field, both from
// 1, to the file, also through block, folded and quoted texts.
func (f *File) Locate(field string, line, column int) (fileLine, fileColumn int) {
	if line == 0 || f.doc == nil {
		return f.Place(field)
	}
	return f.doc.Locate(field, line, column)
}

// Parse reads a checklist file. The file is nil if the text is no YAML
// mapping; else it holds all that could be read, and the diagnostics say what
// could not. Parse finds what is wrong with the form; [Lint] finds the rest.
func Parse(name string, data []byte) (*File, []Diagnostic) {
	docs, problems := protoyaml.ParseYAML(data, MaxBytes)
	if len(problems) > 0 {
		return nil, fromProblems(name, problems)
	}
	if len(docs) != 1 {
		return nil, []Diagnostic{{
			File: name, Line: 1, Column: 1, Severity: Error,
			Message: fmt.Sprintf("the file has %d documents; write one checklist, which begins with id:", len(docs)),
		}}
	}
	f := &File{Name: name, Text: data, Checklist: &pb.Checklist{}, doc: docs[0]}
	reader := valueReader{types: parameterTypes(f.doc)}
	found := f.doc.Decode(f.Checklist, protoyaml.Options{
		Places: true, Keyed: true,
		Custom: map[protoreflect.FullName]protoyaml.CustomFunc{"plumbline.v1.Value": reader.value},
	})
	if !f.doc.IsMapping() {
		f = nil
	}
	return f, fromProblems(name, found)
}

// valueReader reads the values of parameters and tables, whose type stands
// elsewhere in the file.
type valueReader struct {
	types map[string]string // of the parameters, by name
}

// parameterTypes reads the types of the parameters ahead of all else, since
// profiles may stand before them.
func parameterTypes(doc *protoyaml.Document) map[string]string {
	types := map[string]string{}
	for _, p := range protoyaml.Elements(doc.Lookup("parameters")) {
		types[protoyaml.TextOf(p, "name")] = protoyaml.TextOf(p, "type")
	}
	return types
}

func (r valueReader) value(v protoyaml.Value) (proto.Message, string) {
	kind := v.Sibling("type")
	if v.Field.Name() == "parameters" { // of a profile
		var known bool
		if kind, known = r.types[v.Key]; !known {
			return nil, r.unknown(v.Key)
		}
	}
	m, wrong := valueOf(v, kind)
	if wrong != "" {
		wrong += fmt.Sprintf(" (the type is %s)", kind)
	}
	return m, wrong
}

func (r valueReader) unknown(name string) string {
	var names []string
	for n := range r.types {
		names = append(names, n)
	}
	if near := protoyaml.Nearest(name, names); near != "" {
		return fmt.Sprintf("is no parameter of this checklist; write %q", near)
	}
	return "is no parameter of this checklist; declare it under parameters"
}

// valueOf reads a value of a declared type. A type that is not known is
// reported where it is declared; here it only ends the reading.
func valueOf(v protoyaml.Value, kind string) (m proto.Message, wrong string) {
	out, n := &pb.Value{}, v.Node
	switch strings.TrimSpace(kind) {
	case "bool":
		b, ok := protoyaml.Bool(n)
		out.Value, wrong = &pb.Value_BoolValue{BoolValue: b}, unless(ok, "write true or false")
	case "int":
		i, ok := protoyaml.Int(n)
		out.Value, wrong = &pb.Value_IntValue{IntValue: i}, unless(ok, "write a whole number")
	case "double":
		d, ok := protoyaml.Double(n)
		out.Value, wrong = &pb.Value_DoubleValue{DoubleValue: d}, unless(ok, "write a number")
	case "string":
		s, ok := protoyaml.Text(n)
		out.Value, wrong = &pb.Value_StringValue{StringValue: s}, unless(ok, "write a text")
	case "duration":
		d, bad := protoyaml.Duration(n)
		out.Value, wrong = &pb.Value_DurationValue{DurationValue: durationpb.New(d)}, bad
	case "timestamp":
		t, bad := protoyaml.Time(n)
		out.Value, wrong = &pb.Value_TimeValue{TimeValue: timestamppb.New(t)}, bad
	case "list(string)":
		l, bad := protoyaml.Texts(n)
		out.Value, wrong = &pb.Value_Strings{Strings: &pb.StringValues{Values: l}}, bad
	case "list(int)":
		l, bad := protoyaml.Ints(n)
		out.Value, wrong = &pb.Value_Ints{Ints: &pb.IntValues{Values: l}}, bad
	default:
		return out, ""
	}
	return out, wrong
}

func unless(ok bool, advice string) string {
	if ok {
		return ""
	}
	return "does not fit; " + advice
}
