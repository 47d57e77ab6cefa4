package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// scene is what the demonstration shows, read back from the server.
type scene struct {
	demo    *demo
	store   string
	glance  glance.Glance
	series  []*pb.AssessmentSummary
	fixes   []*pb.Fix
	history []*pb.Breakpoint
	stale   *timestamppb.Timestamp
	estate  []*pb.SystemRecord
	preview *pb.PreviewSummary
	times   times
}

// read asks the server, as anybody could.
func (s *scene) read(ctx context.Context) error {
	c := s.demo.client
	system, err := c.Inventory().GetSystem(ctx, &pb.GetSystemRequest{Name: demoSystem})
	if err != nil {
		return err
	}
	s.series = system.GetAssessments()
	if s.glance.Assessment, err = c.Assessment().GetAssessment(ctx, &pb.GetAssessmentRequest{Name: demoSeries}); err != nil {
		return err
	}
	version, err := c.Guidance().GetChecklistVersion(ctx, &pb.GetChecklistVersionRequest{Name: "checklists/" + demoChecklist + "/versions/latest"})
	if err != nil {
		return err
	}
	s.glance.Questions = glance.Questions(version.GetChecklist())
	var l cli.Limit
	filter := fmt.Sprintf("series = %q", demoSeries[strings.LastIndexByte(demoSeries, '/')+1:])
	s.glance.Findings, err = cli.Pages(l, func(size int32, token string) ([]*pb.Finding, string, error) {
		r, err := c.Assessment().ListFindings(ctx, &pb.ListFindingsRequest{Parent: demoSystem, Filter: filter, PageSize: size, PageToken: token})
		return r.GetFindings(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	fixes, err := c.Assessment().ListFixes(ctx, &pb.ListFixesRequest{Parent: demoSeries, PageSize: 3})
	if err != nil {
		return err
	}
	s.fixes = fixes.GetFixes()
	breakpoints, err := c.Assessment().ListBreakpoints(ctx, &pb.ListBreakpointsRequest{Parent: demoSeries, PageSize: 10})
	if err != nil {
		return err
	}
	s.history = breakpoints.GetBreakpoints()
	systems, err := c.Inventory().ListSystems(ctx, &pb.ListSystemsRequest{})
	if err != nil {
		return err
	}
	s.estate = systems.GetSystems()
	if err := s.previewTopic(ctx); err != nil {
		return err
	}
	if err := s.readTimes(ctx); err != nil {
		return err
	}
	return s.lookAhead(ctx)
}

// lookAhead finds what changes by itself: the same inventory, assessed at the
// instants at which its state stops holding.
func (s *scene) lookAhead(ctx context.Context) error {
	inv, err := s.demo.client.Inventory().GetInventory(ctx, &pb.GetInventoryRequest{Name: demoSystem + "/inventory"})
	if err != nil {
		return err
	}
	s.stale = inv.GetValidUntil()
	at := func(ctx context.Context, t time.Time) (*pb.AssessInventoryResponse, error) {
		return s.demo.client.Assessment().AssessInventory(ctx, &pb.AssessInventoryRequest{
			Inventory: inv.GetInventory(), ChecklistVersion: "checklists/" + demoChecklist + "/versions/latest", Profile: demoProfile, AsOf: timestamppb.New(t),
		})
	}
	now := s.demo.app.Now()
	current, err := at(ctx, now)
	if err != nil {
		return err
	}
	s.glance.Changes, err = glance.Ahead(ctx, current, now, at)
	return err
}

func (s *scene) view(v *render.View) {
	v.Title("Plumbline: systems of four products, one of them as three sources tell of it")
	v.Table([]string{"SYSTEM", "SOURCE", "SAID BY", "OUTCOME", "REVISION"}, s.demo.received, "nothing was submitted")
	s.viewEstate(v)
	v.Title("Harbour Supplies' SharePoint farms in their three environments")
	var rows [][]string
	for _, as := range s.series {
		if !strings.HasPrefix(cli.ID(as.GetSeries()), demoChecklist) {
			continue
		}
		profile := strings.Split(cli.ID(as.GetSeries()), "~")[1]
		rows = append(rows, []string{profile, render.Score(as.Score), render.Percent(as.Coverage), cli.Number(as.GetFail()), cli.Number(as.GetUnknown())})
	}
	v.Table([]string{"PROFILE", "SCORE", "COVERAGE", "FAIL", "UNKNOWN"}, rows, "no series")
	v.Title("One of them in full")
	s.glance.View(v)
	if s.stale != nil {
		v.Line("From %s on, what was said becomes unknown, unless its source says it again.", render.Instant(s.stale))
	}
	v.Title("Fix first")
	rows = nil
	for _, f := range s.fixes {
		rows = append(rows, []string{f.GetRule(), v.Word(f.GetSeverity()), fmt.Sprintf("+%.1f", f.GetScoreGain()), strings.TrimSpace(f.GetRemediation())})
	}
	v.Table([]string{"RULE", "SEVERITY", "SCORE", "WHAT TO DO"}, rows, "nothing fails")
	v.Title("History")
	rows = nil
	for _, b := range s.history {
		rows = append(rows, []string{render.Exact(b.GetEffectiveTime()), render.Score(b.Score), render.Percent(b.Coverage), cli.Number(b.GetChanged()), b.GetCause()})
	}
	v.Table([]string{"FROM", "SCORE", "COVERAGE", "CHANGED", "CAUSE"}, rows, "none")
	s.times.view(v)
	s.viewPreview(v)
	s.lines(v)
}

// lines are what can be pasted while the demonstration serves.
func (s *scene) lines(v *render.View) {
	rest, rpc := "http://"+s.demo.httpAddr+"/v1/", "grpcurl -plaintext"
	v.Title("Try it in another terminal")
	for _, line := range []string{
		fmt.Sprintf("curl -s '%s%s'", rest, demoSeries),
		fmt.Sprintf("curl -s '%s%s?asOf=%s'", rest, demoSeries, s.earlier().Format(timeLayout)),
		fmt.Sprintf(`curl -s -G '%s%s/findings' --data-urlencode 'filter=state = "fail" AND severity = "critical"'`, rest, demoSystem),
		fmt.Sprintf("curl -s '%s%s:explain?rule=sps-16-server-authenticated&subject=hosts/ext-wfe1/endpoints/443'", rest, demoSeries),
		fmt.Sprintf(`curl -s '%s%s:upsertHosts' -H 'Content-Type: application/json' -d '{"source": "me", "hosts": [{"id": "shp-idx1", "addresses": [{"ip": "192.0.2.210", "static": true}], "partial": ["addresses"]}]}'`, rest, demoSystem),
		fmt.Sprintf(`curl -sN '%schecklists:preview' -H 'Content-Type: application/json' -d '{"checklistVersion": "checklists/%s/versions/%s"}' | tail -n 1`, rest, demoTopic, demoTopicNow),
		fmt.Sprintf(`%s -d '{"name": "%s"}' %s plumbline.v1.AssessmentService/GetAssessment`, rpc, demoSeries, s.demo.grpcAddr),
		fmt.Sprintf(`%s -d '{"name": "%s", "as_of": "%s"}' %s plumbline.v1.AssessmentService/GetAssessment`, rpc, demoSeries, s.earlier().Format(timeLayout), s.demo.grpcAddr),
		fmt.Sprintf(`%s -d '{"parent": "%s", "filter": "state = \"unknown\""}' %s plumbline.v1.AssessmentService/ListFindings`, rpc, demoSystem, s.demo.grpcAddr),
		fmt.Sprintf("%s fix harbour-sharepoint --series %s --server %s", os.Args[0], cli.ID(demoSeries), s.demo.grpcAddr),
		fmt.Sprintf("%s guidance diff %s@%s %s@%s", os.Args[0], demoTopic, demoTopicThen, demoTopic, demoTopicNow),
		fmt.Sprintf("%s guidance preview %s@%s --server %s", os.Args[0], demoTopic, demoTopicNow, s.demo.grpcAddr),
		fmt.Sprintf("%s assign activate %s --version %s --server %s", os.Args[0], demoTopic, demoTopicNow, s.demo.grpcAddr),
		fmt.Sprintf("%s forecast harbour-sharepoint %s --until 400d --server %s", os.Args[0], cli.ID(demoSeries), s.demo.grpcAddr),
		fmt.Sprintf("%s watch --after oldest --limit 5 --server %s", os.Args[0], s.demo.grpcAddr),
		fmt.Sprintf("%s questionnaire harbour-sharepoint %s --server %s", os.Args[0], cli.ID(demoSeries), s.demo.grpcAddr),
		fmt.Sprintf("%s disagreements harbour-sharepoint --server %s", os.Args[0], s.demo.grpcAddr),
	} {
		v.Raw(line)
	}
	v.Line("")
	v.Line("The store is %s, the server's log stands beside it.", s.store)
}

// earlier is the first instant with a state.
func (s *scene) earlier() time.Time {
	if n := len(s.history); n > 0 {
		return s.history[n-1].GetEffectiveTime().AsTime()
	}
	return s.demo.app.Now().UTC()
}
