package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/heap"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// GCPercent is what cmd/plumbline begins with when it serves (heap.Tune).
const GCPercent = 400

// servePlumbline serves a new store in a file, in which the sixty rules are
// assigned to every system, as cmd/plumbline serves one: scheduler and metrics
// run. Only the log is quieter, as OPA's is: errors alone.
func servePlumbline(ctx context.Context, file string) (*served, error) {
	heap.Tune()
	db, err := bolt.Create(file, bolt.Options{AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		return nil, err
	}
	l, err := ledger.Create(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s, a, err := server.Assemble(ctx, l, db.Stat, server.Config{
		GRPCAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", LogLevel: "error",
		Build: server.Build{Version: "bench", Engine: assess.EngineVersion},
	}, 0)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := errors.Join(Assign(ctx, a), s.Listen(ctx)); err != nil {
		a.Close()
		return nil, errors.Join(err, s.Close(), db.Close())
	}
	var running sync.WaitGroup
	var ended error
	running.Go(func() { a.RunScheduler(ctx) })
	running.Go(func() { ended = s.Serve(ctx) })
	return &served{
		grpc: s.GRPCAddr().String(), http: s.HTTPAddr().String(),
		size: func(ctx context.Context) (int64, int64, error) {
			st, err := db.Stat(ctx)
			return st.SizeBytes, st.FreeBytes, err
		},
		wait: func() error {
			running.Wait()
			a.Close()
			return errors.Join(ended, db.Close())
		},
	}, nil
}

// Assign publishes the sixty rules and assigns them to every system.
func Assign(ctx context.Context, a *assessor.Assessor) error {
	k, err := rules.Load()
	if err != nil {
		return err
	}
	if _, err := a.Publish(ctx, k, "bench", false); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	_, err = a.Assign(ctx, "all", &pb.Assignment{Selector: &pb.Selector{}, Checklist: k.ID()}, "bench")
	return err
}
