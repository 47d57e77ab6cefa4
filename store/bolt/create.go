package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"go.etcd.io/bbolt"

	"github.com/plumbline/plumbline/store"
)

// Create makes a new store at path, where nothing must be, and opens it. The
// file appears there complete or not at all: it is made under another name in
// the same folder.
func Create(path string, o Options) (*DB, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := create(path, o); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return Open(path, o)
}

func create(path string, o Options) error {
	tmp, err := scratch(path)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := initialize(tmp.Name(), o); err != nil {
		return full(err)
	}
	return publish(tmp.Name(), path)
}

// initialize writes an empty store with its identity record to an empty file.
func initialize(path string, o Options) (err error) {
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:      o.lockTimeout(),
		FreelistType: bbolt.FreelistMapType,
		NoSync:       o.NoSync,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return b.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucket(identityBucket)
		if err != nil {
			return err
		}
		return bucket.Put(identityKey, []byte(identity))
	})
}

// scratch opens a new file beside path, unless there is something at path.
func scratch(path string) (*os.File, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, store.ErrExists
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".part-*")
}

// publish gives the finished file tmp the name path, unless that is taken, and
// makes the name durable. It leaves it to the caller to remove tmp.
func publish(tmp, path string) error {
	err := os.Link(tmp, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return store.ErrExists
	case err != nil: // a file system without links; renaming would overwrite
		if _, err := os.Lstat(path); err == nil {
			return store.ErrExists
		}
		if err := os.Rename(tmp, path); err != nil {
			return err
		}
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // it has no such thing and needs none
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
