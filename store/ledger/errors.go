package ledger

import (
	"errors"
	"fmt"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

var (
	// ErrCorrupt: what is stored under a key is not what was written there, or
	// contradicts what is stored under another. The message names the key.
	// It is a store.ErrCorrupt as well.
	ErrCorrupt = layout.ErrCorrupt

	// ErrGone: the record at an address was thinned out. It is an ErrCorrupt as
	// well, since no timeline has such an address; what else keeps some may.
	ErrGone = fmt.Errorf("%w (thinned out)", ErrCorrupt)

	// ErrFormat: the store holds no ledger, or one whose format this program
	// does not know (then it is a store.ErrVersion as well).
	ErrFormat = errors.New("ledger: not a ledger of a known format")

	// ErrLimit: a name, payload or batch is larger than the ledger takes, or
	// has a value that is reserved. Nothing of the batch is written.
	ErrLimit = errors.New("ledger: beyond a limit")
)

func limit(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrLimit, fmt.Sprintf(format, args...))
}
