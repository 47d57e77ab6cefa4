package guides

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// Config is what a Keeper needs. All fields are required.
type Config struct {
	Ledger  *ledger.Ledger
	Now     func() int64 // microseconds since 1970 UTC
	Changed func()       // called after each change; must be quick
	Log     *slog.Logger
}

// Keeper keeps guides. It is safe for concurrent use.
type Keeper struct {
	cfg     Config
	library *library
	mu      sync.Mutex // one change at a time
	// rewritten are the checklists' objects that were written since what is
	// stored was last read; mu guards it.
	rewritten map[string]bool
	content   atomic.Pointer[content]
	history   atomic.Pointer[History]
	newest    atomic.Int64 // when the newest commit that was read was recorded
	writing   atomic.Int32 // changes that may be in the store and not in history
}

// Open reads what is stored. An error is the store's, or says that a stored
// policy is not one.
func Open(ctx context.Context, cfg Config) (*Keeper, error) {
	k := &Keeper{cfg: cfg, library: newLibrary(), rewritten: map[string]bool{}}
	return k, k.reload(ctx)
}

// History is what holds when, as of now.
func (k *Keeper) History() *History { return k.history.Load() }

// Settled tells whether a history is what the store says. Asked within a
// transaction that writes, it is so until that ends: no change is in the store
// that the history lacks.
func (k *Keeper) Settled(h *History) bool { return k.writing.Load() == 0 && k.history.Load() == h }

// now is the present: the clock's, or the newest change's, which may lie a
// little ahead, so that who changes something can read what he changed.
func (k *Keeper) now() int64 { return max(k.cfg.Now(), k.newest.Load()) }

// reload reads what holds from the store. It is called after every change of
// it, and at the start.
func (k *Keeper) reload(ctx context.Context) error {
	err := k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		c, err := load(tx, k.content.Load(), k.rewritten)
		if err != nil {
			return err
		}
		h, err := c.history(k.library, k.cfg.Log)
		if err != nil {
			return err
		}
		k.newest.Store(tx.Last().Recorded)
		k.content.Store(c)
		k.history.Store(h)
		return nil
	})
	if err == nil {
		clear(k.rewritten)
	}
	return err
}

// putChecklist writes a checklist's version, within write.
func (k *Keeper) putChecklist(b *ledger.Batch, key string, rec *storev1.ChecklistRecord) {
	k.rewritten[key] = true
	b.PutObject(kindChecklist, key, envelope.Encode(rec))
}

// write changes what holds: in one commit, then read anew. The instant given
// to f is the commit's, from which the change holds at the earliest: no two
// changes have the same.
func (k *Keeper) write(ctx context.Context, rec *storev1.AuditRecord, f func(b *ledger.Batch, at int64) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.writing.Add(1)
	defer k.writing.Add(-1)
	_, err := k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		if err := f(b, b.Commit().Recorded); err != nil {
			return err
		}
		b.Audit(envelope.Encode(rec))
		return b.Err()
	})
	if err != nil {
		return err
	}
	if err := k.reload(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	k.cfg.Changed()
	return nil
}

// Compiled is a published version; "latest" is the newest. NOT_FOUND where
// there is none.
func (k *Keeper) Compiled(checklist, version string) (*assess.Checklist, error) {
	rec := k.content.Load().version(checklist, version, ledger.MaxInstant)
	if rec == nil {
		return nil, fault.NotFound(VersionName(checklist, version), "list what is there with ListChecklistVersions")
	}
	return k.library.checklist(rec)
}

// Plan is a checklist under a profile and a tailoring. Without a tailoring it is
// resolved once and kept; a caller's tailorings are not, since anybody may send
// any number of them.
func (k *Keeper) Plan(c *assess.Checklist, profile string, t *pb.Tailoring) (*assess.Plan, error) {
	if t != nil {
		return c.Plan(profile, t)
	}
	return k.library.plan(c, profile, nil)
}

// SeriesPlan is the plan under which a system's series stood at an instant,
// under a checklist's version. The tailoring is that of the assignment which
// made the series of this system then: another system's may hold another version.
func (k *Keeper) SeriesPlan(series, version, system string, sys *pb.System, at int64) (*assess.Plan, error) {
	checklist, profile, tailoring := SplitSeries(series)
	c, err := k.Compiled(checklist, version)
	if err != nil {
		return nil, err
	}
	var t *pb.Tailoring
	if tailoring != assess.DefaultTailoring {
		if p := k.History().At(at).Series(series, system, sys); p != nil {
			t = p.TailoringSource()
		}
	}
	return k.library.plan(c, profile, t)
}
