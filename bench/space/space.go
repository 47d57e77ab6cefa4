// Package space measures what history costs on disk: by how many bytes the
// pages in use of a bbolt file grow for a submission.
//
// The write path is the real one, called within the process, and the store is
// synced, since how many submissions share a commit depends on what a commit
// costs. The clock is set by hand, so that nothing becomes due meanwhile.
// Submissions have no request id, since those expire. Each figure is the growth
// over several whole passes over all systems, audit entries and every index
// included, with pages only partly full counted whole.
package space

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/peer"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// Store is an assessor over a new file.
type Store struct {
	Systems int

	estate   *estate.Estate
	db       *bolt.DB
	ledger   *ledger.Ledger
	assessor *assessor.Assessor
	clock    atomic.Int64 // microseconds
}

// Open makes a store in a folder and submits every system once.
func Open(ctx context.Context, folder string, systems int) (s *Store, err error) {
	s = &Store{Systems: systems, estate: estate.New(estate.Hosts(1, 512))}
	s.clock.Store(estate.Now.UnixMicro())
	if s.db, err = bolt.Create(filepath.Join(folder, "space.db"), bolt.Options{AppendSpaces: ledger.AppendSpaces()}); err != nil {
		return nil, err
	}
	if s.ledger, err = ledger.Create(ctx, s.db); err == nil {
		s.assessor, err = assessor.New(ctx, s.ledger, assessor.Config{Clock: func() time.Time { return time.UnixMicro(s.clock.Load()) }})
	}
	if err == nil {
		err = peer.Assign(ctx, s.assessor)
	}
	if err == nil {
		_, err = s.Pass(ctx, "inserted", func(int) estate.Change { return estate.Change{} })
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the store.
func (s *Store) Close() error {
	if s.assessor != nil {
		s.assessor.Close()
	}
	return s.db.Close()
}

// used is how many bytes of the file are in pages that hold something.
func (s *Store) used(ctx context.Context) (int64, error) {
	st, err := s.db.Stat(ctx)
	return st.SizeBytes - st.FreeBytes, err
}

// Commits is how many commits there were.
func (s *Store) Commits(ctx context.Context) (n uint64, err error) {
	err = s.ledger.View(ctx, func(tx *ledger.Tx) error { n = uint64(tx.Last().Seq); return nil })
	return n, err
}

// batch is how many submissions are handed over at once.
const batch = 1000

// Pass submits every system once with its change, and returns by how many bytes
// a submission the file has grown. Every receipt must have the outcome.
func (s *Store) Pass(ctx context.Context, outcome string, change func(system int) estate.Change) (bytes float64, err error) {
	before, err := s.used(ctx)
	if err != nil {
		return 0, err
	}
	// A pass takes a second: too little for a certificate to expire on the way,
	// and each submission has an instant of its own, as it would have had.
	begun := s.clock.Load()
	s.clock.Add(time.Second.Microseconds())
	for from := 0; from < s.Systems; from += batch {
		var items []*pb.SubmitItem
		for i := from; i < min(from+batch, s.Systems); i++ {
			at := begun + int64(i)*time.Second.Microseconds()/int64(s.Systems)
			items = append(items, s.estate.Item(i, change(i), time.UnixMicro(at)))
		}
		receipts, err := s.assessor.Submit(ctx, items, "bench")
		if err != nil {
			return 0, err
		}
		for _, r := range receipts {
			if r.Outcome != outcome {
				return 0, fmt.Errorf("%s was answered %q where %q is due: %v", r.System, r.Outcome, outcome, r.Error)
			}
		}
	}
	after, err := s.used(ctx)
	return float64(after-before) / float64(s.Systems), err
}

// Age moves the clock on and evaluates what has become due. It returns how
// many breakpoints that made and by how many bytes each the file has grown.
func (s *Store) Age(ctx context.Context, by time.Duration) (breakpoints int, bytes float64, err error) {
	before, err := s.breakpoints(ctx)
	if err != nil {
		return 0, 0, err
	}
	used, err := s.used(ctx)
	if err != nil {
		return 0, 0, err
	}
	s.clock.Add(by.Microseconds())
	if _, err := s.assessor.RunDue(ctx); err != nil {
		return 0, 0, err
	}
	after, err := s.breakpoints(ctx)
	if err != nil {
		return 0, 0, err
	}
	grown, err := s.used(ctx)
	return after - before, float64(grown-used) / float64(max(1, after-before)), err
}

// breakpoints counts the breakpoints of all series.
func (s *Store) breakpoints(ctx context.Context) (n int, err error) {
	for i := range s.Systems {
		series, err := s.assessor.SeriesOf(ctx, fmt.Sprintf("system-%06d", i))
		if err != nil {
			return 0, err
		}
		for _, x := range series {
			n += int(x.BreakpointCount)
		}
	}
	return n, nil
}
