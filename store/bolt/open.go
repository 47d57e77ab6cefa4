package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/plumbline/plumbline/store"
)

// The identity record, in a bucket that no keyspace can have.
var (
	identityBucket = []byte("plumbline")
	identityKey    = []byte("identity")
)

const (
	identityPrefix = "plumbline store "
	identity       = identityPrefix + "v1"
)

// Open opens the store in the file at path, which must be there. It refuses a
// file that is not a whole Plumbline store, without changing it, and one that
// another process has open.
//
// After a clean Close this is quick whatever the size of the file; after a
// crash every page in use is read.
func Open(path string, o Options) (*DB, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	h, err := openFile(path, o, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	h.bolt.AllocSize = o.allocSize(h.bolt.AllocSize)
	return newDB(path, o, h), nil
}

// handle is an open file and bbolt's handle of it.
type handle struct {
	bolt  *bbolt.DB
	file  *os.File // bbolt's; its closing is bbolt's too
	metas metas    // when it was opened
}

// openFile opens a file after looking at it and asks for its identity.
func openFile(path string, o Options, readOnly bool) (h *handle, err error) {
	// Asked before opening, because opening a pipe would wait for its writer.
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, store.ErrNotExist
	} else if err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is not a file", store.ErrForeign)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	options := o.bolt()
	options.ReadOnly = readOnly
	if h, err = tryOpen(path, options, o); errors.Is(err, syscall.ENOMEM) {
		options.InitialMmapSize = 0 // address space is limited (ulimit -v)
		h, err = tryOpen(path, options, o)
	}
	if err != nil {
		return nil, err
	}
	if err := checkIdentity(h.bolt); err != nil {
		return nil, errors.Join(err, h.bolt.Close())
	}
	return h, nil
}

// tryOpen has bbolt open the file, which it does through OpenFile: so what is
// looked at, locked and mapped is the same file, whoever renames meanwhile.
func tryOpen(path string, options *bbolt.Options, o Options) (h *handle, err error) {
	h = &handle{}
	defer func() {
		if p := recover(); p != nil {
			// bbolt met what the look before did not.
			if h.file != nil {
				_ = release(h.file)
			}
			err = fmt.Errorf("%w: %v", store.ErrCorrupt, p)
		}
	}()
	options.OpenFile = func(path string, flag int, mode fs.FileMode) (*os.File, error) {
		f, err := os.OpenFile(path, flag&^os.O_CREATE, mode)
		if err != nil {
			return nil, err
		}
		if h.metas, err = prepare(f, options.ReadOnly, o); err != nil {
			_ = f.Close()
			return nil, err
		}
		h.file = f
		return f, nil
	}
	h.bolt, err = bbolt.Open(path, 0o600, options)
	switch {
	case err == nil:
		return h, nil
	case errors.Is(err, berrors.ErrTimeout):
		return nil, store.ErrLocked
	}
	return nil, err
}

// prepare locks a file and looks at it, before bbolt does.
func prepare(f *os.File, readOnly bool, o Options) (metas, error) {
	if err := lock(f, !readOnly, o.lockTimeout()); err != nil {
		return metas{}, err
	}
	m, err := inspect(f)
	if err != nil || readOnly { // which reads no more than what is asked for
		return m, err
	}
	return m, newWalker(context.Background(), f, m.meta).ready()
}

func checkIdentity(b *bbolt.DB) error {
	return b.View(func(tx *bbolt.Tx) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%w: %v", store.ErrCorrupt, p)
			}
		}()
		bucket := tx.Bucket(identityBucket)
		if bucket == nil {
			return fmt.Errorf("%w: a bbolt file of another program", store.ErrForeign)
		}
		record := string(bucket.Get(identityKey))
		switch {
		case record == identity:
			return nil
		case len(record) > len(identityPrefix) && record[:len(identityPrefix)] == identityPrefix:
			return fmt.Errorf("%w: it says %q", store.ErrVersion, record)
		}
		return fmt.Errorf("%w: a bbolt file of another program", store.ErrForeign)
	})
}
