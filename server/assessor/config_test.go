package assessor

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/past"
)

// causes are the causes of a series' breakpoints, oldest first.
func (k *kit) causes(system string) (out []string) {
	k.t.Helper()
	rows, _, err := k.Breakpoints(k.t.Context(), past.Breakpoints{System: system, Series: series, Limit: 100})
	if err != nil {
		k.t.Fatal(err)
	}
	for i := len(rows) - 1; i >= 0; i-- {
		out = append(out, rows[i].Cause)
	}
	return out
}

func (k *kit) runDue() {
	k.t.Helper()
	if _, err := k.RunDue(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

func TestGuidanceIsABreakpoint(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	k.clock.set(day(3))
	next := rules()
	next.Version = "1.1.0"
	next.Groups[0].Rules[0].Check = "host.addresses.all(a, !a.static)"
	compiled, problems := assess.Compile(next)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := k.Publish(t.Context(), compiled, "test", false); err != nil {
		t.Fatal(err)
	}
	k.clock.set(day(5))
	k.runDue()
	for d, want := range map[int]string{0: "pass", 2: "pass", 4: "fail"} {
		if got := k.state("static", day(d), time.Time{}); got != want {
			t.Errorf("static on day %d: %s, want %s", d, got, want)
		}
	}
	if got := k.causes("s"); len(got) != 2 || got[1] != "guidance" {
		t.Errorf("causes %v", got)
	}
	st, err := k.StateAt(t.Context(), "s", series, past.When{})
	if err != nil {
		t.Fatal(err)
	}
	if since, _ := st.Since("patched", "hosts/web1"); since != day0.UnixMicro() {
		t.Errorf("patched stands since %v; the new version asks the same of it", time.UnixMicro(since).UTC())
	}
	if since, _ := st.Since("static", "hosts/web1"); time.UnixMicro(since).Before(day(3)) {
		t.Errorf("static stands since %v", time.UnixMicro(since).UTC())
	}
}

func TestPolicyIsABreakpoint(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	k.clock.set(day(3))
	if _, err := k.SetPolicy(t.Context(), &pb.Policy{DefaultFreshness: duration(48 * time.Hour)}, "test"); err != nil {
		t.Fatal(err)
	}
	k.clock.set(day(4))
	k.runDue()
	for d, want := range map[int]string{1: "pass", 2: "pass", 4: "unknown"} {
		if got := k.state("static", day(d), time.Time{}); got != want {
			t.Errorf("static on day %d: %s, want %s", d, got, want)
		}
	}
	if got := k.causes("s"); len(got) != 2 || got[1] != "policy" {
		t.Errorf("causes %v", got)
	}
	if _, err := k.SetPolicy(t.Context(), &pb.Policy{Etag: "stale"}, "test"); err == nil {
		t.Error("an old etag was taken")
	}
}

func TestUnassignEndsTheSeries(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	k.clock.set(day(3))
	if err := k.Unassign(t.Context(), "all", "test"); err != nil {
		t.Fatal(err)
	}
	k.clock.set(day(4))
	k.runDue()
	if got := k.state("static", day(1), time.Time{}); got != "pass" {
		t.Errorf("before the end: %s", got)
	}
	if _, err := k.StateAt(t.Context(), "s", series, past.When{}); !notThere(err) {
		t.Errorf("after the end: %v", err)
	}
	if r := k.submit("cmdb", day(4), oneHost); len(r.Assessments) != 0 {
		t.Errorf("a submission is still assessed: %v", r)
	}
}

func TestSharedHostMakesOtherSystemsDue(t *testing.T) {
	k := newKit(t)
	send := func(system string, at time.Time, static bool) {
		inv := k.inventory(oneHost)
		inv.System.Id = system
		inv.Hosts[0].Addresses[0].Static = proto.Bool(static)
		k.send(&pb.SubmitInventoryRequest{System: "systems/" + system, Source: "cmdb", Inventory: inv, ObservedTime: timestamppb.New(at)})
	}
	send("s", day0, true)
	k.clock.set(day(1))
	send("b", day(1), true)
	k.clock.set(day(2))
	send("b", day(2), false)
	k.runDue()
	for d, want := range map[int]string{0: "pass", 1: "pass", 2: "fail"} {
		if got := k.state("static", day(d), time.Time{}); got != want {
			t.Errorf("static of s on day %d: %s, want %s", d, got, want)
		}
	}
}

func TestRetiredSystem(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	k.clock.set(day(2))
	if err := k.RetireSystem(t.Context(), "s", "", "test"); err != nil {
		t.Fatal(err)
	}
	k.clock.set(day(3))
	if got := k.state("static", day(1), time.Time{}); got != "pass" {
		t.Errorf("history of a retired system: %s", got)
	}
	if _, err := k.StateAt(t.Context(), "s", series, past.When{}); !notThere(err) {
		t.Errorf("after retiring: %v", err)
	}
	rows, err := k.Systems(t.Context(), "", 10, false)
	if err != nil || len(rows) != 0 {
		t.Errorf("it is still listed: %v, %v", rows, err)
	}
	if r := k.submit("cmdb", day(1), oneHost); r.Error == nil {
		t.Errorf("what was observed before it was retired brought it back: %v", r)
	}
	if r := k.submit("cmdb", day(3), oneHost); r.Error != nil {
		t.Fatal(r)
	}
	if got := k.state("static", time.Time{}, time.Time{}); got != "pass" {
		t.Errorf("after it came back: %s", got)
	}
}
