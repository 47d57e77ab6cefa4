package storetest

import (
	"fmt"
	"testing"

	"github.com/plumbline/plumbline/store"
)

func testEmpty(t *testing.T, s store.Store) {
	wantAbsent(t, s, "a1")
	wantKeys(t, s, "a", "")
	update(t, s, func(w store.Writer) {
		w.Delete([]byte("a1")) // absent: no error
		if got := w.Get([]byte("a1")); got != nil {
			t.Errorf("Get = %q in an empty store", got)
		}
	})
	wantKeys(t, s, "a", "")
}

func testOrder(t *testing.T, s store.Store) {
	// Bytewise: neither by length nor by letter, and 0x80 is above 0x7f.
	fill(t, s, "kb", "k\xff", "k", "ka\x00", "kA", "ka", "k\x00", "k\x7f", "k\x80", "kaa")
	wantKeys(t, s, "k", "", "k", "k\x00", "kA", "ka", "ka\x00", "kaa", "kb", "k\x7f", "k\x80", "k\xff")
	update(t, s, func(w store.Writer) { w.Delete([]byte("ka")) })
	wantKeys(t, s, "ka", "kb", "ka\x00", "kaa")
}

func testEmptyValue(t *testing.T, s store.Store) {
	check := func(r store.Reader, when string) {
		for _, k := range []string{"e1", "e2"} {
			if v := r.Get([]byte(k)); v == nil || len(v) != 0 {
				t.Errorf("%s: Get(%s) = %#v, want empty and not nil", when, k, v)
			}
		}
		n := 0
		for k, v := range r.Scan([]byte("e"), nil) {
			if n++; v == nil || len(v) != 0 {
				t.Errorf("%s: Scan yields %#v for %s, want empty and not nil", when, v, k)
			}
		}
		if n != 2 {
			t.Errorf("%s: Scan yields %d keys, want 2", when, n)
		}
	}
	update(t, s, func(w store.Writer) {
		w.Put([]byte("e1"), nil)
		w.Put([]byte("e2"), []byte{})
		check(w, "before the commit")
	})
	view(t, s, func(r store.Reader) { check(r, "after the commit") })
}

func testRanges(t *testing.T, s store.Store) {
	fill(t, s, "ra", "rab", "rb", "rc", "rd")
	last := string(store.End('r'))
	for _, c := range []struct {
		lo, hi string
		want   []string
	}{
		{"r", "", []string{"ra", "rab", "rb", "rc", "rd"}},
		{"r", last, []string{"ra", "rab", "rb", "rc", "rd"}},
		{"ra", "rb", []string{"ra", "rab"}},
		{"ra\x00", "rb", []string{"rab"}},
		{"rab", "rab\x00", []string{"rab"}},
		{"rb", "rb", nil},
		{"rc", "rb", nil},
		{"rbb", "rcc", []string{"rc"}},
		{"rd", "", []string{"rd"}},
		{"re", "", nil},
		{"r", "ra", nil},
		{"r", "q", nil},
	} {
		wantKeys(t, s, c.lo, c.hi, c.want...)
	}
}

func testKeyspaces(t *testing.T, s store.Store) {
	// Neighbours, and the first and last that there are.
	fill(t, s, "\x00a", "\x00\xff\xff", "\x01a", "\xfe\xff", "\xffa", "\xff\xff\xff", "\xff")
	wantKeys(t, s, "\x00", "", "\x00a", "\x00\xff\xff")
	wantKeys(t, s, "\x00", "\x01", "\x00a", "\x00\xff\xff")
	wantKeys(t, s, "\x01", "", "\x01a")
	wantKeys(t, s, "\xfe", "\xff", "\xfe\xff")
	wantKeys(t, s, "\xff", "", "\xff", "\xffa", "\xff\xff\xff")
	wantKeys(t, s, "\xffa", "\xff\xff\xff", "\xffa")
	wantKeys(t, s, "\x7f", "")
}

func testScanLoops(t *testing.T, s store.Store) {
	fill(t, s, "a1", "a2", "a3", "b1", "b2")
	view(t, s, func(r store.Reader) {
		scan := r.Scan([]byte("a"), nil)
		for k := range scan {
			if string(k) != "a1" {
				t.Errorf("first key is %q", k)
			}
			break
		}
		var got string
		for ka := range scan { // again from the beginning, with others inside
			for kb, v := range r.Scan([]byte("b"), nil) {
				got += fmt.Sprintf("%s%s=%s,%s ", ka, kb, v, r.Get(ka))
			}
		}
		want := "a1b1=v:b1,v:a1 a1b2=v:b2,v:a1 a2b1=v:b1,v:a2 a2b2=v:b2,v:a2 a3b1=v:b1,v:a3 a3b2=v:b2,v:a3 "
		if got != want {
			t.Errorf("nested scans yield\n%s, want\n%s", got, want)
		}
	})
}

// testManyKeys goes over the edges of whatever pages a backend has: keys
// written out of order, in several updates, half of them deleted again.
func testManyKeys(t *testing.T, s store.Store) {
	const n = 4096
	key := func(i int) []byte { return fmt.Appendf(nil, "m%05d", i) }
	for part := range 4 {
		update(t, s, func(w store.Writer) {
			for i := range n / 4 {
				at := (i*4 + part) * 1237 % n // 1237 and n have no common divisor
				w.Put(key(at), fmt.Appendf(nil, "%d:%0*d", at, at%200, at))
			}
		})
	}
	update(t, s, func(w store.Writer) {
		for i := range n {
			if i%2 == 1 || i/512%2 == 1 { // singly, and in long runs
				w.Delete(key(i))
			}
		}
	})
	view(t, s, func(r store.Reader) {
		want, seen := 0, 0
		for k, v := range r.Scan([]byte("m"), nil) {
			for want%2 == 1 || want/512%2 == 1 {
				want++
			}
			if string(k) != string(key(want)) || string(v) != fmt.Sprintf("%d:%0*d", want, want%200, want) {
				t.Fatalf("key %d is %s=%s, want %s", seen, k, v, key(want))
			}
			want++
			seen++
		}
		if seen != n/4 {
			t.Errorf("%d keys are left, want %d", seen, n/4)
		}
	})
}
