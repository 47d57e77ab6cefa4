// Package silence notices when a source that used to speak falls silent: no
// submission of it came for longer than its word holds. That is one event a
// source, however much it has spoken of, and one a silence: the source must speak
// again before its next silence is told.
package silence

import (
	"context"
	"fmt"
	"time"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/store/ledger"
)

// kindSource is the kind of sources' objects in the ledger. It is part of the
// format.
const kindSource byte = 'h' // source → SourceRecord

// Step is how exactly it is known when a source last spoke: one that speaks all
// the time is written once in it. A source counts as silent that much later.
const Step = time.Minute

// batch bounds the sources that one commit tells of.
const batch = 256

// Heard notes, in the commit of what it said, that a source has spoken.
func Heard(b *ledger.Batch, source string, now int64) error {
	rec, err := envelope.Object[storev1.SourceRecord](b.Tx, kindSource, source)
	if err != nil || rec != nil && rec.Told == 0 && rec.Seen <= now && now < rec.Seen+Step.Microseconds() {
		return err
	}
	b.PutObject(kindSource, source, envelope.Encode(&storev1.SourceRecord{Schema: envelope.Schema, Seen: now}))
	return nil
}

// Watcher tells of sources that fall silent. It is safe for concurrent use.
type Watcher struct {
	ledger *ledger.Ledger
	guides func() *guides.History
}

// New is a Watcher. The guides say how long a source's word holds.
func New(l *ledger.Ledger, g func() *guides.History) *Watcher { return &Watcher{l, g} }

// silentAt is the instant at which a source counts as silent.
func silentAt(g *guides.Guide, source string, rec *storev1.SourceRecord) int64 {
	return min(g.Policy.HostStale(source, rec.Seen), g.Policy.SystemStale(source, rec.Seen)) + Step.Microseconds()
}

// Notices tells of the sources that are silent now, and says when the next one
// would be. It reads what is known of every source, of which there are few.
func (w *Watcher) Notices(ctx context.Context, now int64) (next int64, err error) {
	g := w.guides().At(now)
	var silent []string
	err = w.ledger.View(ctx, func(tx *ledger.Tx) error {
		silent, next = nil, ledger.MaxInstant
		return envelope.Each(tx, kindSource, func(source string, rec *storev1.SourceRecord) error {
			switch at := silentAt(g, source, rec); {
			case rec.Told != 0:
			case at > now:
				next = min(next, at)
			case len(silent) == batch:
				next = now
			default:
				silent = append(silent, source)
			}
			return nil
		})
	})
	if err != nil || len(silent) == 0 {
		return next, err
	}
	_, err = w.ledger.Commit(ctx, now, func(b *ledger.Batch) error {
		for _, source := range silent {
			if err := tell(b, g, source, now); err != nil {
				return err
			}
		}
		return b.Err()
	})
	return next, err
}

// tell tells of a source, unless it has spoken meanwhile.
func tell(b *ledger.Batch, g *guides.Guide, source string, now int64) error {
	rec, err := envelope.Object[storev1.SourceRecord](b.Tx, kindSource, source)
	if err != nil || rec.Told != 0 {
		return err
	}
	at := silentAt(g, source, rec)
	if at > now {
		return nil
	}
	rec.Told = now
	b.PutObject(kindSource, source, envelope.Encode(rec))
	e := events.Notice{
		Type: events.SourceSilent, Cause: "time", Resource: "sources/" + source, Effective: at,
		Message: fmt.Sprintf("no submission of %s since %s", source, time.UnixMicro(rec.Seen).UTC().Format(time.RFC3339)),
	}
	e.Put(b)
	return nil
}
