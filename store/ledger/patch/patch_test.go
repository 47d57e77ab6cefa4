package patch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store/ledger/patch"
)

func same(t interface {
	Fatalf(string, ...any)
	Helper()
}, base, text []byte) []byte {
	t.Helper()
	p := patch.Encode(nil, base, text)
	got, err := patch.Decode(base, p)
	if err != nil || !bytes.Equal(got, text) {
		t.Fatalf("%q after a patch %x of %q: %q, %v", text, p, base, got, err)
	}
	if n, err := patch.Size(p); err != nil || n != len(text) {
		t.Fatalf("the size of a patch of %d bytes is %d, %v", len(text), n, err)
	}
	return p
}

// drawn is a text in which nothing stands twice.
func drawn(n int) []byte {
	r, out := rand.New(rand.NewPCG(1, 2)), make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// TestSize: what little differs costs little.
func TestSize(t *testing.T) {
	base := drawn(3000)
	edited := func(at, cut int, with string) []byte {
		out := append(bytes.Clone(base[:at]), with...)
		return append(out, base[at+cut:]...)
	}
	for _, c := range []struct {
		name string
		text []byte
		most int
	}{
		{"nothing", base, 5},
		{"a byte in place", edited(1000, 1, "#"), 2 + 3 + 2 + 2},
		{"the first byte", edited(0, 1, "#"), 2 + 2 + 2},
		{"the last byte", edited(2999, 1, "#"), 2 + 3 + 2},
		{"eight bytes in place", edited(700, 8, "#.-_!$%&"), 2 + 3 + 9 + 2},
		{"bytes put in", edited(500, 0, "more"), 2 + 3 + 5 + 3 + 2},
		{"bytes taken out", edited(500, 40, ""), 2 + 3 + 1 + 3 + 2},
		{"halves changed over", append(bytes.Clone(base[1500:]), base[:1500]...), 2 + 2*(1+2+3) + 4},
		{"nothing left", nil, 1},
	} {
		if p := same(t, base, c.text); len(p) > c.most {
			t.Errorf("%s: %d bytes, %x", c.name, len(p), p)
		}
	}
}

// TestEdits: any edits of any base come back, and do not cost more than what
// was put in and some bytes for each.
func TestEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SliceOfN(rapid.Byte(), 0, 9000).Draw(t, "base")
		text, put := bytes.Clone(base), 0
		n := rapid.IntRange(0, 6).Draw(t, "edits")
		for range n {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			cut := rapid.IntRange(0, min(60, len(text)-at)).Draw(t, "cut")
			with := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "with")
			text = append(append(bytes.Clone(text[:at]), with...), text[at+cut:]...)
			put += len(with)
		}
		if len(text) > patch.MaxSize {
			t.Skip("too long")
		}
		if p := same(t, base, text); len(p) > put+3+16*(n+1)+n*leastFound {
			t.Fatalf("%d bytes for %d edits of %d bytes", len(p), n, put)
		}
	})
}

// leastFound is how long a piece may be that is not found elsewhere in its base.
const leastFound = 40

// TestUnlike: texts that have nothing in common, and short ones, come back.
func TestUnlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SliceOfN(rapid.ByteRange('a', 'c'), 0, 400)
		same(t, few.Draw(t, "base"), few.Draw(t, "text"))
	})
	long := bytes.Repeat([]byte{7}, patch.MaxSize)
	same(t, long, bytes.Repeat([]byte{7, 8}, patch.MaxSize/2))
	same(t, bytes.Repeat([]byte{7, 8}, patch.MaxSize/2), long)
}

// TestForeign: bytes that are no patch of the base are an error.
func TestForeign(t *testing.T) {
	base := []byte("0123456789")
	num := func(v ...uint64) (out []byte) {
		for _, x := range v {
			out = binary.AppendUvarint(out, x)
		}
		return out
	}
	for name, p := range map[string][]byte{
		"empty":              nil,
		"too long a text":    num(patch.MaxSize + 1),
		"ends early":         num(4, 0),
		"inserts too much":   append(num(2, 3), "abc"...),
		"inserts what lacks": num(4, 4),
		"copies nothing":     num(4, 0, 0),
		"copies too much":    num(2, 0, 3<<1),
		"beyond the base":    num(11, 0, 11<<1),
		"before the base":    num(2, 0, 2<<1|1, 1),
		"moves far away":     append(num(2, 0, 2<<1|1), binary.AppendVarint(nil, 1<<40)...),
		"goes on":            num(2, 0, 2<<1, 7),
		"half a number":      {0x80},
	} {
		if out, err := patch.Decode(base, p); !errors.Is(err, patch.ErrPatch) {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	if _, err := patch.Decode(make([]byte, patch.MaxSize+1), num(1, 0, 2)); !errors.Is(err, patch.ErrPatch) {
		t.Error("too long a base is taken")
	}
}

// FuzzDecode: whatever the bytes, what comes out is bounded; and base and bytes
// as a text come back.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("0123456789"), []byte{4, 0, 8})
	f.Add([]byte("0123456789012345"), patch.Encode(nil, []byte("0123456789012345"), []byte("01234x6789012345")))
	f.Fuzz(func(t *testing.T, base, b []byte) {
		if len(base) > patch.MaxSize || len(b) > patch.MaxSize {
			t.Skip()
		}
		if out, err := patch.Decode(base, b); err == nil && len(out) > patch.MaxSize {
			t.Fatalf("%d bytes", len(out))
		}
		same(t, base, b)
	})
}

// BenchmarkEncode: a record of three kilobytes of which some bytes differ.
func BenchmarkEncode(b *testing.B) {
	base := drawn(3000)
	text := bytes.Clone(base)
	copy(text[1200:], "0123456789")
	var p []byte
	b.ReportAllocs()
	for b.Loop() {
		p = patch.Encode(p[:0], base, text)
	}
}
