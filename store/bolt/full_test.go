//go:build unix

package bolt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// recordSize is some pages: large against what goes on being possible in a full
// store, small against the store.
const recordSize = 10_000

// TestMaxSize fills a store up to its maximum size.
func TestMaxSize(t *testing.T) {
	const limit = 2 << 20
	path := newPath(t)
	db := createAt(t, path, bolt.Options{MaxSize: limit})
	n := fillUp(t, db)
	stat, err := db.Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stat.SizeBytes > limit || stat.SizeBytes < limit/2 || n*recordSize < limit/2 {
		t.Errorf("full at %+v with %d records, and %d is the limit", stat, n, limit)
	}
	goOnFull(t, db, n)
	closeDB(t, db)
	db = open(t, path, bolt.Options{MaxSize: limit})
	wantErr(t, "an Update after opening the full store again", put(t.Context(), db, 900, 15, recordSize), store.ErrFull)
	closeDB(t, db)
	db = open(t, path, bolt.Options{}) // a limit is not a property of the file
	mustPut(t, db, 900, 10, recordSize)
	closeDB(t, db)
	if err := bolt.Check(t.Context(), path); err != nil {
		t.Error(err)
	}
}

// fillUp writes records, ten at a time, until no more fit, and returns how many
// there are.
func fillUp(t *testing.T, db *bolt.DB) int {
	t.Helper()
	for n := 0; n < 1000; n += 10 {
		if err := put(t.Context(), db, n, 10, recordSize); err != nil {
			wantErr(t, "Update", err, store.ErrFull)
			return n
		}
	}
	t.Fatal("it is never full")
	return 0
}

// goOnFull says that a full store of n records reads, takes what is small, and
// after a deletion what is large again.
func goOnFull(t *testing.T, db *bolt.DB, n int) {
	t.Helper()
	wantRecords(t, db, n, recordSize)
	for i := range 5 {
		err := db.Update(t.Context(), func(w store.Writer) error {
			w.Put([]byte("small"), fmt.Append(nil, i))
			return nil
		})
		wantErr(t, "a small Update when it is full", err, nil)
	}
	wantErr(t, "a large Update when it is full", put(t.Context(), db, n, 15, recordSize), store.ErrFull)
	wantRecords(t, db, n, recordSize)
	for i := range 2 {
		err := db.Update(t.Context(), func(w store.Writer) error { w.Delete(recordKey(n - 1 - i)); return nil })
		wantErr(t, "deleting when it is full", err, nil)
	}
	mustPut(t, db, n-2, 1, recordSize)
	wantRecords(t, db, n-1, recordSize)
}

// TestDiskFull fills a file system of its own. Nothing but the kernel can say
// how it refuses.
func TestDiskFull(t *testing.T) {
	folder := smallDisk(t)
	ballast := filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "store.db")
	db := createAt(t, path, bolt.Options{})
	n := fillUp(t, db)
	goOnFull(t, db, n)
	// Small writes, until there is no page left for any.
	failed := 0
	for i := range 300 {
		if err := put(t.Context(), db, 500+i, 1, 3000); err != nil {
			wantErr(t, "an Update", err, store.ErrFull)
			failed++
		}
	}
	if failed == 0 {
		t.Error("the disk is full and everything could be written")
	}
	// Neither a backup nor another store has room, or leaves anything behind.
	wantErr(t, "Backup to a full disk", db.Backup(t.Context(), path+".backup"), store.ErrFull)
	_, err := bolt.Create(filepath.Join(folder, "other.db"), bolt.Options{})
	wantErr(t, "Create on a full disk", err, store.ErrFull)
	wantFiles(t, path, "ballast", "store.db")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	mustPut(t, db, 900, 20, recordSize)
	closeDB(t, db)
	if err := bolt.Check(t.Context(), path); err != nil {
		t.Error(err)
	}
	got, err := store.Keys(t.Context(), open(t, path, bolt.Options{}), 'a')
	if want := int64(n - 1 + 300 - failed + 20); got != want || err != nil {
		t.Errorf("%d records, %v, want %d", got, err, want)
	}
}

// smallDisk mounts a file system of 4 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a small file system")
	}
	folder := t.TempDir()
	if err := mountSmall(folder, 4<<20); err != nil {
		t.Skipf("may not mount here: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(folder); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return folder
}
