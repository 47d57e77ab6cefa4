package space

import (
	"testing"
	"time"

	"github.com/plumbline/plumbline/bench/estate"
)

// TestPasses: the passes make the history that the figures are said to be of.
func TestPasses(t *testing.T) {
	const systems = 60
	ctx := t.Context()
	s, err := Open(ctx, t.TempDir(), systems)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	count := func() int {
		n, err := s.breakpoints(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := count()
	if first != systems {
		t.Fatalf("%d breakpoints of %d systems", first, systems)
	}
	for _, c := range []struct {
		name, outcome string
		change        estate.Change
		breakpoints   int
	}{
		{"nothing", "unchanged", estate.Change{}, 0},
		{"a package", "updated", estate.Change{Release: 1}, 0},
		{"a result", "updated", estate.Change{Release: 1, Flip: true}, systems},
	} {
		before := count()
		if _, err := s.Pass(ctx, c.outcome, func(int) estate.Change { return c.change }); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n := count() - before; n < c.breakpoints || n > c.breakpoints+systems/20 {
			t.Errorf("changing %s made %d breakpoints, not %d", c.name, n, c.breakpoints)
		}
	}
	if n, _, err := s.Age(ctx, 30*time.Hour); err != nil || n < systems {
		t.Errorf("a day made %d breakpoints of %d systems: %v", n, systems, err)
	}
}
