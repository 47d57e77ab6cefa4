package bolt_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// sound makes a store of some hundred pages and returns the bytes of its file.
func sound(t *testing.T) []byte {
	t.Helper()
	path := newPath(t)
	db := createAt(t, path, bolt.Options{MaxSize: 8 << 20})
	mustPut(t, db, 0, 1000, 300)
	mustPut(t, db, 1000, 1000, 300)
	closeDB(t, db)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// flip returns b with some bytes inverted.
func flip(b []byte, at ...int) []byte {
	b = bytes.Clone(b)
	for _, i := range at {
		b[i] ^= 0xff
	}
	return b
}

// Offsets of the first meta page, by bbolt's format: magic, transaction id.
const (
	metaMagic = 16
	metaTxid  = 16 + 48
)

func TestOpenRefuses(t *testing.T) {
	ok := sound(t)
	page := os.Getpagesize()
	for _, c := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"empty", nil, store.ErrForeign},
		{"one byte", []byte("x"), store.ErrForeign},
		{"text", bytes.Repeat([]byte("not a store\n"), 5000), store.ErrForeign},
		{"zeros", make([]byte, 1<<20), store.ErrForeign},
		{"another program's", foreign(t, nil), store.ErrForeign},
		{"another program's with the same name", foreign(t, []byte("plumbing store v1")), store.ErrForeign},
		{"another format", foreign(t, []byte("plumbline store v2")), store.ErrVersion},
		{"cut after half a page", ok[:page/2], store.ErrTruncated},
		{"cut after a page", ok[:page], store.ErrTruncated},
		{"cut after both meta pages", ok[:2*page], store.ErrTruncated},
		{"cut in the middle of a page", ok[:len(ok)-100], store.ErrTruncated},
		{"cut at the edge of a page", ok[:len(ok)/2/page*page], store.ErrTruncated},
		{"both meta pages damaged", flip(ok, metaTxid, page+metaTxid), store.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := bolt.Open(path, bolt.Options{})
			wantErr(t, "Open", err, c.want)
			wantErr(t, "Check", bolt.Check(t.Context(), path), c.want)
			_, err = bolt.Create(path, bolt.Options{})
			wantErr(t, "Create", err, store.ErrExists)
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(after, c.content) {
				t.Errorf("the file was changed (%v)", err)
			}
			wantFiles(t, path, "store.db")
		})
	}
}

// foreign is a bbolt file that Create did not make, with an identity or none.
func foreign(t *testing.T, identity []byte) []byte {
	t.Helper()
	path := newPath(t)
	b, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = b.Update(func(tx *bbolt.Tx) error {
		name := "things"
		if identity != nil {
			name = "plumbline"
		}
		bucket, err := tx.CreateBucket([]byte(name))
		if err != nil {
			return err
		}
		if _, err := bucket.CreateBucket([]byte("nested")); err != nil {
			return err
		}
		return bucket.Put([]byte("identity"), identity)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestOpenNothing(t *testing.T) {
	folder := t.TempDir()
	_, err := bolt.Open(filepath.Join(folder, "store.db"), bolt.Options{})
	wantErr(t, "Open of nothing", err, store.ErrNotExist)
	_, err = bolt.Open(filepath.Join(folder, "no", "store.db"), bolt.Options{})
	wantErr(t, "Open in no folder", err, store.ErrNotExist)
	_, err = bolt.Open(folder, bolt.Options{})
	wantErr(t, "Open of a folder", err, store.ErrForeign)
	_, err = bolt.Create(filepath.Join(folder, "no", "store.db"), bolt.Options{})
	wantErr(t, "Create in no folder", err, os.ErrNotExist)
	_, err = bolt.Create(filepath.Join(folder, "store.db"), bolt.Options{MaxSize: 1000})
	if err == nil {
		t.Error("Create with too small a maximum size succeeds")
	}
	wantFiles(t, filepath.Join(folder, "store.db"))
}

func TestCreate(t *testing.T) {
	path := newPath(t)
	db := createAt(t, path, bolt.Options{})
	wantFiles(t, path, "store.db")
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	if db.Path() != path || db.Fallback() {
		t.Errorf("Path = %s, Fallback = %v", db.Path(), db.Fallback())
	}
	mustPut(t, db, 0, 10, 100)
	closeDB(t, db)
	db = open(t, path, bolt.Options{})
	wantRecords(t, db, 10, 100)
}

// TestOneMetaDamaged opens files of which one meta page is damaged: bbolt goes
// on with the other one, which is right after a power cut.
func TestOneMetaDamaged(t *testing.T) {
	ok := sound(t)
	page := os.Getpagesize()
	for name, at := range map[string]int{
		"first, magic":        metaMagic,
		"first, transaction":  metaTxid,
		"second, magic":       page + metaMagic,
		"second, transaction": page + metaTxid,
	} {
		path := newPath(t)
		if err := os.WriteFile(path, flip(ok, at), 0o600); err != nil {
			t.Fatal(err)
		}
		wantErr(t, name+": Check", bolt.Check(t.Context(), path), store.ErrCorrupt)
		db := open(t, path, bolt.Options{})
		if !db.Fallback() {
			t.Errorf("%s: Fallback is not reported", name)
		}
		wantRecords(t, db, 2000, 300) // the state before is that of Close, or the one before
		mustPut(t, db, 2000, 1, 300)
		closeDB(t, db)
		if err := bolt.Check(t.Context(), path); err != nil {
			t.Errorf("%s: Check after the next commits = %v", name, err)
		}
	}
}

// TestClosedCleanly has Open work without reading the file through, which
// shows in that it does not notice a damaged leaf. After a crash, when the file
// has no list of free pages, Open finds them and counts the same.
func TestClosedCleanly(t *testing.T) {
	path := newPath(t)
	db := createAt(t, path, bolt.Options{})
	mustPut(t, db, 0, 3000, 300)
	for i := range 20 { // free pages
		mustPut(t, db, i*100, 50, 300)
	}
	crashed := filepath.Join(filepath.Dir(path), "crashed.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(crashed, b, 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := db.Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	for _, p := range []string{path, crashed} {
		if err := bolt.Check(t.Context(), p); err != nil {
			t.Errorf("Check(%s) = %v", filepath.Base(p), err)
		}
		db := open(t, p, bolt.Options{})
		wantRecords(t, db, 3000, 300)
		after, err := db.Stat(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := after.FreeBytes - before.FreeBytes; after.SizeBytes != before.SizeBytes || diff < -64<<10 || diff > 64<<10 {
			t.Errorf("%s: Stat = %+v, and before %+v", filepath.Base(p), after, before)
		}
		closeDB(t, db) // without a commit
		closeDB(t, open(t, p, bolt.Options{}))
	}
	damageLeaves(t, path, recordKey(1500), pageFlags)
	closeDB(t, open(t, path, bolt.Options{}))
}
