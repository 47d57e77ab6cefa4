package history_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/history"
)

const tailored = "test~all~local"

// tailor publishes the next version of the tailoring over a checklist's version.
func (k *kit) tailor(over string, t *pb.Tailoring) {
	k.Helper()
	c, err := k.Compiled("test", over)
	k.must(err)
	t.Id = "local"
	_, err = k.PublishTailoring(k.t.Context(), t, c, "", "test", false)
	k.must(err)
}

func (k *kit) assign(id, system, tailoring, version string) {
	k.Helper()
	_, err := k.Assign(k.t.Context(), id, &pb.Assignment{
		Selector: &pb.Selector{Systems: []string{system}}, Checklist: "test", Version: version, Tailoring: tailoring,
	}, "test")
	k.must(err)
	k.due()
}

func severity(rule, severity string) *pb.Refinement {
	return &pb.Refinement{Rule: rule, Severity: proto.String(severity)}
}

// TestTailoring: another version of a tailoring is a cause, and severities are
// those of the tailoring that the system's own assignment holds.
func TestTailoring(t *testing.T) {
	k := newKit(t, t)
	k.submit("cmdb", day0, hosts(false))
	k.set(day(1))
	k.tailor("1.0.0", &pb.Tailoring{Refinements: []*pb.Refinement{severity("static", "info")}})
	k.set(day(2))
	k.tailor("1.0.0", &pb.Tailoring{Refinements: []*pb.Refinement{severity("static", "critical")}})
	k.set(day(3))
	// Assignments of one series that hold different versions of the tailoring: the
	// other system's comes first.
	k.assign("a-other", "other", "tailorings/local/versions/2", "1.0.0")
	k.set(day(3).Add(time.Minute))
	k.assign("b-own", "s", "tailorings/local/versions/1", "1.0.0")
	k.set(day(5))
	q := history.TrendQuery{System: "s", Series: tailored, From: day(4).UnixMicro()}
	m, err := history.Trend(t.Context(), k, q)
	k.must(err)
	if got := m.Spans[0].FailingBySeverity; len(got) != 1 || got[0].Key != "info" || got[0].Value != 1 {
		t.Errorf("failing by severity: %v", got)
	}
}

// TestTailoringIsACause: the new version of a tailoring that is followed
// explains what it changes; one that does not fit the other checklist version
// is exchanged together with the guidance.
func TestTailoringIsACause(t *testing.T) {
	k := newKit(t, t)
	k.submit("cmdb", day0, hosts(false))
	k.set(day(1))
	k.tailor("1.0.0", &pb.Tailoring{Deselect: []string{"reviewed"}})
	k.set(day(2))
	k.assign("own", "s", "tailorings/local", "1.0.0")
	k.set(day(4))
	k.tailor("1.0.0", &pb.Tailoring{Deselect: []string{"static"}})
	k.due()
	own := func(asOf time.Time) history.Ref {
		r := ref(asOf, time.Time{})
		r.Series = tailored
		return r
	}
	c := k.compared(own(day(3)), own(time.Time{}))
	if err := sound(c); err != nil || causesOf(c) != "tailoring 2" || flipsOf(c) != "reviewed hosts/h0 >unknown tailoring\nstatic hosts/h0 fail> tailoring" {
		t.Errorf("%v: %s\n%s", err, causesOf(c), flipsOf(c))
	}

	k.set(day(5))
	v := rules("2.0.0")
	v.Groups[0].Rules[0].Id = "fixed-addresses" // so that the tailoring's rule is gone
	k.publish(v)
	k.set(day(6))
	k.tailor("2.0.0", &pb.Tailoring{Deselect: []string{"fixed-addresses", "patched"}})
	k.set(day(7))
	_, err := k.Activate(t.Context(), &pb.ActivateAssignmentRequest{Name: "assignments/own", Version: "2.0.0"}, "test")
	k.must(err)
	k.due()
	c = k.compared(own(day(4).Add(time.Hour)), own(time.Time{}))
	if err := sound(c); err != nil || c.Attribution[0].Flipped != 1 || c.Attribution[1].Flipped != 0 {
		t.Errorf("%v: %s\n%s", err, causesOf(c), flipsOf(c))
	}
}
