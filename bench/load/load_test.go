package load

import (
	"testing"

	"github.com/plumbline/plumbline/bench/estate"
)

// TestTake: all systems come before one comes again, in either order, and no
// system gets the same content twice running.
func TestTake(t *testing.T) {
	for _, w := range []*Work{{Systems: 60}, {Systems: 60, Shuffle: true, From: 1000}, {Systems: 60, Flip: true}, {Systems: 1}} {
		last := map[int]estate.Change{}
		for pass := range 30 {
			seen := map[int]bool{}
			for range w.Systems {
				system, c := w.Take()
				if seen[system] {
					t.Fatalf("%+v: system %d came twice in pass %d", w, system, pass)
				}
				seen[system] = true
				if before, ok := last[system]; ok && before == c {
					t.Fatalf("%+v: system %d gets %+v twice running", w, system, c)
				}
				last[system] = c
			}
		}
	}
}

// TestTemplates: a REST submission has its own system and content.
func TestTemplates(t *testing.T) {
	s, err := NewSubmissions(estate.Hosts(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 40 {
		_, body := s.body(8)
		if seen[string(body)] {
			t.Fatalf("a body came twice: %s", body)
		}
		seen[string(body)] = true
	}
}
