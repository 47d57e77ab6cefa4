package history_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/history"
	"github.com/plumbline/plumbline/server/past"
)

// hosts says of system s which of its hosts have static addresses.
func hosts(static ...bool) string {
	text := "system: {id: s}\nhosts:\n"
	for i, x := range static {
		text += fmt.Sprintf("- {id: h%d, addresses: [{ip: 10.0.0.%d, static: %v}]}\n", i, i, x)
	}
	return text
}

func (k *kit) finding(subject string, from, to, knownAt time.Time) (*pb.FindingTimeline, error) {
	q := history.FindingQuery{System: "s", Series: series, Rule: "static", Subject: subject}
	for _, x := range []struct {
		t  time.Time
		to *int64
	}{{from, &q.From}, {to, &q.To}, {knownAt, &q.KnownAt}} {
		if !x.t.IsZero() {
			*x.to = x.t.UnixMicro()
		}
	}
	return history.Finding(k.t.Context(), k, q)
}

func spans(m *pb.FindingTimeline) string {
	var out []string
	for _, s := range m.GetSpans() {
		text := fmt.Sprintf("%s+%d", s.State, int(s.StartTime.AsTime().Sub(day0).Hours()/24))
		if s.Waived {
			text += " waived"
		}
		if s.EndTime != nil {
			text += fmt.Sprintf("-%d", int(s.EndTime.AsTime().Sub(day0).Hours()/24))
		}
		out = append(out, text+" "+s.Cause)
	}
	text := strings.Join(out, ", ")
	if m.OpenSince != nil {
		text += fmt.Sprintf("; open since %d", int(m.OpenSince.AsTime().Sub(day0).Hours()/24))
	}
	days := func(d interface{ AsDuration() time.Duration }) int { return int(d.AsDuration().Hours() / 24) }
	text += fmt.Sprintf("; %d times, %d days, %d longest", m.TimesFailed, days(m.FailingTime), days(m.LongestFailing))
	if m.MeanTimeToRemedy != nil {
		text += fmt.Sprintf(", %d to remedy", days(m.MeanTimeToRemedy))
	}
	return text
}

// TestFinding follows one result through failures, a waiver and late data.
func TestFinding(t *testing.T) {
	k := newKit(t, t)
	for _, x := range []struct {
		day    int
		static []bool
	}{{0, []bool{true}}, {4, []bool{false}}, {10, []bool{true, true}}, {16, []bool{false, true}}} {
		k.set(day(x.day))
		k.submit("cmdb", day(x.day), hosts(x.static...))
	}
	k.set(day(18))
	waiver := &pb.Waiver{Checklist: "test", Rule: "static", Reason: "accepted", ExpireTime: timestamp(day(24))}
	_, err := k.Statements.CreateWaiver(t.Context(), "s", "w", waiver, "test")
	k.must(err)
	_, err = k.Statements.ApproveWaiver(t.Context(), "s", "w", "test")
	k.must(err)
	k.set(day(26))
	k.due()
	want := func(subject string, from, to, knownAt time.Time, text string) {
		t.Helper()
		m, err := k.finding(subject, from, to, knownAt)
		if err != nil {
			t.Fatal(err)
		}
		if got := spans(m); got != text {
			t.Errorf("%s from %v to %v known at %v:\n%s, want\n%s", subject, from, to, knownAt, got, text)
		}
	}
	none := time.Time{}
	want("hosts/h0", none, none, none, "pass+0-4 first, fail+4-10 inventory, pass+10-16 inventory, fail+16-18 inventory, fail+18 waived-24 waiver, fail+24 waiver; open since 16; 2 times, 16 days, 10 longest, 6 to remedy")
	want("hosts/h0", day(6), day(12), none, "fail+6-10 inventory, pass+10 inventory; 1 times, 4 days, 4 longest, 6 to remedy")
	want("hosts/h0", day(20), day(22), none, "fail+20 waived waiver; open since 16; 1 times, 2 days, 2 longest")
	want("hosts/h1", none, none, none, "pass+10 inventory; 0 times, 0 days, 0 longest")
	want("hosts/h1", day(5), none, none, "pass+10 inventory; 0 times, 0 days, 0 longest")

	// What arrives late splits the span in two; what was known stays askable.
	k.submit("cmdb", day(6), hosts(true))
	k.submit("cmdb", day(8), hosts(false))
	want("hosts/h0", none, day(16), none, "pass+0-4 first, fail+4-6 inventory, pass+6-8 inventory, fail+8-10 inventory, pass+10 inventory; 2 times, 4 days, 2 longest, 2 to remedy")
	want("hosts/h0", none, day(16), day(25), "pass+0-4 first, fail+4-10 inventory, pass+10 inventory; 1 times, 6 days, 6 longest, 6 to remedy")
	want("hosts/h0", none, none, day(7), "pass+0-4 first, fail+4 inventory; open since 4; 1 times, 3 days, 3 longest")

	for field, c := range map[string][2]time.Time{"to": {day(5), day(5)}, "from": {day(27), none}} {
		_, err := k.finding("hosts/h0", c[0], c[1], none)
		wantField(t, err, field)
	}
	_, err = k.finding("hosts/h0", none, day(30), none)
	wantField(t, err, "to")
	_, err = k.finding("", none, none, none)
	wantField(t, err, "subject")
	if m, err := k.finding("", none, day(9), none); err != nil || m.Subject != "hosts/h0" {
		t.Errorf("without a subject where there was one: %v, %v", m, err)
	}
	if _, err = k.finding("hosts/nothing", none, none, none); fault.Code(err) != codes.NotFound {
		t.Errorf("a subject that never was: %v", err)
	}
}

// TestFindingTellsEveryState: at every instant of a range exactly one span holds,
// and it says what the state of that instant says, as known then; the numbers are
// those of the spans.
func TestFindingTellsEveryState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := newKit(t, rt)
		trace := k.live(rt, 12)
		known := time.Time{}
		if rapid.Bool().Draw(rt, "past knowledge") {
			known = day(rapid.IntRange(2, 12).Draw(rt, "known at")).Add(-time.Minute)
		}
		from, to := time.Time{}, time.Time{}
		if rapid.Bool().Draw(rt, "ranged") {
			from = day(rapid.IntRange(0, 1).Draw(rt, "from"))
			to = from.AddDate(0, 0, rapid.IntRange(1, 10).Draw(rt, "to"))
		}
		m, err := k.finding("hosts/h0", from, to, known)
		if fault.Code(err) == codes.NotFound {
			return
		}
		k.must(err)
		end := day(12)
		if !to.IsZero() {
			end = to
		}
		if !known.IsZero() && known.Before(end) {
			end = known
		}
		var failed time.Duration
		for i, s := range m.Spans {
			until := end
			if s.EndTime != nil {
				until = s.EndTime.AsTime()
			}
			if i > 0 && !m.Spans[i-1].EndTime.AsTime().Equal(s.StartTime.AsTime()) || s.EndTime == nil && i < len(m.Spans)-1 {
				rt.Fatal("the spans do not meet", m.Spans, trace)
			}
			if s.State == "fail" {
				failed += until.Sub(s.StartTime.AsTime())
			}
			for at := s.StartTime.AsTime(); at.Before(until); at = at.Add(6*time.Hour + 7*time.Minute) {
				state, waived := k.result("static", "hosts/h0", at, known)
				if state != s.State || waived != s.Waived {
					rt.Fatalf("at %v %s (waived %v), in the span %v\n%v", at, state, waived, s, trace)
				}
			}
		}
		last := m.Spans[len(m.Spans)-1]
		if m.FailingTime.AsDuration() != failed || (m.OpenSince != nil) != (last.State == "fail") || m.LongestFailing.AsDuration() > failed || (m.TimesFailed == 0) != (failed == 0 && last.State != "fail") {
			rt.Fatalf("the numbers of %v are not those of its spans, which failed %v", m, failed)
		}
	})
}

// result is a result as of an instant, as it is read by itself.
func (k *kit) result(rule, subject string, at, known time.Time) (state string, waived bool) {
	k.Helper()
	w := past.When{AsOf: at.UnixMicro()}
	if !known.IsZero() {
		w.KnownAt = known.UnixMicro()
	}
	st, err := k.StateAt(k.t.Context(), "s", series, w)
	if fault.Code(err) == codes.NotFound {
		return "", false
	}
	k.must(err)
	r, err := st.Evaluation.Find(rule, subject)
	if err != nil {
		return "", false
	}
	return r.State.String(), r.Waiver >= 0
}
