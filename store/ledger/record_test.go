package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/ledger/layout"
)

// host is a payload of about 3.3 KB, like an asset's.
func host(r *rand.Rand) []byte {
	b := fmt.Appendf(nil, "hosts/web%04d.example", r.IntN(10000))
	for len(b) < 3300 {
		b = fmt.Appendf(b, "\x0a\x12package-%d\x12%d.%d.%d\x1a%d", r.IntN(5000), r.IntN(20), r.IntN(20), r.IntN(100), r.Uint32())
	}
	return b
}

// changed is a host some time later: a few values differ, a package is new.
func changed(r *rand.Rand, payload []byte) []byte {
	p := bytes.Clone(payload)
	for range 3 {
		k := r.IntN(len(p) - 6)
		copy(p[k:], fmt.Sprintf("%06d", r.IntN(1_000_000)))
	}
	k := r.IntN(len(p))
	return append(p[:k:k], append([]byte("\x0a\x12new-package\x129.9.9"), p[k:]...)...)
}

// TestDeltaChain stores a host's versions, each as a delta to the one before
// until a full one is due, several to a commit, and loads all of them, the
// newest first.
func TestDeltaChain(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		var addrs []ledger.Addr
		var payloads [][]byte
		for i := range 20 {
			commit(t, l, start, func(b *ledger.Batch) {
				r := rand.New(rand.NewPCG(7, uint64(i)))
				addrs, payloads = addrs[:2*i], payloads[:2*i]
				for k := 2 * i; k < 2*i+2; k++ {
					if k == 0 {
						payloads = append(payloads, host(r))
						a, depth := b.Append(1, start, 1, payloads[0], nil)
						addrs = append(addrs, a)
						if depth != 0 {
							t.Errorf("the first has depth %d", depth)
						}
						continue
					}
					last, err := b.Load(addrs[k-1])
					if err != nil {
						t.Fatal(err)
					}
					payloads = append(payloads, changed(r, payloads[k-1]))
					a, depth := b.Append(1, start+int64(k), 1, payloads[k], last.Base())
					addrs = append(addrs, a)
					if depth != k%(ledger.MaxDepth+1) {
						t.Errorf("record %d has depth %d", k, depth)
					}
				}
			})
		}
		view(t, l, func(tx *ledger.Tx) {
			for k := len(addrs) - 1; k >= 0; k-- {
				r, err := tx.Load(addrs[k])
				if err != nil || !bytes.Equal(r.Payload, payloads[k]) || r.Depth != k%(ledger.MaxDepth+1) {
					t.Fatalf("record %d at %v: depth %d, %v", k, addrs[k], r.Depth, err)
				}
			}
		})
		sound(t, l)
	})
}

// TestDeltaOnlyWhereItPays has bases that are of no use.
func TestDeltaOnlyWhereItPays(t *testing.T) {
	_, l := openMemory(t)
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	same := noise(70_000)
	cases := []struct {
		name          string
		base, payload []byte
		depth, want   int
	}{
		{"the same again", same[:3000], same[:3000], 0, 1},
		{"nothing alike", noise(3000), noise(3000), 0, 0},
		{"half of it alike", same[:3000], append(noise(1600), same[1600:3000]...), 0, 0},
		{"deep enough", same[:3000], same[:3000], ledger.MaxDepth, 0},
		{"almost", same[:3000], same[:3000], ledger.MaxDepth - 1, ledger.MaxDepth},
		{"short", same[:63], same[:63], 0, 0},
		{"short base", same[:15], same[:3000], 0, 0},
		{"empty base", nil, same[:3000], 0, 0},
		{"as long as can be", same[:65536], same[:65536], 0, 1},
		{"longer", same[:65537], same[:65536], 0, 0},
		{"longer base", same[:65536], same[:65537], 0, 0},
	}
	for _, c := range cases {
		commit(t, l, start, func(b *ledger.Batch) {
			a, _ := b.Append(1, start, 1, c.base, nil)
			x, depth := b.Append(1, start, 1, c.payload, &ledger.Base{Addr: a, Payload: c.base, Depth: c.depth})
			if depth != c.want {
				t.Errorf("%s: depth %d, want %d", c.name, depth, c.want)
			}
			if c.depth > 0 {
				return // the depth was a lie
			}
			if got, err := b.Load(x); err != nil || !bytes.Equal(got.Payload, c.payload) {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
}

// TestWrongBase appends a delta to something else than what stands at the
// base's address: loading it must not return anything.
func TestWrongBase(t *testing.T) {
	_, l := openMemory(t)
	r := rand.New(rand.NewPCG(1, 2))
	h := host(r)
	var x ledger.Addr
	commit(t, l, start, func(b *ledger.Batch) {
		a, _ := b.Append(1, start, 1, h, nil)
		x, _ = b.Append(1, start, 1, h, &ledger.Base{Addr: a, Payload: changed(r, h)})
	})
	view(t, l, func(tx *ledger.Tx) {
		if r, err := tx.Load(x); !errors.Is(err, ledger.ErrCorrupt) || r.Payload != nil {
			t.Errorf("Load = %d bytes, %v", len(r.Payload), err)
		}
	})
	if len(verify(t, l)) != 1 {
		t.Errorf("Verify found %v", verify(t, l))
	}
}

// TestBlocks fills commits with records of all sizes, so that blocks end for
// every reason, and reads each back, in and after the batch.
func TestBlocks(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store, l *ledger.Ledger) {
		sizes := []int{0, 1, 30, 500, 4_000, 16 << 10, 16<<10 + 1, 100_000, 1 << 20}
		addrs := map[ledger.Addr][]byte{}
		for i, n := range []int{1, 511, 512, 513, 1500, 20} {
			commit(t, l, start, func(b *ledger.Batch) {
				r := rand.New(rand.NewPCG(3, uint64(i)))
				for k := range n {
					size := sizes[k%3]
					p := bytes.Repeat([]byte{byte(r.Uint32()), byte(k)}, size)[:size]
					if n == 20 { // all sizes, of what does not compress
						p = make([]byte, sizes[k%len(sizes)])
						_, _ = rand.NewChaCha8([32]byte{byte(k)}).Read(p)
					}
					a, _ := b.Append(uint32(k), start+int64(k), byte(1+k%ledger.MaxKind), p, nil)
					addrs[a] = p
				}
				for a, p := range addrs {
					if r, err := b.Load(a); err != nil || !bytes.Equal(r.Payload, p) {
						t.Fatalf("in the batch: %v: %v", a, err)
					}
				}
			})
		}
		for _, line := range dump(t, s) {
			_, value, _ := strings.Cut(line, "=")
			if single := value[20:24] == "0001"; line[0] == 'c' && !single && len(value) > 2*10_000 {
				t.Errorf("a block of %d bytes that is not one record: %s", len(value)/2, line[:40])
			}
		}
		view(t, l, func(tx *ledger.Tx) {
			for a, p := range addrs {
				r, err := tx.Load(a)
				if err != nil || !bytes.Equal(r.Payload, p) || r.Stream != uint32(a.Slot) ||
					r.Kind != byte(1+int(a.Slot)%ledger.MaxKind) || r.Effective != start+int64(a.Slot) {
					t.Fatalf("%v: %+v, %v", a, r, err)
				}
			}
			for _, a := range []ledger.Addr{{}, {Seq: 1, Slot: 1}, {Seq: 3, Slot: 512}, {Seq: 99}, {Seq: ledger.Latest, Slot: 65535}} {
				if _, err := tx.Load(a); !errors.Is(err, ledger.ErrCorrupt) {
					t.Errorf("Load(%v): %v", a, err)
				}
			}
		})
		sound(t, l)
	})
}

// TestLimits makes batches that cannot be committed; nothing of them is there.
func TestLimits(t *testing.T) {
	long := strings.Repeat("x", 501)
	cases := map[string]func(b *ledger.Batch){
		"large payload": func(b *ledger.Batch) { b.Append(1, 1, 1, make([]byte, ledger.MaxPayload+1), nil) },
		"large audit":   func(b *ledger.Batch) { b.Audit(make([]byte, ledger.MaxPayload+1)) },
		"kind 0":        func(b *ledger.Batch) { b.Append(1, 1, 0, nil, nil) },
		"kind 128":      func(b *ledger.Batch) { b.Append(1, 1, 128, nil, nil) },
		"long name":     func(b *ledger.Batch) { b.Intern(1, long[:401]) },
		"no name":       func(b *ledger.Batch) { b.Intern(1, "") },
		"head 0":        func(b *ledger.Batch) { b.PutHead(1, 0, nil) },
		"large head":    func(b *ledger.Batch) { b.PutHead(1, 1, make([]byte, ledger.MaxValue+1)) },
		"long object":   func(b *ledger.Batch) { b.PutObject(1, long, nil) },
		"no object":     func(b *ledger.Batch) { b.PutObject(1, "", nil) },
		"large object":  func(b *ledger.Batch) { b.PutObject(1, "a", make([]byte, ledger.MaxValue+1)) },
		"large receipt": func(b *ledger.Batch) { b.PutRequest("", "", ledger.Receipt{Payload: make([]byte, ledger.MaxValue+1)}) },
		"long roll-up":  func(b *ledger.Batch) { b.Add(long, []int64{1}) },
		"no roll-up":    func(b *ledger.Batch) { b.Add("", []int64{1}) },
		"base not older": func(b *ledger.Batch) {
			b.Append(1, 1, 1, make([]byte, 99), &ledger.Base{Addr: ledger.Addr{Seq: 9}, Payload: make([]byte, 99)})
		},
		"many records": func(b *ledger.Batch) {
			for range ledger.MaxRecords {
				b.Audit(nil)
			}
			if b.Err() != nil || b.Room() != 0 {
				t.Errorf("%d records: room for %d, %v", ledger.MaxRecords, b.Room(), b.Err())
			}
			b.Append(1, 1, 1, nil, nil)
		},
	}
	s, l := openMemory(t)
	before := dump(t, s)
	for name, f := range cases {
		c, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
			b.PutHead(1, 1, []byte("written"))
			f(b)
			if b.Err() == nil {
				t.Errorf("%s: no error in the batch", name)
			}
			return nil
		})
		if !errors.Is(err, ledger.ErrLimit) || c != (ledger.Commit{}) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if after := dump(t, s); strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("something was written: %q", after)
	}
}

// TestLargest commits as much as a commit and a payload can hold.
func TestLargest(t *testing.T) {
	_, l := openMemory(t)
	var last ledger.Addr
	commit(t, l, start, func(b *ledger.Batch) {
		for b.Room() > 1 {
			b.Append(1, start, 1, nil, nil)
		}
		last, _ = b.Append(2, start, 1, make([]byte, ledger.MaxPayload), nil)
		b.Intern(1, strings.Repeat("n", ledger.MaxName))
		b.PutObject(1, strings.Repeat("n", ledger.MaxText), []byte("o"))
		b.Add(strings.Repeat("n", ledger.MaxText), []int64{1})
	})
	view(t, l, func(tx *ledger.Tx) {
		if r, err := tx.Load(last); err != nil || len(r.Payload) != ledger.MaxPayload {
			t.Errorf("Load(%v): %d bytes, %v", last, len(r.Payload), err)
		}
		for name := range tx.Objects(1, strings.Repeat("n", ledger.MaxText)) {
			t.Errorf("object %q after the last", name)
		}
	})
	sound(t, l)
}

func TestAddr(t *testing.T) {
	a := ledger.Addr{Seq: 0x0102030405, Slot: 0x0607}
	b := a.Append([]byte("x"))
	if !bytes.Equal(b, []byte("x\x01\x02\x03\x04\x05\x06\x07")) || a.String() != "4328719365.1543" {
		t.Errorf("%x %v", b, a)
	}
	if got, ok := layout.ParseAddr(b[1:]); !ok || got != a {
		t.Errorf("parsed %v %v", got, ok)
	}
	if _, ok := layout.ParseAddr(b[2:]); ok {
		t.Error("parsed 6 bytes")
	}
	next := ledger.Addr{Seq: a.Seq, Slot: a.Slot + 1}
	if a.Compare(next) >= 0 || next.Compare(a) <= 0 || a.Compare(a) != 0 || a.IsZero() || !(ledger.Addr{}).IsZero() {
		t.Error("order")
	}
}
