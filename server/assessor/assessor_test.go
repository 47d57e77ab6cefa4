package assessor

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/past"
)

func duration(d time.Duration) *durationpb.Duration { return durationpb.New(d) }

const oneHost = `
system: {id: s, product: test}
hosts:
- id: web1
  addresses: [{ip: 10.0.0.1, static: true}]
  os: {patched_time: 2026-02-01T00:00:00Z}
  endpoints: []
`

func day(n int) time.Time { return day0.Add(time.Duration(n) * 24 * time.Hour) }

func TestSubmitInsertsThenIsUnchanged(t *testing.T) {
	k := newKit(t)
	r := k.submit("cmdb", day0, oneHost)
	if r.Outcome != "inserted" || r.Revision != 1 || len(r.Assessments) != 1 {
		t.Fatalf("first submission: %v", r)
	}
	if got := k.state("static", time.Time{}, time.Time{}); got != "pass" {
		t.Errorf("static: %s", got)
	}
	k.clock.set(day(1))
	if r = k.submit("cmdb", day(1), oneHost); r.Outcome != "unchanged" || r.Revision != 1 {
		t.Errorf("same again: %v", r)
	}
	k.clock.set(day(2))
	changed := oneHost + "  zone: dmz\n"
	if r = k.submit("cmdb", day(2), changed); r.Outcome != "updated" || r.Revision != 2 {
		t.Errorf("changed: %v", r)
	}
}

func TestHorizonIsABreakpoint(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	// Patched on 1 February, 90 days: from 2 May on it fails.
	k.clock.set(day(10))
	k.submit("cmdb", day(10), oneHost)
	k.clock.set(day(20))
	for d := 20; d <= 70; d += 10 {
		k.clock.set(day(d))
		k.submit("cmdb", day(d), oneHost)
	}
	if _, err := k.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	flip := time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at   time.Time
		want string
	}{{day0, "pass"}, {flip.Add(-time.Microsecond), "pass"}, {flip, "fail"}, {day(70), "fail"}} {
		if got := k.state("patched", c.at, time.Time{}); got != c.want {
			t.Errorf("patched at %v: %s, want %s", c.at, got, c.want)
		}
	}
}

func TestStaleIsUnknownAndKnownAgain(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	k.clock.set(day(40))
	if _, err := k.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := k.state("static", day(31), time.Time{}); got != "unknown" {
		t.Errorf("static after 31 silent days: %s", got)
	}
	if r := k.submit("cmdb", day(40), oneHost); r.Outcome == "rejected" {
		t.Fatal(r)
	}
	for d, want := range map[int]string{0: "pass", 29: "pass", 30: "unknown", 39: "unknown", 40: "pass"} {
		if got := k.state("static", day(d), time.Time{}); got != want {
			t.Errorf("static on day %d: %s, want %s", d, got, want)
		}
	}
}

func TestLateDataCorrectsHistory(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	k.clock.set(day(2))
	k.submit("cmdb", day(2), oneHost)
	dynamic := `
system: {id: s, product: test}
hosts:
- id: web1
  addresses: [{ip: 10.0.0.1, static: false}]
  os: {patched_time: 2026-02-01T00:00:00Z}
  endpoints: []
`
	k.clock.set(day(3))
	if r := k.submit("cmdb", day(1), dynamic); r.Outcome != "updated" {
		t.Fatalf("late: %v", r)
	}
	for _, c := range []struct {
		asOf, knownAt time.Time
		want          string
	}{
		{day(1), time.Time{}, "fail"},                          // it was so, as is known now
		{day(1), day(2).Add(time.Hour), "pass"},                // as was known then
		{day(0).Add(time.Hour), time.Time{}, "pass"},           // before
		{day(2), time.Time{}, "pass"},                          // confirmed otherwise since
		{day(1).Add(23 * time.Hour), time.Time{}, "fail"},      // until then
		{day(2).Add(time.Hour), day(2).Add(time.Hour), "pass"}, // as was known then
	} {
		if got := k.state("static", c.asOf, c.knownAt); got != c.want {
			t.Errorf("static as of %v known at %v: %s, want %s", c.asOf, c.knownAt, got, c.want)
		}
	}
}

func TestSecondSourceLaterInTimeEarlierObserved(t *testing.T) {
	k := newKit(t)
	k.clock.set(day(1))
	k.submit("cmdb", day(1), oneHost)
	scan := `
system: {id: s}
hosts:
- id: web1
  endpoints: [{id: "443", tls: {enabled: true, certificate: {not_after: 2026-03-10T00:00:00Z}}}]
`
	k.clock.set(day(2))
	if r := k.submit("scanner", day0.Add(12*time.Hour), scan); r.Outcome != "updated" {
		t.Fatalf("scanner: %v", r)
	}
	if got := k.state("certificate", day(1), time.Time{}); got != "pass" {
		t.Errorf("certificate on day 1: %s", got)
	}
	if got := k.state("certificate", day0.Add(13*time.Hour), time.Time{}); got != "pass" {
		t.Errorf("certificate before the CMDB spoke: %s", got)
	}
	k.clock.set(day(12))
	if _, err := k.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := k.state("certificate", day(9), time.Time{}); got != "fail" {
		t.Errorf("certificate on its last day: %s", got)
	}
}

func TestRequestIDs(t *testing.T) {
	k := newKit(t)
	req := func(text, id string) *pb.SubmitInventoryRequest {
		return &pb.SubmitInventoryRequest{System: "systems/s", Source: "cmdb", Inventory: k.inventory(text), RequestId: id, ObservedTime: timestamppb.New(day0)}
	}
	first := k.send(req(oneHost, "a"))
	again := k.send(req(oneHost, "a"))
	if !again.RepeatedRequest || again.Outcome != "inserted" {
		t.Errorf("repeated: %v", again)
	}
	again.RepeatedRequest = false
	if !proto.Equal(first, again) {
		t.Errorf("repeated differs:\n%v\n%v", first, again)
	}
	if r := k.send(req(oneHost+"  zone: x\n", "a")); r.Outcome != "rejected" {
		t.Errorf("other content: %v", r)
	}
	k.clock.set(day(2))
	if r := k.send(req(oneHost+"  zone: x\n", "a")); r.Outcome == "rejected" {
		t.Errorf("after 24 hours: %v", r)
	}
}

func TestMissingHostIsNotClean(t *testing.T) {
	k := newKit(t)
	two := oneHost + "- id: web2\n  addresses: [{ip: 10.0.0.2, static: true}]\n  os: {patched_time: 2026-02-20T00:00:00Z}\n  endpoints: []\n"
	k.submit("cmdb", day0, two)
	k.clock.set(day(5))
	if r := k.submit("cmdb", day(5), oneHost); r.Outcome != "updated" {
		t.Fatalf("without web2: %v", r)
	}
	h, err := k.Host(t.Context(), "web2")
	if err != nil || h.Sources[0].State != "not-reported" {
		t.Fatalf("web2: %v, %v", h, err)
	}
	if got := k.state("static", time.Time{}, time.Time{}); got != "pass" {
		t.Errorf("static of two hosts: %s", got)
	}
	for d := 10; d <= 40; d += 10 {
		k.clock.set(day(d))
		k.submit("cmdb", day(d), oneHost)
	}
	if _, err := k.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := k.Merged(t.Context(), "s", "", past.When{})
	if err != nil || len(m.Inventory.Hosts) != 2 || m.Inventory.Hosts[1].Addresses != nil {
		t.Errorf("web2 should be known by its id alone: %v, %v", m.Inventory, err)
	}
	if err := k.RetireHost(t.Context(), "web2", "", "test"); err != nil {
		t.Fatal(err)
	}
	if m, err = k.Merged(t.Context(), "s", "", past.When{}); err != nil || len(m.Inventory.Hosts) != 1 {
		t.Errorf("after retiring: %v, %v", m.Inventory.Hosts, err)
	}
	if m, err = k.Merged(t.Context(), "s", "", past.When{AsOf: day(1).UnixMicro()}); err != nil || len(m.Inventory.Hosts) != 2 {
		t.Errorf("history of a retired host: %v, %v", m, err)
	}
}

func TestClaimAndExpiry(t *testing.T) {
	k := newKit(t)
	text := oneHost + "facilities: []\n"
	inv := k.inventory(text)
	inv.System.Channels = []*pb.Channel{{Id: "c1", Protection: []string{"none"}, From: &pb.Party{Zone: proto.String("z1")}, To: &pb.Party{Zone: proto.String("z2")}}}
	k.send(&pb.SubmitInventoryRequest{System: "systems/s", Source: "cmdb", Inventory: inv})
	if got := k.state("clear", time.Time{}, time.Time{}); got != "fail" {
		t.Fatalf("clear without a claim: %s", got)
	}
	k.clock.set(day(1))
	_, err := k.Statements.CreateClaim(t.Context(), "s", "room", &pb.Claim{Claim: "secure-room", Subject: "z1", Claimant: "ann", ExpireTime: timestamppb.New(day(10))}, "test")
	if err != nil {
		t.Fatal(err)
	}
	k.clock.set(day(12))
	if _, err := k.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for d, want := range map[int]string{0: "fail", 2: "pass", 9: "pass", 10: "fail"} {
		if got := k.state("clear", day(d), time.Time{}); got != want {
			t.Errorf("clear on day %d: %s, want %s", d, got, want)
		}
	}
}

func TestLinksAndMatchRules(t *testing.T) {
	k := newKit(t)
	ctx := t.Context()
	policy := &pb.Policy{MatchRules: []*pb.MatchRule{{Keys: []string{"serial_number", "uuid"}}}}
	if _, err := k.SetPolicy(ctx, policy, "test"); err != nil {
		t.Fatal(err)
	}
	first := "system: {id: s, product: test}\nhosts:\n- {id: web1, serial_number: SN-77-A, uuid: 4c4c4544-0042-3510-8052-b4c04f4e3132}\n"
	second := "system: {id: s}\nhosts:\n- {id: agent-web1, zone: dmz, serial_number: sn-77-a, uuid: 4C4C4544-0042-3510-8052-B4C04F4E3132}\n"
	weak := "system: {id: s}\nhosts:\n- {id: agent-web2, zone: dmz, serial_number: SN-77-A}\n"
	k.submit("cmdb", day0, first)
	k.clock.set(day(1))
	k.submit("agent", day(1), second)
	k.submit("weak", day(1), weak)
	m, err := k.Merged(ctx, "s", "", past.When{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, h := range m.Inventory.Hosts {
		ids = append(ids, h.Id)
	}
	if len(ids) != 2 || ids[0] != "agent-web2" || ids[1] != "web1" || m.Inventory.Hosts[1].GetZone() != "dmz" {
		t.Errorf("hosts %v; one key alone must not match, two must", m.Inventory.Hosts)
	}
	links, err := k.Links(ctx, "", 10)
	if err != nil || len(links) != 1 || links[0].Origin != "matched" || links[0].Host != "web1" {
		t.Fatalf("links: %v, %v", links, err)
	}
	if err := k.Unlink(ctx, "agent~agent-web1", "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Link(ctx, &pb.HostLink{Source: "weak", SourceHost: "agent-web2", Host: "web1"}, "test"); err != nil {
		t.Fatal(err)
	}
}

func TestSourcesOfASystem(t *testing.T) {
	k := newKit(t)
	k.submit("cmdb", day0, oneHost)
	up := &pb.UpsertHostsRequest{System: "systems/s", Source: "agent", Hosts: []*pb.Host{{Id: "web1", Zone: proto.String("dmz")}, {Id: "web2"}}}
	if _, err := k.Submit(t.Context(), []*pb.SubmitItem{{Item: &pb.SubmitItem_Upsert{Upsert: up}}}, "test"); err != nil {
		t.Fatal(err)
	}
	sys, err := k.System(t.Context(), "s")
	if err != nil || len(sys.Sources) != 2 {
		t.Fatalf("%v, %v", sys, err)
	}
	for i, want := range []int32{1, 2} {
		if s := sys.Sources[i]; s.HostCount != want || s.ConfirmedTime == nil {
			t.Errorf("%s: %v, want %d hosts", s.Source, s, want)
		}
	}
}
