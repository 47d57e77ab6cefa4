package servertest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestEventsOfResults: what submissions, waivers, versions and retirement do to
// results is told, and nothing else.
func TestEventsOfResults(t *testing.T) {
	f := follow(governedService(t))
	f.due(f.clock.Now())
	f.want(
		"guidance.activated gov guidance assignments/all",
		"result.failing s gov first static(hosts/s-b)medium clear(channels/c)high",
		"result.unknown s gov first patched(hosts/s-b)high reviewed(hosts/s-a)low reviewed(hosts/s-b)low escorted(facilities/dc1)low drills(system)low",
	)
	f.submitted(estate("s")) // says the same
	f.want()

	worse := estate("s")
	worse.Inventory.Hosts[0].Addresses[0].Static = proto.Bool(false)
	f.submitted(worse)
	list := f.want("result.failing s gov inventory static(hosts/s-a)medium")
	for _, e := range list {
		if !e.EffectiveTime.AsTime().Equal(f.clock.Now()) || e.GetScoreBefore() <= e.GetScoreAfter() || e.ScoreAfter == nil {
			t.Errorf("got %v", e)
		}
	}
	f.submitted(estate("s"))
	f.want("result.recovered s gov inventory static(hosts/s-a)medium")

	name := f.draft("s", "leased", waiver()).Name
	f.want()
	f.approve(name)
	f.want("result.recovered s gov waiver static(hosts/s-b)medium")
	must[*pb.Waiver](f.governance)(f.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: name}))
	f.want("result.failing s gov waiver static(hosts/s-b)medium")

	// A version without one of the rules, and with another severity.
	f.publishYAML(edited("version: 1.0.0", "version: 1.1.0", "id: clear", "id: plain", "id: static", "id: static\n    weight: 2"))
	f.due(f.clock.Now().Add(time.Second))
	f.want(
		"guidance.activated gov guidance assignments/all",
		"result.failing s gov guidance plain(channels/c)high",
		"result.recovered s gov guidance clear(channels/c)",
	)
	f.due(day(90)) // by then all is stale: what fails has not recovered, it is unknown
	f.want(
		"result.unknown s gov time static(hosts/s-a)medium static(hosts/s-b)medium static(hosts/?)medium patched(hosts/s-a)high patched(hosts/?)high"+
			" reviewed(hosts/?)low escorted(facilities/?)low plain(channels/?)high plain(channels/c)high",
		"source.silent time sources/cmdb",
	)
	f.due(day(91))
	f.submitted(estate("s")) // by now the patches of s-a are too old
	f.want("result.failing s gov inventory static(hosts/s-b)medium patched(hosts/s-a)high plain(channels/c)high",
		"result.unknown s gov inventory escorted(facilities/dc1)low")
	f.tick()
	must[any](f.governance)(f.inventory.RetireSystem(t.Context(), &pb.RetireSystemRequest{Name: "systems/s"}))
	f.want("result.recovered s gov inventory static(hosts/s-b) patched(hosts/s-a) plain(channels/c)")
}

// TestScoreBelow: a raw score that falls below a threshold is told, once, with the
// lowest that it fell below; one that rises is not.
func TestScoreBelow(t *testing.T) {
	f := follow(govern(t, "", day0))
	f.publish()
	f.at(f.clock.Now().Add(time.Second))
	leased := func(n int) (below []string) {
		hosts := manyHosts(20)
		for _, h := range hosts[:n] {
			h.Addresses[0].Static = proto.Bool(false)
		}
		f.submitted(view("s", hosts...))
		for _, e := range f.news() {
			if e.Type == "score.below" {
				below = append(below, fmt.Sprintf("%v %v", e.GetScoreBefore(), e.GetScoreAfter()))
				if len(e.Results) > 0 || e.ResultCount > 0 || e.Series != "test~all~default" {
					t.Errorf("got %v", e)
				}
			}
		}
		return below
	}
	for i, step := range []struct {
		leased int
		want   string
	}{{4, ""}, {0, ""}, {2, ""}, {3, "90 85"}, {4, ""}, {12, "80 40"}, {2, ""}, {1, ""}, {20, "95 0"}} {
		if got := strings.Join(leased(step.leased), ", "); got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
}

// TestEventsOfStatements: what expires is told a week before and when it does,
// once; what was revoked or renewed is not.
func TestEventsOfStatements(t *testing.T) {
	f := follow(governedService(t))
	f.keepFresh()
	f.due(f.clock.Now())
	f.news()
	claim := func(id string, until time.Time) {
		f.tick()
		must[*pb.Claim](f.governance)(f.statements.CreateClaim(t.Context(), &pb.CreateClaimRequest{
			Parent: "systems/s", ClaimId: id, Claim: &pb.Claim{Claim: "secure-room", Subject: "z9", Claimant: "Ada", ExpireTime: timestamppb.New(until)},
		}))
	}
	claim("ends", day(20))
	claim("short", day(5))
	claim("revoked", day(20))
	must[*pb.Claim](f.governance)(f.statements.RevokeClaim(t.Context(), &pb.RevokeClaimRequest{Name: "systems/s/claims/revoked"}))
	f.approve(f.draft("s", "leased", waiver()).Name) // until day 10
	f.draft("s", "draft", waiver())
	f.tick()
	must[*pb.Attestation](f.governance)(f.statements.CreateAttestation(t.Context(), &pb.CreateAttestationRequest{
		Parent: "systems/s", AttestationId: "visit", Attestation: &pb.Attestation{
			Subject: "facilities/dc1", Fact: "facts/escorted", Attestor: "Ada", ExpireTime: timestamppb.New(day(15)),
			Value: &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: true}},
		},
	}))
	f.news()
	only := func(t time.Time, lines ...string) []*pb.Event {
		f.t.Helper()
		f.due(t)
		list := slices.DeleteFunc(f.news(), func(e *pb.Event) bool {
			return strings.HasPrefix(e.Type, "result.") || strings.HasPrefix(e.Type, "score.")
		})
		var got []string
		for _, e := range list {
			got = append(got, short(e))
		}
		if !slices.Equal(got, lines) {
			f.t.Errorf("on %v: %q, want %q", t, got, lines)
		}
		return list
	}
	only(day(3).Add(-time.Microsecond))
	e := only(day(3), "waiver.expiring s time systems/s/waivers/leased")[0]
	if !e.EffectiveTime.AsTime().Equal(day(3)) || !strings.Contains(e.Message, "2026-03-11") {
		t.Errorf("got %v", e)
	}
	only(day(3))
	only(day(6), "claim.expired s time systems/s/claims/short")
	only(day(9), "attestation.expiring s time systems/s/attestations/visit")
	f.tick()
	must[*pb.Attestation](f.governance)(f.statements.RenewAttestation(t.Context(), &pb.RenewAttestationRequest{
		Name: "systems/s/attestations/visit", ExpireTime: timestamppb.New(day(25)),
	}))
	e = only(day(11), "waiver.expired s time systems/s/waivers/leased")[0]
	if !e.EffectiveTime.AsTime().Equal(day(10)) {
		t.Errorf("got %v", e)
	}
	// The clock jumps: each is told, in its order, once.
	only(day(40), "claim.expiring s time systems/s/claims/ends", "attestation.expiring s time systems/s/attestations/visit",
		"claim.expired s time systems/s/claims/ends", "attestation.expired s time systems/s/attestations/visit")
	only(day(41))
}

// keepFresh has sources' words hold for years.
func (f *following) keepFresh() {
	f.t.Helper()
	f.tick()
	must[*pb.Policy](f.governance)(f.inventory.UpdatePolicy(f.t.Context(), &pb.UpdatePolicyRequest{
		Policy: &pb.Policy{DefaultFreshness: durationpb.New(10 * 365 * 24 * time.Hour)},
	}))
	f.at(f.clock.Now())
}

// TestActivationIsToldOnce: a version that is activated for later is told when it
// comes into force, once, also where the service restarts in between.
func TestActivationIsToldOnce(t *testing.T) {
	f := follow(governedService(t))
	f.keepFresh()
	f.due(f.clock.Now())
	f.tick()
	must[*pb.Assignment](f.governance)(f.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/all", Version: "1.0.0"}))
	f.due(f.clock.Now())
	f.publishYAML(edited("version: 1.0.0", "version: 2.0.0"))
	f.tick()
	must[*pb.Assignment](f.governance)(f.guidance.ActivateAssignment(t.Context(), &pb.ActivateAssignmentRequest{
		Name: "assignments/all", Version: "2.0.0", StartTime: timestamppb.New(day(30)),
	}))
	f.due(day(30).Add(-time.Microsecond))
	first := f.want("guidance.activated gov guidance assignments/all",
		"result.failing s gov first static(hosts/s-b)medium clear(channels/c)high",
		"result.unknown s gov first patched(hosts/s-b)high reviewed(hosts/s-a)low reviewed(hosts/s-b)low escorted(facilities/dc1)low drills(system)low")
	f.due(day(30))
	e := f.want("guidance.activated gov guidance assignments/all")[0]
	if !e.EffectiveTime.AsTime().Equal(day(30)) || !strings.Contains(e.Message, "gov 2.0.0") || strings.Contains(first[0].Message, "2.0.0") {
		t.Errorf("got %v", e)
	}
	f.Stop()
	again := follow(govern(t, f.Path, day(31)))
	again.cursor = f.cursor
	again.due(day(31))
	again.want()
}

// TestSilentSource: a source that falls silent is one event, whatever it has
// said of; it is told again only after it has spoken.
func TestSilentSource(t *testing.T) {
	f := follow(governedService(t))
	for i := range 5 {
		req := estate(fmt.Sprint("t", i))
		f.submitted(req)
		req.Source = "scanner"
		f.submitted(req)
	}
	f.tick()
	must[*pb.Policy](f.governance)(f.inventory.UpdatePolicy(t.Context(), &pb.UpdatePolicyRequest{Policy: &pb.Policy{
		Freshness: []*pb.Freshness{{Source: "scanner", Duration: durationpb.New(48 * time.Hour)}},
	}}))
	silent := func(at time.Time, want ...string) {
		t.Helper()
		f.due(at)
		var got []string
		for _, e := range f.news() {
			if e.Type == "source.silent" {
				got = append(got, e.Resource)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %v silent: %v, want %v", at, got, want)
		}
	}
	silent(day(2))
	silent(day(3), "sources/scanner")
	silent(day(20))
	req := estate("t0")
	req.Source = "scanner"
	f.submitted(req)
	silent(day(21))
	silent(day(23), "sources/scanner")
	silent(day(31), "sources/cmdb")
	silent(day(400))
}

// TestEventsReplayed: over random operations the events of a system, replayed,
// give the results that fail in the end.
func TestEventsReplayed(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a service for each history")
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		if n++; n > 25 {
			return // a whole service each: more would take minutes
		}
		f := follow(governedService(t))
		defer f.Stop()
		version, waivers := 0, 0
		for i := range rapid.IntRange(1, 14).Draw(r, "steps") {
			f.tick()
			switch rapid.IntRange(0, 9).Draw(r, "what") {
			case 0, 1, 2, 3:
				req := estate("s")
				for _, h := range req.Inventory.Hosts {
					h.Addresses[0].Static = proto.Bool(rapid.Bool().Draw(r, "static"))
				}
				if rapid.Bool().Draw(r, "one") {
					req.Inventory.Hosts = req.Inventory.Hosts[:1]
				}
				if late := rapid.IntRange(-5, 5).Draw(r, "late"); late > 0 {
					req.ObservedTime = timestamppb.New(f.clock.Now().Add(-time.Duration(late) * time.Hour))
				}
				_, _ = f.inventory.SubmitInventory(t.Context(), req) // refused after a retirement, where it is late
			case 4:
				f.at(f.clock.Now().Add(time.Duration(rapid.IntRange(1, 60).Draw(r, "days")) * 24 * time.Hour))
			case 5:
				version++
				f.publishYAML(edited("version: 1.0.0", fmt.Sprintf("version: 1.%d.0", version), "id: clear", fmt.Sprintf("id: clear%d", version%2)))
				f.at(f.clock.Now())
			case 6:
				w := waiver()
				w.ExpireTime = timestamppb.New(f.clock.Now().Add(time.Duration(rapid.IntRange(1, 50).Draw(r, "until")) * 24 * time.Hour))
				waivers++
				name := f.draft("s", fmt.Sprint("w", i), w).Name
				f.approve(name)
				if rapid.Bool().Draw(r, "revoke") {
					must[*pb.Waiver](f.governance)(f.statements.RevokeWaiver(t.Context(), &pb.RevokeWaiverRequest{Name: name}))
				}
			case 7:
				_, _ = f.inventory.RetireHost(t.Context(), &pb.RetireHostRequest{Name: "hosts/s-b"})
			case 8:
				_, _ = f.inventory.RetireSystem(t.Context(), &pb.RetireSystemRequest{Name: "systems/s"})
			case 9:
				if _, err := f.guidance.DeleteAssignment(t.Context(), &pb.DeleteAssignmentRequest{Name: "assignments/all"}); err == nil && rapid.Bool().Draw(r, "again") {
					f.assign("all", &pb.Assignment{Checklist: "gov"})
				}
				f.at(f.clock.Now())
			}
		}
		f.at(f.clock.Now().Add(time.Second)) // what was recorded within the clock's step holds by then
		if got, want := failing(f.list("", ""), "s"), f.failingNow(r, "s"); keys(got) != keys(want) {
			r.Fatalf("by its events what fails is\n  %s\nbut it is\n  %s", keys(got), keys(want))
		}
	})
}

// flap submits system s with one host failing, then not, n times.
func (f *following) flap(n int) {
	f.t.Helper()
	for i := range n {
		req := estate("s")
		req.Inventory.Hosts[0].Addresses[0].Static = proto.Bool(i%2 == 1)
		f.submitted(req)
	}
}

// receive takes n events of a stream.
func receive(t *testing.T, recv func() (*pb.Event, error), n int) (out []*pb.Event) {
	t.Helper()
	for range n {
		e, err := recv()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// TestWatchResumes: a stream that breaks is resumed behind its last event without
// loss or repetition, also after a restart.
func TestWatchResumes(t *testing.T) {
	f := follow(governedService(t))
	f.due(f.clock.Now())
	begin := f.list("", "")[0].Id
	var seen []*pb.Event
	watch := func(after string, n int) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		s, err := f.events.WatchEvents(ctx, &pb.WatchEventsRequest{After: after})
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, receive(t, s.Recv, n)...)
	}
	watch(begin, 2)
	for _, n := range []int{1, 4, 2} {
		f.flap(4)
		watch(seen[len(seen)-1].Id, n)
	}

	// One that waits when the service stops is told to come again.
	conn, err := grpc.NewClient(f.Conn.Target(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := pb.NewEventServiceClient(conn).WatchEvents(t.Context(), &pb.WatchEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if md, err := s.Header(); err != nil || len(md.Get("plumbline-cursor")) != 1 {
		t.Fatalf("header %v, %v", md, err)
	}
	ended := make(chan error)
	go func() { _, err := s.Recv(); ended <- err }()
	go f.Stop()
	if err := <-ended; status.Code(err) != codes.Unavailable {
		t.Errorf("at the end of the service: %v", err)
	}
	f.Stop()
	again := follow(govern(t, f.Path, f.clock.Now()))
	again.flap(3)
	f = again
	all := f.list(begin, "")
	watch(seen[len(seen)-1].Id, len(all)-len(seen))
	sameIDs(t, "watched", seen, all)
}

// TestWatchFromNow: without a cursor a stream begins with what comes, as it
// comes, through its filter.
func TestWatchFromNow(t *testing.T) {
	f := follow(governedService(t))
	s, err := f.events.WatchEvents(t.Context(), &pb.WatchEventsRequest{Filter: `event.type == "result.recovered"`})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Header(); err != nil { // it stands
		t.Fatal(err)
	}
	f.flap(4)
	for _, e := range receive(t, s.Recv, 2) {
		if short(e) != "result.recovered s gov inventory static(hosts/s-a)medium" {
			t.Errorf("got %v", e)
		}
	}
}

// TestWatchREST: over REST a stream is a document a line, its headers come at
// once, and it resumes.
func TestWatchREST(t *testing.T) {
	f := follow(governedService(t))
	open := func(query string) (*http.Response, func() (*pb.Event, error)) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.REST+"/v1/events:watch?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		lines := bufio.NewScanner(resp.Body)
		return resp, func() (*pb.Event, error) {
			if !lines.Scan() {
				return nil, errors.Join(lines.Err(), io.EOF)
			}
			e := &pb.Event{}
			return e, protojson.Unmarshal(lines.Bytes(), e)
		}
	}
	resp, next := open("")
	cursor := resp.Header.Get("Plumbline-Cursor")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/x-ndjson" || cursor == "" {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	f.flap(5)
	want := f.list(cursor, "")
	got := receive(t, next, len(want))
	sameIDs(t, "over REST", got, want)
	for i := range got {
		if !proto.Equal(got[i], want[i]) {
			t.Errorf("over REST %v, over gRPC %v", got[i], want[i])
		}
	}
	_, next = open("after=" + want[1].Id + "&filter=" + url.QueryEscape(`event.system == "s"`))
	sameIDs(t, "resumed over REST", receive(t, next, len(want)-2), want[2:])
	f.refusedOverREST("GET", "/v1/events:watch?after=x", "", 400, "after")
	f.refusedOverREST("GET", "/v1/events:watch?filter=event.typ", "", 400, "line 1, column 6")
	code, answer := f.rest("GET", "/v1/events?pageSize=2", "")
	if code != 200 || answer["more"] != true || len(answer["events"].([]any)) != 2 {
		t.Errorf("%d %v", code, answer)
	}
}

// TestEventCursors: a cursor that leads nowhere says so, and where to go on.
func TestEventCursors(t *testing.T) {
	f, other := follow(governedService(t)), follow(governedService(t))
	f.flap(2)
	first, foreign := f.list("", "")[0].Id, other.list("", "")[0].Id
	reason := func(after string) (code codes.Code, info *errdetails.ErrorInfo) {
		_, listErr := f.events.ListEvents(t.Context(), &pb.ListEventsRequest{After: after})
		s, err := f.events.WatchEvents(t.Context(), &pb.WatchEventsRequest{After: after})
		if err == nil {
			_, err = s.Recv()
		}
		if status.Code(err) != status.Code(listErr) {
			t.Errorf("watching: %v, listing: %v", err, listErr)
		}
		for _, d := range status.Convert(err).Details() {
			if x, ok := d.(*errdetails.ErrorInfo); ok {
				info = x
			}
		}
		return status.Code(err), info
	}
	for cursor, want := range map[string]string{foreign: "CURSOR_OF_ANOTHER_STREAM", "x": "INVALID_FIELD", strings.Repeat("0", 26): "CURSOR_OF_ANOTHER_STREAM"} {
		if code, info := reason(cursor); info.GetReason() != want || code == codes.Unknown {
			t.Errorf("%s: %v, %v", cursor, code, info)
		}
	}
	f.at(day(31))
	if err := f.Events.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, info := reason(first)
	if code != codes.FailedPrecondition || info.GetReason() != "CURSOR_EXPIRED" {
		t.Fatalf("an old one: %v, %v", code, info)
	}
	f.flap(1)
	if got, want := f.list(info.Metadata["resume_after"], ""), f.list("", ""); len(got) == 0 || !slices.Equal(ids(got), ids(want)) {
		t.Errorf("from where to go on: %v, want %v", ids(got), ids(want))
	}
	_, err := f.events.ListEvents(t.Context(), &pb.ListEventsRequest{Filter: "event.type ==\n  nothing"})
	refusal(t, err, codes.InvalidArgument, "filter")
	if !strings.Contains(err.Error(), "line 2, column 3") {
		t.Error(err)
	}
	_, err = f.events.CreateWebhook(t.Context(), &pb.CreateWebhookRequest{WebhookId: "w", Webhook: &pb.Webhook{Uri: "http://127.0.0.1:1", Filter: "event.typ == 'x'"}})
	refusal(t, err, codes.InvalidArgument, "webhook.filter")
	_, err = f.events.CreateWebhook(t.Context(), &pb.CreateWebhookRequest{WebhookId: "w", Webhook: &pb.Webhook{Uri: "gopher://127.0.0.1"}})
	refusal(t, err, codes.InvalidArgument, "webhook.uri")
}
