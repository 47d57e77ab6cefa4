package servertest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
)

// nightly is a calendar of one run a day at 02:00.
func nightly() *pb.Calendar {
	return &pb.Calendar{Runs: []*pb.ScheduledRun{{Id: "nightly", Cron: "0 2 * * *", Request: &pb.ReassessSystemsRequest{Full: true}}}}
}

func (r *runner) setCalendar(c *pb.Calendar) *pb.Calendar {
	r.t.Helper()
	out, err := r.runs.UpdateCalendar(r.t.Context(), &pb.UpdateCalendarRequest{Calendar: c})
	if err != nil {
		r.t.Fatal(err, status.Convert(err).Details())
	}
	return out
}

// at sets the clock, has the calendar looked at, lets what it starts end, and
// gives all scheduled runs, the newest first.
func (r *runner) at(when string) (out []*pb.ReassessSystemsMetadata) {
	r.t.Helper()
	t, err := time.Parse(time.RFC3339, when)
	if err != nil {
		r.t.Fatal(err)
	}
	r.clock.Set(t)
	if _, err := r.Runs.Schedule(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.Runs.Wake()
	for _, op := range r.scheduled() {
		_, m := r.ended(op)
		out = append(out, m)
	}
	return out
}

func (r *runner) scheduled() (out []*longrunningpb.Operation) {
	r.t.Helper()
	list, err := r.runs.ListOperations(r.t.Context(), &longrunningpb.ListOperationsRequest{PageSize: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, op := range list.Operations {
		if metadata(r.t, op).ScheduledRun != "" {
			out = append(out, op)
		}
	}
	return out
}

// next is when the calendar's first run starts next, and when it last did.
func (r *runner) next() (next, last string) {
	r.t.Helper()
	c, err := r.runs.GetCalendar(r.t.Context(), &pb.GetCalendarRequest{Name: "calendar"})
	if err != nil {
		r.t.Fatal(err)
	}
	show := func(at interface{ AsTime() time.Time }, ok bool) string {
		if !ok {
			return "never"
		}
		return at.AsTime().Format(time.RFC3339)
	}
	x := c.Runs[0]
	return show(x.NextTime, x.NextTime != nil), show(x.LastTime, x.LastTime != nil)
}

func (r *runner) wantNext(next, last string) {
	r.t.Helper()
	if n, l := r.next(); n != next || l != last {
		r.t.Errorf("next is %s and last was %s, want %s and %s", n, l, next, last)
	}
}

// TestCalendar: runs start by it, and a restart neither repeats nor loses one.
func TestCalendar(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.fleet(5)
	r.setCalendar(nightly())
	r.wantNext("2026-03-01T02:00:00Z", "never")
	if got := r.at("2026-03-01T01:59:59Z"); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	got := r.at("2026-03-01T02:00:00Z")
	if len(got) != 1 || got[0].Actor != "calendar" || got[0].ScheduledRun != "nightly" || got[0].SystemsAssessed != 5 || !got[0].Request.Full {
		t.Fatalf("on time: %v", got)
	}
	r.wantNext("2026-03-02T02:00:00Z", "2026-03-01T02:00:00Z")
	for range 2 {
		r.Stop()
		r = newRunner(t, servertest.Options{Path: r.Path}, r.clock)
		if got := r.at("2026-03-01T02:00:30Z"); len(got) != 1 {
			t.Errorf("a restart repeats a start: %v", got)
		}
	}
	// Four starts are missed while the service is down: they are one.
	r.Stop()
	r.clock.Set(time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC))
	r = newRunner(t, servertest.Options{Path: r.Path}, r.clock)
	if got := r.at("2026-03-05T12:00:01Z"); len(got) != 2 {
		t.Errorf("after four missed starts: %v", got)
	}
	if next, _ := r.next(); next != "2026-03-06T02:00:00Z" {
		t.Errorf("next is %s", next)
	}
	code, answer := r.rest("GET", "/v1/calendar", "")
	if code != 200 {
		t.Errorf("%d %v", code, answer)
	}
	jsonHas(t, answer, `"nextTime":"2026-03-06T02:00:00Z"`)
	code, answer = r.rest("PUT", "/v1/calendar", `{"runs":[{"id":"hourly","cron":"0 * * * *","jitter":"60s"}]}`)
	if code != 200 {
		t.Errorf("%d %v", code, answer)
	}
	jsonHas(t, answer, `"nextTime":"2026-03-05T13:00:`)
	code, answer = r.rest("PUT", "/v1/calendar", `{"runs":[{"id":"hourly","cron":"0 24 * * *"}]}`)
	if code != 400 {
		t.Errorf("%d %v", code, answer)
	}
	jsonHas(t, answer, `calendar.runs[0].cron`)
	jsonHas(t, answer, `at character 3`)
}

// TestCalendarClock: a clock that jumps ten years forward and back starts one
// run more, not one for each day.
func TestCalendarClock(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.setCalendar(&pb.Calendar{Runs: []*pb.ScheduledRun{{Id: "each-minute", Cron: "* * * * *"}}})
	seen := map[string]bool{} // runs that ended ten years before are forgotten meanwhile
	for _, step := range []struct {
		at     string
		starts int
	}{
		{"2026-03-01T00:02:00Z", 1},
		{"2036-03-01T00:00:00Z", 1},
		{"2026-03-01T00:03:10Z", 0},
		{"2026-03-01T00:04:00Z", 1},
		{"2026-03-01T00:03:59Z", 0}, // a clock that is kept right
		{"2026-03-01T00:04:30Z", 0},
		{"2026-03-01T00:05:00Z", 1},
	} {
		r.at(step.at)
		starts := 0
		for _, op := range r.scheduled() {
			if !seen[op.Name] {
				seen[op.Name] = true
				starts++
			}
		}
		if starts != step.starts {
			t.Errorf("%s: %d runs started, want %d", step.at, starts, step.starts)
		}
		if step.at == "2026-03-01T00:03:10Z" {
			r.wantNext("2026-03-01T00:04:00Z", "2036-03-01T00:00:00Z")
		}
	}
}

// TestCalendarBlackout: no scheduled run starts or goes on during a blackout;
// those that somebody starts do.
func TestCalendarBlackout(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	r.fleet(3000)
	c := nightly()
	c.Blackouts = []*pb.Blackout{
		{Cron: "30 1 * * 1", Duration: durationpb.New(2 * time.Hour)},                             // Monday, 01:30 to 03:30
		{Cron: "30 5 * * 1", TimeZone: "Europe/Helsinki", Duration: durationpb.New(time.Hour)},    // goes on to 04:30
		{Cron: "1 2 * * 3", TimeZone: "Etc/UTC", Duration: durationpb.New(30 * 24 * time.Minute)}, // Wednesday, 02:01 to 14:01
	}
	r.setCalendar(c)
	if got := r.at("2026-03-01T12:00:00Z"); len(got) != 1 {
		t.Fatalf("Sunday: %v", got)
	}
	r.wantNext("2026-03-02T04:30:00Z", "2026-03-01T12:00:00Z")
	for _, at := range []string{"2026-03-02T02:00:00Z", "2026-03-02T03:30:00Z", "2026-03-02T04:29:59Z"} {
		if got := r.at(at); len(got) != 1 {
			t.Errorf("%s: %v", at, got)
		}
	}
	if got := r.at("2026-03-02T04:30:00Z"); len(got) != 2 {
		t.Errorf("Monday, afterwards: %v", got)
	}
	r.at("2026-03-03T02:00:00Z")

	// Wednesday's run starts, and the blackout begins while it goes on.
	r.clock.Set(time.Date(2026, 3, 4, 2, 0, 0, 0, time.UTC))
	if _, err := r.Runs.Schedule(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Runs.Wake()
	op := r.scheduled()[0]
	if m := r.reached(op, 1); m.EndTime != nil {
		t.Fatal("the run was over before the blackout began")
	}
	r.clock.Set(time.Date(2026, 3, 4, 2, 1, 0, 0, time.UTC))
	_, m := r.ended(r.reassess(&pb.ReassessSystemsRequest{})) // comes to its turn since the other pauses
	if m.State != "succeeded" {
		t.Errorf("%v", m)
	}
	op, err := r.runs.GetOperation(t.Context(), &longrunningpb.GetOperationRequest{Name: op.Name})
	if m := metadata(t, op); err != nil || op.Done || m.State != "waiting" || m.SystemsDone >= 3000 {
		t.Errorf("in the blackout: %v %v", m, err)
	}
	if got := r.at("2026-03-04T14:01:00Z"); got[0].State != "succeeded" || got[0].SystemsAssessed != 3000 {
		t.Errorf("after the blackout: %v", got[0])
	}
}

// TestCalendarChange: etags, what stays known of runs that stay, no second start
// while one is under way, and runs that never start.
func TestCalendarChange(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	ctx := t.Context()
	empty, err := r.runs.GetCalendar(ctx, &pb.GetCalendarRequest{Name: "calendar"})
	if err != nil || empty.Name != "calendar" || empty.Etag == "" || empty.UpdateTime != nil {
		t.Fatalf("%v %v", empty, err)
	}
	c := r.setCalendar(nightly())
	_, err = r.runs.UpdateCalendar(ctx, &pb.UpdateCalendarRequest{Calendar: empty})
	refusal(t, err, codes.Aborted, "")
	r.at("2026-03-01T02:00:00Z")
	c.Runs[0].Request.Full = false
	c.Blackouts = []*pb.Blackout{{Cron: "* * * * *", Duration: durationpb.New(time.Minute)}}
	c = r.setCalendar(c)
	r.wantNext("never", "2026-03-01T02:00:00Z") // it is blacked out for ever
	if got := r.at("2026-03-02T03:00:00Z"); len(got) != 1 {
		t.Errorf("%v", got)
	}
	c.Blackouts, c.Runs[0].Cron = nil, "0 4 * * *"
	c = r.setCalendar(c)
	r.wantNext("2026-03-02T04:00:00Z", "2026-03-01T02:00:00Z") // what it missed was of its old hour
	c.Runs = append(c.Runs, &pb.ScheduledRun{Id: "yearly", Cron: "0 0 1 1 *"})
	r.setCalendar(c)
	r.wantNext("2026-03-02T04:00:00Z", "2026-03-01T02:00:00Z")
	entries, err := r.admin.ListAuditEntries(ctx, &pb.ListAuditEntriesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(entries); !strings.Contains(text, "UpdateCalendar") || !strings.Contains(text, "ReassessSystems") {
		t.Errorf("the audit lacks the calendar's changes or starts: %s", text)
	}
}

// TestCalendarInvalid: every field that is wrong is named.
func TestCalendarInvalid(t *testing.T) {
	r := startRunner(t, servertest.Options{})
	ok := func() *pb.ScheduledRun { return &pb.ScheduledRun{Id: "a", Cron: "0 2 * * *"} }
	with := func(f func(*pb.ScheduledRun)) *pb.Calendar {
		x := ok()
		f(x)
		return &pb.Calendar{Runs: []*pb.ScheduledRun{x}}
	}
	for _, c := range []struct {
		field    string
		calendar *pb.Calendar
	}{
		{"calendar.runs[0].cron", with(func(r *pb.ScheduledRun) { r.Cron = "0 2 * *" })},
		{"calendar.runs[0].cron", with(func(r *pb.ScheduledRun) { r.Cron = "0 2 30 2 *" })},
		{"calendar.runs[0].cron", with(func(r *pb.ScheduledRun) { r.Cron = strings.Repeat("*", 300) })},
		{"calendar.runs[0].time_zone", with(func(r *pb.ScheduledRun) { r.TimeZone = "Europe/Atlantis" })},
		{"calendar.runs[0].time_zone", with(func(r *pb.ScheduledRun) { r.TimeZone = "Local" })},
		{"calendar.runs[0].jitter", with(func(r *pb.ScheduledRun) { r.Jitter = durationpb.New(-time.Second) })},
		{"calendar.runs[0].jitter", with(func(r *pb.ScheduledRun) { r.Jitter = durationpb.New(25 * time.Hour) })},
		{"calendar.runs[0].id", with(func(r *pb.ScheduledRun) { r.Id = "No" })},
		{"calendar.runs[0].request.request_id", with(func(r *pb.ScheduledRun) { r.Request = &pb.ReassessSystemsRequest{RequestId: "x"} })},
		{"calendar.runs[0].request.checklist", with(func(r *pb.ScheduledRun) { r.Request = &pb.ReassessSystemsRequest{Checklist: "gone"} })},
		{"calendar.runs[1].id", &pb.Calendar{Runs: []*pb.ScheduledRun{ok(), ok()}}},
		{"calendar.blackouts[0].cron", &pb.Calendar{Blackouts: []*pb.Blackout{{Cron: "x", Duration: durationpb.New(time.Hour)}}}},
		{"calendar.blackouts[0].duration", &pb.Calendar{Blackouts: []*pb.Blackout{{Cron: "0 0 * * *"}}}},
		{"calendar.blackouts[0].duration", &pb.Calendar{Blackouts: []*pb.Blackout{{Cron: "0 0 * * *", Duration: durationpb.New(8 * 24 * time.Hour)}}}},
		{"calendar.blackouts[0].duration", &pb.Calendar{Blackouts: []*pb.Blackout{{Cron: "0 0 * * *", Duration: &durationpb.Duration{Seconds: 60, Nanos: -1}}}}},
		{"calendar", nil},
	} {
		_, err := r.runs.UpdateCalendar(t.Context(), &pb.UpdateCalendarRequest{Calendar: c.calendar})
		refusal(t, err, codes.InvalidArgument, c.field)
	}
	if c, err := r.runs.GetCalendar(t.Context(), &pb.GetCalendarRequest{Name: "calendar"}); err != nil || len(c.Runs) != 0 {
		t.Errorf("a refused calendar was taken: %v %v", c, err)
	}
}
