package bolt_test

import (
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// usedBytes is how much of the file n growing records need, written 100 at a
// time.
func usedBytes(t *testing.T, o bolt.Options, n, size int) int64 {
	t.Helper()
	db := create(t, o)
	for i := 0; i < n; i += 100 {
		mustPut(t, db, i, 100, size)
	}
	stat, err := db.Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	return stat.SizeBytes - stat.FreeBytes
}

// TestAppendSpaces compares how full pages are whose keys only grow.
func TestAppendSpaces(t *testing.T) {
	const n, size = 10_000, 60
	content := float64(n * (size + len(recordKey(0)) + 16)) // with bbolt's header of a record
	appends := float64(usedBytes(t, bolt.Options{NoSync: true, AppendSpaces: []byte("a")}, n, size))
	others := float64(usedBytes(t, bolt.Options{NoSync: true, AppendSpaces: []byte("b")}, n, size))
	if full := content / appends; full < 0.9 {
		t.Errorf("pages of an append space are %.2f full", full)
	}
	if full := content / others; full > 0.6 {
		t.Errorf("pages of another space are %.2f full, so the option is not needed", full)
	}
}

// TestEmptyUpdate has an Update that wrote nothing leave the file alone.
func TestEmptyUpdate(t *testing.T) {
	db := create(t, bolt.Options{})
	mustPut(t, db, 0, 1, 10)
	before := crashedBytes(t, db)
	err := db.Update(t.Context(), func(w store.Writer) error {
		w.Get(recordKey(0))
		return nil
	})
	wantErr(t, "Update", err, nil)
	if crashedBytes(t, db) != before {
		t.Error("an Update that wrote nothing changed the file")
	}
}
