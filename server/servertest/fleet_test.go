package servertest_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/servertest"
)

const fleetName = "fleet/test~all~default"

// fleetDay is when the fleets' clocks begin.
var fleetDay = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// manySystems is a service with a clock, and what asks it about all systems.
type manySystems struct {
	*client
	pb.HistoryServiceClient
	clock *servertest.Clock
}

func startFleet(t *testing.T) *manySystems {
	t.Helper()
	clock := servertest.NewClock(fleetDay.Add(-time.Hour))
	c := start(t, servertest.Options{Config: server.Config{Clock: clock.Now}})
	clock.Set(fleetDay)
	return &manySystems{client: c, HistoryServiceClient: pb.NewHistoryServiceClient(c.Conn), clock: clock}
}

// at sets the clock, and has what is due evaluated.
func (f *manySystems) at(after time.Duration) {
	f.t.Helper()
	f.clock.Set(fleetDay.Add(after))
	if _, err := f.Assessor.RunDue(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// report submits a system whose hosts are static or not.
func (f *manySystems) report(system string, observed time.Duration, static ...bool) {
	f.t.Helper()
	var hosts []*pb.Host
	for i, s := range static {
		hosts = append(hosts, host(fmt.Sprintf("%s-h%d", system, i), s))
	}
	req := view(system, hosts...)
	req.ObservedTime = timestamppb.New(fleetDay.Add(observed))
	_, err := f.inventory.SubmitInventory(f.t.Context(), req)
	if err != nil && status.Code(err) != codes.FailedPrecondition { // it was retired after that
		f.t.Fatal(err)
	}
}

// same compares a message with what REST answers.
func (f *manySystems) same(path string, want, got proto.Message) {
	f.t.Helper()
	resp, err := http.Get(f.REST + path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw := make([]byte, 1<<20)
	n := 0
	for err == nil {
		var k int
		k, err = resp.Body.Read(raw[n:])
		n += k
	}
	if err := protojson.Unmarshal(raw[:n], got); err != nil {
		f.t.Fatalf("%s: %d %v: %s", path, resp.StatusCode, err, raw[:n])
	}
	if !proto.Equal(got, want) {
		f.t.Errorf("%s answers\n%v\nover gRPC it was\n%v", path, got, want)
	}
}

// TestFleet follows three systems through four days, one of them corrected late,
// one retired.
func TestFleet(t *testing.T) {
	f := startFleet(t)
	ctx := t.Context()
	f.report("a", 0, true, true)
	f.report("b", 0, false, true)
	f.at(24 * time.Hour)
	f.report("c", 24*time.Hour, false)
	f.at(36 * time.Hour)
	f.report("b", 36*time.Hour, true, true)
	f.at(48 * time.Hour)

	got, err := f.GetFleet(ctx, &pb.GetFleetRequest{Name: fleetName})
	if err != nil {
		t.Fatal(err)
	}
	if got.Systems != 3 || got.Standing.GetScore() != (100+100+0)/3.0 || got.Standing.Counts.Fail != 1 || got.Standing.Counts.Pass != 4 || got.Standing.ChecklistVersion != "1.0.0" {
		t.Errorf("the fleet stands so: %v", got)
	}
	f.same("/v1/"+fleetName, got, &pb.Fleet{})
	if x := got.FailingBySeverity; len(x) != 5 || x[2].Key != "medium" || x[2].Value != 1 || x[0].Value != 0 {
		t.Errorf("by severity: %v", x)
	}
	if x := got.FailingByArea; len(x) != 1 || x[0].Key != "network" || x[0].Value != 1 {
		t.Errorf("by area: %v", x)
	}

	trend := f.trend(0, 48*time.Hour, 24*time.Hour)
	// Day one: a 100, b 50. Day two: a 100, c 0, b 50 for one half and 100 for the other.
	wantSpan(t, trend.Spans[0], 75, 2, 1)
	wantSpan(t, trend.Spans[1], (100+75)/3.0, 3, 1.5)
	f.same("/v1/"+fleetName+":trend?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z", trend, &pb.Trend{})

	// It turns out that c was right from noon on the second day.
	f.report("c", 36*time.Hour, true)
	wantSpan(t, f.trend(0, 48*time.Hour, 24*time.Hour).Spans[1], (100+75+50)/3.0, 3, 1)

	if _, err := f.inventory.RetireSystem(ctx, &pb.RetireSystemRequest{Name: "systems/a"}); err != nil {
		t.Fatal(err)
	}
	f.at(72 * time.Hour)
	if got, err = f.GetFleet(ctx, &pb.GetFleetRequest{Name: fleetName}); err != nil || got.Systems != 2 {
		t.Errorf("after one was retired: %v, %v", got, err)
	}
	wantSpan(t, f.trend(48*time.Hour, 72*time.Hour, 24*time.Hour).Spans[0], 100, 2, 0)
	f.restartAndCompare(got)
}

// restartAndCompare: what was summed up is there after a restart.
func (f *manySystems) restartAndCompare(want *pb.Fleet) {
	f.t.Helper()
	f.Stop()
	s := servertest.Start(f.t, servertest.Options{Path: f.Path, Config: server.Config{Clock: f.clock.Now}})
	got, err := pb.NewHistoryServiceClient(s.Conn).GetFleet(f.t.Context(), &pb.GetFleetRequest{Name: fleetName})
	if err != nil || !proto.Equal(got, want) {
		f.t.Errorf("after a restart: %v, %v; before it: %v", got, err, want)
	}
}

func (f *manySystems) trend(from, to, resolution time.Duration) *pb.Trend {
	f.t.Helper()
	out, err := f.GetFleetTrend(f.t.Context(), &pb.GetFleetTrendRequest{
		Name: fleetName, From: timestamppb.New(fleetDay.Add(from)), To: timestamppb.New(fleetDay.Add(to)), Resolution: durationpb.New(resolution),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func wantSpan(t *testing.T, x *pb.TrendSpan, score, scored, failing float64) {
	t.Helper()
	if math.Abs(x.GetScore()-score) > 1e-6 || math.Abs(x.Scored-scored) > 1e-9 || x.Failing != failing {
		t.Errorf("%v: score %v of %v systems, %v failing; want %v, %v, %v", x.StartTime.AsTime(), x.GetScore(), x.Scored, x.Failing, score, scored, failing)
	}
}

// TestFleetLists: the worst systems by page, and the rules that fail most.
func TestFleetLists(t *testing.T) {
	f := startFleet(t)
	ctx := t.Context()
	for i := range 7 {
		hosts := []bool{i > 0, i > 1, i > 2, i > 3, i > 4, i > 5}
		f.report(fmt.Sprintf("s%d", i), 0, hosts...)
	}
	var seen []string
	req := &pb.ListWorstSystemsRequest{Name: fleetName, PageSize: 3}
	for page := 0; ; page++ {
		got, err := f.ListWorstSystems(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		if page == 0 {
			f.same("/v1/"+fleetName+":worstSystems?page_size=3", got, &pb.ListWorstSystemsResponse{})
		}
		for _, s := range got.Systems {
			seen = append(seen, s.System)
			if want := float64(len(seen)-1) / 6 * 100; math.Abs(s.Standing.GetScore()-want) > 1e-9 {
				t.Errorf("%s has %v, want %v", s.System, s.Standing.GetScore(), want)
			}
		}
		if req.PageToken = got.NextPageToken; req.PageToken == "" {
			break
		}
	}
	if fmt.Sprint(seen) != "[s0 s1 s2 s3 s4 s5 s6]" {
		t.Errorf("the worst first: %v", seen)
	}
	rules, err := f.ListFailingRules(ctx, &pb.ListFailingRulesRequest{Name: fleetName})
	if err != nil {
		t.Fatal(err)
	}
	if want := (&pb.RuleStanding{
		Rule: "static", Title: "Addresses are static", Severity: "medium", Area: "network", Pass: 21, Fail: 21, SystemsFailing: 6, NewlyFailing: 21,
	}); len(rules.Rules) != 1 || !proto.Equal(rules.Rules[0], want) {
		t.Errorf("rules %v", rules)
	}
	f.same("/v1/"+fleetName+":failingRules", rules, &pb.ListFailingRulesResponse{})

	f.at(48 * time.Hour)
	timeline, err := f.GetRuleTimeline(ctx, &pb.GetRuleTimelineRequest{Name: fleetName + "/rules/static", From: timestamppb.New(fleetDay.Add(-24 * time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	if x := timeline.Spans; len(x) != 4 || x[0].Failing != 0 || x[1].Failing != 21 || x[3].Passing != 21 || x[3].EndTime.AsTime() != fleetDay.Add(72*time.Hour) {
		t.Errorf("the rule's time: %v", x)
	}
	f.same("/v1/"+fleetName+"/rules/static:timeline?from=2026-02-28T00:00:00Z", timeline, &pb.RuleTimeline{})
}

// TestFleetBadInput: every wrong question gets a code, a field and a reason.
func TestFleetBadInput(t *testing.T) {
	f := startFleet(t)
	ctx := t.Context()
	f.report("a", 0, true)
	at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(fleetDay.Add(d)) }
	trend := func(from, to *timestamppb.Timestamp, resolution time.Duration) error {
		req := &pb.GetFleetTrendRequest{Name: fleetName, From: from, To: to}
		if resolution != 0 {
			req.Resolution = durationpb.New(resolution)
		}
		_, err := f.GetFleetTrend(ctx, req)
		return err
	}
	refusal(t, trend(at(time.Hour), at(0), 0), codes.InvalidArgument, "to")
	refusal(t, trend(at(0), at(0), 0), codes.InvalidArgument, "to")
	refusal(t, trend(at(0), at(1000*time.Hour), 0), codes.InvalidArgument, "to")
	refusal(t, trend(at(1000*time.Hour), nil, 0), codes.InvalidArgument, "from")
	refusal(t, trend(nil, nil, 0), codes.InvalidArgument, "from")
	refusal(t, trend(&timestamppb.Timestamp{Nanos: -1}, nil, 0), codes.InvalidArgument, "from")
	refusal(t, trend(&timestamppb.Timestamp{Seconds: -62_135_596_800}, nil, 240*time.Hour), codes.InvalidArgument, "from")
	refusal(t, trend(at(-time.Hour), nil, 90*time.Minute), codes.InvalidArgument, "resolution")
	refusal(t, trend(at(-time.Hour), nil, -time.Hour), codes.InvalidArgument, "resolution")
	refusal(t, trend(at(-6000*time.Hour), nil, time.Hour), codes.InvalidArgument, "resolution")
	_, err := f.GetRuleTimeline(ctx, &pb.GetRuleTimelineRequest{Name: fleetName + "/rules/static", From: at(-time.Hour), Resolution: durationpb.New(time.Hour)})
	refusal(t, err, codes.InvalidArgument, "resolution")
	_, err = f.GetRuleTimeline(ctx, &pb.GetRuleTimelineRequest{Name: fleetName + "/rules/none", From: at(-time.Hour)})
	refusal(t, err, codes.NotFound, "")
	_, err = f.GetFleet(ctx, &pb.GetFleetRequest{Name: "fleet/test~other~default"})
	refusal(t, err, codes.NotFound, "")
	_, err = f.ListWorstSystems(ctx, &pb.ListWorstSystemsRequest{Name: "fleet/test~other~default"})
	refusal(t, err, codes.NotFound, "")
	_, err = f.ListFailingRules(ctx, &pb.ListFailingRulesRequest{Name: "fleet/none~all~default"})
	refusal(t, err, codes.NotFound, "")
	_, err = f.ListWorstSystems(ctx, &pb.ListWorstSystemsRequest{Name: fleetName, PageToken: "abc"})
	refusal(t, err, codes.InvalidArgument, "page_token")
	_, err = f.GetFleet(ctx, &pb.GetFleetRequest{Name: "fleet/test"})
	refusal(t, err, codes.InvalidArgument, "name")
	if code, body := f.rest("GET", "/v1/"+fleetName+"?filter=label", ""); code != http.StatusBadRequest {
		t.Errorf("a filter that nothing serves: %d %v", code, body)
	}
}

// TestFleetTrendIsWhatSystemsIntegrateTo: after any submissions, late ones too,
// retirements and new versions, the fleet's averages are those of the systems'
// own timelines.
func TestFleetTrendIsWhatSystemsIntegrateTo(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := startFleet(t)
			r := rand.New(rand.NewPCG(seed, 7))
			for i := range 30 {
				now := time.Duration(i)*7*time.Hour + time.Duration(r.Int64N(int64(time.Hour)))
				f.at(now)
				system := []string{"a", "b", "c", "d"}[r.IntN(4)]
				observed := now
				switch r.IntN(8) {
				case 0, 1:
					observed = time.Duration(r.Int64N(int64(now + 1)))
				case 2:
					if _, err := f.inventory.RetireSystem(t.Context(), &pb.RetireSystemRequest{Name: "systems/" + system}); err != nil && status.Code(err) != codes.NotFound {
						t.Fatal(err)
					}
					continue
				case 3:
					f.version(i, []string{"low", "high", "critical"}[i%3])
				}
				f.report(system, observed, r.IntN(2) == 0, r.IntN(3) == 0)
				if i%6 == 5 {
					f.integrate(now, time.Duration(1+r.IntN(30))*time.Hour)
				}
			}
		})
	}
}

// version publishes another version, which the assignment follows.
func (f *manySystems) version(n int, severity string) {
	f.t.Helper()
	got, err := f.guidance.GetChecklistVersion(f.t.Context(), &pb.GetChecklistVersionRequest{Name: "checklists/test/versions/1.0.0"})
	if err != nil {
		f.t.Fatal(err)
	}
	c := proto.CloneOf(got.Checklist)
	c.Version = fmt.Sprintf("1.%d.0", n+1)
	c.Groups[0].Rules[0].Severity = severity
	if _, err := f.guidance.PublishChecklist(f.t.Context(), &pb.PublishChecklistRequest{Checklist: c}); err != nil {
		f.t.Fatal(err, status.Convert(err).Details())
	}
}

// integrate compares the trend until now with what the breakpoints of all
// systems integrate to.
func (f *manySystems) integrate(now, resolution time.Duration) {
	f.t.Helper()
	until := now.Truncate(time.Hour) + time.Hour
	spans := f.trend(-5*time.Hour, until, resolution).Spans
	timelines := map[string][]*pb.Breakpoint{}
	for _, system := range []string{"a", "b", "c", "d"} {
		got, err := f.assessment.ListBreakpoints(f.t.Context(), &pb.ListBreakpointsRequest{
			Parent: "systems/" + system + "/series/test~all~default", PageSize: 1000,
		})
		if err != nil && status.Code(err) != codes.NotFound {
			f.t.Fatal(err)
		}
		timelines[system] = got.GetBreakpoints()
	}
	for _, x := range spans {
		var scored, sum, covered, coverage, failing, passing, unknown float64
		from, to := x.StartTime.AsTime(), x.EndTime.AsTime()
		length := to.Sub(from).Seconds()
		for _, list := range timelines { // the newest first
			end := to
			for _, b := range list {
				begin := b.EffectiveTime.AsTime()
				if begin.Before(from) {
					begin = from
				}
				if begin.Before(end) {
					share := end.Sub(begin).Seconds() / length
					if b.Score != nil {
						scored, sum = scored+share, sum+share**b.Score
					}
					if b.Coverage != nil {
						covered, coverage = covered+share, coverage+share**b.Coverage
					}
					failing, passing, unknown = failing+share*float64(b.Counts.GetFail()), passing+share*float64(b.Counts.GetPass()), unknown+share*float64(b.Counts.GetUnknown())
					end = begin
				}
			}
		}
		bySeverity := 0.0
		for _, k := range x.FailingBySeverity {
			bySeverity += k.Value
		}
		for _, c := range []struct {
			what      string
			got, want float64
		}{
			{"scored", x.Scored, scored}, {"score", x.GetScore() * scored, sum}, {"coverage", x.GetCoverage() * covered, coverage},
			{"failing", x.Failing, failing}, {"passing", x.Passing, passing}, {"unknown", x.Unknown, unknown}, {"by severity", bySeverity, failing},
		} {
			if math.Abs(c.got-c.want) > 1e-5 { // a score is summed up in millionths
				f.t.Errorf("%s from %v to %v is %v, integrated %v", c.what, from, to, c.got, c.want)
			}
		}
	}
}
