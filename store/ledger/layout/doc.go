// Package layout says how a ledger's keys and values are made of bytes: what the
// packages above it that know one kind of value have in common.
//
// # Tour
//
//   - key.go: keyspaces, the order of instants and of commits' numbers in keys,
//     and the checksum at the end of each value.
//   - address.go: commits, and addresses of records.
//   - parser.go: takes numbers and bytes off a value, within bounds.
//   - corrupt.go: what is wrong with what stands under a key.
package layout
