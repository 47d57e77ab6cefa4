// Package block packs the records of a commit into blocks, and reads them: bytes
// alone, without a store. Package ledger says in its own documentation where the
// blocks stand, and has their format.
//
// # Tour
//
//   - block.go: records as they stand in a block, and a block's value, written
//     ([Append]) and read ([Parse], or [ParseHeader] where the records do not
//     matter).
//   - delta.go: a record that is the difference to another.
//   - builder.go: collects the records of a commit and cuts them into blocks.
package block
