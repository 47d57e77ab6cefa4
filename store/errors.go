package store

import "errors"

// Errors of reading and writing. Backends wrap them with what they know; ask
// with errors.Is.
var (
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("store: closed; open it again")

	// ErrFull: no space is left on the device, or the store has reached its
	// configured maximum. Nothing was written, reads go on, and a smaller
	// Update may succeed. Deleting needs some space too, since pages are
	// copied before they are changed.
	ErrFull = errors.New("store: no space left; make room on the disk or raise the store's maximum size, then try again")

	// ErrOutcomeUnknown: a commit failed in such a way that its writes may or
	// may not be there after a restart. Every later call fails with it.
	ErrOutcomeUnknown = errors.New("store: it is not known whether the last commit succeeded; look at the disk, open the store again, and send again what was not acknowledged")

	// ErrKey: a key is empty or longer than MaxKey, or a Scan's bounds are not
	// within one keyspace.
	ErrKey = errors.New("store: a key has 1 to 512 bytes and a scan stays within one keyspace")

	// ErrValue: a value is longer than MaxValue.
	ErrValue = errors.New("store: a value has at most 64 MiB; split it")

	// ErrScanWrite: a Put or Delete inside the loop over a Scan.
	ErrScanWrite = errors.New("store: no writing inside a scan; collect first, write after the loop")

	// ErrCorrupt: what is stored cannot be read as what it should be.
	ErrCorrupt = errors.New("store: damaged; run `plumbline db check`, and restore a backup if it confirms this")
)

// Errors of opening and creating.
var (
	// ErrNotExist: there is no store at the path. Opening never creates one.
	ErrNotExist = errors.New("store: does not exist; create it with `plumbline db init`")

	// ErrExists: creating would overwrite something.
	ErrExists = errors.New("store: exists already; open it, or choose another path")

	// ErrForeign: the file is something else, or empty.
	ErrForeign = errors.New("store: not a Plumbline store; check the path")

	// ErrVersion: a Plumbline store whose format this program does not know.
	ErrVersion = errors.New("store: written in another format; use the version of plumbline that wrote it, or a newer one")

	// ErrTruncated: the file ends before its content does.
	ErrTruncated = errors.New("store: truncated; restore a backup")

	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("store: in use by another process; stop that one, or choose another path")
)
