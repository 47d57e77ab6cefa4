package servertest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// following is a governed service with its events.
type following struct {
	*governance
	events pb.EventServiceClient
	cursor string // of the newest event that a test has looked at
}

func follow(g *governance) *following {
	return &following{governance: g, events: pb.NewEventServiceClient(g.Conn)}
}

// due sets the clock, and lets what is due be done and told.
func (f *following) due(t time.Time) {
	f.t.Helper()
	f.at(t)
	if _, err := f.Assessor.Notifier.Tell(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// list is all events behind a cursor, page by page.
func (f *following) list(after, filter string) (out []*pb.Event) {
	f.t.Helper()
	for more := true; more; {
		p := must[*pb.ListEventsResponse](f.governance)(f.events.ListEvents(f.t.Context(), &pb.ListEventsRequest{After: after, Filter: filter, PageSize: 7}))
		out, after, more = append(out, p.Events...), p.Cursor, p.More
	}
	return out
}

// news is what came since it was last asked for.
func (f *following) news() []*pb.Event {
	f.t.Helper()
	out := f.list(f.cursor, "")
	if len(out) > 0 {
		f.cursor = out[len(out)-1].Id
	}
	return out
}

// short is an event in a line: type, system, series' checklist, cause, results.
func short(e *pb.Event) string {
	parts := []string{e.Type}
	for _, x := range []string{e.System, strings.SplitN(e.Series, "~", 2)[0], e.Cause, e.Resource} {
		if x != "" {
			parts = append(parts, x)
		}
	}
	for _, r := range e.Results {
		parts = append(parts, r.Rule+"("+r.Subject+")"+r.Severity)
	}
	return strings.Join(parts, " ")
}

// want checks what came since it was last asked for, in any order.
func (f *following) want(lines ...string) []*pb.Event {
	f.t.Helper()
	news := f.news()
	var got []string
	for _, e := range news {
		got = append(got, short(e))
		if e.Id == "" || e.EffectiveTime == nil || e.RecordedTime == nil || e.Message == "" || int(e.ResultCount) < len(e.Results) {
			f.t.Errorf("incomplete: %v", e)
		}
	}
	slices.Sort(got)
	slices.Sort(lines)
	if !slices.Equal(got, lines) {
		f.t.Errorf("events:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
	return news
}

// failing is what the events of a system say is failing, by series.
func failing(list []*pb.Event, system string) map[string]bool {
	set := map[string]bool{}
	for _, e := range list {
		if e.System != system || !strings.HasPrefix(e.Type, "result.") {
			continue
		}
		for _, r := range e.Results {
			key := e.Series + " " + r.Rule + " " + r.Subject
			if e.Type == "result.failing" {
				set[key] = true
			} else {
				delete(set, key)
			}
		}
	}
	return set
}

// failingNow is what stands as failing and is not waived.
func (f *following) failingNow(t testingT, system string) map[string]bool {
	set := map[string]bool{}
	for token := ""; ; {
		p, err := f.assessment.ListFindings(f.t.Context(), &pb.ListFindingsRequest{
			Parent: "systems/" + system, Filter: `state = "fail"`, PageSize: 1000, PageToken: token,
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, x := range p.Findings {
			if x.Waiver == "" {
				series := x.Series[strings.LastIndexByte(x.Series, '/')+1:]
				set[series+" "+x.Rule+" "+x.Subject] = true
			}
		}
		if token = p.NextPageToken; token == "" {
			return set
		}
	}
}

// testingT is what of a test is needed to end it.
type testingT interface {
	Fatalf(format string, args ...any)
}

func keys(set map[string]bool) string {
	var out []string
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return strings.Join(out, "\n  ")
}

// until waits for something that another goroutine does.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !f() {
		select {
		case <-deadline.C:
			t.Fatal("it never came to be: " + what)
		case <-again.C:
		}
	}
}

// ids are the ids of events, which sort as events were recorded.
func ids(list []*pb.Event) (out []string) {
	for _, e := range list {
		out = append(out, e.Id)
	}
	return out
}

func sameIDs(t *testing.T, what string, got, want []*pb.Event) {
	t.Helper()
	if g, w := ids(got), ids(want); !slices.Equal(g, w) || !slices.IsSorted(g) {
		t.Errorf("%s: %d events, want %d:\n%s\n%s", what, len(g), len(w), fmt.Sprint(g), fmt.Sprint(w))
	}
}
