package servertest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/verify"
)

// labelled submits a system with labels, "key=value" each.
func (f *manySystems) labelled(system string, observed time.Duration, labels []string, static ...bool) {
	f.t.Helper()
	var hosts []*pb.Host
	for i, s := range static {
		hosts = append(hosts, host(fmt.Sprintf("%s-h%d", system, i), s))
	}
	req := view(system, hosts...)
	req.ObservedTime = timestamppb.New(fleetDay.Add(observed))
	req.Inventory.System.Labels = map[string]string{}
	for _, l := range labels {
		k, v, _ := strings.Cut(l, "=")
		req.Inventory.System.Labels[k] = v
	}
	f.submit(req)
}

// declare sets the labels by which systems are counted, and has all be counted.
func (f *manySystems) declare(keys ...string) *pb.FleetLabels {
	f.t.Helper()
	got, err := f.UpdateFleetLabels(f.t.Context(), &pb.UpdateFleetLabelsRequest{FleetLabels: &pb.FleetLabels{Keys: keys}})
	if err != nil {
		f.t.Fatal(err, status.Convert(err).Details())
	}
	f.clock.Set(f.clock.Now().Add(time.Second)) // no two changes have one instant: this one's is a little ahead
	if _, err := f.Assessor.RunDue(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return got
}

func (f *manySystems) groups(label string) string {
	f.t.Helper()
	got, err := f.ListFleetGroups(f.t.Context(), &pb.ListFleetGroupsRequest{Name: fleetName, Label: label})
	if err != nil {
		f.t.Fatal(err, status.Convert(err).Details())
	}
	f.same("/v1/"+fleetName+":groups?label="+label, got, &pb.ListFleetGroupsResponse{})
	var out []string
	for _, g := range got.Groups {
		out = append(out, fmt.Sprintf("%s:%d systems, score %.0f, %d pass, %d fail (%d medium)", g.Value, g.Systems, g.GetScore(), g.Pass, g.Fail, g.FailingMedium))
	}
	return strings.Join(out, "; ")
}

// TestFleetByLabel follows systems that change their tier, one of them found out
// late, and labels that are declared and removed.
func TestFleetByLabel(t *testing.T) {
	f := startFleet(t)
	ctx := t.Context()
	f.labelled("a", 0, []string{"tier=prod", "cost-center=7"}, true, true)
	f.labelled("b", 0, []string{"tier=test"}, false, true)
	f.labelled("c", 0, nil, false)
	set := f.declare("tier", "cost-center")
	if set.Labels[0].Key != "tier" || set.Labels[0].CountedSince.AsTime().Before(fleetDay) {
		t.Errorf("declared: %v", set)
	}
	got, err := f.GetFleetLabels(ctx, &pb.GetFleetLabelsRequest{})
	if err != nil || !got.Labels[0].Complete || got.Labels[0].Counted != 3 || fmt.Sprint(got.Labels[0].Values) != "[prod test]" {
		t.Errorf("labels: %v, %v", got, err)
	}
	f.same("/v1/fleetLabels", got, &pb.FleetLabels{})
	if g := f.groups("tier"); g != ":1 systems, score 0, 0 pass, 1 fail (1 medium); prod:1 systems, score 100, 2 pass, 0 fail (0 medium); test:1 systems, score 50, 1 pass, 1 fail (1 medium)" {
		t.Error(g)
	}

	// b moves to prod at noon of the second day; on the third it turns out that c
	// has been prod since the morning of the second.
	f.at(36 * time.Hour)
	f.labelled("b", 36*time.Hour, []string{"tier=prod"}, false, true)
	f.at(48 * time.Hour)
	f.labelled("c", 30*time.Hour, []string{"tier=prod"}, false)
	prod := `labels.tier = "prod"`
	trend, err := f.GetFleetTrend(ctx, &pb.GetFleetTrendRequest{
		Name: fleetName, Filter: prod, From: timestamppb.New(fleetDay), To: timestamppb.New(fleetDay.Add(48 * time.Hour)), Resolution: durationpb.New(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	// The first day began before the label was declared. In the second a counts
	// whole, b from noon on with 50, and c for 18 hours with 0.
	if len(trend.Spans) != 1 || trend.CountedSince == nil {
		t.Fatalf("%v", trend)
	}
	wantSpan(t, trend.Spans[0], (100+25)/2.25, 2.25, 0.5+0.75)
	f.same("/v1/"+fleetName+":trend?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z&filter=labels.tier%3Dprod", trend, &pb.Trend{})

	fleet, err := f.GetFleet(ctx, &pb.GetFleetRequest{Name: fleetName, Filter: prod})
	if err != nil || fleet.Systems != 3 || fleet.Standing.GetScore() != 50 || fleet.CountedSince == nil {
		t.Errorf("prod: %v, %v", fleet, err)
	}
	worst, err := f.ListWorstSystems(ctx, &pb.ListWorstSystemsRequest{Name: fleetName, Filter: prod, PageSize: 2})
	if err != nil || len(worst.Systems) != 2 || worst.Systems[0].System != "c" || worst.NextPageToken == "" {
		t.Errorf("worst: %v, %v", worst, err)
	}
	rules, err := f.ListFailingRules(ctx, &pb.ListFailingRulesRequest{Name: fleetName, Filter: `labels."cost-center" = "7"`})
	if err != nil || len(rules.Rules) != 1 || rules.Rules[0].Pass != 2 || rules.Rules[0].Fail != 0 {
		t.Errorf("rules: %v, %v", rules, err)
	}
	rule, err := f.GetRuleTimeline(ctx, &pb.GetRuleTimelineRequest{Name: fleetName + "/rules/static", Filter: prod, From: timestamppb.New(fleetDay)})
	if err != nil || len(rule.Spans) != 2 || rule.Spans[0].Failing != 1.25 || rule.Spans[1].Failing != 2 {
		t.Errorf("the rule: %v, %v", rule, err)
	}
	none, err := f.GetFleet(ctx, &pb.GetFleetRequest{Name: fleetName, Filter: "labels.tier = nowhere"})
	if err != nil || none.Systems != 0 || none.Standing.Score != nil {
		t.Errorf("a value that no system has: %v, %v", none, err)
	}

	// What was there before the label is proven like everything else.
	report, err := verify.Run(ctx, f.Assessor, verify.Options{Clock: f.clock.Now})
	if err != nil || report.Same != report.States || report.States < 6 {
		t.Errorf("verified: %+v, %v", report, err)
	}

	f.declare("tier")
	f.declare("tier", "cost-center")
	if g := f.groups("cost-center"); !strings.HasPrefix(g, ":2 systems") || !strings.Contains(g, "7:1 systems") {
		t.Errorf("declared again: %s", g)
	}
	f.declare()
	_, err = f.GetFleet(ctx, &pb.GetFleetRequest{Name: fleetName, Filter: prod})
	refusal(t, err, codes.InvalidArgument, "filter")
}

// TestFleetLabelBadInput: what is not served is refused, and the error says what is.
func TestFleetLabelBadInput(t *testing.T) {
	f := startFleet(t)
	ctx := t.Context()
	f.labelled("a", 0, []string{"tier=prod"}, true)
	get := func(filter string) error {
		_, err := f.GetFleet(ctx, &pb.GetFleetRequest{Name: fleetName, Filter: filter})
		return err
	}
	refusal(t, get("labels.tier = prod"), codes.InvalidArgument, "filter")
	if err := get("labels.tier = prod"); !strings.Contains(fmt.Sprint(status.Convert(err).Details()), "UpdateFleetLabels") {
		t.Errorf("nothing is declared: %v", status.Convert(err).Details())
	}
	f.declare("tier", "cost-center")
	for _, filter := range []string{
		"labels.site = a", `tier = "prod"`, "labels.tier != prod", "labels.tier = prod OR labels.tier = test", "NOT labels.tier = prod",
		"labels.tier = prod AND labels.tier = test", "labels.tier", "labels.cost-center = 7", "labels.tier:*", "severity = high", "labels.tier = 7", "(", "labels.tier = prod)",
	} {
		refusal(t, get(filter), codes.InvalidArgument, "filter")
	}
	for _, filter := range []string{"labels.site = a", "severity = high", "labels.tier != prod"} {
		if text := fmt.Sprint(status.Convert(get(filter)).Details()); !strings.Contains(text, "labels.tier") || !strings.Contains(text, "cost-center") {
			t.Errorf("%s: the error does not say what is served: %s", filter, text)
		}
	}
	if code, body := f.rest("GET", "/v1/"+fleetName+"?filter=labels.site%3Da", ""); code != http.StatusBadRequest {
		t.Errorf("REST: %d %v", code, body)
	}
	_, err := f.ListFleetGroups(ctx, &pb.ListFleetGroupsRequest{Name: fleetName})
	refusal(t, err, codes.InvalidArgument, "label")
	_, err = f.ListFleetGroups(ctx, &pb.ListFleetGroupsRequest{Name: fleetName, Label: "site"})
	refusal(t, err, codes.InvalidArgument, "label")
	_, err = f.ListFailingRules(ctx, &pb.ListFailingRulesRequest{Name: fleetName, NewSince: timestamppb.New(fleetDay.Add(-93 * 24 * time.Hour))})
	refusal(t, err, codes.InvalidArgument, "new_since")
	for _, r := range []*pb.ListNewResultsRequest{
		{Name: fleetName, Since: timestamppb.New(fleetDay.Add(time.Hour))}, {Name: fleetName, Since: &timestamppb.Timestamp{Nanos: -1}},
	} {
		_, err = f.ListNewResults(ctx, r)
		refusal(t, err, codes.InvalidArgument, "since")
	}
	_, err = f.ListNewResults(ctx, &pb.ListNewResultsRequest{Name: fleetName, State: "pass"})
	refusal(t, err, codes.InvalidArgument, "state")
	_, err = f.ListNewResults(ctx, &pb.ListNewResultsRequest{Name: fleetName, Filter: "subject = x"})
	refusal(t, err, codes.InvalidArgument, "filter")
	_, err = f.ListNewResults(ctx, &pb.ListNewResultsRequest{Name: "fleet/test~other~default"})
	refusal(t, err, codes.NotFound, "")

	set := func(etag string, keys ...string) error {
		_, err := f.UpdateFleetLabels(ctx, &pb.UpdateFleetLabelsRequest{FleetLabels: &pb.FleetLabels{Keys: keys, Etag: etag}})
		return err
	}
	refusal(t, set("", "a", "b", "c", "d", "e"), codes.InvalidArgument, "fleet_labels.keys")
	refusal(t, set("", "a", "a"), codes.InvalidArgument, "fleet_labels.keys")
	refusal(t, set("", ""), codes.InvalidArgument, "fleet_labels.keys")
	refusal(t, set("wrong", "a"), codes.Aborted, "")
	if code, body := f.rest("PUT", "/v1/fleetLabels", `{"keys":["site"]}`); code != http.StatusOK {
		t.Errorf("set over REST: %d %v", code, body)
	}
}

// TestNewResults: what began to fail or to be unknown lately, by page, over gRPC and
// REST, and what late data makes of it.
func TestNewResults(t *testing.T) {
	f := startFleet(t)
	ctx := t.Context()
	for i, s := range []string{"a", "b", "c"} {
		f.labelled(s, 0, []string{fmt.Sprintf("tier=t%d", i%2)}, true, true, true)
	}
	f.declare("tier")
	f.at(72 * time.Hour)
	f.labelled("a", 72*time.Hour, []string{"tier=t0"}, false, true, true)
	f.at(72*time.Hour + time.Second)
	f.labelled("b", 72*time.Hour+time.Second, []string{"tier=t1"}, false, false, true)
	f.at(80 * time.Hour)
	f.labelled("a", 80*time.Hour, []string{"tier=t0"}, false, false, true)
	f.at(96*time.Hour - time.Minute)

	list := func(req *pb.ListNewResultsRequest, query string) string {
		t.Helper()
		var out []string
		for req.Name = fleetName; ; {
			got, err := f.ListNewResults(ctx, req)
			if err != nil {
				t.Fatal(err, status.Convert(err).Details())
			}
			if req.PageToken == "" {
				f.same("/v1/"+fleetName+":newResults?"+query, got, &pb.ListNewResultsResponse{})
			}
			for _, r := range got.Results {
				if r.Rule != "static" || r.Severity != "medium" || r.Area != "network" || r.Title == "" {
					t.Errorf("%v", r)
				}
				out = append(out, fmt.Sprintf("%s %s +%v", r.State, strings.TrimPrefix(r.Subject, "hosts/"), r.SinceTime.AsTime().Sub(fleetDay)))
			}
			if req.PageToken = got.NextPageToken; req.PageToken == "" {
				return strings.Join(out, ", ")
			}
		}
	}
	want := "fail a-h1 +80h0m0s, fail a-h0 +72h0m0s, fail b-h0 +72h0m1s, fail b-h1 +72h0m1s"
	if got := list(&pb.ListNewResultsRequest{}, ""); got != want {
		t.Errorf("new: %s", got)
	}
	if got := list(&pb.ListNewResultsRequest{PageSize: 1, State: "fail"}, "page_size=1&state=fail"); got != want {
		t.Errorf("new by pages of one: %s", got)
	}
	if got := list(&pb.ListNewResultsRequest{Filter: `labels.tier = t1 AND severity = medium`}, "filter=labels.tier%3Dt1%20AND%20severity%3Dmedium"); got != "fail b-h0 +72h0m1s, fail b-h1 +72h0m1s" {
		t.Errorf("new by label: %s", got)
	}
	if got := list(&pb.ListNewResultsRequest{Filter: "severity = high", PageSize: 1}, "filter=severity%3Dhigh&page_size=1"); got != "" {
		t.Errorf("new of another severity: %s", got)
	}
	if got := list(&pb.ListNewResultsRequest{Since: timestamppb.New(fleetDay.Add(76 * time.Hour))}, "since=2026-03-04T04:00:00Z"); got != "fail a-h1 +80h0m0s" {
		t.Errorf("new since noon: %s", got)
	}
	rules := func() string {
		got, err := f.ListFailingRules(ctx, &pb.ListFailingRulesRequest{Name: fleetName, NewSince: timestamppb.New(fleetDay.Add(79*time.Hour + time.Minute))})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(got.NewSince.AsTime().Sub(fleetDay), " ", got.Rules[0].Fail, " ", got.Rules[0].NewlyFailing, " ", got.Rules[0].NewlyUnknown)
	}
	if got := rules(); got != "79h0m0s 4 1 0" {
		t.Errorf("rules: %s", got)
	}
	// It turns out that b was right at hour 79, and wrong again from 79½ on.
	f.labelled("b", 79*time.Hour, []string{"tier=t1"}, true, true, true)
	f.labelled("b", 79*time.Hour+30*time.Minute, []string{"tier=t1"}, false, true, true)
	if got := list(&pb.ListNewResultsRequest{}, ""); got != "fail a-h1 +80h0m0s, fail a-h0 +72h0m0s, fail b-h0 +79h30m0s" {
		t.Errorf("after late data: %s", got)
	}
	if got := rules(); got != "79h0m0s 3 2 0" {
		t.Errorf("rules after late data: %s", got)
	}
	f.at(31 * 24 * time.Hour) // c was last heard of a month ago
	if got := list(&pb.ListNewResultsRequest{State: "unknown", Filter: "labels.tier = \"\" AND rule = static"}, "state=unknown&filter=labels.tier%3D%22%22%20AND%20rule%3Dstatic"); !strings.Contains(got, "unknown c-h0 +720h0m0s") {
		t.Errorf("newly unknown: %s", got)
	}
}
