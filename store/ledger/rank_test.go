package ledger_test

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store/ledger"
)

// place is a place of a list.
type place struct {
	kind byte
	list uint32
	rank ledger.Rank
}

// TestRanks compares lists with a model, also within the batch that changes them.
func TestRanks(t *testing.T) {
	lists := rapid.SampledFrom([]uint32{0, 1, 255, math.MaxUint32})
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := drawStore(t, dir)
		defer func() { _ = s.Close() }()
		l, err := ledger.Create(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		model := map[place]bool{}
		draw := func() place {
			return place{kinds.Draw(t, "kind"), lists.Draw(t, "list"), ledger.Rank{Value: numbers.Draw(t, "value"), N: numbers.Draw(t, "n")}}
		}
		check := func(tx *ledger.Tx) {
			at := draw()
			var want []ledger.Rank
			for p := range model {
				if p.kind == at.kind && p.list == at.list && compareRanks(p.rank, at.rank) >= 0 {
					want = append(want, p.rank)
				}
			}
			slices.SortFunc(want, compareRanks)
			if got := slices.Collect(tx.Ranks(at.kind, at.list, at.rank)); !slices.Equal(got, want) {
				t.Fatalf("from %+v: %v, model %v", at, got, want)
			}
		}
		for range rapid.IntRange(1, 4).Draw(t, "commits") {
			_, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
				for range rapid.IntRange(0, 12).Draw(t, "changes") {
					p := draw()
					if rapid.Bool().Draw(t, "put") {
						b.PutRank(p.kind, p.list, p.rank)
						model[p] = true
					} else {
						b.DeleteRank(p.kind, p.list, p.rank)
						delete(model, p)
					}
				}
				if p, most := draw(), rapid.IntRange(0, 4).Draw(t, "drop"); most > 0 {
					var list []ledger.Rank
					for x := range model {
						if x.kind == p.kind && x.list == p.list {
							list = append(list, x.rank)
						}
					}
					slices.SortFunc(list, compareRanks)
					list = list[:min(most, len(list))]
					for _, r := range list {
						delete(model, place{p.kind, p.list, r})
					}
					if n := b.DropRanks(p.kind, p.list, most); n != len(list) {
						t.Fatalf("DropRanks(%+v, %d) = %d, model %d", p, most, n, len(list))
					}
				}
				check(b.Tx)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := l.View(ctx, func(tx *ledger.Tx) error { check(tx); return nil }); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func compareRanks(a, b ledger.Rank) int {
	return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.N, b.N))
}
