package ledger_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

// TestAuditPages reads entries of commits of all sizes, whole and in pages of
// all sizes, in ranges of time.
func TestAuditPages(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		var want []string // newest first
		for i, n := range []int{1, 0, 3, 520, 0, 1} {
			var entries []string
			commit(t, l, start+int64(i)*10, func(b *ledger.Batch) {
				entries = nil
				for k := range n {
					p := fmt.Sprintf("%d/%d", i, k)
					b.Audit([]byte(p))
					b.Append(1, start, 1, []byte("between"), nil)
					entries = append(entries, p)
				}
				b.PutHead(1, 1, []byte{byte(i)})
			})
			slices.Reverse(entries)
			want = append(entries, want...)
		}
		view(t, l, func(tx *ledger.Tx) {
			for _, size := range []int{3, 100, 1000} {
				if got := pages(t, tx, size); !slices.Equal(got, want) {
					t.Errorf("pages of %d: %d entries, want %d", size, len(got), len(want))
				}
			}
			ranges := []struct {
				from, to int64
				want     []string
			}{
				{start + 20, start + 21, []string{"2/2", "2/1", "2/0"}},
				{start + 1, start + 30, []string{"2/2", "2/1", "2/0"}},
				{start, start + 20, []string{"0/0"}},
				{start + 31, math.MaxInt64, []string{"5/0"}},
				{math.MinInt64, start, nil},
				{start + 20, start + 20, nil},
				{start + 51, start + 99, nil},
			}
			for _, r := range ranges {
				var got []string
				for e := range tx.AuditEntries(ledger.Addr{}, r.from, r.to) {
					got = append(got, string(e.Payload))
					if e.Recorded < r.from || e.Recorded >= r.to {
						t.Errorf("%+v in [%d, %d)", e, r.from, r.to)
					}
				}
				if !slices.Equal(got, r.want) {
					t.Errorf("[%d, %d): %q, want %q", r.from-start, r.to-start, got, r.want)
				}
			}
		})
		sound(t, l)
	})
}

func pages(t *testing.T, tx *ledger.Tx, size int) (all []string) {
	var before ledger.Addr
	for range 2000 {
		n := 0
		for e := range tx.AuditEntries(before, math.MinInt64, math.MaxInt64) {
			if !before.IsZero() && e.Addr.Compare(before) >= 0 {
				t.Fatalf("%v after %v", e.Addr, before)
			}
			before = e.Addr
			all = append(all, string(e.Payload))
			if n++; n == size {
				break
			}
		}
		if n < size {
			return all
		}
	}
	t.Fatal("no end of pages")
	return nil
}

// TestAuditOf: number and instant of an entry come back, whatever they are.
func TestAuditOf(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		want := []ledger.AuditEntry{
			{About: 7, At: start - 5, Payload: []byte("a")}, {About: math.MaxUint32, At: ledger.MinInstant, Payload: []byte("a")},
			{About: 1, At: ledger.MaxInstant, Payload: []byte("b")}, {At: start, Payload: []byte("plain")},
		}
		commit(t, l, start, func(b *ledger.Batch) {
			for _, e := range want[:3] {
				b.AuditOf(e.About, e.At, e.Payload)
			}
			b.Audit(want[3].Payload)
		})
		view(t, l, func(tx *ledger.Tx) {
			i := len(want)
			for e := range tx.AuditEntries(ledger.Addr{}, math.MinInt64, math.MaxInt64) {
				i--
				if w := want[i]; e.About != w.About || e.At != w.At || string(e.Payload) != string(w.Payload) || e.Recorded != start {
					t.Errorf("%+v, want %+v", e, w)
				}
			}
			if i != 0 {
				t.Errorf("%d entries are missing", i)
			}
		})
		sound(t, l)
	})
}
