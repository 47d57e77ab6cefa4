package servertest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/servertest"
	"github.com/plumbline/plumbline/server/verify"
)

// earlier is a store that another version of the engine has written, in which
// this one finds system 2 failing. Its host's record is changed on the disk: so
// the same inputs give another result than what stands recorded of them.
func earlier(t *testing.T, systems int) (path string) {
	t.Helper()
	r := startRunner(t, servertest.Options{NoScheduler: true, Config: server.Config{Build: server.Build{Engine: "0"}}})
	r.fleet(systems)
	r.clean(verify.Report{Systems: systems, States: systems, Same: systems})
	r.Stop()
	patched, err := proto.Marshal(timestamppb.New(runDay.AddDate(0, 0, -2)))
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, r.Path, patched, func(b []byte) { b[4] = 0x80 }) // some years before
	return r.Path
}

// clean verifies the store and wants nothing to be wrong, and these counts where
// any is given.
func (c *client) clean(want ...verify.Report) {
	c.t.Helper()
	g := c.verifies()
	for _, w := range want {
		if g.Systems != w.Systems || g.States != w.States || g.Same != w.Same || g.EngineChanged != w.EngineChanged ||
			g.OtherEngine != w.OtherEngine || g.Lagging != w.Lagging || g.Pending != w.Pending {
			c.t.Errorf("verify counts\n%+v, want\n%+v", *g, w)
		}
	}
}

// TestEngine: another version of the engine makes nobody due. A full run under it
// appends states where the same inputs give other results, from now on and with
// the engine as their cause, and nothing elsewhere.
func TestEngine(t *testing.T) {
	const n = 6
	now := runDay.AddDate(0, 0, 1)
	c := newRunner(t, servertest.Options{NoScheduler: true, Path: earlier(t, n)}, servertest.NewClock(now))
	before := c.breakpoints(2)
	if _, err := c.Assessor.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.breakpoints(2); got != before || c.Assessor.Lagging() != n {
		t.Errorf("a start changed the breakpoints to %s; %d systems are known to lag", got, c.Assessor.Lagging())
	}
	c.clean(verify.Report{Systems: n, States: n, OtherEngine: n - 1, EngineChanged: 1, Lagging: n})

	_, m := c.ended(c.reassess(&pb.ReassessSystemsRequest{Full: true}))
	counts(t, m, "succeeded", n, n, 1, 0)
	if got, want := c.breakpoints(2), now.Format(time.RFC3339Nano)+" engine 1;"+before; got != want {
		t.Errorf("the breakpoints are %s, want %s", got, want)
	}
	if c.Assessor.Lagging() != 0 {
		t.Errorf("%d systems lag after a full run", c.Assessor.Lagging())
	}
	c.clean(verify.Report{Systems: n, States: n + 1, Same: 1, OtherEngine: n - 1, EngineChanged: 1})
	events, err := pb.NewEventServiceClient(c.Conn).ListEvents(t.Context(), &pb.ListEventsRequest{})
	if err != nil || !slices.ContainsFunc(events.Events, func(e *pb.Event) bool {
		return e.Cause == "engine" && e.System == fleetID(2) && strings.HasSuffix(e.Type, "failing")
	}) {
		t.Errorf("no event tells of it: %v, %v", events, err)
	}

	written := c.etags()
	c.clock.Set(now.Add(time.Hour))
	_, m = c.ended(c.reassess(&pb.ReassessSystemsRequest{Full: true}))
	if counts(t, m, "succeeded", n, n, 0, 0); c.etags() != written {
		t.Error("a second full run wrote heads")
	}

	// What comes late is evaluated by this engine from where it holds.
	late := patchedView(2)
	late.ObservedTime = timestamppb.New(runDay.Add(time.Hour))
	late.Inventory.Hosts[0].Os.PatchedTime = timestamppb.New(runDay.AddDate(0, 0, -200))
	c.clock.Set(now.Add(2 * time.Hour))
	c.submit(late)
	if got := c.breakpoints(2); !strings.Contains(got, runDay.Add(time.Hour).Format(time.RFC3339Nano)+" inventory") || !strings.Contains(got, " engine ") {
		t.Errorf("after late data the breakpoints are %s", got)
	}
	c.clean()
}

// TestEngineAndTime: what falls due is of the time, whichever engine finds it.
func TestEngineAndTime(t *testing.T) {
	c := newRunner(t, servertest.Options{NoScheduler: true, Path: earlier(t, 3)}, servertest.NewClock(day85.AddDate(0, 0, 10)))
	if _, err := c.Assessor.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := runDay.AddDate(0, 0, 90).Format(time.RFC3339Nano) + " time 1;"
	if got := c.breakpoints(0); !strings.HasPrefix(got, want) {
		t.Errorf("the breakpoints are %s, want %s first", got, want)
	}
	c.clean(verify.Report{Systems: 3, States: 6, Same: 3, OtherEngine: 2, EngineChanged: 1})
}
