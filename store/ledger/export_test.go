package ledger

import "github.com/plumbline/plumbline/store/ledger/layout"

// Sealed is value with its checksum, for tests that write to the store behind
// the ledger's back.
func Sealed(key, value []byte) []byte { return layout.Sealed(nil, key, value) }
