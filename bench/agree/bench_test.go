package agree

import (
	"testing"

	"github.com/plumbline/plumbline/bench/byhand"
	"github.com/plumbline/plumbline/bench/estate"
)

// BenchmarkRules times each rule, as the engine compiles it and by hand: which
// ones the ratio of the whole comes from.
func BenchmarkRules(b *testing.B) {
	p, err := New(b.Context(), estate.Hosts(1, 64))
	if err != nil {
		b.Fatal(err)
	}
	machine, hand := p.Programs.NewMachine(p.Inventories[0], p.At), &byhand.Machine{}
	for i, id := range p.IDs {
		b.Run(id+"/engine", func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				p.Programs.One(machine, i, p.Inventories[n%len(p.Inventories)], p.At)
			}
		})
		b.Run(id+"/byhand", func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				hand.One(i, p.Hosts[n%len(p.Hosts)], p.At)
			}
		})
	}
}
