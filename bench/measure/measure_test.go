package measure

import (
	"errors"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("the median of %v is %v, not %v", c.values, got, c.want)
		}
	}
}

// TestRatio: one round that something disturbed does not move it.
func TestRatio(t *testing.T) {
	if got := Ratio([]float64{2, 40, 4}, []float64{1, 1, 2}); got != 2 {
		t.Errorf("the ratio is %v", got)
	}
}

// TestRounds: cases take turns, and each has a sample of each round.
func TestRounds(t *testing.T) {
	var order []string
	spin := func(name string) Case {
		return Case{name, func(n int) error {
			order = append(order, name)
			for range n * 1000 {
				sink = sink*31 + 7
			}
			return nil
		}}
	}
	const rounds = 5
	s, err := Rounds(rounds, 2*time.Millisecond, spin("a"), spin("b"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range order[len(order)-2*rounds:] {
		if want := []string{"a", "b"}[i%2]; name != want {
			t.Errorf("turn %d is %s's, not %s's", i, name, want)
		}
	}
	for i := range s {
		if len(s[i].CPU) != rounds || len(s[i].Wall) != rounds || len(s[i].Allocs) != rounds || Median(s[i].CPU) <= 0 {
			t.Errorf("the samples of case %d are %+v", i, s[i])
		}
	}
}

var sink int

func TestRoundsFail(t *testing.T) {
	want := errors.New("no")
	if _, err := Rounds(1, time.Millisecond, Case{"a", func(int) error { return want }}); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}
