package assessor

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/past"
)

// What confirmations do, and what they must not do.

func TestDueEntryThatIsTooEarlyMoves(t *testing.T) {
	k := newKit(t)
	for d := range 40 {
		k.clock.set(day(d))
		k.submit("cmdb", day(d), oneHost)
	}
	done := make(chan error, 1)
	go func() {
		_, err := k.RunDue(t.Context())
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the scheduler goes round in circles")
	}
}

func TestKnownAtKeepsConfirmations(t *testing.T) {
	k := newKit(t)
	for d := 0; d <= 40; d += 5 {
		k.clock.set(day(d))
		k.submit("cmdb", day(d), oneHost)
	}
	st, err := k.StateAt(t.Context(), "s", series, past.When{KnownAt: day(40).UnixMicro()})
	if err != nil {
		t.Fatal(err)
	}
	if d := st.Evaluation.Digest(); string(d[:]) != string(st.Stored.Digest) {
		t.Errorf("stored %s, evaluated %v", table(t, k, day(40)), evaluated(st))
	}
}

func TestPartialListConfirmsNobody(t *testing.T) {
	k := newKit(t)
	two := oneHost + "- {id: web2, zone: dmz}\n"
	k.submit("cmdb", day0, two)
	for d := 5; d <= 40; d += 5 {
		k.clock.set(day(d))
		inv := k.inventory(oneHost)
		inv.Partial = []string{"hosts"}
		k.send(&pb.SubmitInventoryRequest{System: "systems/s", Source: "cmdb", Inventory: inv, ObservedTime: timestamppb.New(day(d))})
	}
	m, err := k.Merged(t.Context(), "s", "", past.When{})
	if err != nil || len(m.Inventory.Hosts) != 2 || m.Inventory.Hosts[0].Os == nil || m.Inventory.Hosts[1].Zone != nil {
		t.Errorf("web1 is confirmed and web2 is stale: %v, %v", m.Inventory, err)
	}
}

func TestHostInTwoSystemsOfOneSource(t *testing.T) {
	k := newKit(t)
	for d := range 6 {
		for _, system := range []string{"s", "b"} {
			k.clock.set(k.clock.now().Add(time.Hour))
			inv := k.inventory(oneHost)
			inv.System.Id = system
			r := k.send(&pb.SubmitInventoryRequest{System: "systems/" + system, Source: "cmdb", Inventory: inv})
			if d > 0 && r.Outcome != "unchanged" {
				t.Errorf("round %d, %s: %s", d, system, r.Outcome)
			}
		}
	}
}

func TestLateWholeViewLeavesNobodyOutNow(t *testing.T) {
	k := newKit(t)
	two := oneHost + "- {id: web2, zone: dmz}\n"
	k.submit("cmdb", day0, two)
	k.clock.set(day(10))
	k.submit("cmdb", day(10), two)
	k.submit("cmdb", day(5), oneHost)
	h, err := k.Host(t.Context(), "web2")
	if err != nil || h.Sources[0].State != "reported" {
		t.Errorf("web2: %v, %v", h, err)
	}
}

func TestLateWholeViewLeavesOutUntilTheNext(t *testing.T) {
	k := newKit(t)
	two := oneHost + "- {id: web2, zone: dmz}\n"
	k.submit("cmdb", day0, two)
	k.clock.set(day(10))
	k.submit("cmdb", day(10), two)
	k.submit("cmdb", day(5), oneHost)
	for d, missing := range map[int]int{4: 0, 6: 1, 11: 0} {
		k.clock.set(day(12))
		m, err := k.Merged(t.Context(), "s", "", past.When{AsOf: day(d).UnixMicro()})
		if err != nil || len(m.NotReported()) != missing {
			t.Errorf("on day %d %v are not reported, %v", d, m.NotReported(), err)
		}
	}
	k.prove(t, nil)
}

func TestLateWordEndsASilence(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	k.clock.set(day(50))
	k.submit("cmdb", day(50), oneHost)
	k.submit("cmdb", day(20), oneHost)
	k.clock.set(day(52))
	for d, want := range map[int]string{29: "pass", 31: "pass", 49: "pass", 51: "pass"} {
		if got := k.state("static", day(d), time.Time{}); got != want {
			t.Errorf("on day %d: %s", d, got)
		}
	}
	if got := k.state("static", day(31), day(50)); got != "unknown" {
		t.Errorf("before the late word came: %s", got)
	}
	k.prove(t, nil)
}
