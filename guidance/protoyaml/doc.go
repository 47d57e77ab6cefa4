// Package protoyaml reads YAML and JSON files that people write into protobuf
// messages, and says line, column and what to write instead wherever a file
// is wrong.
//
// It exists since neither of the usual ways serves: protojson knows no
// positions and no YAML, and a YAML library knows no protobuf. Both also lose
// the difference between a list that is empty and one that is not reported,
// on which the inventory model rests.
//
// The tour: [ParseYAML] and [ParseJSON] make [Document]s (yaml.go, json.go);
// [Document.Decode] walks one into a message (decode.go, scalar.go) and checks
// as it goes what a constraint in the .proto says about single words
// (constraint.go), with the nearest known word as advice (suggest.go).
// [Document.Place] and [Document.Locate] lead from the path of a field, and
// from a line and column within its text, back to the file (place.go).
//
// What a file may write that protobuf's JSON form may not:
//
//   - an instant as a date, "2026-05-02", which means its midnight UTC;
//   - a span of time as "90d", "12h30m" or ISO 8601's "P90D";
//   - a declared fact as the plain value: true, 3, 1.5, text, [a, b];
//   - "[]" for a list that is known to be empty, where the message has a field
//     reported_empty: its name is put there;
//   - null for what is not known.
//
// Everything else is strict: unknown fields, repeated keys, values of another
// type are problems. Files are not trusted: size, nesting and the expansion of
// aliases are bounded.
package protoyaml
