package state

import (
	"strings"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func day(n int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC))
}

// TestSettleWaiver says what becomes of a waiver that is stored already.
func TestSettleWaiver(t *testing.T) {
	stored := &pb.Waiver{
		Name: "systems/s/waivers/w", Checklist: "c", Rule: "r", Subjects: []string{"a", "b"}, HostLabels: map[string]string{"x": "1", "y": "2"},
		Reason: "why", StartTime: day(1), ExpireTime: day(20), State: "draft", Requester: "me",
	}
	for name, c := range map[string]struct {
		edit       func(file, stored *pb.Waiver)
		approve    bool
		what, note string
	}{
		"the same":           {func(f, _ *pb.Waiver) {}, false, stepNothing, "draft"},
		"to approve":         {func(f, _ *pb.Waiver) {}, true, stepApprove, "approved"},
		"approved already":   {func(_, s *pb.Waiver) { s.State = "approved" }, true, stepNothing, "approved"},
		"another order":      {func(f, _ *pb.Waiver) { f.Subjects = []string{"b", "a", "b"} }, false, stepNothing, "draft"},
		"no start given":     {func(f, _ *pb.Waiver) { f.StartTime = nil }, false, stepNothing, "draft"},
		"another start":      {func(f, _ *pb.Waiver) { f.StartTime = day(2) }, false, stepDiffers, "start_time is \"2026-01-02T00:00:00Z\" in the file"},
		"another label":      {func(f, _ *pb.Waiver) { f.HostLabels = map[string]string{"x": "1"} }, false, stepDiffers, `host_labels is "x=1" in the file, "x=1, y=2" stored`},
		"an area":            {func(f, _ *pb.Waiver) { f.Rule, f.Area = "", "network" }, true, stepDiffers, "rule is not given in the file"},
		"revoked":            {func(_, s *pb.Waiver) { s.State = "revoked" }, true, stepDiffers, "it was revoked"},
		"expired":            {func(_, s *pb.Waiver) { s.State = "expired" }, true, stepNothing, "expired"},
		"ticket of the file": {func(f, _ *pb.Waiver) { f.Ticket = "T" }, false, stepDiffers, `ticket is "T" in the file, not given stored`},
	} {
		f, s := proto.CloneOf(stored), proto.CloneOf(stored)
		f.Name, f.State, f.Requester = "", "", ""
		c.edit(f, s)
		got, do := settleWaiver(f, s, c.approve)
		if got.what != c.what || !strings.Contains(got.note, c.note) || (do != nil) != (c.what == stepApprove) {
			t.Errorf("%s: %s (%s)", name, got.what, got.note)
		}
	}
}

// TestSettleAttestation says when a fact is renewed.
func TestSettleAttestation(t *testing.T) {
	yes := &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: true}}
	no := &pb.FactValue{Value: &pb.FactValue_BoolValue{}}
	stored := &pb.Attestation{Subject: "hosts/a", Fact: "locked", Value: yes, Attestor: "R", StartTime: day(3), ExpireTime: day(20), State: "active", Evidence: &pb.Evidence{Uri: "u"}}
	for name, c := range map[string]struct {
		edit       func(file, stored *pb.Attestation)
		what, note string
	}{
		"the same":              {func(_, _ *pb.Attestation) {}, stepNothing, "active"},
		"no evidence named":     {func(f, _ *pb.Attestation) { f.Evidence = nil }, stepNothing, "active"},
		"later":                 {func(f, _ *pb.Attestation) { f.ExpireTime = day(25) }, stepRenew, "expire_time"},
		"earlier":               {func(f, _ *pb.Attestation) { f.ExpireTime = day(15) }, stepDiffers, "until 2026-01-20 already"},
		"other evidence":        {func(f, _ *pb.Attestation) { f.Evidence = &pb.Evidence{Uri: "v"} }, stepRenew, "evidence"},
		"another attestor":      {func(f, _ *pb.Attestation) { f.Attestor = "J" }, stepRenew, "attestor"},
		"another value":         {func(f, _ *pb.Attestation) { f.Value = no }, stepDiffers, "value"},
		"another start":         {func(f, _ *pb.Attestation) { f.StartTime = day(1) }, stepDiffers, "start_time"},
		"renewed since":         {func(f, s *pb.Attestation) { f.StartTime, s.Renewals = day(1), 1 }, stepNothing, "active"},
		"revoked in the middle": {func(_, s *pb.Attestation) { s.State = "revoked" }, stepDiffers, "revoked"},
	} {
		f, s := proto.CloneOf(stored), proto.CloneOf(stored)
		c.edit(f, s)
		got, do := settleAttestation(f, s)
		if got.what != c.what || !strings.Contains(got.note, c.note) || (do != nil) != (c.what == stepRenew) {
			t.Errorf("%s: %s (%s)", name, got.what, got.note)
		}
	}
}
