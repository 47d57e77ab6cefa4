package rule_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// hostWith is an inventory of one host with n names.
func hostWith(n int, name func(int) string) *pb.Inventory {
	h := &pb.Host{Id: "h"}
	for i := range n {
		h.Names = append(h.Names, name(i))
	}
	return &pb.Inventory{System: &pb.System{Id: "s"}, Hosts: []*pb.Host{h}}
}

func short(i int) string { return fmt.Sprintf("n%d", i) }

// TestBudget runs what passes the estimate and yet costs far too much on a
// list that is much longer than assumed.
func TestBudget(t *testing.T) {
	w := newWorld(t)
	const budget = 1_000_000
	for _, c := range []struct {
		about, src string
		inv        *pb.Inventory
	}{
		{"three loops", `host.names.all(a, host.names.all(b, host.names.all(c, a + "x" != c)))`, hostWith(5000, short)},
		{"absorbed by nothing", `host.names.all(a, host.names.all(b, a + b != "")) || true`, hostWith(5000, short)},
		{"nor before", `true && (host.names.exists(a, host.names.exists(b, a + b == "")) || host.id == "h")`, hostWith(5000, short)},
		{"nor in a ternary", `host.names.all(a, host.names.all(b, a + b != "")) ? true : true`, hostWith(5000, short)},
		{"doubled lists", `host.names.exists(a, (host.names + host.names + [a]).size() == 1)`, hostWith(5000, short)},
		{"doubled texts", `host.names.all(a, host.names.map(b, a + b).map(c, c + c).all(e, e != ""))`, hostWith(500, short)},
		{"long texts", `host.names.map(a, a.lowerAscii()).all(b, b.upperAscii() != "x")`, hostWith(50, func(int) string { return strings.Repeat("x", 1<<17) })},
		{"patterns", `host.names.all(a, a.matches("(a|b|ab)*c") || true)`, hostWith(50, func(int) string { return strings.Repeat("ab", 1<<16) })},
		{"membership", `host.names.all(a, a in host.names)`, hostWith(5000, short)},
		{"equality", `host.names.all(a, host.names + [a] != host.names)`, hostWith(5000, short)},
	} {
		p := w.compile(t, c.src, "host")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w.machine.Reset(rule.Context{Inventory: c.inv, Values: w.values, At: now, Budget: budget})
		w.machine.Subject(pointer(c.inv.Hosts[0]), pointer(c.inv.Hosts[0]))
		got := p.Bool(w.machine)
		runtime.ReadMemStats(&after)
		if got != rule.Error || w.machine.Err() == nil || !strings.Contains(w.machine.Err().Error(), "cost budget exceeded") {
			t.Errorf("%s: is %v, %v", c.about, got, w.machine.Err())
		}
		if spent := w.machine.Spent(); spent > 40*budget {
			t.Errorf("%s: spent %d of %d", c.about, spent, budget)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64*budget {
			t.Errorf("%s: allocated %d MB", c.about, used>>20)
		}
		// The machine is as good as new.
		w.machine.Subject(pointer(c.inv.Hosts[0]), pointer(c.inv.Hosts[0]))
		if got := w.compile(t, `host.id == "h"`, "host").Bool(w.machine); got != rule.True {
			t.Errorf("%s: afterwards another rule is %v", c.about, got)
		}
	}
}

// TestTextsAreBounded makes a text beyond what one may be.
func TestTextsAreBounded(t *testing.T) {
	w := newWorld(t)
	inv := hostWith(1, func(int) string { return strings.Repeat("x", 1<<20) })
	w.bind(inv, now)
	w.machine.Subject(pointer(inv.Hosts[0]), nil)
	got := w.compile(t, `host.names.all(a, a + a != "")`, "host").Bool(w.machine)
	if got != rule.Error || !strings.Contains(w.machine.Err().Error(), "longer than allowed") {
		t.Errorf("is %v, %v", got, w.machine.Err())
	}
}

// TestOrderDoesNotMatter gives what is computed once a budget of its own, so
// that a subject's result does not depend on which was evaluated first.
func TestOrderDoesNotMatter(t *testing.T) {
	w := newWorld(t)
	inv := &pb.Inventory{}
	for i := range 1000 {
		inv.Hosts = append(inv.Hosts, &pb.Host{Id: short(i), Zone: ptr(short(i % 7))})
	}
	p := w.compile(t, `host.zone in inventory.hosts.filter(h, h.id != "x").map(h, h.zone)`, "host")
	w.machine.Reset(rule.Context{Inventory: inv, Values: w.values, At: now, Budget: 50_000})
	for _, h := range inv.Hosts[:3] {
		w.machine.Subject(pointer(h), pointer(h))
		if got := p.Bool(w.machine); got != rule.True || w.machine.Spent() > 100 {
			t.Errorf("%s: is %v for %d units, %v", h.Id, got, w.machine.Spent(), w.machine.Err())
		}
	}
	// With less than it needs all fail, not only the first.
	w.machine.Reset(rule.Context{Inventory: inv, Values: w.values, At: now, Budget: 5000})
	for _, h := range inv.Hosts[:3] {
		w.machine.Subject(pointer(h), pointer(h))
		if got := p.Bool(w.machine); got != rule.Error {
			t.Errorf("%s: is %v", h.Id, got)
		}
	}
}

// TestEstimate compares estimates with what they are made of.
func TestEstimate(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		scope, src string
		low, high  float64
	}{
		{"host", `host.virtual`, 1, 5},
		{"host", `host.packages.all(p, p.vendor != "x")`, 400, 2000},
		{"host", `inventory.hosts.all(h, h.virtual)`, 1, 5}, // once a system
		{"system", `inventory.hosts.all(h, h.virtual)`, 20_000, 100_000},
		{"system", `inventory.hosts.all(h, h.zone in inventory.hosts.map(x, x.zone))`, 50_000, 200_000},
	} {
		if cost := w.compile(t, c.src, c.scope).Cost(); cost < c.low || cost > c.high {
			t.Errorf("%s costs %v", c.src, cost)
		}
	}
}
