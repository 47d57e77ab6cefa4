package servertest_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

const (
	under     = "~default"
	govAll    = "gov~all" + under
	govSome   = "gov~some" + under
	resultKey = "%s of %s"
)

// fleet is several systems under one checklist: some under two profiles, some
// under a tailoring, one unassigned, one retired, with statements of all kinds.
func fleet(t *testing.T) *governance {
	g := govern(t, "", day0)
	g.publishYAML(governed)
	g.tailor(&pb.Tailoring{Id: "local", Parameters: map[string]*pb.Value{"drills": {Value: &pb.Value_IntValue{IntValue: 4}}}})
	named := func(ids ...string) *pb.Selector { return &pb.Selector{Systems: ids} }
	g.assign("all", &pb.Assignment{Checklist: "gov", Selector: named("s", "t", "u", "gone")})
	g.assign("some", &pb.Assignment{Checklist: "gov", Selector: named("t"), Profile: "some"})
	g.assign("some-too", &pb.Assignment{Checklist: "gov", Selector: named("t"), Profile: "some"}) // the same series
	g.assign("local", &pb.Assignment{Checklist: "gov", Selector: named("v"), Tailoring: "tailorings/local"})
	for _, id := range []string{"s", "t", "u", "v", "w", "gone"} {
		req := estate(id)
		if id == "u" {
			req.Inventory.Hosts = append(req.Inventory.Hosts, host("u-c", false))
			req.Inventory.System.Channels[0].Protection = []string{"tls"}
		}
		g.submitted(req)
	}
	g.draft("s", "leased", waiver())
	g.approve("systems/s/waivers/leased")
	g.attest("a", attestation())
	g.claimed("lock", claim())
	g.tick()
	must[*pb.SystemRecord](g)(g.inventory.RetireSystem(t.Context(), &pb.RetireSystemRequest{Name: "systems/gone"}))
	g.at(g.clock.Now().Add(time.Hour))
	return g
}

// fleetSeries are the series that assignments make of the fleet.
var fleetSeries = []string{"s " + govAll, "t " + govAll, "t " + govSome, "u " + govAll, "v gov~all~local"}

// results are a system's results by rule and subject, by series.
func (g *governance) results(system string) map[string]map[string]string {
	g.t.Helper()
	out := map[string]map[string]string{}
	for token := ""; ; {
		p := must[*pb.ListFindingsResponse](g)(g.assessment.ListFindings(g.t.Context(), &pb.ListFindingsRequest{Parent: "systems/" + system, PageSize: 1000, PageToken: token}))
		for _, f := range p.Findings {
			if out[f.Series] == nil {
				out[f.Series] = map[string]string{}
			}
			out[f.Series][fmt.Sprintf(resultKey, f.Rule, f.Subject)] = f.State
		}
		if token = p.NextPageToken; token == "" {
			return out
		}
	}
}

// quiet says that nothing is assessed.
func quiet(state string) bool {
	return slices.Contains([]string{"", "notapplicable", "notselected", "notchecked"}, state)
}

// differences are the results that differ between two states, as flips.
func differences(before, after map[string]string) (out []string) {
	for k, is := range after {
		if was := before[k]; was != is && !(quiet(was) && quiet(is)) {
			out = append(out, fmt.Sprint(k, ": ", was, " → ", is))
		}
	}
	for k, was := range before {
		if _, ok := after[k]; !ok && !quiet(was) {
			out = append(out, fmt.Sprint(k, ": ", was, " → "))
		}
	}
	slices.Sort(out)
	return out
}

// stands compares a standing with a stored assessment.
func (g *governance) stands(what string, s *pb.Standing, a *pb.Assessment) {
	g.t.Helper()
	if a == nil || s == nil {
		if (a == nil) != (s == nil) {
			g.t.Errorf("%s: previewed %v, stored %v", what, s, a)
		}
		return
	}
	same := func(name string, a, b *float64) {
		if (a == nil) != (b == nil) || a != nil && math.Abs(*a-*b) > 1e-9 {
			g.t.Errorf("%s: %s is previewed as %v, stored as %v", what, name, deref(a), deref(b))
		}
	}
	same("the score", s.Score, a.Raw.Scores[0].Value)
	same("the effective score", s.EffectiveScore, a.Effective.Scores[0].Value)
	same("coverage", s.Coverage, a.Coverage)
	if s.ChecklistVersion != a.ChecklistVersion || !proto.Equal(s.Counts, a.Raw.Counts) {
		g.t.Errorf("%s: previewed %s with %v, stored %s with %v", what, s.ChecklistVersion, s.Counts, a.ChecklistVersion, a.Raw.Counts)
	}
}

func deref(f *float64) any {
	if f == nil {
		return "absent"
	}
	return *f
}

// TestPreviewIsWhatHappens previews drafts over the fleet, then publishes them,
// and compares every series with what is stored then.
func TestPreviewIsWhatHappens(t *testing.T) {
	added := strings.Replace(governed, "- id: place\n", `  - id: zoned
    title: Hosts have a zone
    area: network
    severity: low
    scope: host
    multiple: true
    check: host.zone != ''
    message: "{host.id} has no zone"
    rationale: A zone is what a boundary guards.
    remediation: Give it one.
- id: place
`, 1)
	for change, draft := range map[string]string{
		"texts":        edited("1.0.0", "2.0.0", "Addresses are static", "Every address is static"),
		"weights":      edited("1.0.0", "2.0.0", "severity: medium\n", "severity: high\n    weight: 7\n"),
		"another rule": edited("1.0.0", "2.0.0", "all(a, a.static)", "all(a, !a.static)"),
		"a parameter":  edited("1.0.0", "2.0.0", "default: 2160h", "default: 1h"),
		"a question":   edited("1.0.0", "2.0.0", "Is the zone locked?", "Is the zone guarded?"),
		"added":        strings.Replace(added, "1.0.0", "2.0.0", 1),
		"removed":      edited("1.0.0", "2.0.0", "id: reviewed\n", "id: audited\n", "deselect: [reviewed]", "deselect: [audited]"),
		"not selected": edited("1.0.0", "2.0.0", "{id: all, title: All}", "{id: all, title: All, deselect: [place]}"),
	} {
		t.Run(change, func(t *testing.T) {
			g := fleet(t)
			before, was := map[string]map[string]map[string]string{}, map[string]*pb.Assessment{}
			for _, key := range fleetSeries {
				system, series, _ := strings.Cut(key, " ")
				before[system] = g.results(system)
				was[key] = must[*pb.Assessment](g)(g.assessed("systems/"+system+"/series/"+series, time.Time{}, time.Time{}))
			}
			prints := g.fingerprint()
			p := g.previewed(&pb.PreviewChecklistRequest{Yaml: draft, FlipsPerSeries: 1000})
			if got := g.fingerprint(); got != prints {
				t.Errorf("the preview recorded something:\n%s\nwas\n%s", got, prints)
			}
			if got := fmt.Sprint(p.order); got != fmt.Sprint(fleetSeries) {
				t.Fatalf("rows %v, want %v", got, fleetSeries)
			}
			g.publishYAML(draft)
			at := g.clock.Now()
			g.at(at.Add(time.Millisecond))
			after := &expectation{changes: map[string]int32{}, rules: map[string]int32{}}
			for _, key := range fleetSeries {
				system, series, _ := strings.Cut(key, " ")
				row, name := p.rows[key], "systems/"+system+"/series/"+series
				is := must[*pb.Assessment](g)(g.assessed(name, time.Time{}, time.Time{}))
				g.stands(key+" before", row.Before, was[key])
				g.stands(key+" after", row.After, is)
				flips := differences(before[system][series], g.results(system)[series])
				var listed []string
				for _, f := range row.Flips {
					listed = append(listed, fmt.Sprint(fmt.Sprintf(resultKey, f.Rule, f.Subject), ": ", f.Before, " → ", f.After))
					after.changes[f.Before+" → "+f.After]++
					after.rules[f.Rule]++
				}
				slices.Sort(listed)
				if fmt.Sprint(listed) != fmt.Sprint(flips) || int(row.Flipped) != len(flips) {
					t.Errorf("%s: %d flips are previewed:\n%v\nhappened:\n%v", key, row.Flipped, listed, flips)
				}
				if b := g.breakpoints(name)[0]; b.EffectiveTime.AsTime().Equal(at) {
					// It counts waivers and exceptions that end, and results that say nothing, too.
					exact := system != "s" && change != "removed" && change != "not selected"
					if b.Changed < row.Flipped || exact && b.Changed != row.Flipped {
						t.Errorf("%s: the breakpoint has %d changes, %d flips were previewed", key, b.Changed, row.Flipped)
					}
				} else if row.Flipped > 0 {
					t.Errorf("%s: there is no breakpoint, %d flips were previewed", key, row.Flipped)
				}
				after.add(row)
			}
			after.compare(t, p.summary)
		})
	}
}

// expectation adds up rows as a summary should.
type expectation struct {
	changed, fail int32
	scores        []float64
	changes       map[string]int32
	rules         map[string]int32
}

func (e *expectation) add(row *pb.PreviewSeries) {
	if row.Flipped > 0 {
		e.changed++
	}
	e.fail += row.After.Counts.Fail
	e.scores = append(e.scores, row.After.GetScore())
}

func (e *expectation) compare(t *testing.T, s *pb.PreviewSummary) {
	t.Helper()
	sum := 0.0
	for _, x := range e.scores {
		sum += x
	}
	if s.Systems != 4 || s.Series != 5 || s.SeriesChanged != e.changed || s.SeriesFailed != 0 || s.After.Counts.Fail != e.fail ||
		math.Abs(s.After.GetScore()-sum/float64(len(e.scores))) > 1e-9 || s.Before.ChecklistVersion != "1.0.0" {
		t.Errorf("summary %v, rows add up to %+v", s, e)
	}
	for _, c := range s.Changes {
		if e.changes[c.Before+" → "+c.After] != c.Count {
			t.Errorf("%d changes from %q to %q, rows have %v", c.Count, c.Before, c.After, e.changes)
		}
	}
	for _, r := range s.Rules {
		if e.rules[r.Rule] != r.Flipped {
			t.Errorf("%d flips of %s, rows have %v", r.Flipped, r.Rule, e.rules)
		}
	}
	if len(s.Changes) != len(e.changes) || len(s.Rules) != len(e.rules) {
		t.Errorf("summary %v, rows have %v and %v", s, e.changes, e.rules)
	}
	if s.Diff == nil || s.Diff.BaseVersion != "1.0.0" || s.Diff.Version != "2.0.0" {
		t.Errorf("diff: %v", s.Diff)
	}
}

// fingerprint is what a preview must leave as it is: the audit log, the
// breakpoints, and the heads of all systems.
func (g *governance) fingerprint() string {
	g.t.Helper()
	out := []string{fmt.Sprint(len(g.audit()))}
	list := must[*pb.ListSystemsResponse](g)(g.inventory.ListSystems(g.t.Context(), &pb.ListSystemsRequest{ShowRetired: true}))
	for _, s := range list.Systems {
		out = append(out, fmt.Sprint(s.Name, s.Etag, s.Revision))
		series := must[*pb.ListSeriesResponse](g)(g.assessment.ListSeries(g.t.Context(), &pb.ListSeriesRequest{Parent: s.Name}))
		for _, x := range series.Series {
			for _, b := range g.breakpoints(x.Name) {
				out = append(out, fmt.Sprint(x.Name, b.EffectiveTime.AsTime(), b.Digest))
			}
		}
	}
	return strings.Join(out, "\n")
}

// TestPreviewOfWhatIsChosen: a published version, a profile, a tailoring, a
// selector; how many rows and flips there are.
func TestPreviewOfWhatIsChosen(t *testing.T) {
	g := fleet(t)
	g.publishYAML(edited("1.0.0", "2.0.0-rc.1", "all(a, a.static)", "all(a, !a.static)"))
	g.at(g.clock.Now().Add(time.Second))
	const rc = "checklists/gov/versions/2.0.0-rc.1"
	check := func(req *pb.PreviewChecklistRequest, want ...string) *preview {
		t.Helper()
		p := g.previewed(req)
		if fmt.Sprint(p.order) != fmt.Sprint(want) {
			t.Errorf("%v: rows %v, want %v", req, p.order, want)
		}
		return p
	}
	p := check(&pb.PreviewChecklistRequest{ChecklistVersion: rc}, fleetSeries...)
	if first := p.progress[0]; first.SystemsDone != 0 || first.SystemsTotal != 6 {
		t.Errorf("the first progress is %v", first)
	}
	for key, row := range p.rows {
		hosts := 2
		if strings.HasPrefix(key, "u ") {
			hosts = 3
		}
		if int(row.Flipped) != hosts || row.After.ChecklistVersion != "2.0.0-rc.1" || row.Flips[0].After != "fail" {
			t.Errorf("%s: %v", key, row)
		}
	}
	for _, r := range p.summary.Rules {
		if r.Rule != "static" || r.NewlyFailing != 5 || r.Recovered != 6 || r.Flipped != 11 || r.Title == "" || r.Severity != "medium" {
			t.Errorf("flips: %v", r)
		}
	}
	p = check(&pb.PreviewChecklistRequest{ChecklistVersion: rc, FlipsPerSeries: 1}, fleetSeries...)
	if row := p.rows["u "+govAll]; row.Flipped != 3 || len(row.Flips) != 1 {
		t.Errorf("one flip: %v", row)
	}
	if p = check(&pb.PreviewChecklistRequest{ChecklistVersion: rc, SummaryOnly: true}); p.summary.Series != 5 || p.summary.SeriesChanged != 5 {
		t.Errorf("summary only: %v", p.summary)
	}
	check(&pb.PreviewChecklistRequest{ChecklistVersion: "checklists/gov/versions/1.0.0", ChangedOnly: true})
	check(&pb.PreviewChecklistRequest{ChecklistVersion: rc, Selector: &pb.Selector{Systems: []string{"t", "w"}}}, "t "+govAll, "t "+govSome)
	// Under a profile the unassigned are previewed too.
	p = check(&pb.PreviewChecklistRequest{ChecklistVersion: rc, Profile: "some"}, "s "+govSome, "t "+govSome, "u "+govSome, "v "+govSome, "w "+govSome)
	if p.rows["w "+govSome].Before != nil || p.rows["t "+govSome].Before == nil {
		t.Errorf("before: %v, %v", p.rows["w "+govSome].Before, p.rows["t "+govSome].Before)
	}
	// Who is assigned so keeps his tailoring.
	check(&pb.PreviewChecklistRequest{ChecklistVersion: rc, Profile: "all"}, "s "+govAll, "t "+govAll, "u "+govAll, "v gov~all~local", "w "+govAll)
	// Under a tailoring instead of the assignment's.
	p = check(&pb.PreviewChecklistRequest{ChecklistVersion: "checklists/gov/versions/1.0.0", Tailoring: "tailorings/local"}, fleetSeries...)
	if p.summary.SeriesChanged != 0 { // the drills are unknown either way
		t.Errorf("under a tailoring: %v", p.summary)
	}
	g.attest("drills", &pb.Attestation{Subject: "system", Fact: "drills", Value: whole(3), Attestor: "Ada", ExpireTime: timestamppb.New(day(10))})
	p = check(&pb.PreviewChecklistRequest{ChecklistVersion: "checklists/gov/versions/1.0.0", Tailoring: "tailorings/local", ChangedOnly: true}, "s "+govAll)
	if f := p.rows["s "+govAll].Flips; len(f) != 1 || f[0].Rule != "drills" || f[0].Before != "pass" || f[0].After != "fail" {
		t.Errorf("under a tailoring: %v", f)
	}
	// A draft that lacks the profile or a tailored rule: its series cannot be
	// evaluated, and say so.
	p = check(&pb.PreviewChecklistRequest{Yaml: edited("1.0.0", "3.0.0", "- {id: some, title: Some, deselect: [reviewed]}\n", "")}, fleetSeries...)
	if row := p.rows["t "+govSome]; row.Error == "" || row.After != nil || p.summary.SeriesFailed != 1 || p.summary.Series != 4 {
		t.Errorf("without the profile: %v, %v", row, p.summary)
	}
	// A checklist that nobody is assessed under.
	p = check(&pb.PreviewChecklistRequest{Yaml: edited("id: gov", "id: other")})
	if p.summary.Series != 0 || p.summary.Before != nil || p.summary.After != nil || p.summary.Diff != nil {
		t.Errorf("nobody's checklist: %v", p.summary)
	}
}

// TestBadPreviews are refused before anything is sent.
func TestBadPreviews(t *testing.T) {
	g := governedService(t)
	wrong := edited("1.0.0", "2.0.0", "a.static)", "a.statik)")
	line := strings.Count(wrong[:strings.Index(wrong, "a.statik")], "\n") + 1
	for _, x := range []struct {
		code  codes.Code
		field string
		req   *pb.PreviewChecklistRequest
	}{
		{codes.InvalidArgument, "groups[0].rules[0].check", &pb.PreviewChecklistRequest{Yaml: wrong}},
		{codes.InvalidArgument, "checklist", &pb.PreviewChecklistRequest{}},
		{codes.InvalidArgument, "checklist_version", &pb.PreviewChecklistRequest{Yaml: governed, ChecklistVersion: "checklists/gov/versions/1.0.0"}},
		{codes.InvalidArgument, "yaml", &pb.PreviewChecklistRequest{Yaml: governed, Checklist: &pb.Checklist{
			Id: "x", Version: "1.0.0", Title: "x", Profiles: []*pb.Profile{{Id: "p"}}, Groups: []*pb.Group{{Id: "g"}}}}},
		{codes.InvalidArgument, "profile", &pb.PreviewChecklistRequest{Yaml: governed, Profile: "none"}},
		{codes.InvalidArgument, "flips_per_series", &pb.PreviewChecklistRequest{Yaml: governed, FlipsPerSeries: -1}},
		{codes.NotFound, "", &pb.PreviewChecklistRequest{ChecklistVersion: "checklists/gov/versions/9.0.0"}},
		{codes.NotFound, "", &pb.PreviewChecklistRequest{Yaml: governed, Tailoring: "tailorings/none"}},
	} {
		stream, err := g.guidance.PreviewChecklist(t.Context(), x.req)
		if err == nil {
			_, err = stream.Recv()
		}
		if err == nil {
			t.Errorf("taken: %v", x.req)
			continue
		}
		refusal(t, err, x.code, x.field)
	}
	g.refusedOverREST("POST", "/v1/checklists:preview", fmt.Sprintf(`{"yaml": %q}`, wrong), 400, fmt.Sprintf("line %d, column", line), "statik")
}
