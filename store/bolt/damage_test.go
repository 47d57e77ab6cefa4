//go:build unix

package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// crashedCopy copies a store's file while it is open, which is what a crash
// leaves behind.
func crashedCopy(t *testing.T, db *bolt.DB) string {
	t.Helper()
	b, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	path := newPath(t)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := bolt.Open(pipe, bolt.Options{})
	wantErr(t, "Open of a pipe", err, store.ErrForeign)
}

// TestDamagedPage reads and writes around a leaf that is none any more.
func TestDamagedPage(t *testing.T) {
	for _, offset := range []int{pageID, pageFlags} {
		path := newPath(t)
		db := createAt(t, path, bolt.Options{})
		mustPut(t, db, 0, 3000, 300)
		crashed := crashedCopy(t, db)
		closeDB(t, db)
		damageLeaves(t, path, recordKey(1500), offset)
		damageLeaves(t, crashed, recordKey(1500), offset)

		_, err := bolt.Open(crashed, bolt.Options{})
		wantErr(t, "Open after a crash", err, store.ErrCorrupt)
		wantErr(t, "Check after a crash", bolt.Check(t.Context(), crashed), store.ErrCorrupt)
		wantErr(t, "Check", bolt.Check(t.Context(), path), store.ErrCorrupt)

		db = open(t, path, bolt.Options{})
		err = db.View(t.Context(), func(r store.Reader) error {
			if got := r.Get(recordKey(1500)); got != nil {
				t.Errorf("Get in a damaged page = %q", got)
			}
			return nil
		})
		wantErr(t, "Get in a damaged page", err, store.ErrCorrupt)
		_, err = store.Keys(t.Context(), db, 'a')
		wantErr(t, "Scan over a damaged page", err, store.ErrCorrupt)
		err = db.Update(t.Context(), func(w store.Writer) error { w.Put(recordKey(1500), nil); return nil })
		wantErr(t, "Put into a damaged page", err, store.ErrCorrupt)
		err = db.Update(t.Context(), func(w store.Writer) error { w.Delete(recordKey(1500)); return nil })
		wantErr(t, "Delete in a damaged page", err, store.ErrCorrupt)
		wantErr(t, "Backup", db.Backup(t.Context(), path+".backup"), store.ErrCorrupt)
		wantFiles(t, path, "store.db")

		mustPut(t, db, 0, 1, 300) // the rest is as it was
		mustPut(t, db, 2999, 1, 300)
		err = db.View(t.Context(), func(r store.Reader) error {
			if got := r.Get(recordKey(0)); !bytes.Equal(got, recordValue(0, 300)) {
				t.Errorf("Get elsewhere = %.20q", got)
			}
			return nil
		})
		wantErr(t, "Get elsewhere", err, nil)
		closeDB(t, db)
	}
}

// TestUsedPageListedFree has the stored list of free pages name a page that is
// in use, which the next commits would overwrite. Open knows one such page
// without reading the rest, the root.
func TestUsedPageListedFree(t *testing.T) {
	db := create(t, bolt.Options{NoSync: true})
	for i := range 20 {
		mustPut(t, db, i*50, 100, 300)
	}
	closeDB(t, db)
	sound, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	page, number := os.Getpagesize(), binary.NativeEndian.Uint64
	meta := sound[16:] // of the first page, or of the second where that is newer
	if second := sound[page+16:]; number(second[48:]) > number(meta[48:]) {
		meta = second
	}
	root, list := number(meta[16:]), int(number(meta[32:]))*page
	free := make([]uint64, binary.NativeEndian.Uint16(sound[list+10:]))
	for i := range free {
		free[i] = number(sound[list+16+8*i:])
	}
	// instead returns the file with page id in the list, for its nearest entry.
	instead := func(id uint64) []byte {
		at, found := slices.BinarySearch(free, id)
		if found || id == number(meta[32:]) {
			t.Fatalf("page %d is not in use", id)
		}
		b := bytes.Clone(sound)
		binary.NativeEndian.PutUint64(b[list+16+8*min(at, len(free)-1):], id)
		return b
	}
	other := uint64(2)
	for slices.Contains(free, other) || other == root || other == number(meta[32:]) {
		other++
	}
	for id, want := range map[uint64]error{root: store.ErrCorrupt, other: nil} {
		path := newPath(t)
		if err := os.WriteFile(path, instead(id), 0o600); err != nil {
			t.Fatal(err)
		}
		wantErr(t, "Check", bolt.Check(t.Context(), path), store.ErrCorrupt)
		db, err := bolt.Open(path, bolt.Options{})
		wantErr(t, "Open", err, want)
		if err == nil {
			wantErr(t, "Backup", db.Backup(t.Context(), path+".backup"), store.ErrCorrupt)
			closeDB(t, db)
		}
	}
}

// TestKeysOutOfOrder lowers the second key of every branch, or of every leaf.
// bbolt then looks for some keys in the wrong place and does not find them.
func TestKeysOutOfOrder(t *testing.T) {
	db := create(t, bolt.Options{NoSync: true})
	mustPut(t, db, 0, 3000, 300)
	closeDB(t, db)
	sound, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	for kind, flags := range map[string]byte{"branch": 1, "leaf": 2} {
		b := bytes.Clone(sound)
		for at := 2 * os.Getpagesize(); at < len(b); at += os.Getpagesize() {
			const second = 16 + 16 // behind the header and the first element
			pos := binary.NativeEndian.Uint32(b[at+second:])
			if flags == 2 { // whose elements begin with flags
				pos = binary.NativeEndian.Uint32(b[at+second+4:])
			}
			key := at + second + int(pos)
			if b[at+pageFlags] == flags && b[at+10] > 1 && b[key] == 'a' {
				b[key] = 'A'
			}
		}
		path := newPath(t)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		wantErr(t, kind+": Check", bolt.Check(t.Context(), path), store.ErrCorrupt)
		db := open(t, path, bolt.Options{})
		wantErr(t, kind+": Backup", db.Backup(t.Context(), path+".backup"), store.ErrCorrupt)
		closeDB(t, db)
	}
}

// TestTruncatedWhileOpen has somebody truncate the file of an open store: what
// is gone cannot be read, and the process goes on.
func TestTruncatedWhileOpen(t *testing.T) {
	path := newPath(t)
	db := createAt(t, path, bolt.Options{})
	mustPut(t, db, 0, 5000, 300)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(r store.Reader) error {
		v := r.Get(recordKey(4990)) // a window into the file
		if err := os.Truncate(path, 8<<10); err != nil {
			t.Fatal(err)
		}
		return errors.New(string(v))
	})
	wantErr(t, "a View of a page that is gone", err, store.ErrCorrupt)
	_, err = store.Keys(t.Context(), db, 'a')
	wantErr(t, "Scan", err, store.ErrCorrupt)

	if err := os.Truncate(path, 0); err != nil { // the meta pages too
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(store.Reader) error { return nil })
	wantErr(t, "View of nothing", err, store.ErrCorrupt)
	err = db.Update(t.Context(), func(store.Writer) error { return nil })
	wantErr(t, "Update of nothing", err, store.ErrCorrupt)
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	select {
	case err := <-closed:
		wantErr(t, "Close", err, nil)
	case <-time.After(10 * time.Second):
		t.Fatal("Close hangs")
	}
	if err := os.Truncate(path, info.Size()); err != nil {
		t.Fatal(err)
	}
	_, err = bolt.Open(path, bolt.Options{})
	wantErr(t, "Open of zeros", err, store.ErrForeign)
}

// TestRandomDamage opens, reads, writes and checks a store with inverted bits
// all over. Nothing is promised about what comes out, but that the process
// survives it, and that a store which Check finds sound can be read.
func TestRandomDamage(t *testing.T) {
	db := create(t, bolt.Options{MaxSize: 4 << 20, NoSync: true})
	for i := range 6 {
		mustPut(t, db, i*60, 80, 300)
	}
	if err := db.Update(t.Context(), func(w store.Writer) error {
		w.Put([]byte("b"), make([]byte, 9000))
		w.Put([]byte("c"), []byte("small"))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	crashed, err := os.ReadFile(crashedCopy(t, db))
	if err != nil {
		t.Fatal(err)
	}
	stat, err := db.Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	clean, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	used := int(stat.SizeBytes-stat.FreeBytes) / os.Getpagesize()
	rnd := rand.New(rand.NewChaCha8([32]byte{2}))
	counts := map[string]int{}
	for i := range 400 {
		b := clean
		if i%2 == 1 {
			b = crashed
		}
		b = bytes.Clone(b)
		for range 1 + rnd.IntN(3) {
			at := rnd.IntN(2*used) * os.Getpagesize()
			if rnd.IntN(4) > 0 {
				at += rnd.IntN(80) // headers, where damage hurts most
			} else {
				at += rnd.IntN(os.Getpagesize())
			}
			b[at%len(b)] ^= 1 << rnd.IntN(8)
		}
		counts[survive(t, b)]++
	}
	t.Log(counts)
	for _, want := range []string{"sound", "refused", "unreadable"} {
		if counts[want] == 0 {
			t.Errorf("no file was %s: %v", want, counts)
		}
	}
}

// survive does everything with a file and says what came of it.
func survive(t *testing.T, content []byte) string {
	t.Helper()
	path := newPath(t)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	checked := bolt.Check(t.Context(), path)
	db, err := bolt.Open(path, bolt.Options{NoSync: true})
	if err != nil {
		if checked == nil {
			t.Errorf("Check finds it sound, Open says %v", err)
		}
		return "refused"
	}
	defer func() { _ = db.Close() }()
	read := db.View(context.Background(), func(r store.Reader) error {
		for _, space := range "abc" {
			for _, v := range r.Scan([]byte{byte(space)}, nil) {
				_ = strings.Clone(string(v))
			}
		}
		return nil
	})
	written := put(context.Background(), db, 100, 50, 310)
	switch {
	case checked == nil && (read != nil || written != nil):
		t.Errorf("Check finds it sound, View says %v, Update says %v", read, written)
		fallthrough
	case read != nil || written != nil:
		return "unreadable"
	case checked != nil:
		return "unsound"
	}
	return "sound"
}
