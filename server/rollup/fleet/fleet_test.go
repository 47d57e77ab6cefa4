package fleet_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/server/rollup/fleet"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// counted is a store that counts what is read of it.
type counted struct {
	store.Store
	keys atomic.Int64 // plans of several systems are made at once
}

type countedReader struct {
	store.Reader
	s *counted
}

func (s *counted) View(ctx context.Context, f func(store.Reader) error) error {
	return s.Store.View(ctx, func(r store.Reader) error { return f(countedReader{r, s}) })
}

func (r countedReader) Get(key []byte) []byte {
	r.s.keys.Add(1)
	return r.Reader.Get(key)
}

func (r countedReader) Scan(lo, hi []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		r.s.keys.Add(1) // the seek
		for k, v := range r.Reader.Scan(lo, hi) {
			r.s.keys.Add(1)
			if !yield(k, v) {
				return
			}
		}
	}
}

const series = "test~all~default"

// kit is an assessor over a counted store, with a clock, whose scheduler runs when
// it is told to.
type kit struct {
	*assessor.Assessor
	t     *testing.T
	store *counted
	now   time.Time
}

func newKit(t *testing.T) *kit {
	t.Helper()
	k := &kit{t: t, store: &counted{Store: memory.New()}, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	l, err := ledger.Create(t.Context(), k.store)
	if err != nil {
		t.Fatal(err)
	}
	if k.Assessor, err = assessor.New(t.Context(), l, assessor.Config{Clock: func() time.Time { return k.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	c, problems := assess.Compile(&pb.Checklist{
		Id: "test", Version: "1.0.0", Title: "A checklist for tests", Profiles: []*pb.Profile{{Id: "all"}},
		Groups: []*pb.Group{{Id: "g", Rules: []*pb.Rule{{
			Id: "static", Title: "Addresses are static", Area: "network", Severity: "high", Scope: "host",
			Check: "host.addresses.all(a, a.static)", Message: "an address is not static",
		}}}},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := k.Publish(t.Context(), c, "test", false); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Assign(t.Context(), "all", &pb.Assignment{Selector: &pb.Selector{}, Checklist: "test"}, "test"); err != nil {
		t.Fatal(err)
	}
	k.after(time.Second)
	return k
}

func (k *kit) after(d time.Duration) { k.now = k.now.Add(d) }

// report submits systems of one host each, at once.
func (k *kit) report(static bool, tiers map[string]string) {
	k.t.Helper()
	var items []*pb.SubmitItem
	for system, tier := range tiers {
		sys := &pb.System{Id: system}
		if tier != "" {
			sys.Labels = map[string]string{"tier": tier}
		}
		items = append(items, &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
			System: "systems/" + system, Source: "cmdb", ObservedTime: timestamppb.New(k.now),
			Inventory: &pb.Inventory{System: sys, Hosts: []*pb.Host{{Id: system + "-h", Addresses: []*pb.Address{{Ip: "10.0.0.1", Static: &static}}}}},
		}}})
	}
	out, err := k.Submit(k.t.Context(), items, "test")
	if err != nil {
		k.t.Fatal(err)
	}
	for _, r := range out {
		if r.Error != nil {
			k.t.Fatal(r.Error)
		}
	}
}

func (k *kit) declare(keys ...string) {
	k.t.Helper()
	if err := k.SetLabels(k.t.Context(), keys, "", "test"); err != nil {
		k.t.Fatal(err)
	}
	k.after(time.Second)
}

func (k *kit) runDue() {
	k.t.Helper()
	if _, err := k.RunDue(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

// TestIncomplete: nothing is answered by a label before every system is counted by
// it, and the setting says how far that is.
func TestIncomplete(t *testing.T) {
	k := newKit(t)
	k.report(true, map[string]string{"a": "prod", "b": "test", "c": ""})
	k.declare("tier")
	k.report(true, map[string]string{"b": "test"})
	out, labels := k.Labels()
	if err := fleet.Labels(t.Context(), k, out, labels); err != nil {
		t.Fatal(err)
	}
	if x := out.Labels[0]; x.Complete || x.Counted != 1 || x.Total != 3 {
		t.Errorf("before the others are evaluated: %v", x)
	}
	if _, err := fleet.Get(t.Context(), k, series, "labels.tier = test"); fault.Code(err) != codes.FailedPrecondition {
		t.Errorf("answered before it is complete: %v", err)
	}
	if _, err := fleet.Groups(t.Context(), k, series, ""); fault.Code(err) != codes.FailedPrecondition {
		t.Errorf("groups before they are complete: %v", err)
	}
	if x, err := fleet.Get(t.Context(), k, series, ""); err != nil || x.Systems != 3 {
		t.Errorf("the whole: %v, %v", x, err)
	}
	k.runDue()
	if err := fleet.Labels(t.Context(), k, out, labels); err != nil || !out.Labels[0].Complete || out.Labels[0].Counted != 3 {
		t.Errorf("after all were evaluated: %v, %v", out, err)
	}
	if x, err := fleet.Get(t.Context(), k, series, "labels.tier = test"); err != nil || x.Systems != 1 {
		t.Errorf("%v, %v", x, err)
	}
}

// TestManyValues: values beyond those that are counted one by one are counted
// together, none is lost, and nothing is left of a label that is removed.
func TestManyValues(t *testing.T) {
	k := newKit(t)
	before := k.keys()
	k.report(false, map[string]string{"whole": ""})
	k.declare("tier")
	k.runDue()
	const n = rollup.MaxValues + 6
	for i := range n {
		k.report(i%2 == 0, map[string]string{fmt.Sprint("s", i): fmt.Sprintf("t%02d", i)})
	}
	k.report(true, map[string]string{"long": strings.Repeat("x", rollup.MaxValue+1), "other": rollup.Other})
	got, err := fleet.Groups(t.Context(), k, series, "tier")
	if err != nil {
		t.Fatal(err)
	}
	sum := int32(0)
	for _, g := range got.Groups {
		sum += g.Systems
		if want := map[string]int32{rollup.Other: n - rollup.MaxValues + 2}[g.Value]; g.Systems != max(want, 1) {
			t.Errorf("%q has %d systems", g.Value, g.Systems)
		}
	}
	if len(got.Groups) != rollup.MaxValues+2 || sum != n+3 {
		t.Errorf("%d groups of %d systems", len(got.Groups), sum)
	}
	if _, err := fleet.Get(t.Context(), k, series, "labels.tier = t69"); fault.Code(err) != codes.InvalidArgument || !strings.Contains(fmt.Sprint(err), rollup.Other) {
		t.Errorf("a value that is not counted by itself: %v", err)
	}
	if x, err := fleet.Get(t.Context(), k, series, `labels.tier = "`+rollup.Other+`"`); err != nil || x.Systems != n-rollup.MaxValues+2 || x.Standing.Counts.Fail != 3 {
		t.Errorf("the others: %v, %v", x, err)
	}
	// A system that leaves such a value leaves its group.
	k.after(time.Hour)
	k.report(true, map[string]string{"s69": "t00"})
	if x, err := fleet.Get(t.Context(), k, series, "labels.tier = t00"); err != nil || x.Systems != 2 {
		t.Errorf("%v, %v", x, err)
	}
	if with := k.keys(); with < before+rollup.MaxValues {
		t.Errorf("%d sums by label", with-before)
	}
	k.declare()
	k.runDue()
	whole := k.keys()
	k.declare("tier")
	k.runDue()
	k.declare()
	k.runDue()
	if left := k.keys(); left != whole {
		t.Errorf("%d sums and places are there after the label was declared and removed again, %d before", left, whole)
	}
}

// keys is how many roll-ups and places in ordered lists are stored, those of labels
// being all that the calls between change.
func (k *kit) keys() (n int) {
	k.t.Helper()
	if err := k.store.Store.View(k.t.Context(), func(r store.Reader) error {
		n = 0
		for _, space := range []byte{'u', 'r'} {
			for range r.Scan([]byte{space}, []byte{space + 1}) {
				n++
			}
		}
		return nil
	}); err != nil {
		k.t.Fatal(err)
	}
	return n
}

// TestReadsDoNotGrow: no answer reads more keys after a long history, nor more
// because there are more systems than it shows.
func TestReadsDoNotGrow(t *testing.T) {
	cost := func(systems, days int) (out []int64) {
		k := newKit(t)
		k.declare("tier")
		for day := range days {
			tiers := map[string]string{}
			for i := range systems {
				tiers[fmt.Sprintf("s%03d", i)] = []string{"prod", "test"}[(i+day)%2]
			}
			k.report(day%2 == 0, tiers)
			k.after(24 * time.Hour)
		}
		k.runDue()
		now := k.now.UnixMicro()
		for i, read := range []func() error{
			func() error { _, err := fleet.Get(t.Context(), k, series, "labels.tier = prod"); return err },
			func() error { _, err := fleet.Groups(t.Context(), k, series, "tier"); return err },
			func() error {
				_, _, err := fleet.Worst(t.Context(), k, series, "labels.tier = prod", nil, 5)
				return err
			},
			func() error { _, err := fleet.Rules(t.Context(), k, series, "labels.tier = prod", 0); return err },
			func() error {
				_, err := fleet.Trend(t.Context(), k, series, "labels.tier = prod", fleet.Range{From: now - 10*rollup.Day})
				return err
			},
			func() error {
				got, _, err := fleet.NewResults(t.Context(), k, fleet.New{Series: series, State: "fail", Filter: "labels.tier = prod", Since: 1, Page: now, Rows: 5})
				if err == nil && len(got.Results) != 5 {
					err = fmt.Errorf("%d rows", len(got.Results))
				}
				return err
			},
		} {
			k.store.keys.Store(0)
			if err := read(); err != nil {
				t.Fatal(i, err)
			}
			out = append(out, k.store.keys.Load())
		}
		return out
	}
	short, long, many := cost(12, 12), cost(12, 60), cost(60, 12)
	for i := range short {
		most := short[i] + 2
		if i == 4 { // the level before the first span is a sum of days and of 32 days, of which there are at most 31 each
			most += 62
		}
		if long[i] > most || many[i] > short[i]+2 {
			t.Errorf("answer %d reads %d keys, %d after a long history, %d of many systems", i, short[i], long[i], many[i])
		}
	}
}
