package events_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

const start = int64(1_770_000_000_000_000)

// kit is a log over a ledger in memory.
type kit struct {
	*events.Log
	ledger *ledger.Ledger
	now    int64
	states map[[2]ledger.Addr]events.Series // what pairs of states say
	gone   bool                             // they are not kept any more
}

func newKit(t testing.TB) *kit {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() { _ = s.Close() })
	l, err := ledger.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{ledger: l, now: start, states: map[[2]ledger.Addr]events.Series{}}
	k.Log = events.New(events.Config{
		Ledger: l, Now: func() int64 { return k.now }, Random: rand.Reader,
		Told: func(tx *ledger.Tx) events.Told {
			return func(r events.Ref) (*events.Series, error) {
				for _, a := range []ledger.Addr{r.State, r.Before} {
					if a.IsZero() {
						continue
					}
					if _, err := tx.Load(a); err != nil {
						return nil, err
					}
				}
				if k.gone {
					return nil, fmt.Errorf("record %v: %w", r.Before, ledger.ErrGone)
				}
				out := k.states[[2]ledger.Addr{r.State, r.Before}]
				return &out, nil
			}
		},
	})
	return k
}

func (k *kit) commit(t testing.TB, f func(b *ledger.Batch)) {
	t.Helper()
	if _, err := k.ledger.Commit(t.Context(), k.now, func(b *ledger.Batch) error { f(b); return nil }); err != nil {
		t.Fatal(err)
	}
}

// notice commits an event about a resource.
func (k *kit) notice(t testing.TB, resource string) {
	t.Helper()
	k.commit(t, func(b *ledger.Batch) {
		e := events.Notice{Type: events.SourceSilent, Resource: resource, Effective: k.now - 1, Message: "said"}
		e.Put(b)
	})
}

func resources(list []*pb.Event) string {
	var out []string
	for _, e := range list {
		out = append(out, e.Resource)
	}
	return strings.Join(out, " ")
}

// TestRef: an event names its states, whichever they are, and says what these say,
// the first hundred results and the count; and that they are gone, where they are.
func TestRef(t *testing.T) {
	k := newKit(t)
	var last ledger.Addr
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]events.Type{events.Failing, events.Recovered, events.Unknown, events.ScoreBelow}).Draw(t, "type")
		in := events.Series{
			System: "s", Series: "c~p~default", Cause: "inventory", Version: "1.0.0", Effective: start - 5, Before: proto.Float64(91.5), After: proto.Float64(12),
		}
		var want []*pb.EventResult
		for i := range rapid.IntRange(1, 150).Draw(t, "results") {
			r := &pb.EventResult{
				Rule: fmt.Sprint("r", i), Severity: rapid.SampledFrom([]string{"", "info", "critical"}).Draw(t, "severity"),
				Subject: rapid.SampledFrom([]string{"", "hosts/a", "zones/c"}).Draw(t, "subject"),
			}
			in.Add(r.Rule, r.Subject, r.Severity)
			want = append(want, r)
		}
		ref := events.Ref{Type: kind}
		if rapid.Bool().Draw(t, "not the first") {
			ref.Before = last
		}
		if _, err := k.ledger.Commit(context.Background(), k.now, func(b *ledger.Batch) error {
			for range rapid.IntRange(1, 300).Draw(t, "records") {
				ref.State, _ = b.Append(1, k.now, 1, nil, nil)
			}
			ref.Put(b)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		k.states[[2]ledger.Addr{ref.State, ref.Before}] = in
		last = ref.State
		read := func() *pb.Event {
			p, err := k.Read(context.Background(), ledger.EventID{Seq: ref.State.Seq - 1, N: 1 << 20}, nil, 10)
			if err != nil || len(p.Events) != 1 {
				t.Fatal(p, err)
			}
			return p.Events[0]
		}
		got := read()
		if int(got.ResultCount) != len(want) || got.Type != kind.String() || !strings.Contains(got.Message, "c p default 1.0.0") ||
			got.GetScoreBefore() != 91.5 || got.GetScoreAfter() != 12 || got.System != "s" || got.Cause != "inventory" {
			t.Fatalf("got %v", got)
		}
		if want = want[:min(len(want), events.MaxResults)]; len(got.Results) != len(want) {
			t.Fatalf("%d results, want %d", len(got.Results), len(want))
		}
		for i := range want {
			if !proto.Equal(got.Results[i], want[i]) {
				t.Fatalf("result %d is %v, want %v", i, got.Results[i], want[i])
			}
		}
		k.gone = true
		if e := read(); e.Id != got.Id || e.Type != got.Type || !strings.Contains(e.Message, "not kept") || e.ResultCount != 0 {
			t.Fatalf("once it is gone: %v", e)
		}
		k.gone = false
	})
}

// TestForeignRef: bytes that are no event are damage, not an answer.
func TestForeignRef(t *testing.T) {
	for _, b := range [][]byte{
		{0x81}, {0x81, 0x80}, {0x81, 0, 1}, {0x81, 0, 1, 0, 0}, {0x81, 0, 0, 1}, {0x81, 0, 9, 1}, {0x81, 0xff, 0xff, 0xff, 1}, {0x81, 0, 1, 0xff, 0xff, 0xff, 1},
		nil, {0x7f},
	} {
		k := newKit(t)
		k.notice(t, "first")
		k.commit(t, func(batch *ledger.Batch) { batch.Event(b) })
		if _, err := k.List(t.Context(), "", nil, 5); !errors.Is(err, ledger.ErrCorrupt) && b != nil {
			t.Errorf("%x: %v", b, err)
		}
	}
}

func TestCrossed(t *testing.T) {
	for _, c := range []struct{ before, after, want float64 }{
		{95, 92, 0}, {95, 90, 0}, {90, 89.9, 90}, {95, 65, 70}, {95, 10, 50}, {60, 60, 0}, {59, 51, 0}, {40, 80, 0}, {60, 50, 60},
	} {
		got, ok := events.Crossed(&c.before, &c.after)
		if got != c.want || ok != (c.want != 0) {
			t.Errorf("from %v to %v: %v, %v", c.before, c.after, got, ok)
		}
	}
	if _, ok := events.Crossed(nil, new(float64)); ok {
		t.Error("a first score fell")
	}
}

// TestFilterErrors: each mistake has its line and column.
func TestFilterErrors(t *testing.T) {
	for src, want := range map[string][]string{
		"event.typ == 'x'":                             {"line 1, column 6: undefined field 'typ'"},
		"event.type == 'x' &&\n  evnt.system == 's'":   {"line 2, column 3: undeclared reference to 'evnt'"},
		"event.type == ":                               {"line 1, column 15: Syntax error"},
		"event.type":                                   {"line 1, column 1: it is a string"},
		"event.result_count == 'x'\n|| nothing":        {"line 1, column 20: found no matching overload", "line 2, column 4: undeclared reference"},
		"event.results.exists(r, r.severity == 'high'": {"line 1, column 45: Syntax error"},
	} {
		_, err := events.CompileFilter("webhook.filter", src)
		var f *fault.Error
		if !errors.As(err, &f) || f.Reason != fault.ReasonInvalidField {
			t.Errorf("%q: %v", src, err)
			continue
		}
		for _, w := range want {
			found := false
			for _, v := range f.Violations {
				found = found || v.Field == "webhook.filter" && strings.Contains(v.Description, w)
			}
			if !found {
				t.Errorf("%q: %v, want %q", src, f.Violations, w)
			}
		}
	}
}

func TestFilterMatches(t *testing.T) {
	e := &pb.Event{
		Type: "result.failing", System: "mail", ScoreAfter: proto.Float64(61), ResultCount: 1,
		Results: []*pb.EventResult{{Rule: "static", Severity: "high"}},
	}
	for src, want := range map[string]bool{
		"": true, " ": true, "true": true, "false": false,
		"event.type == 'result.failing'":                                true,
		"event.type.startsWith('waiver.')":                              false,
		"event.results.exists(r, r.severity in ['high', 'critical'])":   true,
		"event.system == 'mail' && event.score_after < 60.0":            false,
		"has(event.score_before)":                                       false,
		"event.results[5].rule == 'static'":                             true, // no answer: let it through
		"event.type == 'x' && event.results[5].rule == 'static'":        false,
		"event.recorded_time > timestamp('2026-01-01T00:00:00Z')":       false,
		"event.results.all(a, event.results.all(b, a.rule == b.rule))":  true,
		"event.message.matches('(a+)+$') || event.result_count / 0 > 1": true,
	} {
		f, err := events.CompileFilter("filter", src)
		if err != nil {
			t.Errorf("%q: %v", src, err)
			continue
		}
		if got := f.Matches(e); got != want {
			t.Errorf("%q: %v, want %v", src, got, want)
		}
	}
}

// TestList pages through with and without a filter, by cursors.
func TestList(t *testing.T) {
	k := newKit(t)
	for i := range 12 {
		k.notice(t, fmt.Sprint(i))
	}
	odd, err := events.CompileFilter("filter", "int(event.resource) % 2 == 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    *events.Filter
		want string
	}{{nil, "0 1 2 3 4 5 6 7 8 9 10 11"}, {odd, "1 3 5 7 9 11"}} {
		var all []*pb.Event
		cursor, calls := "", 0
		for more := true; more; calls++ {
			p, err := k.List(t.Context(), cursor, c.f, 4)
			if err != nil {
				t.Fatal(err)
			}
			all, cursor, more = append(all, p.Events...), p.Cursor, p.More
		}
		if resources(all) != c.want || calls > 4 {
			t.Errorf("in %d calls: %s, want %s", calls, resources(all), c.want)
		}
		for _, e := range all {
			if p, err := k.List(t.Context(), e.Id, nil, 1); err != nil || e.Resource != "11" && resources(p.Events) != next(e.Resource) {
				t.Errorf("after %s comes %v, %v", e.Resource, p, err)
			}
		}
		if p, err := k.List(t.Context(), cursor, nil, 4); err != nil || len(p.Events) > 0 || p.More || p.Cursor != cursor {
			t.Errorf("after the last: %v, %v", p, err)
		}
	}
}

func next(n string) string {
	var i int
	fmt.Sscan(n, &i)
	return fmt.Sprint(i + 1)
}

// idLast is where an id's last digit is.
const idLast = 25

// TestCursors: what is no cursor, another's, or too old is said to be so, and
// where to go on.
func TestCursors(t *testing.T) {
	k, other := newKit(t), newKit(t)
	for i := range 4 {
		k.now += time.Hour.Microseconds()
		k.notice(t, fmt.Sprint(i))
		other.notice(t, fmt.Sprint(i))
	}
	_, zero, err := newKit(t).Position(t.Context(), "", true)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.List(t.Context(), "", nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := k.List(t.Context(), "", nil, 3)
	if err != nil {
		t.Fatal(err)
	}
	_, begin, err := k.Position(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	last := byte('0')
	if mine.Cursor[idLast] == last {
		last = '4'
	}
	tampered := mine.Cursor[:idLast] + string(last)
	reason := func(cursor string) string {
		_, err := k.List(t.Context(), cursor, nil, 5)
		var f *fault.Error
		if errors.As(err, &f) {
			return f.Reason
		}
		return fmt.Sprint(err)
	}
	for cursor, want := range map[string]string{
		"x": fault.ReasonInvalidField, strings.ToUpper(mine.Cursor): fault.ReasonInvalidField, mine.Cursor + "0": fault.ReasonInvalidField,
		foreign.Cursor: fault.ReasonCursorForeign, zero: fault.ReasonCursorForeign, begin: "<nil>", mine.Cursor: "<nil>",
	} {
		if got := reason(cursor); got != want {
			t.Errorf("%s: %s, want %s", cursor, got, want)
		}
	}
	if got := reason(tampered); got != fault.ReasonCursorForeign {
		t.Errorf("%s in place of %s: %s", tampered, mine.Cursor, got)
	}

	// Thirty days later the first two are gone.
	k.now = start + 2*time.Hour.Microseconds() + events.DefaultRetention.Microseconds() + 1
	if n, err := k.Sweep(t.Context()); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if got := reason(mine.Events[0].Id); got != fault.ReasonCursorExpired {
		t.Errorf("an old one: %s", got)
	}
	_, err = k.List(t.Context(), begin, nil, 5)
	var f *fault.Error
	if !errors.As(err, &f) || f.Reason != fault.ReasonCursorExpired {
		t.Fatalf("the beginning: %v", err)
	}
	for _, cursor := range []string{"", f.Metadata["resume_after"], mine.Events[1].Id} {
		if p, err := k.List(t.Context(), cursor, nil, 5); err != nil || resources(p.Events) != "2 3" {
			t.Errorf("after %q: %v, %v", cursor, p, err)
		}
	}
}

// TestWatch: a watcher that breaks off again and again, and is slow, gets
// every event once, those that were there and those that come.
func TestWatch(t *testing.T) {
	k := newKit(t)
	const n = 300
	go func() {
		for i := range n {
			k.notice(t, fmt.Sprint(i))
		}
	}()
	_, cursor, err := k.Position(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for got := 0; got < n; {
		left := 1 + got%7
		err := k.Watch(t.Context(), cursor, nil, func(string) error { return nil }, func(e *pb.Event) error {
			if left == 0 {
				return broken
			}
			if e.Resource != fmt.Sprint(got) {
				t.Errorf("got %s, want %d", e.Resource, got)
			}
			left--
			got++
			cursor = e.Id
			if got == n {
				return broken
			}
			return nil
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
}

// TestWatchFromNow: without a cursor only what comes is sent; the cursor told at
// the beginning stands before it.
func TestWatchFromNow(t *testing.T) {
	k := newKit(t)
	k.notice(t, "before")
	ctx, stop := context.WithCancelCause(t.Context())
	ended := errors.New("ended")
	begun := ""
	err := k.Watch(ctx, "", nil, func(c string) error { begun = c; k.notice(t, "after"); return nil }, func(e *pb.Event) error {
		if e.Resource != "after" {
			t.Errorf("got %s", e.Resource)
		}
		stop(ended)
		return nil
	})
	if !errors.Is(err, ended) {
		t.Error(err)
	}
	if p, err := k.List(t.Context(), begun, nil, 5); err != nil || resources(p.Events) != "after" {
		t.Errorf("behind where it began: %v, %v", p, err)
	}
}

// TestSweep is bounded, goes on, and leaves what is young.
func TestSweep(t *testing.T) {
	k := newKit(t)
	for range 3 {
		k.commit(t, func(b *ledger.Batch) {
			for range 1000 {
				e := events.Notice{Type: events.SourceSilent, Message: "x"}
				e.Put(b)
			}
		})
	}
	k.now += events.DefaultRetention.Microseconds()
	k.notice(t, "young")
	k.now += time.Hour.Microseconds()
	if n, err := k.Sweep(t.Context()); err != nil || n != 3000 {
		t.Fatal(n, err)
	}
	if n, err := k.Sweep(t.Context()); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	if p, err := k.List(t.Context(), "", nil, 5); err != nil || resources(p.Events) != "young" {
		t.Error(p, err)
	}
}
