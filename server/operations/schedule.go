package operations

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// scheduler is the actor of scheduled runs.
const scheduler = "calendar"

// setBack is by how many microseconds a clock must have been set back before a
// start is looked for anew: less is a clock that is kept right, and would start
// a run twice.
const setBack = 3600 * 1e6

// schedule is the calendar with what came of it.
type schedule struct {
	mu       sync.Mutex
	record   *storev1.CalendarRecord
	calendar *calendar
	// Between these instants nothing is to be done.
	from, until int64
}

func (k *Keeper) openSchedule(ctx context.Context) error {
	return k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		rec, err := envelope.Object[storev1.CalendarRecord](tx, kindOperation, calendarName)
		if err != nil {
			return err
		}
		if rec == nil {
			rec = &storev1.CalendarRecord{Schema: envelope.Schema}
		}
		if rec.Calendar == nil {
			rec.Calendar = &pb.Calendar{}
		}
		// What was taken once is taken still: also if a checklist is gone.
		c, err := compile(rec.Calendar, func(string) bool { return true })
		k.schedule.record, k.schedule.calendar = rec, c
		return err
	})
}

func at(micros int64) time.Time { return time.UnixMicro(micros) }

// Calendar is the calendar, with when each run starts next.
func (k *Keeper) Calendar() *pb.Calendar {
	s := &k.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	now := k.cfg.Now()
	out := proto.Clone(s.record.Calendar).(*pb.Calendar)
	out.Name, out.Etag, out.UpdateTime = calendarName, etag(s.record.Calendar), envelope.Timestamp(s.record.Updated)
	for i, r := range out.Runs {
		state := s.record.Runs[i]
		r.LastTime = envelope.Timestamp(state.Last)
		next, ok := s.calendar.runs[i].start(at(after(state, now)))
		if !ok {
			continue
		}
		if next.Before(at(now)) {
			next = at(now) // it was missed, or a blackout has kept it
		}
		if until, forever, out := s.calendar.blackedOut(next); out && !forever {
			next = until
		} else if forever {
			continue
		}
		r.NextTime = envelope.Timestamp(next.UnixMicro())
	}
	return out
}

// after is the instant after which a run's next start is looked for.
func after(s *storev1.ScheduleRecord, now int64) int64 {
	if s.After > now+setBack {
		return now
	}
	return s.After
}

func etag(c *pb.Calendar) string {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		b = nil // invalid UTF-8 alone gets here, which was refused before
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// SetCalendar replaces the calendar. A run that stays as it was keeps its last
// start; one that is new, or starts otherwise, is looked for from now on.
func (k *Keeper) SetCalendar(ctx context.Context, src *pb.Calendar, actor string) (*pb.Calendar, error) {
	c := proto.Clone(src).(*pb.Calendar)
	c.Name, c.Etag, c.UpdateTime = "", "", nil
	for _, r := range c.Runs {
		r.NextTime, r.LastTime = nil, nil
	}
	compiled, err := compile(c, k.hasChecklist)
	if err != nil {
		return nil, err
	}
	if err := k.replaceCalendar(ctx, c, compiled, src.Etag, actor); err != nil {
		return nil, err
	}
	k.Wake()
	return k.Calendar(), nil
}

func (k *Keeper) replaceCalendar(ctx context.Context, c *pb.Calendar, compiled *calendar, tag, actor string) error {
	s := &k.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := etag(s.record.Calendar); tag != "" && tag != have {
		return fault.EtagMismatch(calendarName, have)
	}
	now := k.cfg.Now()
	rec := &storev1.CalendarRecord{Schema: envelope.Schema, Calendar: c, Updated: now}
	for _, r := range c.Runs {
		rec.Runs = append(rec.Runs, s.carriedOver(r, now))
	}
	_, err := k.cfg.Ledger.Commit(ctx, now, func(b *ledger.Batch) error {
		b.PutObject(kindOperation, calendarName, envelope.Encode(rec))
		b.Audit(envelope.Encode(&storev1.AuditRecord{Actor: actor, Method: "UpdateCalendar", Resource: calendarName, Outcome: "updated"}))
		return b.Err()
	})
	if err != nil {
		return err
	}
	s.record, s.calendar, s.from, s.until = rec, compiled, 0, 0
	return nil
}

// carriedOver is what is known of a run in a new calendar.
func (s *schedule) carriedOver(r *pb.ScheduledRun, now int64) *storev1.ScheduleRecord {
	for i, before := range s.record.Calendar.Runs {
		if before.Id != r.Id {
			continue
		}
		out := proto.Clone(s.record.Runs[i]).(*storev1.ScheduleRecord)
		if before.Cron != r.Cron || before.TimeZone != r.TimeZone || !proto.Equal(before.Jitter, r.Jitter) {
			out.After = now
		}
		return out
	}
	return &storev1.ScheduleRecord{Id: r.Id, After: now}
}

func (k *Keeper) isBlackedOut() bool {
	s := &k.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	_, out := s.calendar.covers(at(k.cfg.Now()))
	return out
}

// Schedule starts the runs whose time has come, each once however often it was
// missed, and says how long there will be nothing to start.
func (k *Keeper) Schedule(ctx context.Context) (time.Duration, error) {
	s := &k.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	now := k.cfg.Now()
	if s.from <= now && now < s.until {
		return time.Duration(s.until-now) * time.Microsecond, nil
	}
	until := now + longest.Microseconds()
	end, _, blackedOut := s.calendar.blackedOut(at(now))
	if blackedOut { // look again at its end: paused runs go on
		until = min(until, end.UnixMicro())
	}
	for i, r := range s.calendar.runs {
		if state := s.record.Runs[i]; after(state, now) != state.After {
			if err := k.mark(ctx, i, now, false); err != nil { // the clock was set back
				return 0, err
			}
		}
		next, ok := r.start(at(s.record.Runs[i].After))
		switch {
		case !ok:
		case next.UnixMicro() > now:
			until = min(until, next.UnixMicro())
		case !blackedOut:
			if err := k.mark(ctx, i, now, true); err != nil {
				return 0, err
			}
			until = now // what comes after it is found at the next look
		}
	}
	s.from, s.until = now, until
	return time.Duration(until-now) * time.Microsecond, nil
}

// mark notes that a run's next start is looked for from now on, and starts it,
// in one commit; not where its last one has not ended.
func (k *Keeper) mark(ctx context.Context, i int, now int64, start bool) error {
	s := &k.schedule
	source := s.record.Calendar.Runs[i]
	var rec *storev1.CalendarRecord
	_, err := k.cfg.Ledger.Commit(ctx, now, func(b *ledger.Batch) error {
		rec = proto.Clone(s.record).(*storev1.CalendarRecord)
		rec.Runs[i].After = now
		live, err := unfinished(b.Tx)
		if err != nil {
			return err
		}
		busy := false
		for _, r := range live {
			busy = busy || r.Schedule == source.Id
		}
		if start && !busy {
			rec.Runs[i].Last = now
			run, method := k.scheduledRun(b.Tx, source)
			run.Schedule, run.Created = source.Id, now
			insert(b, run)
			audit(b, scheduler, method, run, "started")
		}
		b.PutObject(kindOperation, calendarName, envelope.Encode(rec))
		return b.Err()
	})
	if err == nil {
		s.record = rec
		k.Wake() // the other loop
	}
	return err
}

// scheduledRun is what a scheduled run starts, and by which method somebody would.
func (k *Keeper) scheduledRun(tx *ledger.Tx, source *pb.ScheduledRun) (run *storev1.OperationRecord, method string) {
	if source.Verify != nil {
		return newVerification(tx, source.Verify, scheduler), "VerifyAssessments"
	}
	run = &storev1.OperationRecord{Request: source.Request, Actor: scheduler}
	if run.Request == nil {
		run.Request = &pb.ReassessSystemsRequest{}
	}
	run.Total = k.total(tx, query(run))
	return run, "ReassessSystems"
}
