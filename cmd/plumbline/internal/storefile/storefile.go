// Package storefile opens the store that a command line names.
package storefile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// Default is the store that commands work on unless told otherwise.
const Default = "plumbline.db"

// Help is the help of flags that name a store.
const Help = "the store: a file, also written bolt:FILE"

// Path gives the file of a store's name. A name says the backend first, so
// that others can come beside bbolt.
func Path(name string) (string, error) {
	path, ok := strings.CutPrefix(name, "bolt:")
	if backend, _, named := strings.Cut(name, "://"); named && !ok {
		return "", fmt.Errorf("store %q: there is no backend %q; write bolt:FILE", name, backend)
	}
	if path == "" {
		return "", errors.New("no store is named: give --store FILE")
	}
	return path, nil
}

// With opens a store that no server has open, and closes it again.
func With(ctx context.Context, name string, do func(db *bolt.DB, l *ledger.Ledger) error) (err error) {
	path, err := Path(name)
	if err != nil {
		return err
	}
	db, err := bolt.Open(path, bolt.Options{AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		return Explain(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	l, err := ledger.Open(ctx, db)
	if err != nil {
		return Explain(path, err)
	}
	return do(db, l)
}

// Create makes a new store with an empty ledger.
func Create(ctx context.Context, path string) (err error) {
	db, err := bolt.Create(path, bolt.Options{AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		return Explain(path, err)
	}
	_, err = ledger.Create(ctx, db)
	return errors.Join(err, db.Close())
}

// Explain names the file that an error is about.
func Explain(path string, err error) error {
	if !strings.Contains(err.Error(), path) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return err
}
