// Package schemagen makes the JSON Schema of checklist files of the message
// descriptors, so that editors complete and check what package guidance
// reads. Descriptions come from the comments in the .proto files, which
// generated descriptors do not keep.
//
// The schema is draft 7, which editors know best. It says of each field what
// protoyaml accepts: both spellings of names, plain forms of instants, spans
// of time, declared facts and parameter values.
package schemagen
