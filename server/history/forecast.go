package history

import (
	"context"
	"errors"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
)

// Limits of a forecast.
const (
	MaxAhead       = 10 * 366 * 24 * time.Hour // ten years and their leap days
	usualAhead     = 30 * 24 * time.Hour
	MaxBreakpoints = 2000   // then it ends early, and says at which instant
	maxListed      = 50_000 // flips in one answer; more are counted alone
)

// ForecastQuery asks what changes until an instant, in microseconds; 0 is 30
// days from now.
type ForecastQuery struct {
	System, Series string
	Now, Until     int64
	Flips          int // at most so many are listed a breakpoint
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// Forecast is what changes if nobody acts; assessor.Ahead says what that means.
func Forecast(ctx context.Context, e Estate, q ForecastQuery) (*pb.ForecastResponse, error) {
	switch {
	case q.Until == 0:
		q.Until = q.Now + usualAhead.Microseconds()
	case q.Until <= q.Now:
		return nil, fault.InvalidField("until", "is not after now; GetAssessment and ListBreakpoints tell what was")
	case q.Until > q.Now+MaxAhead.Microseconds():
		return nil, fault.InvalidField("until", "lies more than ten years ahead")
	}
	w := &forecast{flips: q.Flips, out: &pb.ForecastResponse{Until: envelope.Timestamp(q.Until)}}
	err := e.Ahead(ctx, q.System, q.Series, q.Until, w.step)
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return w.out, nil
}

// forecast is a forecast being made.
type forecast struct {
	out    *pb.ForecastResponse
	flips  int
	listed int
	held   *outcome
}

func (w *forecast) step(s *past.Step) error {
	if len(w.out.Breakpoints) == MaxBreakpoints {
		w.out.Until = envelope.Timestamp(s.Effective)
		return errEnough
	}
	var now *outcome // an ended series has no results
	if !s.Ended {
		var err error
		if now, err = ofStep(s); err != nil {
			return err
		}
	}
	stand := standing(s.Version, s.Summary)
	if w.out.Now == nil {
		w.out.Now, w.held = stand, now
		return nil
	}
	list := flips(w.held, now)
	byUrgency(list)
	w.held = now
	b := &pb.ForecastBreakpoint{EffectiveTime: envelope.Timestamp(s.Effective), Cause: s.Cause, Standing: stand, Flipped: int32(len(list))}
	for _, f := range list[:max(0, min(len(list), w.flips, maxListed-w.listed))] {
		b.Flips = append(b.Flips, &pb.Flip{Rule: f.rule, Subject: f.subject, Before: f.before, After: f.after})
	}
	w.listed += len(b.Flips)
	w.out.Breakpoints = append(w.out.Breakpoints, b)
	return nil
}
