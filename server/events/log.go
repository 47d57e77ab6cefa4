package events

import (
	"context"
	"io"
	"sync"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/store/ledger"
)

// DefaultRetention is how long events are kept where nobody says.
const DefaultRetention = 30 * 24 * time.Hour

// Bounds of one step.
const (
	scanned   = 500 // events read in one View
	perList   = 20_000
	sweepStep = 1000
)

// Config is what a Log needs. All fields but Retention are required.
type Config struct {
	Ledger *ledger.Ledger
	Now    func() int64 // microseconds since 1970 UTC
	// Random makes the stream's name. It must be safe for concurrent use.
	Random io.Reader
	// Told is what reads, in a transaction, what states say that events name.
	Told func(tx *ledger.Tx) Told
	// Retention is how long events are kept; DefaultRetention where zero.
	Retention time.Duration
}

// Log reads events. It is safe for concurrent use.
type Log struct {
	cfg Config

	mu     sync.Mutex
	stream *Stream // nil until it was first asked for
}

// New is a Log.
func New(cfg Config) *Log {
	if cfg.Retention == 0 {
		cfg.Retention = DefaultRetention
	}
	return &Log{cfg: cfg}
}

// Stream is the stream of this store's events.
func (l *Log) Stream(ctx context.Context) (Stream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stream != nil {
		return *l.stream, nil
	}
	var s Stream
	found := false
	err := l.cfg.Ledger.View(ctx, func(tx *ledger.Tx) (err error) {
		s, found, err = openStream(tx)
		return err
	})
	if err == nil && !found {
		_, err = l.cfg.Ledger.Commit(ctx, l.cfg.Now(), func(b *ledger.Batch) (err error) {
			s, err = makeStream(b, l.cfg.Random)
			return err
		})
	}
	if err != nil {
		return s, err
	}
	l.stream = &s
	return s, nil
}

// Wake returns a channel that is closed when there are more events. Who takes
// it before he reads misses none.
func (l *Log) Wake() <-chan struct{} { return l.cfg.Ledger.EventsAfterNow() }

// Page is what one step of reading found.
type Page struct {
	Events []*pb.Event
	At     []ledger.EventID // where they stand
	Last   ledger.EventID   // how far it has read
	Cursor string           // the same, as an id
	More   bool             // there may be more
}

// Read reads events after a position, at most size of those for which the
// filter holds, and stops after some hundred others. FAILED_PRECONDITION where
// events after the position are no longer kept.
func (l *Log) Read(ctx context.Context, after ledger.EventID, f *Filter, size int) (*Page, error) {
	s, err := l.Stream(ctx)
	if err != nil {
		return nil, err
	}
	var p *Page
	err = l.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		p = &Page{Last: after}
		swept, err := tx.EventsSwept()
		if err != nil {
			return err
		}
		if after.Compare(swept.ID) < 0 {
			return s.expired(swept)
		}
		var at ledger.Event
		switch {
		case after == swept.ID:
			at = swept
		case !after.IsZero():
			if at, _, err = tx.EventAt(after); err != nil {
				return err
			}
		}
		p.Cursor = s.id(at)
		told, looked := l.cfg.Told(tx), 0
		for e := range tx.Events(after) {
			if p.More = looked == scanned || len(p.Events) == size; p.More {
				break
			}
			looked++
			x, err := show(s, e, told)
			if err != nil {
				return err
			}
			if f.Matches(x) {
				p.Events, p.At = append(p.Events, x), append(p.At, e.ID)
			}
			p.Last, p.Cursor = e.ID, x.Id
		}
		return nil
	})
	return p, err
}

// List is one answer of ListEvents: after an id, or from the oldest on.
func (l *Log) List(ctx context.Context, after string, f *Filter, size int) (*Page, error) {
	at, _, err := l.Position(ctx, after, false)
	if err != nil {
		return nil, err
	}
	out := &Page{}
	for looked := 0; looked < perList; looked += scanned {
		p, err := l.Read(ctx, at, f, size-len(out.Events))
		if err != nil {
			return nil, err
		}
		p.Events, p.At = append(out.Events, p.Events...), append(out.At, p.At...)
		out, at = p, p.Last
		if !p.More || len(p.Events) == size {
			break
		}
	}
	return out, nil
}

// Position is the place of an id; that of an empty one is before the oldest
// event, or behind the newest. cursor is the same as an id.
func (l *Log) Position(ctx context.Context, id string, newest bool) (at ledger.EventID, cursor string, err error) {
	s, err := l.Stream(ctx)
	if err != nil {
		return at, "", err
	}
	err = l.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		if id != "" {
			cursor = id
			at, err = s.position(tx, id)
			return err
		}
		e, err := tx.EventsSwept()
		if newest {
			e, err = tx.LastEvent()
		}
		at, cursor = e.ID, s.id(e)
		return err
	})
	return at, cursor, err
}

// Watch sends the events after an id, or those to come where it is empty, until
// ctx ends or send fails. begun is told the cursor from which it begins, before
// anything is sent.
func (l *Log) Watch(ctx context.Context, after string, f *Filter, begun func(cursor string) error, send func(*pb.Event) error) error {
	at, cursor, err := l.Position(ctx, after, true)
	if err != nil {
		return err
	}
	if err := begun(cursor); err != nil {
		return err
	}
	for ctx.Err() == nil {
		wake := l.Wake()
		p, err := l.Read(ctx, at, f, perStep)
		if err != nil {
			return err
		}
		for _, e := range p.Events {
			if err := send(e); err != nil {
				return err
			}
		}
		at = p.Last
		if p.More {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		}
	}
	return context.Cause(ctx)
}

// perStep is how many events are in memory for one watcher.
const perStep = 100

// Sweep deletes events that are older than they are kept, a bounded number in a
// commit, and returns how many.
func (l *Log) Sweep(ctx context.Context) (swept int, err error) {
	for ctx.Err() == nil {
		now, n := l.cfg.Now(), 0
		_, err := l.cfg.Ledger.Commit(ctx, now, func(b *ledger.Batch) error {
			n = b.SweepEvents(now-l.cfg.Retention.Microseconds(), sweepStep)
			return nil
		})
		swept += n
		if err != nil || n < sweepStep {
			return swept, err
		}
	}
	return swept, ctx.Err()
}
