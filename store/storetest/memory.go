package storetest

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/store"
)

// scribble overwrites b, which the caller of the store owns.
func scribble(b []byte) {
	for i := range b {
		b[i] = '#'
	}
}

func testPutCopies(t *testing.T, s store.Store) {
	key, value := []byte("c1"), []byte("first")
	large := bytes.Repeat([]byte("x"), 100<<10) // longer than what may be copied in common
	update(t, s, func(w store.Writer) {
		w.Put(key, value)
		scribble(key)
		scribble(value)
		copy(key, "c2")
		w.Put(key, large)
		scribble(key)
		scribble(large)
		copy(key, "c3")
		copy(value, "third")
		w.Put(key, value)
		copy(key, "c1")
		if got := string(w.Get(key)); got != "first" {
			t.Errorf("what was put is %q after its memory was reused", got)
		}
		w.Delete(key)
		scribble(key)
		scribble(value)
	})
	wantKeys(t, s, "c", "", "c2", "c3")
	wantKeys(t, s, "#", "")
	wantValue(t, s, "c2", strings.Repeat("x", 100<<10))
	wantValue(t, s, "c3", "third")
}

func testScanCopies(t *testing.T, s store.Store) {
	fill(t, s, "a1", "a2", "a3")
	view(t, s, func(r store.Reader) {
		lo, hi := []byte("a1"), []byte("a3")
		scan := r.Scan(lo, hi)
		scribble(lo)
		scribble(hi)
		if got := collect(scan); len(got) != 2 || got[0].key != "a1" || got[1].key != "a2" {
			t.Errorf("a scan whose bounds were overwritten yields %v", got)
		}
	})
}

// testMemoryHolds keeps what Get and Scan returned and looks at it at the end
// of the closure, after everything has been overwritten and deleted.
func testMemoryHolds(t *testing.T, s store.Store) {
	var names []string
	for i := range 300 {
		names = append(names, "h"+strings.Repeat("k", i%50)+string(rune('A'+i%26))+strings.Repeat("z", i/50))
	}
	fill(t, s, names...)
	update(t, s, func(w store.Writer) {
		var kept [][2][]byte
		for k, v := range w.Scan([]byte("h"), nil) {
			kept = append(kept, [2][]byte{k, v})
		}
		for _, n := range names {
			kept = append(kept, [2][]byte{[]byte(n), w.Get([]byte(n))})
			w.Put([]byte(n), []byte("overwritten"))
			kept = append(kept, [2][]byte{nil, w.Get([]byte(n))})
			w.Put([]byte(n), bytes.Repeat([]byte("overwritten"), 20))
		}
		for _, n := range names {
			w.Delete([]byte(n))
			w.Put([]byte("h!"+n), []byte("another"))
		}
		for _, p := range kept {
			want := "v:" + string(p[0])
			if p[0] == nil {
				want = "overwritten"
			}
			if string(p[1]) != want {
				t.Fatalf("memory of %.20q became %.20q, want %.20q", p[0], p[1], want)
			}
		}
	})
}

// testNoRoom appends to what the store returned, which must not reach what
// stands behind it.
func testNoRoom(t *testing.T, s store.Store) {
	fill(t, s, "a1", "a2", "a3")
	check := func(r store.Reader) {
		for k, v := range r.Scan([]byte("a"), nil) {
			_, _ = append(k, "####"...), append(v, "####"...)
			_ = append(r.Get(k), "####"...)
		}
		for _, p := range all(r, "a", "") {
			if p.value != "v:"+p.key {
				t.Errorf("appending changed %v", p)
			}
		}
	}
	view(t, s, check)
	update(t, s, func(w store.Writer) {
		w.Put([]byte("a2"), []byte("v:a2"))
		check(w)
	})
}

func testBigValues(t *testing.T, s store.Store) {
	rnd := rand.New(rand.NewChaCha8([32]byte{1}))
	values := map[string][]byte{}
	for k, size := range map[string]int{"v1": 4 << 10, "v2": 5000, "v3": 1 << 20, "v4": 12<<20 + 1} {
		v := make([]byte, size)
		for i := range v {
			v[i] = byte(rnd.Uint32())
		}
		values[k] = v
	}
	update(t, s, func(w store.Writer) {
		for k, v := range values {
			w.Put([]byte(k), v)
		}
	})
	view(t, s, func(r store.Reader) {
		n := 0
		for k, v := range r.Scan([]byte("v"), nil) {
			if n++; !bytes.Equal(v, values[string(k)]) {
				t.Errorf("%s reads back as %d other bytes", k, len(v))
			}
		}
		if n != len(values) {
			t.Errorf("%d values read back, want %d", n, len(values))
		}
	})
}

func testLongKeys(t *testing.T, s store.Store) {
	longest := strings.Repeat("l", store.MaxKey)
	other := longest[:store.MaxKey-1] + "m"
	fill(t, s, "l", longest, other)
	wantKeys(t, s, "l", "", "l", longest, other)
	wantKeys(t, s, longest+"\x00", "", other) // a bound may be longer than a key
	update(t, s, func(w store.Writer) { w.Delete([]byte(longest)) })
	wantKeys(t, s, "l", longest+"\x00", "l")
	wantValue(t, s, other, "v:"+other)
}
