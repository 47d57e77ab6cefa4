package store_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/plumbline/plumbline/store"
)

func TestCheckKey(t *testing.T) {
	for _, c := range []struct {
		bytes int
		ok    bool
	}{{0, false}, {1, true}, {store.MaxKey, true}, {store.MaxKey + 1, false}} {
		err := store.CheckKey(make([]byte, c.bytes))
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, store.ErrKey)) {
			t.Errorf("CheckKey of %d bytes = %v, want ok %v", c.bytes, err, c.ok)
		}
	}
}

func TestCheckValue(t *testing.T) {
	if err := store.CheckValue(nil); err != nil {
		t.Errorf("CheckValue(nil) = %v", err)
	}
	if err := store.CheckValue(make([]byte, store.MaxValue)); err != nil {
		t.Errorf("CheckValue of the longest = %v", err)
	}
	if err := store.CheckValue(make([]byte, store.MaxValue+1)); !errors.Is(err, store.ErrValue) {
		t.Errorf("CheckValue of one more = %v", err)
	}
}

func TestCheckRange(t *testing.T) {
	long := bytes.Repeat([]byte{3}, store.MaxKey+1)
	for _, c := range []struct {
		name   string
		lo, hi []byte
		ok     bool
	}{
		{"no lower bound", nil, []byte{1}, false},
		{"open end", []byte{1, 2}, nil, true},
		{"empty end is open", []byte{1, 2}, []byte{}, true},
		{"within", []byte{1, 2}, []byte{1, 3}, true},
		{"to the end of the keyspace", []byte{1, 2}, store.End(1), true},
		{"beyond the end of the keyspace", []byte{1, 2}, []byte{2, 0}, false},
		{"two keyspaces on", []byte{1}, []byte{3}, false},
		{"backwards is empty", []byte{2}, []byte{1}, true},
		{"the last keyspace", []byte{0xff, 1}, store.End(0xff), true},
		{"the last keyspace to the first", []byte{0xff}, []byte{0}, true},
		{"longer than a key", []byte{3}, long, true},
	} {
		err := store.CheckRange(c.lo, c.hi)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, store.ErrKey)) {
			t.Errorf("%s: CheckRange(%x, %x) = %v, want ok %v", c.name, c.lo, c.hi, err, c.ok)
		}
	}
}
