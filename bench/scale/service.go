package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/bench/measure"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

const ruleCount = rules.Count

// service is a service that runs over a file. The scheduler does not: what is
// due is evaluated when the benchmark says so, by the function that the
// scheduler calls. The clock is set by hand.
type service struct {
	db       *bolt.DB
	ledger   *ledger.Ledger
	assessor *assessor.Assessor
	server   *server.Server
	conn     *grpc.ClientConn
	clock    atomic.Int64 // microseconds

	stop    context.CancelFunc
	running sync.WaitGroup
	ended   error
}

// withService runs a function on a service over a new or a stored file.
func withService(ctx context.Context, file string, isNew bool, at time.Time, f func(*service) error) (err error) {
	v, err := open(ctx, file, isNew, at)
	if err != nil {
		return err
	}
	return errors.Join(f(v), v.close())
}

func open(ctx context.Context, file string, isNew bool, at time.Time) (v *service, err error) {
	v = &service{}
	v.clock.Store(at.UnixMicro())
	defer func() {
		if err != nil {
			err = errors.Join(err, v.close())
		}
	}()
	options := bolt.Options{AppendSpaces: ledger.AppendSpaces()}
	if isNew {
		if v.db, err = bolt.Create(file, options); err == nil {
			v.ledger, err = ledger.Create(ctx, v.db)
		}
	} else if v.db, err = bolt.Open(file, options); err == nil {
		v.ledger, err = ledger.Open(ctx, v.db)
	}
	if err != nil {
		return v, err
	}
	v.server, v.assessor, err = server.Assemble(ctx, v.ledger, v.db.Stat, server.Config{
		GRPCAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", LogLevel: "error", Clock: v.now,
		Build: server.Build{Version: "bench", Engine: assess.EngineVersion},
	}, runtime.GOMAXPROCS(0))
	if err != nil {
		return v, err
	}
	if err = v.server.Listen(ctx); err != nil {
		return v, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	v.stop = stop
	v.running.Go(func() { v.ended = v.server.Serve(run) })
	v.conn, err = grpc.NewClient(v.server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return v, err
	}
	return v, v.awaitServing(ctx)
}

// awaitServing waits until the service says that it serves.
func (v *service) awaitServing(ctx context.Context) error {
	stream, err := grpc_health_v1.NewHealthClient(v.conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
	for err == nil {
		var r *grpc_health_v1.HealthCheckResponse
		if r, err = stream.Recv(); err == nil && r.Status == grpc_health_v1.HealthCheckResponse_SERVING {
			return nil
		}
	}
	return err
}

func (v *service) close() (err error) {
	if v.conn != nil {
		err = v.conn.Close()
	}
	if v.stop != nil {
		v.stop()
		v.running.Wait()
		err = errors.Join(err, v.ended)
	} else if v.server != nil {
		err = errors.Join(err, v.server.Close())
	}
	if v.assessor != nil {
		v.assessor.Close()
	}
	if v.db != nil {
		err = errors.Join(err, v.db.Close())
	}
	return err
}

func (v *service) now() time.Time { return time.UnixMicro(v.clock.Load()) }

func (v *service) advance(d time.Duration) { v.clock.Add(d.Microseconds()) }

// assign has every system assessed under the sixty rules.
func (v *service) assign(ctx context.Context) error {
	k, err := rules.Load()
	if err != nil {
		return err
	}
	if _, err := v.assessor.Publish(ctx, k, "bench", false); err != nil {
		return err
	}
	v.advance(time.Second)
	_, err = v.assessor.Assign(ctx, "all", &pb.Assignment{Selector: &pb.Selector{}, Checklist: k.ID(), Version: k.Version()}, "bench")
	return err
}

// used is how many bytes of the file hold something.
func (v *service) used(ctx context.Context) (int64, error) {
	st, err := v.db.Stat(ctx)
	return st.SizeBytes - st.FreeBytes, err
}

// took is what something cost.
type took struct{ wall, cpu time.Duration }

func (t took) String() string {
	return fmt.Sprintf("%.2f s by the clock, %.2f s of processor", t.wall.Seconds(), t.cpu.Seconds())
}

// timed times a function, after the garbage of what was before is gone.
func timed(f func() error) (took, error) {
	runtime.GC()
	start, cpu := time.Now(), measure.CPUTime()
	err := f()
	return took{time.Since(start), measure.CPUTime() - cpu}, err
}
