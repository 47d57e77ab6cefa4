package ledger_test

import (
	"math/rand/v2"
	"testing"

	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// used returns the bytes of the file that hold something.
func used(t testing.TB, db *bolt.DB) int64 {
	t.Helper()
	s, err := db.Stat(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s.SizeBytes - s.FreeBytes
}

// states is a payload like that of a series: 60 states of two bits, most of
// them like everybody's, and 15 bytes that nothing predicts.
func states(r *rand.Rand) []byte {
	p := make([]byte, 30)
	for i := range p {
		p[i] = byte(r.Uint32())
		if i < 15 {
			p[i] = 0x55
		}
	}
	for range 5 {
		p[r.IntN(15)] ^= 1 << r.IntN(8)
	}
	return p
}

// TestBytes measures what a record costs in a bbolt file, its entry in the
// timeline and the room that a B-tree leaves included. What is measured is the
// second half of what is written, when pages have been split; the sequence is
// the same in every run, so the figures are too.
func TestBytes(t *testing.T) {
	noise := func(r *rand.Rand) []byte {
		p := make([]byte, 30)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return p
	}
	cases := []struct {
		name    string
		payload func(*rand.Rand) []byte
		each    int // records of a commit
		most    float64
	}{
		{"a change of 30 bytes, 400 a commit", states, 400, 60},
		{"30 bytes of noise, 400 a commit", noise, 400, 64},
		{"a change of 30 bytes, 20 a commit", states, 20, 70},
	}
	for _, c := range cases {
		db, l := openBolt(t)
		const streams, records = 1500, 24_000
		r := rand.New(rand.NewPCG(1, 2))
		now, half := start, int64(0)
		for n := 0; n < records; n += c.each {
			if n == records/2 {
				half = used(t, db)
			}
			now += 600 * second
			commit(t, l, now, func(b *ledger.Batch) {
				for range c.each {
					at := now - r.Int64N(300*second)
					b.Append(uint32(r.IntN(streams)), at, 1, c.payload(r), nil)
				}
			})
		}
		got := float64(used(t, db)-half) / (records / 2)
		t.Logf("%s: %.1f bytes", c.name, got)
		if got > c.most || got < 20 {
			t.Errorf("%s: %.1f bytes, at most %.0f are allowed", c.name, got, c.most)
		}
	}
}

// TestBytesOfVersions measures what a version of a host costs, of which every
// 17th is stored whole.
func TestBytesOfVersions(t *testing.T) {
	db, l := openBolt(t)
	const hosts, versions = 50, 34
	r := rand.New(rand.NewPCG(1, 2))
	bases := make([]*ledger.Base, hosts)
	var wholes int64
	version := func(i int) {
		commit(t, l, start+int64(i)*second, func(b *ledger.Batch) {
			for h := range bases {
				var payload []byte
				if bases[h] == nil {
					payload = host(r)
				} else {
					payload = changed(r, bases[h].Payload)
				}
				a, depth := b.Append(uint32(h), start+int64(i)*second, 1, payload, bases[h])
				bases[h] = &ledger.Base{Addr: a, Payload: payload, Depth: depth}
			}
		})
	}
	version(0)
	wholes = used(t, db)
	for i := 1; i <= ledger.MaxDepth; i++ {
		version(i)
	}
	deltas := float64(used(t, db)-wholes) / (hosts * ledger.MaxDepth)
	before := used(t, db)
	for i := range versions {
		version(ledger.MaxDepth + 1 + i)
	}
	all := float64(used(t, db)-before) / (hosts * versions)
	t.Logf("a delta %.1f bytes, a version %.1f", deltas, all)
	if deltas > 150 || all > 400 {
		t.Errorf("a delta costs %.1f bytes and a version %.1f, at most 150 and 400 are allowed", deltas, all)
	}
}
