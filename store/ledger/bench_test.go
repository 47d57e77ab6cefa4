package ledger_test

import (
	"math/rand/v2"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

// BenchmarkCommit is a batch of 1,000 changes: a record and a head each.
func BenchmarkCommit(b *testing.B) {
	_, l := openBolt(b)
	r := rand.New(rand.NewPCG(1, 2))
	now := int64(1_700_000_000) * second
	payload, head := make([]byte, 30), make([]byte, 200)
	commit := func() {
		now += second
		_, err := l.Commit(ctx, now, func(b *ledger.Batch) error {
			for range 1000 {
				for i := range payload {
					payload[i] = byte(r.Uint32())
				}
				n := uint32(r.IntN(20000)) + 1
				b.Append(n, now, 1, payload, nil)
				copy(head, payload)
				b.PutHead(1, n, head)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for range 40 {
		commit()
	}
	b.ReportAllocs()
	for b.Loop() {
		commit()
	}
}

// BenchmarkCommitRaw is the writes of BenchmarkCommit without a ledger.
func BenchmarkCommitRaw(b *testing.B) {
	db, _ := openBolt(b)
	r := rand.New(rand.NewPCG(1, 2))
	payload, head := make([]byte, 400), make([]byte, 204)
	big := make([]byte, 16<<10)
	seq := uint32(0)
	commit := func() {
		err := db.Update(ctx, func(w store.Writer) error {
			for i := range 1000 {
				n := uint32(r.IntN(20000))
				k := []byte{'t', byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 255}
				w.Put(k, payload[:100+i%300])
				k[0] = 'h'
				w.Put(k, head)
			}
			for i := range 3 {
				seq++
				w.Put([]byte{'c', byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq), byte(i)}, big)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for range 40 {
		commit()
	}
	b.ReportAllocs()
	for b.Loop() {
		commit()
	}
}

// BenchmarkRead asks 5,000 timelines of 40 entries each, in no order.
func BenchmarkRead(b *testing.B) {
	_, l := openBolt(b)
	const streams, commits, each = 5000, 200, 1000
	r := rand.New(rand.NewPCG(1, 2))
	for i := range commits {
		commit(b, l, start+int64(i)*second, func(b *ledger.Batch) {
			for range each {
				b.Append(uint32(r.IntN(streams)), start+int64(i)*second, 1, states(r), nil)
			}
		})
	}
	const last = start + commits*second
	ask := func(name string, f func(tx *ledger.Tx)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				view(b, l, f)
			}
		})
	}
	ask("nothing", func(*ledger.Tx) {})
	ask("at", func(tx *ledger.Tx) { tx.At(uint32(r.IntN(streams)), last, ledger.Latest) })
	ask("at-known", func(tx *ledger.Tx) {
		tx.At(uint32(r.IntN(streams)), last-r.Int64N(commits*second), ledger.Seq(r.IntN(commits)))
	})
	ask("load", func(tx *ledger.Tx) {
		e, _ := tx.At(uint32(r.IntN(streams)), last-r.Int64N(commits/2*second), ledger.Latest)
		if _, err := tx.LoadEntry(e); err != nil {
			b.Fatal(err)
		}
	})
	ask("history", func(tx *ledger.Tx) { // 40 of them, each in another block
		for e := range tx.Entries(uint32(r.IntN(streams)), 0, last, ledger.Latest) {
			if _, err := tx.LoadEntry(e); err != nil {
				b.Fatal(err)
			}
		}
	})
	ask("seq-at", func(tx *ledger.Tx) { tx.SeqAt(last - r.Int64N(commits*second)) })
}
