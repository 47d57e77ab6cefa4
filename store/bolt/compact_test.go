package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// TestCompact: a store of which most was deleted becomes small, holds what it
// held, and can be written.
func TestCompact(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	value := make([]byte, 1000)
	key := func(i int) []byte { return fmt.Appendf(nil, "c%06d", i) }
	write := func(f func(w store.Writer)) {
		t.Helper()
		if err := db.Update(ctx, func(w store.Writer) error { f(w); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	write(func(w store.Writer) {
		for i := range 5000 {
			w.Put(key(i), value)
		}
		w.Put([]byte("h-other"), []byte("kept"))
	})
	write(func(w store.Writer) {
		for i := range 5000 {
			if i%50 != 0 {
				w.Delete(key(i))
			}
		}
	})
	small := filepath.Join(filepath.Dir(path), "b.db")
	if err := db.Compact(ctx, small); err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(ctx, small); !errors.Is(err, store.ErrExists) {
		t.Errorf("over a file that is there: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := db.Compact(cancelled, small+"2"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	was, now := sizeOf(t, path), sizeOf(t, small)
	if now*10 > was {
		t.Errorf("%d bytes became %d", was, now)
	}
	copied, err := bolt.Open(small, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if got, want := contents(t, copied), contents(t, db); got != want || got == "" {
		t.Errorf("the copy holds other than the store")
	}
	if err := copied.Update(ctx, func(w store.Writer) error { w.Put(key(1), value); return nil }); err != nil {
		t.Error(err)
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// contents are a store's keys and values in one text.
func contents(t *testing.T, db *bolt.DB) (out string) {
	t.Helper()
	if err := db.View(t.Context(), func(r store.Reader) error {
		out = ""
		for _, space := range []string{"c", "h"} {
			for k, v := range r.Scan([]byte(space), []byte{space[0] + 1}) {
				out += fmt.Sprintf("%q=%x\n", k, v)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}
