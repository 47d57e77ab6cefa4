// Package leaf writes and reads the parts that timelines are cut into, and their
// keys: bytes alone, without a store. Package ledger puts entries into them and
// finds them again.
package leaf
