package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// TestNumbered: names and heads of many numbers are those that are found one by
// one, however far apart they are.
func TestNumbered(t *testing.T) {
	l, err := ledger.Create(t.Context(), memory.New())
	if err != nil {
		t.Fatal(err)
	}
	const most = 200
	if _, err := l.Commit(t.Context(), 1, func(b *ledger.Batch) error {
		for i := range most {
			n := b.Intern('h', fmt.Sprintf("host-%03d", (i*37)%most))
			if i%5 != 0 {
				b.PutHead('h', n, fmt.Appendf(nil, "head %d", n))
			}
		}
		return b.Err()
	}); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfDistinct(rapid.Uint32Range(1, most+20), rapid.ID[uint32]).Draw(t, "numbers")
		slices.Sort(numbers)
		var names, wantNames, heads, wantHeads []string
		if err := l.View(t.Context(), func(tx *ledger.Tx) error {
			for n, name := range tx.NamesOf('h', numbers) {
				names = append(names, fmt.Sprint(n, name))
			}
			for n, head := range tx.HeadsOf('h', numbers) {
				heads = append(heads, fmt.Sprint(n, string(head)))
			}
			for _, n := range numbers {
				if name, ok := tx.Name('h', n); ok {
					wantNames = append(wantNames, fmt.Sprint(n, name))
				}
				head, err := tx.Head('h', n)
				if err != nil {
					return err
				}
				if head != nil {
					wantHeads = append(wantHeads, fmt.Sprint(n, string(head)))
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(names, wantNames) || !slices.Equal(heads, wantHeads) {
			t.Fatalf("of %v\n%v\n%v\nwant\n%v\n%v", numbers, names, heads, wantNames, wantHeads)
		}
	})
}
