package rule_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/ruletest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestHandRules holds the functions that the benchmark compares with against
// the rules: they must do the same work, or the ratio means nothing.
func TestHandRules(t *testing.T) {
	env, inv, ctx := benchContext(t)
	m := rule.NewMachine(ctx)
	r := rand.New(rand.NewSource(6))
	programs := compileAll(t, env)
	for round := range 300 {
		for i, src := range benchRules {
			m.Reset(ctx)
			m.Subject(pointer(inv.Hosts[0]), pointer(inv.Hosts[0]))
			g := &handMachine{at: ctx.At, horizon: rule.Forever}
			want, got := handRules[i](g, inv.Hosts[0]), programs[i].Bool(m)
			if got != want || m.Horizon() != g.horizon {
				t.Fatalf("round %d: %s is %v until %d, by hand %v until %d", round, src, got, m.Horizon(), want, g.horizon)
			}
			if round == 0 && len(m.Facts()) != len(g.facts) {
				t.Errorf("%s read %d facts, by hand %d", src, len(m.Facts()), len(g.facts))
			}
		}
		inv = proto.CloneOf(inv)
		ruletest.Forget(r, inv)
		if len(inv.Hosts) == 0 {
			_, inv, _ = benchContext(t)
		}
		ctx.Inventory = inv
	}
}

// TestNoAllocations evaluates a host again and again on one machine.
func TestNoAllocations(t *testing.T) {
	env, inv, ctx := benchContext(t)
	programs := compileAll(t, env)
	m := rule.NewMachine(ctx)
	host := pointer(inv.Hosts[0])
	run := func() {
		m.Reset(ctx)
		for _, p := range programs {
			m.Subject(host, host)
			p.Bool(m)
		}
	}
	run()
	if n := testing.AllocsPerRun(100, run); n > 0 {
		t.Errorf("a host costs %v allocations", n)
	}
}

// estate is a system of n hosts.
func estate(n int) *pb.Inventory {
	inv := &pb.Inventory{System: &pb.System{Id: "s"}}
	for i := range n {
		inv.Hosts = append(inv.Hosts, &pb.Host{Id: fmt.Sprintf("h%d", i), Zone: ptr(fmt.Sprintf("z%d", i%5)), Virtual: ptr(true)})
	}
	return inv
}

// TestSharedFacts looks at all hosts from each host: the work and the facts
// grow with the hosts, not with their square.
func TestSharedFacts(t *testing.T) {
	w := newWorld(t)
	p := w.compile(t, `host.zone in inventory.hosts.filter(h, h.virtual).map(h, h.zone) && inventory.hosts.all(h, h.virtual)`, "host")
	const n = 2000
	inv := estate(n)
	w.bind(inv, now)
	for _, h := range inv.Hosts {
		w.machine.Subject(pointer(h), pointer(h))
		if p.Bool(w.machine) != rule.True {
			t.Fatal("is not true")
		}
		if len(w.machine.Facts()) != 3 {
			t.Fatalf("one host holds %d refs", len(w.machine.Facts()))
		}
	}
	if got := len(w.machine.DistinctFacts()); got != 2*n+1 { // each host's virtual and zone, and the list
		t.Errorf("%d facts were read, want %d", got, 2*n+1)
	}
	all := w.machine.TakeFacts()
	before := all[len(all)-1].AppendCanonical(nil)
	w.bind(estate(3), now)
	w.machine.Subject(pointer(inv.Hosts[0]), nil)
	p.Bool(w.machine)
	if after := all[len(all)-1].AppendCanonical(nil); !bytes.Equal(before, after) {
		t.Error("facts that were taken have changed with the next context")
	}
}

// TestResults follows facts and ranges over several subjects.
func TestResults(t *testing.T) {
	w := newWorld(t)
	applies, check := w.compile(t, `host.virtual`, "host"), w.compile(t, `host.zone == "z1" || host.remote_logging`, "host")
	inv := estate(2)
	w.bind(inv, now)
	var ranges [][2]int32
	for _, h := range inv.Hosts {
		w.machine.Subject(pointer(h), pointer(h))
		if applies.Bool(w.machine) != rule.True {
			t.Fatal("does not apply")
		}
		check.Bool(w.machine)
		from, to := w.machine.FactRange()
		ranges = append(ranges, [2]int32{from, to})
	}
	if missing := w.missing(); len(missing) != 0 {
		t.Errorf("the second host misses %v", missing)
	}
	old := w.machine.TakeFacts()
	if fmt.Sprint(ranges) != "[[0 2] [2 4]]" || len(old) != 4 {
		t.Fatalf("ranges are %v of %d", ranges, len(old))
	}
	w.bind(inv, now)
	if r := w.machine.Adopt(old[2:4]); r != [2]int32{0, 2} {
		t.Errorf("adopted as %v", r)
	}
	w.machine.Subject(pointer(inv.Hosts[0]), pointer(inv.Hosts[0]))
	check.Bool(w.machine)
	if missing := w.missing(); fmt.Sprint(missing) != "[hosts/h0/remote_logging]" {
		t.Errorf("misses %v", missing)
	}
	w.machine.DropMissing()
	if len(w.machine.Missing()) != 0 {
		t.Error("still misses something")
	}
	if from, to := w.machine.FactRange(); from != 2 || to != 3 {
		t.Errorf("the range is %d to %d", from, to)
	}
}

// TestForeignProgram runs a program on another checklist's machine.
func TestForeignProgram(t *testing.T) {
	a, b := newWorld(t), newWorld(t)
	if got := a.compile(t, `true`, "system").Bool(b.machine); got != rule.Error || b.machine.Err() == nil {
		t.Errorf("is %v, %v", got, b.machine.Err())
	}
}

// TestConcurrent shares an environment, programs, values and an inventory
// between machines, and compiles all the while.
func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	inv := ruletest.Whole(rand.New(rand.NewSource(7)), w.list)
	const src = `inventory.hosts.all(h, h.zone != "x") && inventory.host("h0").labels[system.labels["k0"]] != "?"`
	p := w.compile(t, src, "system")
	w.bind(inv, now)
	want := p.Bool(w.machine)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			m := rule.NewMachine(rule.Context{Inventory: inv, Values: w.values, Claims: w.claims, At: now})
			for j := range 20 {
				m.Subject(nil, nil)
				if got := p.Bool(m); got != want {
					t.Errorf("is %v, want %v", got, want)
				}
				if _, issues := w.env.Compile(fmt.Sprintf(`inventory.hosts.exists(h, h.id == "%d")`, i*j), "host", rule.WantBool); len(issues) > 0 {
					t.Error(issues)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzCompile compiles anything: it must not panic nor hang, issues must have
// a place and a text, and what compiles must run within its budget.
func FuzzCompile(f *testing.F) {
	w := newWorld(f)
	r := rand.New(rand.NewSource(8))
	for _, src := range benchRules {
		f.Add(src)
	}
	for range 50 {
		f.Add(ruletest.Condition(r, "host", 2))
	}
	for _, src := range []string{"", "(((((", "a.b.c", "host.names[0]", "[[[[]]]]", "{}{}", "\x00", "\"\\u", "now.now", "1e999 < 2.0", "host.?x", "'a' 'b'",
		"host.names.all(a, host.names.all(b, host.names.all(c, a + b + c != '')))", "has(x)", "cel.bind(a, b, c)", "`a`", "--1 == 1", "!!true", ".host.virtual"} {
		f.Add(src)
	}
	inv := partial(r, w, 60)
	inv.Hosts = append(inv.Hosts, &pb.Host{Id: "last"})
	f.Fuzz(func(t *testing.T, src string) {
		p, issues := w.env.Compile(src, "host", rule.WantBool)
		if (p == nil) != (len(issues) > 0) {
			t.Fatalf("%v with %v", p, issues)
		}
		for _, i := range issues {
			if i.Line < 1 || i.Column < 1 || i.Message == "" {
				t.Fatalf("the issue has no place or text: %+v", i)
			}
		}
		if p == nil {
			return
		}
		w.machine.Reset(rule.Context{Inventory: inv, Values: w.values, At: now, Budget: 100_000})
		for _, h := range inv.Hosts {
			w.machine.Subject(pointer(h), pointer(h))
			got := p.Bool(w.machine)
			if got > rule.Error || got == rule.Error && w.machine.Err() == nil || got == rule.Unknown && len(w.machine.Missing()) == 0 {
				t.Fatalf("is %v, %v, misses %d", got, w.machine.Err(), len(w.machine.Missing()))
			}
			for _, f := range w.machine.Facts() {
				f.AppendCanonical(nil)
				w.machine.Path(f)
			}
		}
	})
}
