package rollup

import (
	"context"
	"iter"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// counted is a store that counts what is read of it.
type counted struct {
	store.Store
	keys int
}

type countedReader struct {
	store.Reader
	s *counted
}

func (s *counted) View(ctx context.Context, f func(store.Reader) error) error {
	return s.Store.View(ctx, func(r store.Reader) error { return f(countedReader{r, s}) })
}

func (r countedReader) Get(key []byte) []byte {
	r.s.keys++
	return r.Reader.Get(key)
}

func (r countedReader) Scan(lo, hi []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		r.s.keys++ // the seek
		for k, v := range r.Reader.Scan(lo, hi) {
			r.s.keys++
			if !yield(k, v) {
				return
			}
		}
	}
}

func newLedger(t testing.TB) (*counted, *ledger.Ledger) {
	t.Helper()
	s := &counted{Store: memory.New()}
	l, err := ledger.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

// change is a change of a step function: something else than was known holds
// from one instant to another.
type change struct {
	from, to int64
	level    int64
	rule     int32
}

// write writes changes, each in a commit of its own.
func write(t testing.TB, l *ledger.Ledger, changes []change) {
	t.Helper()
	for i, c := range changes {
		if _, err := l.Commit(t.Context(), int64(i), func(b *ledger.Batch) error {
			var p Pending
			s, err := p.Series(b, "x")
			if err != nil {
				return err
			}
			s.names.Rules, s.fresh = []string{"r0", "r1"}, true
			err = s.Replace(&Standing{}, &Standing{levels: []int64{0, c.level}, rules: []int32{0, 0, 0, 0, c.rule}}, c.from, c.to)
			p.Flush(b)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t testing.TB, l *ledger.Ledger, f func(*Sums) error) {
	t.Helper()
	if err := l.View(t.Context(), func(tx *ledger.Tx) error {
		s, err := Open(tx, "x")
		if err != nil {
			return err
		}
		return f(s)
	}); err != nil {
		t.Fatal(err)
	}
}

// want is the integral of changes over a span. What ends with all time has no end.
func want(changes []change, from, to int64, level func(change) int64) *big.Int {
	sum := new(big.Int)
	for _, c := range changes {
		if c.to == ledger.MaxInstant {
			c.to = math.MaxInt64
		}
		if a, b := max(c.from, from), min(c.to, to); a < b {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(level(c)), big.NewInt(b-a)))
		}
	}
	return sum
}

// TestIntegrals: integrals of any step function over any spans are exact, with
// levels of the size that 2³² systems give, over all the time that there is.
func TestIntegrals(t *testing.T) {
	const most = 100_000_000 << 32
	near := rapid.Int64Range(-40*Day, 40*Day)
	instant := rapid.OneOf(near, near, rapid.Int64Range(ledger.MinInstant, ledger.MaxInstant-1))
	rapid.Check(t, func(rt *rapid.T) {
		_, l := newLedger(t)
		changes := make([]change, rapid.IntRange(1, 12).Draw(rt, "changes"))
		for i := range changes {
			c := change{from: instant.Draw(rt, "from"), to: ledger.MaxInstant, level: rapid.Int64Range(-most, most).Draw(rt, "level"), rule: rapid.Int32().Draw(rt, "rule")}
			if rapid.Bool().Draw(rt, "ends") {
				c.to = rapid.Int64Range(c.from, ledger.MaxInstant-1).Draw(rt, "to")
			}
			changes[i] = c
		}
		write(t, l, changes)
		read(t, l, func(s *Sums) error {
			from := Floor(instant.Draw(rt, "begin"), Hour)
			step := rapid.Int64Range(1, 3000*24).Draw(rt, "step") * Hour
			for _, x := range s.Trend(from, from+30*step, step) {
				if w := want(changes, x.Start, x.End, func(c change) int64 { return c.level }); x.At(1).Big().Cmp(w) != 0 {
					rt.Fatalf("from %d to %d: %v, want %v of %+v", x.Start, x.End, x.At(1).Big(), w, changes)
				}
			}
			from, step = Floor(from, Day), rapid.Int64Range(1, 3000).Draw(rt, "step")*Day
			for _, x := range s.RuleTrend("r1", from, from+30*step, step) {
				if w := want(changes, x.Start, x.End, func(c change) int64 { return int64(c.rule) }); x.At(Fail).Big().Cmp(w) != 0 {
					rt.Fatalf("the rule from %d to %d: %v, want %v of %+v", x.Start, x.End, x.At(Fail).Big(), w, changes)
				}
			}
			return nil
		})
	})
}

// TestKeysRead: how much is read does not grow with history.
func TestKeysRead(t *testing.T) {
	const year = 365 * Day
	cost := func(years int64) (out []int) {
		s, l := newLedger(t)
		if _, err := l.Commit(t.Context(), 1, func(b *ledger.Batch) error {
			var p Pending
			x, err := p.Series(b, "x")
			if err != nil {
				return err
			}
			x.names.Rules, x.fresh = []string{"r0", "r1"}, true
			for at := -years * year; at < 0; at += Hour { // something every hour
				if err := x.Replace(&Standing{}, &Standing{levels: []int64{at / Hour}, rules: []int32{1, 0, 0, 1, 1}}, at+1, at+Hour/2); err != nil {
					return err
				}
			}
			p.Flush(b)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []func(s *Sums) []Span{
			func(s *Sums) []Span { return s.Trend(-30*Day, 0, Day) },
			func(s *Sums) []Span { return s.Trend(-30*Day-7*Hour, -7*Hour, Hour) },
			func(s *Sums) []Span { return s.Trend(-5*Hour-year, -5*Hour, year) },
			func(s *Sums) []Span { return s.RuleTrend("r1", -90*Day, 0, Day) },
			func(s *Sums) []Span { return s.RuleTrend("r1", -year, 0, year) },
		} {
			s.keys = 0
			read(t, l, func(s *Sums) error { c(s); return nil })
			out = append(out, s.keys)
		}
		return out
	}
	short, long := cost(4), cost(20)
	// Sixteen years are six eras more.
	for i, most := range []int{60 + 120, 750 + 820, 250, 250, 150} {
		if long[i] > most || long[i] > short[i]+8 {
			t.Errorf("reading %d takes %d keys after 20 years, %d after four, at most %d", i, long[i], short[i], most)
		}
	}
}
