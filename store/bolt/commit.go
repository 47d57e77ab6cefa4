package bolt

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/plumbline/plumbline/store"
)

// commit commits a transaction.
//
// bbolt writes the changed pages to free places, syncs, writes one meta page,
// syncs. Until that meta page is written nothing has happened. If writing or
// syncing it fails, the transaction may or may not be there after a restart,
// and is visible in this process, though the error says that it failed.
func (d *DB) commit(tx *bbolt.Tx) error {
	id := tx.ID()
	d.listed = false
	err := commitTx(tx)
	if err == nil {
		return nil
	}
	written, known := d.written(id)
	if isFull(err) && known && !written {
		return full(err)
	}
	var p panicked
	panics := errors.As(err, &p)
	if p.stuck {
		d.stuck.Store(true)
	}
	if panics && known && !written {
		// bbolt met a damaged page. Nothing was written, but its idea of what
		// is free is now in doubt.
		err = fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	} else {
		err = fmt.Errorf("%w: %w", store.ErrOutcomeUnknown, err)
	}
	d.kill(err)
	return err
}

// panicked is an error in the place of a panic.
type panicked struct {
	reason any
	stuck  bool // the transaction could not be ended
}

func (p panicked) Error() string { return fmt.Sprint(p.reason) }

// commitTx commits, and ends the transaction also where that panics.
func commitTx(tx *bbolt.Tx) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = panicked{reason: p, stuck: !rollback(tx)}
		}
	}()
	return tx.Commit()
}

// rollback ends a transaction and says whether that succeeded.
func rollback(tx *bbolt.Tx) (ok bool) {
	defer func() { ok = recover() == nil }()
	_ = tx.Rollback()
	return true
}

// written says whether the meta page of transaction id is in the file, as far
// as this machine's memory knows, which is what a reader would be shown.
func (d *DB) written(id int) (yes, known bool) {
	m, err := readMetas(d.file)
	if err != nil || m.valid == 0 {
		return false, false
	}
	return m.txid >= uint64(id), true
}

// isFull says whether err is for want of space and nothing else. Where bbolt
// grows the file it passes on the text of the error alone.
func isFull(err error) bool {
	for _, e := range []error{berrors.ErrMaxSizeReached, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, e) || strings.HasSuffix(err.Error(), ": "+e.Error()) {
			return true
		}
	}
	return false
}

// full returns err, as ErrFull where it is for want of space.
func full(err error) error {
	if err == nil || !isFull(err) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrFull, err)
}

// list writes the list of free pages to the file, in a commit without other
// content. That it fails loses nothing but time at the next Open.
func (d *DB) list() {
	d.bolt.NoFreelistSync = false
	if tx, err := d.begin(true); err == nil {
		_ = d.commit(tx)
	}
}
