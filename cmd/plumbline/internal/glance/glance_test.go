package glance

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var start = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// world is a state that changes on known days.
func world(days ...int) Evaluator {
	return func(_ context.Context, at time.Time) (*pb.AssessInventoryResponse, error) {
		out := &pb.AssessInventoryResponse{Assessment: &pb.Assessment{}}
		for i, d := range days {
			flip := start.AddDate(0, 0, d)
			f := &pb.Finding{Rule: fmt.Sprintf("r%d", i), Subject: "system", State: "pass"}
			if !at.Before(flip) {
				f.State = "fail"
			} else if u := out.Assessment.ValidUntil; u == nil || flip.Before(u.AsTime()) {
				out.Assessment.ValidUntil = timestamppb.New(flip)
			}
			out.Findings = append(out.Findings, f)
		}
		return out, nil
	}
}

func TestAhead(t *testing.T) {
	for _, c := range []struct {
		days []int
		want string
	}{
		{nil, ""},
		{[]int{30, 10, 30}, "10:r1 30:r0 30:r2"},
		{[]int{-5, 399, 401}, "399:r1"},
	} {
		evaluate := world(c.days...)
		now, err := evaluate(t.Context(), start)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := Ahead(t.Context(), now, start, evaluate)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range changes {
			got = append(got, fmt.Sprintf("%d:%s", int(x.at.Sub(start).Hours()/24), x.rule))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v", c.days, got)
		}
	}
}

func TestView(t *testing.T) {
	a := &pb.Assessment{
		Name: "systems/portal/series/s~p~default", Checklist: "s", ChecklistVersion: "1.0.0", Profile: "p",
		Coverage:      proto.Float64(0.5),
		Raw:           &pb.Scores{Scores: []*pb.Score{{Model: "urn:xccdf:scoring:default", Value: proto.Float64(40), Maximum: proto.Float64(100)}}, Counts: &pb.Counts{Pass: 1, Fail: 4, Unknown: 1}},
		Effective:     &pb.Scores{Scores: []*pb.Score{{Model: "urn:xccdf:scoring:default", Value: proto.Float64(50), Maximum: proto.Float64(100)}}},
		EffectiveTime: timestamppb.New(start), Warnings: []string{"a channel names a host that is not there"},
	}
	g := Glance{
		Assessment: a, Questions: map[string]string{"lit": "Is it lit?"},
		Findings: []*pb.Finding{
			{Rule: "minor", Severity: "low", State: "fail", Subject: "system", Message: "It is minor."},
			{Rule: "grave", Severity: "critical", State: "fail", Subject: "hosts/a", Message: "A is bad.", FailsUnless: []string{"fails unless B"}},
			{Rule: "grave", Severity: "critical", State: "fail", Subject: "hosts/b", Message: "B is bad.", FailsUnless: []string{"fails unless B"}, AcceptedUntil: timestamppb.New(start.AddDate(0, 1, 0))},
			{Rule: "grave", Severity: "critical", State: "pass", Subject: "hosts/c"},
			{Rule: "broken", Severity: "high", State: "error", Subject: "hosts/a", Title: "Broken"},
			{Rule: "open", Severity: "high", State: "unknown", Subject: "system", MissingFacts: []string{"system/facts/lit", "hosts"}},
			{Rule: "wide", Severity: "high", State: "unknown", Subject: "system", MissingFacts: []string{"hosts"}},
		},
		Changes: []Change{{start.AddDate(0, 0, 7), "grave", "hosts/c", "pass", "fail"}},
	}
	var b bytes.Buffer
	if err := (&render.Printer{Out: &b, Format: "table", Now: start}).Emit(a, g.View); err != nil {
		t.Fatal(err)
	}
	const want = `system     portal
checklist  s@1.0.0, profile p
score      40 (50 without accepted failures) of 100
coverage   50 % of what applies is decided
results    1 pass, 4 fail, 1 unknown, 0 error, 0 not applicable
as of      2026-11-22

Fails
SEVERITY  RULE    FAILS   WHY
critical  grave   2 of 3  A is bad.
                          fail, accepted until 2026-12-22: B is bad.
                          (fails unless B)
high      broken  1 of 1  error: hosts/a: Broken
low       minor   1 of 1  It is minor.

Unknown, and what would decide it
REPORT            TO DECIDE
hosts             open, wide
system/facts/lit  Is it lit? (open)

Will change by itself
WHEN                   RULE   SUBJECT  STATE
2026-11-29  in 7 days  grave  hosts/c  pass → fail
warning: a channel names a host that is not there
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}
