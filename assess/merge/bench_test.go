package merge_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// estate is what sources say of 10,000 hosts.
func estate(sources ...string) merge.Input {
	in := merge.Input{At: onDay(1)}
	for i, source := range sources {
		full := inventorytest.Config{Full: true, Elements: 2}
		sample := full.Host().Example(i)
		inv := &pb.Inventory{System: &pb.System{Id: "s"}}
		in.System = append(in.System, merge.SystemView{Source: source, Inventory: inv, Hosts: shape.Whole, Confirmed: onDay(0)})
		for n := range 10000 {
			h := proto.Clone(sample).(*pb.Host)
			h.Id = fmt.Sprintf("host-%05d", n)
			in.Hosts = append(in.Hosts, merge.HostView{Source: source, Host: h, Confirmed: onDay(0), Reported: true})
		}
	}
	return in
}

func BenchmarkMerge(b *testing.B) {
	for _, sources := range [][]string{{"cmdb"}, {"cmdb", "agent"}} {
		in := estate(sources...)
		b.Run(fmt.Sprintf("10000 hosts of %d sources", len(sources)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if m := merge.Merge(in); len(m.Inventory.Hosts) != 10000 {
					b.Fatal(len(m.Inventory.Hosts))
				}
			}
		})
	}
	in := estate("cmdb")
	in.Hosts = in.Hosts[:1]
	b.Run("one host of one source", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			merge.Merge(in)
		}
	})
}

func BenchmarkQuestions(b *testing.B) {
	one, two := merge.Merge(estate("cmdb")), merge.Merge(estate("cmdb", "agent"))
	b.Run("source", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := one.Source("hosts/host-04711/os/version"); !ok {
				b.Fatal("nobody says it")
			}
		}
	})
	b.Run("provenance of 10000 hosts of 1 source", func(b *testing.B) {
		for b.Loop() {
			one.Provenance()
		}
	})
	b.Run("disagreements of 10000 hosts of 2 sources", func(b *testing.B) {
		for b.Loop() {
			two.Disagreements()
		}
	})
}

// TestOneSourceCostsNoAllocationPerHost is what lets 10,000 hosts merge in the
// time that it takes to look at them.
func TestOneSourceCostsNoAllocationPerHost(t *testing.T) {
	in := estate("cmdb")
	if n := testing.AllocsPerRun(5, func() { merge.Merge(in) }); n > 20 {
		t.Errorf("%v allocations for 10,000 hosts", n)
	}
}
