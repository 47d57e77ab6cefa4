package history_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/history"
	"github.com/plumbline/plumbline/server/past"
)

// order is in which causes are replayed, as the package documents it.
var order = []string{"guidance", "tailoring", "policy", "inventory", "attestation", "claim", "waiver", "time", "engine"}

func ref(asOf, knownAt time.Time) history.Ref {
	r := history.Ref{System: "s", Series: series}
	if !asOf.IsZero() {
		r.When.AsOf = asOf.UnixMicro()
	}
	if !knownAt.IsZero() {
		r.When.KnownAt = knownAt.UnixMicro()
	}
	return r
}

func (k *kit) compared(before, after history.Ref) *pb.Comparison {
	k.Helper()
	out, err := history.Compare(k.t.Context(), k, before, after, 10_000)
	k.must(err)
	return out
}

// whole is by how much a number differs; absent where one side has none.
func whole(before, after *float64) *float64 {
	if before == nil || after == nil {
		return nil
	}
	return proto.Float64(*after - *before)
}

// adds checks that parts add up to a whole.
func adds(want *float64, parts []*pb.Attribution, part func(*pb.Attribution) *float64) error {
	sum := 0.0
	for _, p := range parts {
		if v := part(p); v != nil {
			sum += *v
		}
	}
	if want != nil && math.Abs(sum-*want) > 1e-9 {
		return fmt.Errorf("the parts %v add up to %v, not %v", parts, sum, *want)
	}
	return nil
}

// sound checks what must hold of every comparison of one series.
func sound(c *pb.Comparison) error {
	var causes []string
	for _, p := range c.Attribution {
		causes = append(causes, p.Cause)
	}
	if !slices.Equal(causes, order) {
		return fmt.Errorf("causes %v", causes)
	}
	for _, x := range []struct {
		want *float64
		part func(*pb.Attribution) *float64
	}{
		{whole(c.Before.Score, c.After.Score), func(p *pb.Attribution) *float64 { return p.Score }},
		{whole(c.Before.EffectiveScore, c.After.EffectiveScore), func(p *pb.Attribution) *float64 { return p.EffectiveScore }},
		{whole(c.Before.Coverage, c.After.Coverage), func(p *pb.Attribution) *float64 { return p.Coverage }},
	} {
		if err := adds(x.want, c.Attribution, x.part); err != nil {
			return err
		}
	}
	for _, f := range c.Flips {
		i := slices.Index(causes, f.Cause)
		if i < 0 || c.Attribution[i].Flipped == 0 {
			return fmt.Errorf("%v has no cause that changed anything", f)
		}
	}
	if int(c.Flipped) != len(c.Flips) {
		return fmt.Errorf("%d flips, %d listed", c.Flipped, len(c.Flips))
	}
	return nil
}

// TestAttributionAddsUp: between any two states of a series, as known at any two
// instants, the parts add up to the whole, every flip has a cause, both ends are
// the states as read by themselves, and the other direction is the negative.
func TestAttributionAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := newKit(t, rt)
		trace := k.live(rt, 14)
		draw := func(name string) history.Ref {
			asOf := day0.Add(time.Duration(rapid.IntRange(0, 14*24).Draw(rt, name)) * time.Hour)
			known := time.Time{}
			if rapid.Bool().Draw(rt, name+" known") {
				known = asOf.Add(time.Duration(rapid.IntRange(0, 14*24).Draw(rt, name+" later")) * time.Hour).Add(-time.Minute)
			}
			if known.After(day(14)) {
				known = time.Time{}
			}
			return ref(asOf, known)
		}
		before, after := draw("before"), draw("after")
		c, err := history.Compare(t.Context(), k, before, after, 10_000)
		if fault.Code(err) == codes.NotFound {
			return
		}
		k.must(err)
		if err := sound(c); err != nil {
			rt.Fatal(err, trace)
		}
		for i, r := range []history.Ref{before, after} {
			st, err := k.StateAt(t.Context(), "s", series, r.When)
			k.must(err)
			a, s := st.Assessment(), []*pb.Standing{c.Before, c.After}[i]
			if !proto.Equal(a.Raw.Counts, s.Counts) || *a.Raw.Scores[0].Value != *s.Score || *a.Effective.Scores[0].Value != *s.EffectiveScore {
				rt.Fatal("not the state as it is read: ", s, a.Raw, trace)
			}
		}
		if before.When.AsOf == after.When.AsOf {
			return
		}
		back := k.compared(after, before)
		if err := sound(back); err != nil || back.Flipped != c.Flipped {
			rt.Fatal(err, back, c)
		}
		for i, p := range back.Attribution {
			if q := c.Attribution[i]; p.Score != nil && *p.Score != -*q.Score || p.Flipped != q.Flipped {
				rt.Fatal("the other direction is another: ", p, q)
			}
		}
	})
}

// causesOf are the causes that changed anything, with by how many results.
func causesOf(c *pb.Comparison) string {
	var out []string
	for _, p := range c.Attribution {
		if p.Flipped > 0 || p.GetScore() != 0 || p.GetEffectiveScore() != 0 {
			out = append(out, fmt.Sprintf("%s %d", p.Cause, p.Flipped))
		}
	}
	return strings.Join(out, ", ")
}

func flipsOf(c *pb.Comparison) string {
	var out []string
	for _, f := range c.Flips {
		text := fmt.Sprintf("%s %s %s>%s %s", f.Rule, f.Subject, f.Before, f.After, f.Cause)
		for _, x := range f.Facts {
			text += fmt.Sprintf(" [%s %q>%q %s]", x.Path, x.Before, x.After, x.Source)
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

// TestEachCause lets one thing happen at a time and asks why the state is another.
func TestEachCause(t *testing.T) {
	k := newKit(t, t)
	ctx := t.Context()
	zones := "channels: [{id: c, protection: [none], from: {zone: z}}]"
	text := func(static bool, system string) string {
		return fmt.Sprintf("system: {id: s, %s}\nhosts: [{id: h0, addresses: [{ip: 10.0.0.1, static: %v}], os: {patched_time: %s}}]",
			system, static, day(-80).Format(time.RFC3339))
	}
	k.submit("cmdb", day0, text(true, zones))
	last := day0.Add(time.Minute)
	happens := func(d int, causes, flips string, f func()) {
		t.Helper()
		k.set(day(d))
		f()
		k.set(day(d).Add(time.Hour))
		k.due()
		c := k.compared(ref(last, time.Time{}), ref(time.Time{}, time.Time{}))
		if err := sound(c); err != nil {
			t.Error(err)
		}
		if got := causesOf(c); got != causes {
			t.Errorf("day %d: because of %s, want %s", d, got, causes)
		}
		if got := flipsOf(c); got != flips {
			t.Errorf("day %d:\n%s\nwant\n%s", d, got, flips)
		}
		last = k.now()
	}
	happens(1, "inventory 1", `static hosts/h0 pass>fail inventory [hosts/h0/addresses/10.0.0.1/static "true">"false" cmdb]`,
		func() { k.submit("cmdb", day(1), text(false, zones)) })
	happens(2, "claim 1", "clear channels/c fail>pass claim", func() {
		_, err := k.Statements.CreateClaim(ctx, "s", "c", &pb.Claim{Claim: "secure-room", Subject: "z", Claimant: "Ada", ExpireTime: timestamp(day(5))}, "test")
		k.must(err)
	})
	happens(3, "attestation 1", `reviewed hosts/h0 unknown>pass attestation [hosts/h0/facts/reviewed "">"true" attestation]`, func() {
		_, err := k.Statements.CreateAttestation(ctx, "s", "a", &pb.Attestation{
			Subject: "hosts/h0", Fact: "reviewed", Attestor: "Ada", ExpireTime: timestamp(day(60)), Value: &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: true}},
		}, "test")
		k.must(err)
	})
	happens(4, "waiver 0", "", func() {
		w := &pb.Waiver{Checklist: "test", Rule: "static", Reason: "accepted", ExpireTime: timestamp(day(60))}
		_, err := k.Statements.CreateWaiver(ctx, "s", "w", w, "test")
		k.must(err)
		_, err = k.Statements.ApproveWaiver(ctx, "s", "w", "test")
		k.must(err)
	})
	happens(6, "claim 1", "clear channels/c pass>fail claim", func() {})
	happens(15, "time 1", "patched hosts/h0 pass>fail time", func() {})
	happens(16, "guidance 1", `static hosts/h0 fail>pass guidance`, func() {
		c := rules("2.0.0")
		c.Groups[0].Rules[0].Check = "host.addresses.all(a, !a.static)"
		k.publish(c)
		_, err := k.Activate(ctx, &pb.ActivateAssignmentRequest{Name: "assignments/all", Version: "2.0.0"}, "test")
		k.must(err)
	})
	happens(17, "policy 6", `static hosts/h0 pass>unknown policy [hosts/h0/addresses "[10.0.0.1]">"" cmdb] [hosts/h0/addresses/10.0.0.1/static "false">"" cmdb]
static hosts/? >unknown policy
patched hosts/h0 fail>unknown policy [hosts/h0/os/patched_time "2025-12-11T00:00:00Z">"" cmdb]
patched hosts/? >unknown policy
reviewed hosts/? >unknown policy
certificate hosts/? >unknown policy`, func() {
		_, err := k.SetPolicy(ctx, &pb.Policy{Freshness: []*pb.Freshness{{Path: "host", Duration: duration(10)}}}, "test")
		k.must(err)
	})
}

// TestCompareVersions: the same instant under two versions differs by guidance.
func TestCompareVersions(t *testing.T) {
	k := newKit(t, t)
	k.submit("cmdb", day0, hosts(true))
	c := rules("2.0.0")
	c.Groups[0].Rules[0].Check = "host.addresses.all(a, !a.static)"
	k.publish(c)
	a, b := ref(time.Time{}, time.Time{}), ref(time.Time{}, time.Time{})
	b.Version = "2.0.0"
	got := k.compared(a, b)
	if err := sound(got); err != nil || causesOf(got) != "guidance 1" || flipsOf(got) != "static hosts/h0 pass>fail guidance" {
		t.Error(err, causesOf(got), flipsOf(got))
	}
	if got.Before.ChecklistVersion != "1.0.0" || got.After.ChecklistVersion != "2.0.0" {
		t.Error(got)
	}
	b.Version = "3.0.0"
	if _, err := history.Compare(t.Context(), k, a, b, 1); fault.Code(err) != codes.NotFound {
		t.Errorf("a version that is not there: %v", err)
	}
	_, err := history.Compare(t.Context(), k, a, ref(day(9000), time.Time{}), 1)
	wantField(t, err, "after.as_of")
}

// TestAnotherEngine: what another engine stored differs from what this one makes
// of it because of the engine.
func TestAnotherEngine(t *testing.T) {
	k := newKit(t, t)
	k.submit("cmdb", day0, hosts(true))
	k.set(day(1))
	k.submit("cmdb", day(1), hosts(false))
	old := &estateOfOldEngine{kit: k}
	c, err := history.Compare(t.Context(), old, ref(day0, time.Time{}), ref(time.Time{}, time.Time{}), 100)
	k.must(err)
	if err := sound(c); err != nil {
		t.Error(err)
	}
	// The old state is that of the later inventory, as if the old engine had found
	// the failure that this one finds later: one flip up by the engine, one down
	// by inventory, none in all.
	if c.Flipped != 0 || causesOf(c) != "inventory 1, engine 1" {
		t.Error(c.Flipped, causesOf(c))
	}
}

// estateOfOldEngine reads the first state as if another engine had stored it.
type estateOfOldEngine struct {
	*kit
	calls int
}

func (e *estateOfOldEngine) PastAt(ctx context.Context, system, series, version string, w past.When) (*past.Past, error) {
	p, err := e.kit.PastAt(ctx, system, series, version, w)
	if e.calls++; err != nil || e.calls > 1 {
		return p, err
	}
	later, err := e.kit.PastAt(ctx, system, series, version, past.When{})
	if err != nil {
		return nil, err
	}
	p.Stored = later.Stored
	p.Stored.Engine = assess.EngineVersion + "-old"
	return p, nil
}
