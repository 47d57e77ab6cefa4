// Package shape gives direct, typed access to the fields of the inventory's
// generated protobuf messages.
//
// Merging, digesting and above all evaluating walk the same messages millions
// of times, and protoreflect costs about fifty times what reading a struct
// field costs. So this package reads, once a message type, where each field
// lies in its generated Go struct (Go's reflect gives the offset, the
// descriptor gives the meaning) and afterwards reads and writes fields by
// offset. It is the only package that uses unsafe.
//
// The tour: [Of] gives a message type's [Message], the table of its [Field]s;
// a Field reads one value from a pointer to its message ([Field.Bool],
// [Field.Int], [Field.Text], [Field.Micros], [Field.Nested], …), tells how much of
// a list is known ([Field.Presence]), and writes for the merge ([Field.Copy],
// [Field.SetElems]).
//
// What makes it safe: a Message is built by matching every field's Go type
// against its descriptor, and building panics on a difference, so that a
// change of the generator shows in the first test and not as corrupt memory;
// pointers are always to whole generated structs and keep them alive; and no
// pointer is kept as an integer.
package shape
