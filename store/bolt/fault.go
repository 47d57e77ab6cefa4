package bolt

import (
	"fmt"
	"runtime"

	"go.etcd.io/bbolt"

	"github.com/plumbline/plumbline/store"
)

// fault returns ErrCorrupt for a panic that comes from a page of the mapped
// file which could not be read: a disk error, or a file truncated by somebody.
// It returns nil for any other panic, which is the closure's own.
//
// The closure's goroutine gets such a panic, instead of the end of the process,
// by debug.SetPanicOnFault; goroutines that the closure starts do not.
func (d *DB) fault(p any, tx *bbolt.Tx) error {
	err, ok := p.(runtime.Error)
	if !ok {
		return nil
	}
	at, ok := p.(interface{ Addr() uintptr })
	if !ok {
		return nil
	}
	// The map is at most the initial one or twice the file, in steps of 1 GiB.
	size := max(int64(initialMap()), 2*tx.Size()+1<<30)
	base := d.bolt.Info().Data
	if addr := at.Addr(); addr < base || int64(addr-base) >= size {
		return nil
	}
	return fmt.Errorf("%w: a page cannot be read: %w", store.ErrCorrupt, err)
}
