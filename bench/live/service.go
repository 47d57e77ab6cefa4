package live

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/measure"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// Service is a service that runs.
type Service struct {
	Systems int // that it was filled with

	workers  int
	db       *bolt.DB
	ledger   *ledger.Ledger
	assessor *assessor.Assessor
	server   *server.Server
	conn     *grpc.ClientConn
	guidance pb.GuidanceServiceClient
	clock    atomic.Int64 // microseconds

	stop    context.CancelFunc
	running sync.WaitGroup
	ended   error // what serving ended with
}

// Open starts a service over a new store in a folder. Close ends it.
func Open(ctx context.Context, folder string) (s *Service, err error) {
	s = &Service{workers: runtime.GOMAXPROCS(0)}
	s.clock.Store(estate.Now.UnixMicro())
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.db, err = bolt.Create(filepath.Join(folder, "live.db"), bolt.Options{AppendSpaces: ledger.AppendSpaces()}); err != nil {
		return s, err
	}
	if s.ledger, err = ledger.Create(ctx, s.db); err != nil {
		return s, err
	}
	// As many plans are made at once as a preview looks at systems.
	s.server, s.assessor, err = server.Assemble(ctx, s.ledger, s.db.Stat, server.Config{
		GRPCAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", LogLevel: "error", Clock: s.now,
		Build: server.Build{Version: "bench", Engine: assess.EngineVersion},
	}, s.workers)
	if err != nil {
		return s, err
	}
	if err = s.server.Listen(ctx); err != nil {
		return s, err
	}
	s.conn, err = grpc.NewClient(s.server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return s, err
	}
	s.guidance = pb.NewGuidanceServiceClient(s.conn)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.running.Go(func() { s.ended = s.server.Serve(run) })
	return s, nil
}

// Close ends the service; what it stored stays in its folder.
func (s *Service) Close() (err error) {
	if s.conn != nil {
		err = s.conn.Close()
	}
	if s.stop != nil {
		s.stop()
		s.running.Wait()
		err = errors.Join(err, s.ended)
	} else if s.server != nil {
		err = errors.Join(err, s.server.Close())
	}
	if s.assessor != nil {
		s.assessor.Close()
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

func (s *Service) now() time.Time { return time.UnixMicro(s.clock.Load()) }

// tick moves the clock on, so that each change of guidance has an instant. No two
// commits have the same, so that a thousand move theirs on by a millisecond.
func (s *Service) tick() { s.clock.Add(10 * time.Millisecond.Microseconds()) }

// Size is how many bytes the store's file has.
func (s *Service) Size(ctx context.Context) (int64, error) {
	st, err := s.db.Stat(ctx)
	return st.SizeBytes, err
}

// Took is what something cost.
type Took struct{ Wall, CPU time.Duration }

// timed times a function, after the garbage of what was before is gone.
func timed(f func() error) (Took, error) {
	runtime.GC()
	start, cpu := time.Now(), measure.CPUTime()
	err := f()
	return Took{time.Since(start), measure.CPUTime() - cpu}, err
}

func systemID(i int) string { return fmt.Sprintf("system-%06d", i) }
