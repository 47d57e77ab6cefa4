package servertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
)

// What people and machines do to a service must end in a clear state. Which test
// of this package tries what, over a whole service with a clock of its own:
//
//	cron expression wrong                      TestCalendarInvalid
//	range reversed, or in the far future       TestTrend, TestForecast, TestFindingTimeline,
//	                                           TestFleetBadInput
//	cursor of another stream, or expired       TestEventCursors
//	webhook hangs, or redirects                TestWebhookHangsOrRedirects
//	webhook answers 500 for a day              TestWebhook
//	two reassessments of one system at once    TestReassessTogether
//	cancel in the middle                       TestReassessCancel, TestVerifyCallRestart
//	version activated in the middle of a run   TestReassessActivation
//	clock forward ten years, and back          TestClockTenYears, TestCalendarClock
//	kill -9 at 20 points of a run              TestReassessKill (make kill: 10,000 systems)
//	kill -9 among submissions and deliveries   TestKill, TestKillKeepsTheOutbox
//	disk full in the middle                    TestReassessFull, TestFullDisk
//
// Each of them ends with verify: connect sees to that where a service is up at the
// end of the test, and the tests that stop theirs do so themselves.

// TestWebhookHangsOrRedirects: an address that never answers, and one that leads
// elsewhere, keep neither another webhook nor the service's end waiting.
func TestWebhookHangsOrRedirects(t *testing.T) {
	f, good, elsewhere := follow(governedService(t)), newAddress(t), newAddress(t)
	f.keepFresh()
	hang := make(chan struct{})
	begun := make(chan struct{}, 100)
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; <-hang }))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(hang) })
	leads := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(leads.Close)
	for id, to := range map[string]string{"good": good.URL, "slow": slow.URL, "leads": leads.URL} {
		w := must[*pb.Webhook](f.governance)(f.events.CreateWebhook(t.Context(), &pb.CreateWebhookRequest{
			WebhookId: id, Webhook: &pb.Webhook{Uri: to, Filter: "event.type.startsWith('result.')"},
		}))
		if id == "good" {
			good.set(w.Secret, 200)
		}
	}
	begin := f.hook("webhooks/good").Cursor
	f.flap(4)
	want := f.list(begin, "event.type.startsWith('result.')")
	<-begun // somebody waits there for an answer
	until(t, "the good one has all", func() bool { return int(f.hook("webhooks/good").Delivered) == len(want) })
	sameIDs(t, "delivered", good.events(), want)
	until(t, "a redirect is told", func() bool { return strings.Contains(f.hook("webhooks/leads").LastError, "not followed") })
	if n := len(elsewhere.events()); n != 0 || f.hook("webhooks/leads").Delivered+f.hook("webhooks/slow").Delivered != 0 {
		t.Errorf("%d events went where the redirect leads", n)
	}
	tested := must[*pb.TestWebhookResponse](f.governance)(f.events.TestWebhook(t.Context(), &pb.TestWebhookRequest{Name: "webhooks/leads"}))
	if tested.Status != http.StatusTemporaryRedirect || !strings.Contains(tested.Error, "not followed") {
		t.Errorf("test: %v", tested)
	}
	f.clean()
	f.Stop() // does not wait for the answer
}

// TestClockTenYears sets the clock ten years forward, lets everything happen that
// would happen in these years, and sets it back: each system has the breakpoints
// that time makes, once, and goes on.
func TestClockTenYears(t *testing.T) {
	const n = 60
	r := startRunner(t, servertest.Options{})
	r.fleet(n)
	r.clock.Set(runDay.AddDate(10, 0, 1))
	for range 3 { // once is enough: looking again finds nothing
		if _, err := r.Assessor.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := make([]string, n)
	for i := range n {
		before[i] = r.breakpoints(i)
		failing := runDay.AddDate(0, 0, 90-i%10).Format(time.RFC3339Nano) + " time 1;"
		stale := runDay.Add(3650*24*time.Hour).Format(time.RFC3339Nano) + " time 2;"
		if !strings.HasPrefix(before[i], stale+failing) || strings.Count(before[i], ";") != 3 {
			t.Errorf("%s has the breakpoints %s", fleetID(i), before[i])
		}
	}
	_, m := r.ended(r.reassess(&pb.ReassessSystemsRequest{}))
	counts(t, m, "succeeded", 0, 0, 0, 0)
	r.clean()

	r.clock.Set(runDay.AddDate(0, 0, 1))
	if _, err := r.Assessor.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, m = r.ended(r.reassess(&pb.ReassessSystemsRequest{Full: true}))
	counts(t, m, "succeeded", n, n, 0, 0)
	for i := range n {
		if got := r.breakpoints(i); got != before[i] {
			t.Errorf("after the clock was set back %s has the breakpoints %s, before it %s", fleetID(i), got, before[i])
		}
	}
	// What is submitted then corrects what was found of the ten years, as far as
	// they have passed again.
	patched := r.clock.Now()
	for i := range 10 {
		v := patchedView(i)
		v.ObservedTime, v.Inventory.Hosts[0].Os.PatchedTime = timestamppb.New(patched), timestamppb.New(patched)
		r.submit(v)
	}
	r.clean()
	r.clock.Set(runDay.AddDate(0, 0, 120))
	if _, err := r.Assessor.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		want := fmt.Sprintf(";%s time 1;", patched.AddDate(0, 0, 90).Format(time.RFC3339Nano))
		if got := r.breakpoints(i); !strings.Contains(got, want) {
			t.Errorf("%s has the breakpoints %s, and none like %q", fleetID(i), got, want)
		}
	}
	r.clean()
}
