package history_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/history"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/states"
)

func (k *kit) forecast(until time.Time) *pb.ForecastResponse {
	k.Helper()
	out, err := history.Forecast(k.t.Context(), k, history.ForecastQuery{
		System: "s", Series: series, Now: k.now().UnixMicro(), Until: until.UnixMicro(), Flips: 1000,
	})
	k.must(err)
	return out
}

// happened is what came to be after an instant, in the form of a forecast.
func (k *kit) happened(after, until time.Time) (out []*pb.ForecastBreakpoint) {
	k.Helper()
	k.must(k.Timeline(k.t.Context(), "s", series, 0, func(t *past.Timeline) error {
		out = nil
		var r recorder
		return t.Between(k.t.Context(), after.UnixMicro(), until.UnixMicro()+1, func(s *past.Step) error {
			return r.step(s, after.UnixMicro(), &out)
		})
	}))
	return out
}

// recorder makes breakpoints of stored states.
type recorder struct{ held map[string]string }

func (r *recorder) step(s *past.Step, after int64, out *[]*pb.ForecastBreakpoint) error {
	now := map[string]string{}
	if err := s.Rows(func(x past.Row) { now[s.Rules()[x.Rule]+" "+x.Subject] = x.State }); err != nil {
		return err
	}
	flipped := int32(0)
	for key, state := range now {
		if quiet(r.held[key]) != quiet(state) {
			flipped++
		}
	}
	for key, state := range r.held {
		if _, ok := now[key]; !ok && quiet(state) != "" {
			flipped++
		}
	}
	r.held = now
	if s.Effective > after {
		m := s.Summary
		*out = append(*out, &pb.ForecastBreakpoint{
			EffectiveTime: envelope.Timestamp(s.Effective), Cause: s.Cause, Flipped: flipped,
			Standing: &pb.Standing{ChecklistVersion: s.Version, Score: m.Score, EffectiveScore: states.EffectiveScore(m), Coverage: m.Coverage, Counts: states.CountsOf(m.Counts)},
		})
	}
	return nil
}

// quiet is a state, or nothing where nothing was assessed.
func quiet(state string) string {
	switch state {
	case "notapplicable", "notselected", "notchecked":
		return ""
	}
	return state
}

// TestForecastComesTrue: what a forecast says is what then happens, breakpoint by
// breakpoint, if sources confirm each day and nobody does anything else.
func TestForecastComesTrue(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		k := newKit(t, rt)
		ctx := context.WithoutCancel(t.Context())
		if rapid.Bool().Draw(rt, "policy") {
			_, err := k.SetPolicy(ctx, &pb.Policy{
				DefaultFreshness: durationpb.New(time.Duration(rapid.IntRange(2, 40).Draw(rt, "freshness")) * 24 * time.Hour),
				Freshness: []*pb.Freshness{{
					Source: "scanner", Path: "host.os", Duration: durationpb.New(time.Duration(rapid.IntRange(2, 20).Draw(rt, "fact")) * 24 * time.Hour),
				}},
			}, "test")
			k.must(err)
		}
		k.set(day0.Add(time.Minute))
		// A host that the newest list leaves out, and a source that has fallen silent.
		hosts := rapid.IntRange(1, 3).Draw(rt, "hosts")
		said := map[string]string{}
		now := rapid.IntRange(0, 60).Draw(rt, "now")
		if rapid.Bool().Draw(rt, "silent") {
			k.submit("silent", k.now(), estate(rt, hosts))
			now += 41 // so that all it said is stale: what is not is taken to go on
		}
		if rapid.Bool().Draw(rt, "left out") {
			k.submit("cmdb", k.now(), estate(rt, hosts+1))
		}
		said["cmdb"] = estate(rt, hosts)
		if rapid.Bool().Draw(rt, "scanner") {
			said["scanner"] = estate(rt, hosts)
		}
		confirm := func(at time.Time) {
			for _, source := range []string{"cmdb", "scanner"} {
				if said[source] == "" {
					continue
				}
				k.set(at)
				k.submit(source, at, said[source])
				at = at.Add(time.Minute)
			}
			k.due()
		}
		for d := 0; d < now; d += rapid.IntRange(1, 20).Draw(rt, "pause") {
			confirm(day(d).Add(7*time.Hour + 13*time.Minute))
		}
		var trace []string
		confirm(day(now).Add(7*time.Hour + 13*time.Minute))
		k.set(day(now).Add(8 * time.Hour))
		for i := range rapid.IntRange(0, 6).Draw(rt, "statements") {
			trace = append(trace, k.statement(rt, i, now))
		}
		if rapid.Bool().Draw(rt, "activation") {
			k.publish(version2(rt))
			k.set(k.now().Add(time.Second))
			at := day(now + rapid.IntRange(1, 90).Draw(rt, "activated"))
			trace = append(trace, "activated at "+at.String())
			req := &pb.ActivateAssignmentRequest{Name: "assignments/all", Version: "2.0.0", StartTime: timestamppb.New(at)}
			if rapid.IntRange(0, 3).Draw(rt, "another series") == 0 { // which ends this one
				k.tailor("1.0.0", &pb.Tailoring{Deselect: []string{"reviewed"}})
				req.Tailoring = proto.String("tailorings/local")
			}
			_, err := k.Activate(ctx, req, "test")
			k.must(err)
		}
		confirm(day(now).Add(9*time.Hour + 17*time.Minute))
		asked := k.now()
		until := day(now + 60)
		want := k.forecast(until)
		for d := now + 1; d <= now+60; d++ {
			confirm(day(d).Add(7*time.Hour + 13*time.Minute))
		}
		got := k.happened(asked, until)
		for _, b := range want.Breakpoints {
			seen[b.Cause]++
			b.Flips = nil
		}
		if d := cmp.Diff(want.Breakpoints, got, protocmp.Transform()); d != "" {
			rt.Fatal(fmt.Sprintf("asked at %v: -forecast +happened\n%s\n%v\n%v", asked, d, trace, said))
		}
	})
	t.Log(seen)
	for _, cause := range []string{"time", "claim", "waiver", "attestation", "guidance"} {
		if seen[cause] == 0 && !testing.Short() {
			t.Errorf("no forecast had a breakpoint because of %s", cause)
		}
	}
}

func TestForecastRefuses(t *testing.T) {
	k := newKit(t, t)
	k.submit("cmdb", day0, hosts(true))
	ask := func(system, series string) error {
		_, err := history.Forecast(t.Context(), k, history.ForecastQuery{System: system, Series: series, Now: day0.UnixMicro()})
		return err
	}
	if err := ask("nothing", series); fault.Code(err) != codes.NotFound {
		t.Errorf("another system: %v", err)
	}
	if err := ask("s", "test~all~other"); fault.Code(err) != codes.NotFound {
		t.Errorf("another series: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := history.Forecast(ctx, k, history.ForecastQuery{System: "s", Series: series, Now: day0.UnixMicro()}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	k.set(day(1))
	k.must(k.RetireSystem(t.Context(), "s", "", "test"))
	if err := ask("s", series); fault.Code(err) != codes.FailedPrecondition {
		t.Errorf("a retired system: %v", err)
	}
}

// TestForecastEndsEarly: so many breakpoints are not listed; the answer says how
// far it looked.
func TestForecastEndsEarly(t *testing.T) {
	k := newKit(t, t)
	m, err := history.Forecast(t.Context(), restless{k}, history.ForecastQuery{System: "s", Series: series, Now: day0.UnixMicro()})
	if n := len(m.GetBreakpoints()); err != nil || n != history.MaxBreakpoints || !m.Until.AsTime().Equal(day0.Add((history.MaxBreakpoints+1)*time.Second)) {
		t.Errorf("%d breakpoints until %v, %v", n, m.GetUntil().AsTime(), err)
	}
}

// restless is an estate in which something changes every second. A real one with
// so many breakpoints takes its time to evaluate.
type restless struct{ *kit }

func (restless) Ahead(_ context.Context, _, _ string, until int64, f func(*past.Step) error) error {
	for t := day0.UnixMicro(); t <= until; t += 1e6 {
		if err := f(&past.Step{Effective: t, Cause: "time", Summary: &storev1.StateSummary{}}); err != nil {
			return err
		}
	}
	return nil
}
