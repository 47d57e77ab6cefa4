package assessor

import (
	"fmt"
	"math/rand"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
)

// year is a generated history: two systems that share a host, three sources,
// and everything that may happen to them, now, late and ahead of the clock.
type year struct {
	*kit
	rt    *rapid.T
	trace []string
	n     int
}

func (y *year) int(name string, least, most int) int {
	return rapid.IntRange(least, most).Draw(y.rt, name)
}

func (y *year) one(name string, of ...string) string { return rapid.SampledFrom(of).Draw(y.rt, name) }

// TestRecordedIsRecomputed: whatever happened, each recorded state is what its
// inputs as known when it was recorded give, and evaluating everything anew
// from the first view on finds what is stored.
func TestRecordedIsRecomputed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		y := &year{kit: newKit(t), rt: rt}
		defer y.Close()
		y.plans.KeepFrom(rapid.SampledFrom([]int{1, change.CacheFrom}).Draw(rt, "cache"))
		if err := y.tailor(30); err != nil {
			rt.Fatal(err)
		}
		if _, err := y.Assign(t.Context(), "local", &pb.Assignment{
			Selector: &pb.Selector{Labels: map[string]string{"local": "yes"}}, Checklist: "test", Tailoring: "tailorings/local",
		}, "test"); err != nil {
			rt.Fatal(err)
		}
		steps := rapid.IntRange(1, 25).Draw(rt, "steps")
		for y.n = 1; y.n <= steps; y.n++ {
			y.clock.set(y.clock.now().Add(time.Duration(y.int("hours", 0, 300)) * time.Hour).Add(time.Minute))
			if rapid.Bool().Draw(rt, "scheduler") {
				y.schedule()
			}
			if err := y.step(); err != nil {
				rt.Fatalf("%v\n%s", err, y.trace)
			}
			if y.int("proof", 0, 3) == 0 {
				y.prove(y.rt, y.trace)
			}
		}
		y.clock.set(y.clock.now().Add(2000 * time.Hour))
		y.schedule()
		y.prove(y.rt, y.trace)
	})
}

func (y *year) schedule() {
	if _, err := y.RunDue(y.t.Context()); err != nil {
		y.rt.Fatal(err)
	}
	y.trace = append(y.trace, "\nscheduler at "+y.clock.now().Format(time.RFC3339))
}

// failing is a test, or a check of one.
type failing interface{ Fatalf(string, ...any) }

// prove recomputes everything, and checks that nothing differs.
func (k *kit) prove(f failing, trace []string) {
	k.t.Helper()
	ctx := k.t.Context()
	systems, err := k.SystemIDs(ctx, "", 100)
	if err != nil {
		f.Fatalf("%v", err)
	}
	everything := func(string) bool { return true }
	for _, id := range systems {
		err := k.Recompute(ctx, id, everything, nil, func(x *past.Recomputed) error {
			if !x.Same || x.Err != nil {
				f.Fatalf("%s %s effective %s recorded %s, corrected %v: %v\nstored   %s\ncomputed %s\n%s", x.System, x.Series,
					instant(x.Effective), instant(x.Recorded), x.Corrected, x.Err, shown(x.Stored), shown(x.Computed), trace)
			}
			return nil
		})
		if err != nil {
			f.Fatalf("%v", err)
		}
		if _, err := k.Retrace(ctx, id, func(series string, stored, computed *past.Step) error {
			f.Fatalf("anew: %s %s\nstored   %s\ncomputed %s\n%s", id, series, shown(stored), shown(computed), trace)
			return nil
		}); err != nil {
			f.Fatalf("%v", err)
		}
	}
}

func instant(t int64) string { return time.UnixMicro(t).UTC().Format("2006-01-02T15:04:05.000000") }

func shown(s *past.Step) string {
	if s == nil {
		return "none"
	}
	var rows []string
	_ = s.Rows(func(r past.Row) {
		rows = append(rows, fmt.Sprint(s.Rules()[r.Rule], " ", r.Subject, " ", r.State, " ", r.Waived, " since ", instant(r.Since)))
	})
	st := s.State()
	return fmt.Sprintf("%s: version %s, ended %v, holds until %s, changed %d, %x, %v\n  %v",
		instant(s.Effective), s.Version, s.Ended, instant(st.HoldsUntil), st.Changed, st.Digest[:min(4, len(st.Digest))], s.Summary, rows)
}

// observed is an instant at which something was seen: mostly now, sometimes
// long ago, sometimes by a clock that is a little ahead.
func (y *year) observed() time.Time {
	now := y.clock.now()
	switch y.int("when", 0, 9) {
	case 0, 1, 2:
		return now.Add(-time.Duration(y.int("late", 1, 1500)) * time.Hour)
	case 3:
		return now.Add(time.Duration(y.int("ahead", 1, 4)) * time.Minute)
	}
	return now
}

// step does one thing.
func (y *year) step() error {
	kind := y.one("what", "view", "view", "view", "view", "again", "again", "again", "upsert", "upsert", "claim", "attest", "waive", "revoke", "renew",
		"parameter", "version", "tailor", "activate", "retire host", "retire system", "policy", "full")
	at := y.observed()
	y.trace = append(y.trace, fmt.Sprintf("\n%s at %s of %s:", kind, y.clock.now().Format(time.RFC3339), at.Format(time.RFC3339)))
	ctx, now := y.t.Context(), int(y.clock.now().Sub(day0).Hours()/24)
	x := act{kind: kind, at: max(0, int(at.Sub(day0).Hours()/24)), until: now + y.int("days", 1, 60), n: y.int("n", 0, 999)}
	switch kind {
	case "view":
		return y.view(at, x.n)
	case "again":
		return y.view(at, 0)
	case "upsert":
		return y.upsert(at, y.int("content", 0, 5))
	case "policy":
		_, err := y.SetPolicy(ctx, &pb.Policy{
			Precedence:       [][]string{nil, {"scanner"}, {"cmdb", "agent"}}[x.n%3],
			DefaultFreshness: duration(time.Duration(y.int("freshness", 1, 40)) * 24 * time.Hour),
			Freshness:        []*pb.Freshness{{Path: "host.os.patched_time", Duration: duration(time.Duration(y.int("patches", 1, 40)) * 24 * time.Hour)}},
		}, "test")
		return err
	case "full":
		_, err := y.ReassessBatch(ctx, &Batch{Systems: []string{"s"}, Full: true})
		return err
	case "retire host":
		return ignore(y.RetireHost(ctx, y.one("host", "web1", "web2"), "", "test"))
	case "retire system":
		return ignore(y.RetireSystem(ctx, "s", "", "test"))
	case "waive":
		return ignore(y.happen(y.n, x))
	}
	return ignore(y.happen(y.n, x))
}

// ignore leaves out what is refused with reason: a system that is not there
// yet, or is retired.
func ignore(err error) error {
	switch fault.Code(err) {
	case codes.NotFound, codes.FailedPrecondition, codes.InvalidArgument, codes.AlreadyExists:
		return nil
	}
	return err
}

// view submits a source's view of a system; content 0 is often the same again.
func (y *year) view(at time.Time, content int) error {
	system, source := y.one("system", "s", "s", "b"), y.one("source", "cmdb", "cmdb", "agent", "scanner")
	inv := y.inventory(said{content: content}.text())
	inv.System.Id = system
	inv.System.Labels["local"] = []string{"yes", "no", "yes"}[content%3]
	inv.Hosts[0].Unit = nil
	switch y.int("hosts", 0, 5) {
	case 0:
		inv.Partial = []string{"hosts"}
	case 1:
		inv.Hosts = append(inv.Hosts, &pb.Host{Id: "web2", Addresses: []*pb.Address{{Ip: "10.0.0.2", Static: proto.Bool(content%2 == 0)}}})
	case 2:
		inv.Hosts[0].Id = "only-" + system
	}
	y.trace = append(y.trace, fmt.Sprint(system, source, content, inv.Partial, len(inv.Hosts), inv.Hosts[0].Id))
	return y.taken(&pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
		System: "systems/" + system, Source: source, Inventory: inv, ObservedTime: timestamppb.New(at),
	}}})
}

// upsert submits a source's view of one host.
func (y *year) upsert(at time.Time, content int) error {
	system, source := y.one("system", "s", "b"), y.one("source", "agent", "scanner", "cmdb")
	h := y.inventory(said{content: content}.text()).Hosts[0]
	h.Id = y.one("host", "web1", "web2", "web3")
	y.trace = append(y.trace, fmt.Sprint(system, source, h.Id, content))
	return y.taken(&pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: &pb.UpsertHostsRequest{
		System: "systems/" + system, Source: source, Hosts: []*pb.Host{h}, ObservedTime: timestamppb.New(at),
	}}})
}

func (y *year) taken(items ...*pb.SubmitItem) error {
	out, err := y.Submit(y.t.Context(), items, "test")
	if err != nil {
		return err
	}
	for _, r := range out {
		if r.Error != nil && codes.Code(r.Error.Code) != codes.FailedPrecondition { // retired
			return fmt.Errorf("%v", r)
		}
	}
	y.trace = append(y.trace, out[0].Outcome)
	return nil
}

// TestConcurrentWritesAreRecomputed: submissions of systems that share a host,
// what people say, guidance and the scheduler, all at once.
func TestConcurrentWritesAreRecomputed(t *testing.T) {
	k := newKit(t)
	k.plans.KeepFrom(1)
	if _, err := k.SetPolicy(t.Context(), &pb.Policy{DefaultFreshness: duration(2 * time.Hour)}, "test"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewSource(int64(w)))
			for i := range 60 {
				now := k.clock.pass(time.Duration(rnd.Intn(120)) * time.Second)
				if err := k.atOnce(rnd, w, i, now); ignore(err) != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	k.clock.pass(5 * time.Hour)
	if _, err := k.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.prove(t, nil)
}

// pass moves the clock on.
func (c *clock) pass(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
	return c.t
}

// atOnce does one of the things that happen at once.
func (k *kit) atOnce(rnd *rand.Rand, w, i int, now time.Time) error {
	ctx, id, system := k.t.Context(), fmt.Sprintf("w%d-%d", w, i), []string{"s", "b"}[rnd.Intn(2)]
	switch rnd.Intn(8) {
	case 0:
		_, err := k.RunDue(ctx)
		return err
	case 1:
		_, err := k.Statements.CreateClaim(ctx, system, id, &pb.Claim{
			Claim: "secure-room", Subject: "z", Claimant: "Ada", StartTime: timestamppb.New(now.Add(-time.Hour)), ExpireTime: timestamppb.New(now.Add(time.Hour)),
		}, "test")
		return err
	case 2:
		if w == 0 {
			return k.newVersion(i, func(c *pb.Checklist) { c.Parameters[0].Default.GetDurationValue().Seconds = int64(i) * 86400 })
		}
	}
	inv := k.inventory(said{content: rnd.Intn(3)}.text())
	inv.System.Id = system
	out, err := k.Submit(ctx, []*pb.SubmitItem{{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
		System: "systems/" + system, Source: []string{"cmdb", "agent"}[w%2], Inventory: inv, ObservedTime: timestamppb.New(now.Add(-time.Duration(rnd.Intn(3)*rnd.Intn(3)) * time.Hour)),
	}}}}, "test")
	if err == nil && out[0].Error != nil {
		err = fmt.Errorf("%v", out[0])
	}
	return err
}
