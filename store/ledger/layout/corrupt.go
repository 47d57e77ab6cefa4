package layout

import (
	"fmt"

	"github.com/plumbline/plumbline/store"
)

// ErrCorrupt: what is stored under a key is not what was written there, or
// contradicts what is stored under another. The message names the key.
// It is a store.ErrCorrupt as well.
var ErrCorrupt = fmt.Errorf("ledger: %w", store.ErrCorrupt)

// Corrupt says what is wrong with what stands under key.
func Corrupt(key []byte, format string, args ...any) error {
	return fmt.Errorf("%w (key %s: %s)", ErrCorrupt, printKey(key), fmt.Sprintf(format, args...))
}

// printKey writes a key as its keyspace's letter and the rest in hex, which is
// how the documentation of package ledger names it.
func printKey(key []byte) string {
	if len(key) == 0 {
		return "none"
	}
	return fmt.Sprintf("%c:%x", key[0], key[1:])
}
