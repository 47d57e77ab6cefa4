package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"go.etcd.io/bbolt"

	"github.com/plumbline/plumbline/store"
)

// Backup copies the state at its beginning to a new file at path, reads every
// page of the copy again, and only then gives it its name. The copy is a store
// to be opened. Updates go on meanwhile, but cannot reuse pages, so the file
// grows by what they write; so copy to a local disk, and send the copy after.
//
// That records are what was written is not looked at here: pages have no
// checksum, records have.
func (d *DB) Backup(ctx context.Context, path string) error {
	if err := d.backup(ctx, path); err != nil {
		return fmt.Errorf("backup to %s: %w", path, err)
	}
	return nil
}

func (d *DB) backup(ctx context.Context, path string) error {
	tmp, err := scratch(path)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	err = d.view(ctx, func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(copier{ctx, tmp})
		return err
	})
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return full(err)
	}
	if err := verify(ctx, tmp.Name()); err != nil {
		return err
	}
	return publish(tmp.Name(), path)
}

// copier writes to a file in large pieces until ctx is done.
type copier struct {
	ctx context.Context
	to  *os.File
}

// Write implements io.Writer.
func (c copier) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.to.Write(b)
}

// ReadFrom implements io.ReaderFrom, which io.Copy prefers to pieces of 32 KiB.
func (c copier) ReadFrom(r io.Reader) (int64, error) {
	// The struct hides this method, which would call itself.
	return io.CopyBuffer(struct{ io.Writer }{c}, r, make([]byte, 1<<20))
}

// verify reads every byte of every page in use of a file that nobody writes.
func verify(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	m, err := inspect(f)
	if err == nil {
		err = newWalker(ctx, f, m.meta).walk()
	}
	return errors.Join(err, f.Close())
}

// Check reads the whole store at path, which nobody may have open for writing,
// and says what is wrong with it: first with plain reads, which survive
// whatever they meet, and if that finds nothing with bbolt's own check. That one
// may crash the process on a damage which the first does not know of, so run it
// in a process of its own. It changes nothing. It needs some 100 bytes of
// memory a page.
func Check(ctx context.Context, path string) error {
	if err := check(ctx, path); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func check(ctx context.Context, path string) (err error) {
	h, err := openFile(path, Options{}, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.bolt.Close()) }()
	if h.metas.valid < 2 {
		err = fmt.Errorf("%w: a meta page is damaged, so what was committed last may be missing (to be expected after a power cut; the next commit mends it)", store.ErrCorrupt)
	}
	if werr := newWalker(ctx, h.file, h.metas.meta).walk(); werr != nil {
		return errors.Join(err, werr)
	}
	return errors.Join(err, h.bolt.View(checkTx))
}

// checkTx runs bbolt's check.
func checkTx(tx *bbolt.Tx) error {
	const most = 20 // a damage has many consequences
	var found []error
	n := 0
	for err := range tx.Check() {
		if n++; n <= most {
			found = append(found, fmt.Errorf("%w: %w", store.ErrCorrupt, err))
		}
	}
	if n > most {
		found = append(found, fmt.Errorf("and %d more", n-most))
	}
	return errors.Join(found...)
}
