// Package guidance holds the checklists that ship with Plumbline, and reads,
// lints and tests checklist files.
//
// A checklist is a YAML file, one a version, checklists/ID/VERSION.yaml. Its
// form is that of the message Checklist in proto/plumbline/v1/checklist.proto
// with a few liberties that make it pleasant to write:
//
//   - values of parameters and tables are plain: 90d, true, [80, 443]; their
//     declared type says what they mean;
//   - tables and a profile's parameters are plain mappings;
//   - inventories in examples are written as package protoyaml says, with []
//     for a list that is known to be empty.
//
// checklist.schema.json beside this file lets editors complete and check such
// files; it is generated from the message descriptors (schema_test.go).
//
// The way through the package: [Parse] reads a file and remembers where each
// field stands (file.go); [Lint] compiles it with package assess and adds what
// the compiler does not ask for (lint.go, advice.go); [Test] runs the examples
// of every rule (examples.go); [Shipped] and [Get] are the files that are
// embedded (shipped.go); [Requirements] is the list of recommendations that
// the shipped checklists must cover (requirements.go).
//
// What ships is described for people in docs/guidance, which is generated of
// the files; a test fails where the two differ (internal/pagegen).
//
// Whatever is wrong comes as a [Diagnostic] with file, line and column, also
// inside the CEL text of a rule, and says what to write instead.
package guidance

//go:generate go test ./internal/pagegen -run TestPagesAreUpToDate -update
