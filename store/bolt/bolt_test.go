package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/storetest"
)

// childEnv names the role that this test binary plays when it is started as a
// child process by one of its own tests.
const childEnv = "PLUMBLINE_STORE_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		os.Exit(child(role))
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return create(t, bolt.Options{AppendSpaces: []byte("b")})
	})
}

// create makes a store in a folder of its own.
func create(t *testing.T, o bolt.Options) *bolt.DB {
	t.Helper()
	return createAt(t, newPath(t), o)
}

// newPath is a path in a folder of its own.
func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "store.db") }

func createAt(t *testing.T, path string, o bolt.Options) *bolt.DB {
	t.Helper()
	db, err := bolt.Create(path, o)
	if err != nil {
		t.Fatalf("Create = %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func open(t *testing.T, path string, o bolt.Options) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(path, o)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func closeDB(t *testing.T, db *bolt.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
}

// put writes n records a000000.. of size bytes each in one Update.
func put(ctx context.Context, s store.Store, from, n, size int) error {
	return s.Update(ctx, func(w store.Writer) error {
		for i := from; i < from+n; i++ {
			w.Put(recordKey(i), recordValue(i, size))
		}
		return nil
	})
}

func mustPut(t *testing.T, s store.Store, from, n, size int) {
	t.Helper()
	if err := put(t.Context(), s, from, n, size); err != nil {
		t.Fatalf("Update = %v", err)
	}
}

func recordKey(i int) []byte { return fmt.Appendf(nil, "a%06d", i) }

func recordValue(i, size int) []byte { return fmt.Appendf(nil, "%0*d", size, i) }

// wantRecords says that records 0..n-1 are there, of size bytes, and no more.
func wantRecords(t *testing.T, s store.Store, n, size int) {
	t.Helper()
	err := s.View(t.Context(), func(r store.Reader) error {
		i := 0
		for k, v := range r.Scan([]byte("a"), nil) {
			if string(k) != string(recordKey(i)) || string(v) != string(recordValue(i, size)) {
				return fmt.Errorf("record %d is %s = %.20s", i, k, v)
			}
			i++
		}
		if i != n {
			return fmt.Errorf("%d records, want %d", i, n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// wantFiles says what else is in the folder of path: nothing half made.
func wantFiles(t *testing.T, path string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
}

// crashedBytes is the content of a store's file while it is open.
func crashedBytes(t *testing.T, db *bolt.DB) string {
	t.Helper()
	b, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Offsets in the header of a page, by bbolt's format.
const (
	pageID    = 0
	pageFlags = 8
)

// damageLeaves inverts a byte of every leaf page in which key stands: of the
// one in use and of what is left of its earlier versions.
func damageLeaves(t *testing.T, path string, key []byte, offset int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for at := 2 * os.Getpagesize(); at < len(b); at += os.Getpagesize() {
		page := b[at : at+os.Getpagesize()]
		if page[pageFlags] == 2 && bytes.Contains(page, key) {
			page[offset] ^= 0xff
			n++
		}
	}
	if n == 0 {
		t.Fatalf("no leaf holds %s", key)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
