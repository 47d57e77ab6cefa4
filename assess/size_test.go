package assess_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// farm makes a system of so many hosts, each with something of everything.
func farm(hosts int) estate {
	s := estate{known: shape.Whole, system: &pb.Inventory{System: &pb.System{
		Id: "s", Product: proto.String("sharepoint-2007"), ReportedEmpty: []string{"units", "zones", "boundaries", "channels", "populations", "domains", "accounts"},
	}, ReportedEmpty: []string{"facilities"}}}
	for i := range hosts {
		s.hosts = append(s.hosts, &pb.Host{
			Id: fmt.Sprintf("h%05d", i), Unit: proto.String("u"), Zone: proto.String(fmt.Sprintf("z%d", i)), Virtual: proto.Bool(i%2 == 0),
			Facility: proto.String("dc1"), Os: &pb.OperatingSystem{PatchedTime: stamp(day(-1)), OpenAlerts: proto.Int32(2)},
			Components: []*pb.Component{{Id: "db", Role: proto.String("database")}},
			Endpoints: []*pb.Endpoint{{Id: "443", Tls: &pb.Tls{
				Enabled: proto.Bool(true), Versions: []string{"TLSv1.2"}, Certificate: &pb.Certificate{NotAfter: stamp(day(90))},
			}}},
			Accounts: []*pb.Account{{Id: "root", Privileged: proto.Bool(true), MultiFactor: proto.Bool(true)}},
		})
	}
	return s
}

// TestPairsTakeNoSquare: among many hosts of which each has a zone of its own,
// or each two share one, a pair rule costs as many allocations a host as among
// a few. A join that tried all with all would not end within the test's time
// either, and would find more pairs.
func TestPairsTakeNoSquare(t *testing.T) {
	p := alonePlans(t, engine(t), "same-zone")[0]
	perHost := func(n int) float64 {
		s := farm(n)
		for i, h := range s.hosts {
			h.Zone = proto.String(fmt.Sprintf("z%d", i/2))
		}
		in := assess.Input{Merged: s.merged(day(0)), At: day(0)}
		e := p.Evaluate(in)
		pairs := 0
		for i := range e.Results {
			if e.Results[i].State == score.Pass {
				pairs++
			}
		}
		if pairs != n {
			t.Errorf("%d hosts make %d pairs", n, pairs)
		}
		return testing.AllocsPerRun(1, func() { p.Evaluate(in) }) / float64(n)
	}
	few, many := perHost(500), perHost(20_000)
	if many > 2*few {
		t.Errorf("%.1f allocations a host among 500, %.1f among 20,000", few, many)
	}
}

// TestAllocations only tells what evaluating hosts allocates.
func TestAllocations(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	for _, n := range []int{1, 100, 2000} {
		s := farm(n)
		in := assess.Input{Merged: s.merged(day(0)), At: day(0)}
		fresh := testing.AllocsPerRun(3, func() { p.Evaluate(in) })
		in.Previous = p.Evaluate(in)
		again := testing.AllocsPerRun(3, func() { p.Evaluate(in) })
		t.Logf("%d hosts, %d rules: %.2f allocations a host, %.2f with what was found before", n, len(p.Checklist().Rules()), fresh/float64(n), again/float64(n))
	}
}
