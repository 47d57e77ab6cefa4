package retention

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// Kinds of objects. Their values are part of the format.
const (
	kindRetention byte = 'R' // "retention" → RetentionRecord
	kindWall      byte = 'W' // "{recorded}" → WallRecord
	kindHold      byte = 'H' // hold's id → HoldRecord
)

// Line is where the wall stands. It never changes; another one takes its place.
type Line struct {
	// Before is the instant before which history may be thinned,
	// ledger.MinInstant where none may; Monthly the one before which it is one
	// state a month.
	Before, Monthly int64
	moves           []*storev1.WallRecord // that led here, the oldest first
}

// Wall is where the wall stands now. It is safe for concurrent use.
type Wall struct{ line atomic.Pointer[Line] }

// OpenWall reads where the wall stands.
func OpenWall(ctx context.Context, l *ledger.Ledger) (*Wall, error) {
	w := &Wall{}
	return w, w.load(ctx, l)
}

func (w *Wall) load(ctx context.Context, l *ledger.Ledger) error {
	return l.View(ctx, func(tx *ledger.Tx) error {
		line := &Line{Before: ledger.MinInstant, Monthly: ledger.MinInstant}
		err := envelope.Each(tx, kindWall, func(_ string, m *storev1.WallRecord) error {
			line = line.moved(m)
			return nil
		})
		w.line.Store(line)
		return err
	})
}

// Line is where the wall stands. Who plans a write keeps it, and plans anew
// where it is another when the write is carried out.
func (w *Wall) Line() *Line { return w.line.Load() }

func (l *Line) moved(m *storev1.WallRecord) *Line {
	return &Line{Before: max(l.Before, m.Before), Monthly: max(l.Monthly, m.Monthly), moves: append(slices.Clip(l.moves), m)}
}

// move stores where the wall stands from a batch on, moved from a line. Nothing
// may be thinned before that batch has been committed.
func (w *Wall) move(b *ledger.Batch, from *Line, before, monthly int64) {
	rec := &storev1.WallRecord{Schema: envelope.Schema, Before: before, Monthly: monthly, Recorded: b.Commit().Recorded}
	b.PutObject(kindWall, fmt.Sprintf("%020d", rec.Recorded), envelope.Encode(rec))
	w.line.Store(from.moved(rec)) // before the commit: plans made until then are made anew
}

// crossed is when the wall went past an instant: what was known then is what is
// kept of it.
func (l *Line) crossed(t int64) int64 {
	for _, m := range l.moves {
		if m.Before > t {
			return m.Recorded
		}
	}
	return ledger.MaxInstant
}

// Kept is where the wall stands, and what stays of a system before it.
func (w *Wall) Kept(tx *ledger.Tx, system string) (*Line, []Pin, error) {
	pins, err := Pins(tx, system)
	return w.Line(), pins, err
}

// Mark is the instant before which history is thinned, where t lies before it;
// nil where it does not.
func (l *Line) Mark(t int64) *timestamppb.Timestamp {
	if t >= l.Before {
		return nil
	}
	return envelope.Timestamp(l.Before)
}

// MarkAt is Mark for the first of instants of the API, which are the present
// where absent.
func (w *Wall) MarkAt(instants ...*timestamppb.Timestamp) *timestamppb.Timestamp {
	first := ledger.MaxInstant
	for _, t := range instants {
		if t != nil {
			first = min(first, envelope.Instant(t))
		}
	}
	return w.Line().Mark(first)
}

// MarkFrom is Mark for the beginning of a range, which is that of history where
// absent.
func (w *Wall) MarkFrom(t *timestamppb.Timestamp) *timestamppb.Timestamp {
	if t == nil {
		return w.Line().Mark(ledger.MinInstant)
	}
	return w.Line().Mark(envelope.Instant(t))
}

// Refuse is why nothing can be written of an instant; nil where it can.
func (l *Line) Refuse(field string, t int64) error {
	if t >= l.Before {
		return nil
	}
	x := fault.FailedPrecondition(fault.ReasonThinned, "%s lies before %s: history before that has been thinned and takes nothing new; "+
		"if what was observed is still so, observe and submit it again", field, envelope.Timestamp(l.Before).AsTime().Format("2006-01-02T15:04:05Z"))
	x.Violations = []fault.Violation{{Field: field, Description: "lies before history is thinned", Reason: fault.ReasonThinned}}
	return x.With("thinned_before", envelope.Timestamp(l.Before).AsTime().Format("2006-01-02T15:04:05Z"))
}
