// Package sheet reads YAML files of entries that people keep and fill in, such
// as the waivers of a system or the answers to a questionnaire, and says line
// and column and what to write instead wherever one is wrong.
//
// The tour: [Read] gives a [File] of entries (sheet.go); an [Entry] is read
// field by field (entry.go), typed values among them (value.go). What is wrong is
// collected in the file, so that all of it can be mended in one go.
//
// Three forms are understood: a list of entries, documents of one entry each, and
// a mapping whose one list has the entries. What stands beside that list holds
// for every entry that does not say otherwise.
//
//	system: intranet                # for all that follow
//	waivers:
//	  - id: legacy-tls
//	    rule: tls-minimum
//
// The files are not decoded as protobuf messages, since they are flat and hold
// what is a name's part in the API: the system and the id.
package sheet
