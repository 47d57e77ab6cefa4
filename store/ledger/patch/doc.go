// Package patch writes a text as the difference to another that it resembles,
// for records of some hundred bytes to some ten thousand of which hundreds are
// written a second: [Encode] and [Decode], without state between calls.
//
// # Format
//
// A patch is the length of the text (uvarint), and then, until it is reached,
// what comes next in it:
//
//	inserted (uvarint), that many bytes
//	copied<<1 | moved (uvarint), how far (varint) where it was moved
//
// What is copied stands in the base where the copy before it ended, and as many
// bytes further as were inserted since; with moved set, so much further again.
// A text whose end is inserted has no copy after it. So a value that is replaced
// by one of the same length costs two bytes or three besides itself.
//
// Why not a general coder with the base as its dictionary: it makes its tables
// anew for each base, tens of kilobytes of garbage for a record of three.
package patch
