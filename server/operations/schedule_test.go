package operations

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// bench is a keeper over a store in memory, whose clock the test sets and whose
// loop the test turns.
type bench struct {
	*Keeper
	ledger   *ledger.Ledger
	assessor *assessor.Assessor
	now      int64
}

type fataler interface {
	Fatal(...any)
}

func newBench(t fataler, ctx context.Context) *bench { return newBenchOver(t, ctx, memory.New()) }

func newBenchOver(t fataler, ctx context.Context, s store.Store) *bench {
	l, err := ledger.Create(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{ledger: l, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMicro()}
	b.assess(t, ctx)
	return b
}

// assess makes the assessor anew, and the keeper.
func (b *bench) assess(t fataler, ctx context.Context) {
	var err error
	quiet := slog.New(slog.DiscardHandler)
	b.assessor, err = assessor.New(ctx, b.ledger, assessor.Config{Log: quiet, Clock: func() time.Time { return time.UnixMicro(b.now) }})
	if err != nil {
		t.Fatal(err)
	}
	b.restart(t, ctx)
}

// restart makes the keeper anew from what is stored.
func (b *bench) restart(t fataler, ctx context.Context) {
	k, err := Open(ctx, Config{Ledger: b.ledger, Assessor: b.assessor, Now: func() int64 { return b.now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	b.Keeper = k
}

// look has the calendar looked at, lets what it started end, and says how many
// runs that were.
func (b *bench) look(t fataler, ctx context.Context) int {
	for range 3 { // looking again must find nothing new
		if _, err := b.Schedule(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var live []*storev1.OperationRecord
	err := b.ledger.View(ctx, func(tx *ledger.Tx) (err error) {
		live, err = unfinished(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.turn(ctx)
	return len(live)
}

// TestScheduleProperty moves the clock at random, restarts at random, and holds
// what starts against what may.
func TestScheduleProperty(t *testing.T) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(t, ctx)
		defer b.assessor.Close()
		run := &pb.ScheduledRun{
			Id: "daily", Cron: rapid.SampledFrom([]string{"0 2 * * *", "30 2 * * *", "59 23 * * *"}).Draw(t, "cron"),
			TimeZone: rapid.SampledFrom(zones).Draw(t, "zone"),
			Jitter:   durationpb.New(time.Duration(rapid.Int64Range(0, 24*3600).Draw(t, "jitter")) * time.Second),
		}
		if _, err := b.SetCalendar(ctx, &pb.Calendar{Runs: []*pb.ScheduledRun{run}}, "test"); err != nil {
			t.Fatal(err)
		}
		started, forward := 0, int64(0) // since the clock was last set back
		for range rapid.IntRange(1, 30).Draw(t, "moves") {
			step := rapid.Int64Range(-3*86400, 5*86400).Draw(t, "seconds") * 1e6
			b.now += step
			if step < 0 {
				started, forward = 0, 0
			} else {
				forward += step
			}
			if rapid.Bool().Draw(t, "restart") {
				b.restart(t, ctx)
			}
			n := b.look(t, ctx)
			started += n
			switch days := int(forward/86400e6) + 1; {
			case n > 1:
				t.Fatalf("%d runs at once", n)
			case n == 0 && step >= 3*86400*1e6:
				t.Fatalf("no run in %d days", step/86400e6)
			case started > days+1:
				t.Fatalf("%d runs in %d days", started, days)
			}
			next := b.Calendar().Runs[0].NextTime
			if next == nil || next.AsTime().UnixMicro() <= b.now {
				t.Fatalf("at %v comes %v next", time.UnixMicro(b.now).UTC(), next.AsTime())
			}
			b.restart(t, ctx)
			if again := b.Calendar().Runs[0].NextTime; !again.AsTime().Equal(next.AsTime()) {
				t.Fatalf("after a restart %v comes next, before it %v", again.AsTime(), next.AsTime())
			}
		}
	})
}

// TestJitter: the same for the same id and instant, spread over the span, never
// outside it, and never so that starts change their order.
func TestJitter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := parseCron(rapid.SampledFrom(drawn).Draw(t, "cron"), "")
		if err != nil {
			t.Fatal(err)
		}
		s := &scheduled{source: &pb.ScheduledRun{Id: "x"}, cron: c, jitter: time.Duration(rapid.Int64Range(0, 86400).Draw(t, "jitter")) * time.Second}
		from := time.Unix(rapid.Int64Range(1700000000, 1900000000).Draw(t, "from"), 0)
		tick, _ := c.next(from)
		one, ok := s.start(from)
		again, _ := s.start(from)
		if !ok || !one.Equal(again) || one.Before(tick) || one.Sub(tick) > s.jitter {
			t.Fatalf("%v starts at %v, then %v", tick, one, again)
		}
		if two, _ := s.start(one); !two.After(one) {
			t.Fatalf("after the start at %v comes %v", one, two)
		}
	})
	seen := map[time.Duration]bool{}
	for day := range 100 {
		seen[offset("nightly", time.Date(2026, 1, 1+day, 2, 0, 0, 0, time.UTC), time.Hour)] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 days have %d offsets", len(seen))
	}
}

// TestBlackoutProperty: an instant is in a blackout if one began less than its
// span before, and its end is the first instant at which none is on.
func TestBlackoutProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &calendar{}
		for range rapid.IntRange(0, 3).Draw(t, "blackouts") {
			x, err := parseCron(rapid.SampledFrom([]string{"0 2 * * *", "30 */6 * * *", "0 0 * * 1", "*/20 1 * * *"}).Draw(t, "cron"), rapid.SampledFrom(zones).Draw(t, "zone"))
			if err != nil {
				t.Fatal(err)
			}
			c.blackouts = append(c.blackouts, &blackout{x, time.Duration(rapid.Int64Range(1, 600).Draw(t, "minutes")) * time.Minute})
		}
		at := time.Unix(rapid.Int64Range(1700000000, 1800000000).Draw(t, "at"), 0)
		is := func(t time.Time) bool {
			for _, b := range c.blackouts {
				for began, ok := b.cron.next(t.Add(-b.span)); ok && !began.After(t); began, ok = b.cron.next(began) {
					return true
				}
			}
			return false
		}
		until, forever, out := c.blackedOut(at)
		switch {
		case out != is(at):
			t.Fatalf("blacked out at %v is %v", at, out)
		case out && !forever && (is(until) || !is(until.Add(-time.Second))):
			t.Fatalf("the blackout at %v does not end at %v", at, until)
		case forever && !is(until):
			t.Fatalf("the blackout at %v is for ever, and not on at %v", at, until)
		}
	})
}
