package servertest_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/verify"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

const oneDay = 24 * time.Hour

func inDays(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * oneDay) }

// goOn plays days on from a day.
func (y *yearOf) goOn(from, days int) {
	for d := from; d < from+days; d++ {
		y.at(day0.Add(time.Duration(d)*oneDay + time.Duration(y.rnd.Intn(3600))*time.Second))
		for i, s := range y.systems {
			if (d+i)%3 == 0 || y.rnd.Intn(4) == 0 {
				y.sync(s, d)
			}
		}
		y.happen(d)
	}
	y.at(day0.Add(time.Duration(from+days) * oneDay))
}

func (g *governance) keep(all, daily int) *pb.Retention {
	g.t.Helper()
	p := &pb.RetentionPolicy{KeepAll: inDays(all)}
	if daily > 0 {
		p.KeepDaily = inDays(daily)
	}
	return must[*pb.Retention](g)(g.admin.UpdateRetention(g.t.Context(), &pb.UpdateRetentionRequest{Policy: p}))
}

// thin runs a pass to its end.
func (g *governance) thin() *pb.Retention {
	g.t.Helper()
	if err := g.Retention.Pass(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	return must[*pb.Retention](g)(g.admin.GetRetention(g.t.Context(), &pb.GetRetentionRequest{}))
}

// clean verifies what is stored, states and store.
func (g *governance) clean() *verify.Report {
	g.t.Helper()
	r := g.verified(verify.Options{})
	for _, d := range r.First[:min(len(r.First), 10)] {
		g.t.Errorf("%s %s %s effective %s recorded %s: %s", d.Kind, d.System, d.Series, time.UnixMicro(d.Effective).UTC(), time.UnixMicro(d.Recorded).UTC(), d.Detail)
	}
	l, err := ledger.Open(g.t.Context(), g.Store)
	if err != nil {
		g.t.Fatal(err)
	}
	if _, err := l.Verify(context.Background(), func(err error) bool { g.t.Errorf("%v", err); return true }); err != nil {
		g.t.Fatal(err)
	}
	return r
}

// seen is all that is read of a fleet at an instant.
func (y *yearOf) seen(at, knownAt time.Time) map[string]proto.Message {
	y.t.Helper()
	out := map[string]proto.Message{}
	var known *timestamppb.Timestamp
	if !knownAt.IsZero() {
		known = timestamppb.New(knownAt)
	}
	put := func(name string, m proto.Message, err error) {
		switch status.Code(err) {
		case codes.OK:
			out[name] = m
		case codes.NotFound:
		default:
			y.t.Fatal(name, at, err)
		}
	}
	for _, s := range y.systems {
		for _, series := range []string{"gov~all~default", "gov~some~default"} {
			name := "systems/" + s + "/series/" + series
			a, err := y.assessment.GetAssessment(y.t.Context(), &pb.GetAssessmentRequest{Name: name, AsOf: timestamppb.New(at), KnownAt: known})
			if err == nil {
				// Statements of later are among the exceptions, though not in force then.
				a.ThinnedBefore, a.ValidUntil, a.ExceptionsDigest = nil, nil, ""
			}
			put(name, a, err)
		}
		i, err := y.inventory.GetInventory(y.t.Context(), &pb.GetInventoryRequest{Name: "systems/" + s + "/inventory", AsOf: timestamppb.New(at), KnownAt: known, WithProvenance: true})
		if err == nil {
			i.ThinnedBefore = nil
		}
		put("inventory of "+s, i, err)
	}
	return out
}

func (y *yearOf) same(what string, at time.Time, was, is map[string]proto.Message) {
	y.t.Helper()
	for name, m := range was {
		if !proto.Equal(m, is[name]) {
			y.t.Errorf("%s at %s: %s was\n%v\nand is\n%v", what, at, name, m, is[name])
		}
	}
	for name := range is {
		if was[name] == nil {
			y.t.Errorf("%s at %s: %s was not there", what, at, name)
		}
	}
}

// fleetTrend is the fleet's averages by the hour.
func (y *yearOf) fleetTrend(days int) *pb.Trend {
	return must[*pb.Trend](y.governance)(pb.NewHistoryServiceClient(y.Conn).GetFleetTrend(y.t.Context(), &pb.GetFleetTrendRequest{
		Name: "fleet/gov~all~default", From: timestamppb.New(day0), To: timestamppb.New(day0.Add(time.Duration(days) * oneDay)), Resolution: durationpb.New(time.Hour * 6),
	}))
}

// TestRetentionOfAYear plays a fleet's life with late data, statements, new
// versions and holds, thins it again and again, and holds what is left against
// what was there before.
func TestRetentionOfAYear(t *testing.T) {
	const before = 170
	y := newYear(t, 5)
	y.goOn(0, before)
	midnight := day0.Truncate(oneDay)
	held := midnight.Add(20*oneDay + 7*time.Hour)
	heldKnown := held.Add(30 * time.Hour)
	must[*pb.Hold](y.governance)(y.admin.CreateHold(t.Context(), &pb.CreateHoldRequest{HoldId: "audit-1", Hold: &pb.Hold{
		System: "s1", AsOf: timestamppb.New(held), KnownAt: timestamppb.New(heldKnown), Reason: "evidence for the auditor",
	}}))
	y.clean()
	instants := map[time.Time]map[string]proto.Message{}
	last := midnight.Add((before - 40) * oneDay)
	for d := 2; d < before; d += 7 {
		at := midnight.Add(time.Duration(d+1)*oneDay - time.Microsecond)
		instants[at] = y.seen(at, time.Time{})
	}
	heldSeen := y.seen(held, heldKnown)
	// From the wall on history stays whole, as known at any time.
	whole := map[time.Time]map[string]proto.Message{}
	for d := before - 40; d < before-4; d += 3 {
		at := midnight.Add(time.Duration(d)*oneDay + 11*time.Hour)
		whole[at] = y.seen(at, at.Add(50*time.Hour))
	}
	trend := y.fleetTrend(before)
	written, compacted := y.sizeOfBlocks(), y.compacted()

	y.keep(40, 0)
	r := y.thin()
	if r.State != "idle" || !r.ThinnedBefore.AsTime().Equal(last) || r.Pass.EndTime == nil || r.Pass.States == 0 || r.Pass.Views == 0 || r.Pass.FreedBytes == 0 {
		t.Fatalf("after a pass: %v", r)
	}
	for at, was := range instants {
		y.same("by day", at, was, y.seen(at, time.Time{}))
	}
	for at, was := range whole {
		y.same("behind the wall", at, was, y.seen(at, at.Add(50*time.Hour)))
	}
	keepsHold := func() {
		t.Helper()
		is := y.seen(held, heldKnown)
		for _, name := range []string{"systems/s1/series/gov~all~default", "inventory of s1"} {
			if heldSeen[name] == nil || !proto.Equal(heldSeen[name], is[name]) {
				t.Errorf("the hold's %s was\n%v\nand is\n%v", name, heldSeen[name], is[name])
			}
		}
	}
	keepsHold()
	if !proto.Equal(trend, y.fleetTrend(before)) {
		t.Error("the fleet's trend changed")
	}
	report := y.clean()
	if now := y.sizeOfBlocks(); now >= written {
		t.Errorf("%d bytes of blocks, %d before", now, written)
	}
	if now := y.compacted(); now >= compacted {
		t.Errorf("a compacted file has %d bytes, %d before", now, compacted)
	} else {
		t.Logf("a compacted file has %d bytes, %d before", now, compacted)
	}
	t.Logf("thinned %v; verified %+v", r.Pass, report)

	// A second pass changes nothing.
	commits := y.commits()
	if again := y.thin(); !proto.Equal(r, again) || y.commits() != commits {
		t.Errorf("a second pass: %v", again)
	}

	// Life goes on; then one a month, too.
	y.keep(40, 60)
	for d := before; d < before+40; d += 8 {
		y.goOn(d, 8)
		y.thin()
		if t.Failed() {
			return
		}
	}
	r = y.thin()
	monthly := r.MonthlyBefore.AsTime()
	if monthly.Day() != 1 || !monthly.After(day0.Add(60*oneDay)) {
		t.Fatalf("one a month: %v", r)
	}
	for at, was := range instants {
		if next := at.Add(time.Microsecond); next.Day() == 1 && !next.After(monthly) || !next.Before(monthly) && next.Before(last) {
			y.same("by month", at, was, y.seen(at, time.Time{}))
		}
	}
	keepsHold()
	report = y.clean()
	t.Logf("in the end %v; verified %+v", r.Pass, report)
	if report.InputsGone > report.States/10 {
		t.Errorf("%+v", report)
	}
}

// sizeOfBlocks is how many bytes records take.
func (g *governance) sizeOfBlocks() (n int) {
	g.t.Helper()
	if err := g.Store.View(g.t.Context(), func(r store.Reader) error {
		n = 0
		for _, v := range r.Scan([]byte{'c'}, []byte{'d'}) {
			n += len(v)
		}
		return nil
	}); err != nil {
		g.t.Fatal(err)
	}
	return n
}

// compacted is how many bytes of the store's file are in use once it is
// compacted: files grow by half a MiB.
func (g *governance) compacted() int64 {
	g.t.Helper()
	path := filepath.Join(g.t.TempDir(), "compacted.db")
	if err := g.Store.Compact(g.t.Context(), path); err != nil {
		g.t.Fatal(err)
	}
	var used int64
	offlineDB(g.t, path, func(db *bolt.DB) {
		s, err := db.Stat(g.t.Context())
		if err != nil {
			g.t.Fatal(err)
		}
		used = s.SizeBytes - s.FreeBytes
	})
	return used
}

func (g *governance) commits() (seq ledger.Seq) {
	g.t.Helper()
	l, err := ledger.Open(g.t.Context(), g.Store)
	if err == nil {
		err = l.View(g.t.Context(), func(tx *ledger.Tx) error { seq = tx.Last().Seq; return nil })
	}
	if err != nil {
		g.t.Fatal(err)
	}
	return seq
}
