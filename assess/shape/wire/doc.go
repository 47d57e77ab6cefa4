// Package wire decodes stored messages into their generated structs: the same
// structs with the same values as proto.Unmarshal makes, in a fifth of the time.
// It encodes them too, as proto.Marshal does where maps are to be in order.
//
// A system's re-evaluation decodes all its hosts, a host is some hundred and
// fifty objects, and most of what the generated code costs is allocating them one
// by one and collecting them afterwards. So here
//
//   - table.go has, for each message type, a table of its fields: what to do with
//     the bytes of each, and where in the struct it goes (Go's reflect gives the
//     offset, the descriptor gives the meaning, as in package shape);
//   - decode.go walks bytes by these tables; fact.go does so for FactValue, whose
//     oneof no table describes;
//   - encode.go is the other way, by the same tables;
//   - arena.go gives the memory: slabs of each message type, of texts and numbers,
//     out of which elements of a list are cut together.
//
// Texts are not copied: they point into the bytes that were decoded, which nobody
// may change afterwards. Whatever points to one message keeps its whole slab
// alive. An [Arena] that is reset empties what was decoded with it and uses it
// again; only who knows that nothing of it is held any more may do so. One that is
// left leaves its memory to the messages, as requests want it. Texts
// outlive that, since bytes are never used again.
//
// What is decoded is checked as the generated code checks it, which takes texts
// for what they are: stored bytes have a checksum, and were checked when they came.
package wire
