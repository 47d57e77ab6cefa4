package servertest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/servertest"
)

// TestSupportEnds: the example of each product that is kept well, submitted in a
// year in which the product was supported, has a breakpoint at the instant at
// which support ends, though nobody submits anything.
func TestSupportEnds(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, p := range []struct {
		file, checklist, profile, rule string
		at, ends                       time.Time
	}{
		{"configmgr", "configmgr-2007", "internet-based-clients", "scm-life-product-supported", day(2012, 6, 30), day(2019, 7, 9)},
		{"commsuite", "commsuite-5", "two-tier", "jcs-life-product-supported", day(2008, 6, 16), day(2012, 3, 31)},
		{"sharepoint", "sharepoint-2007", "external-secure-collaboration", "sps-19-product-supported", day(2012, 6, 30), day(2017, 10, 10)},
		{"sametime", "sametime-extranet", "extranet", "smt-life-product-supported", day(2017, 6, 1), day(2021, 9, 30)},
	} {
		t.Run(p.checklist, func(t *testing.T) {
			clock := servertest.NewClock(p.at)
			c := connect(t, servertest.Start(t, servertest.Options{Config: server.Config{Clock: clock.Now}}))
			c.adopt(p.checklist, p.profile)
			system := c.submitFile(filepath.Join("..", "..", "examples", p.file, "good.yaml"))
			series := fmt.Sprintf("%s/series/%s~%s~default", system, p.checklist, p.profile)

			clock.Set(p.ends.AddDate(0, 1, 0))
			if _, err := c.Assessor.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			state := func(at time.Time) string {
				x, err := c.assessment.ExplainResult(t.Context(), &pb.ExplainResultRequest{Name: series, Rule: p.rule, Subject: "system", AsOf: timestamppb.New(at)})
				if err != nil {
					t.Fatal(err)
				}
				return x.Finding.State
			}
			if before, after := state(p.ends.Add(-time.Microsecond)), state(p.ends); before != "pass" || after != "fail" {
				t.Errorf("just before support ends %s, then %s", before, after)
			}
			list, err := c.assessment.ListBreakpoints(t.Context(), &pb.ListBreakpointsRequest{
				Parent: series, From: timestamppb.New(p.ends), To: timestamppb.New(p.ends.Add(time.Microsecond)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Breakpoints) != 1 || list.Breakpoints[0].Cause != "time" || list.Breakpoints[0].Changed == 0 {
				t.Errorf("breakpoints at the end of support: %v", list.Breakpoints)
			}
		})
	}
}

// adopt publishes a shipped checklist, assigns it to all systems, and has
// sources' words hold for fifty years.
func (c *client) adopt(checklist, profile string) {
	c.t.Helper()
	f, err := guidance.Get(checklist, guidance.Latest)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.guidance.PublishChecklist(c.t.Context(), &pb.PublishChecklistRequest{Checklist: f.Checklist}); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.guidance.CreateAssignment(c.t.Context(), &pb.CreateAssignmentRequest{AssignmentId: checklist, Assignment: &pb.Assignment{
		Selector: &pb.Selector{}, Checklist: checklist, Profile: profile,
	}}); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.inventory.UpdatePolicy(c.t.Context(), &pb.UpdatePolicyRequest{Policy: &pb.Policy{
		DefaultFreshness: durationpb.New(50 * 365 * 24 * time.Hour),
	}}); err != nil {
		c.t.Fatal(err)
	}
}

// submitFile submits what a file holds and returns the system's name.
func (c *client) submitFile(name string) (system string) {
	c.t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		c.t.Fatal(err)
	}
	for s := range inventoryfile.Submissions(name, bytes.NewReader(data)) {
		if s.Item == nil {
			c.t.Fatal(s.Problems)
		}
		system = c.submit(s.Item.GetSubmit()).System
	}
	return system
}
