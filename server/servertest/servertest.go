// Package servertest runs a whole service for tests: a bbolt file, the ledger,
// the assessor and its scheduler, gRPC and REST on free loopback ports.
package servertest

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/events/eventapi"
	"github.com/plumbline/plumbline/server/operations"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// Service is a running service.
type Service struct {
	Conn     *grpc.ClientConn // to the gRPC port
	REST     string           // the HTTP port's base URL
	Assessor *assessor.Assessor
	Runs     *operations.Keeper
	Events   *eventapi.Service
	// Retention thins when a test says so: its Run does not run.
	Retention *retention.Keeper
	Store     *bolt.DB
	Path      string // of the store's file

	stop    func()
	stopped atomic.Bool
}

// Clock is a clock that stands still until it is set. It is safe for
// concurrent use.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock makes a clock that shows t.
func NewClock(t time.Time) *Clock { return &Clock{t: t} }

// Now is the instant that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Set sets the clock.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// Options are what a test may want otherwise. The zero value is a new store in
// the test's folder and the real time.
type Options struct {
	Path   string // of a store that is there already
	Store  bolt.Options
	Config server.Config
	// NoScheduler leaves what is due to whoever asks for it.
	NoScheduler bool
}

// Start runs a service until the test ends or Stop is called.
func Start(t testing.TB, o Options) *Service {
	t.Helper()
	s := &Service{Path: o.Path}
	o.Store.AppendSpaces = ledger.AppendSpaces()
	var l *ledger.Ledger
	var err error
	ctx := context.WithoutCancel(t.Context())
	if s.Path == "" {
		s.Path = filepath.Join(t.TempDir(), "plumbline.db")
		if s.Store, err = bolt.Create(s.Path, o.Store); err == nil {
			l, err = ledger.Create(ctx, s.Store)
		}
	} else if s.Store, err = bolt.Open(s.Path, o.Store); err == nil {
		l, err = ledger.Open(ctx, s.Store)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.serve(ctx, t, l, o.Config, !o.NoScheduler)
	t.Cleanup(s.Stop)
	return s
}

func (s *Service) serve(ctx context.Context, t testing.TB, l *ledger.Ledger, c server.Config, scheduler bool) {
	t.Helper()
	c.GRPCAddr, c.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	srv, a, err := server.Assemble(ctx, l, s.Store.Stat, c, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	s.Retention = srv.Retention
	s.Assessor, s.Runs, s.Events, s.REST = a, srv.Runs, srv.Events, "http://"+srv.HTTPAddr().String()
	if s.Conn, err = grpc.NewClient(srv.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		t.Fatal(err)
	}
	run, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Add(4)
	go func() {
		defer wg.Done()
		if err := srv.Serve(run); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	go func() {
		defer wg.Done()
		if scheduler {
			a.RunScheduler(run)
		}
	}()
	go func() { defer wg.Done(); srv.Runs.Run(run) }()
	go func() { defer wg.Done(); srv.Events.Run(run) }()
	s.stop = sync.OnceFunc(func() {
		_ = s.Conn.Close() // the server ends all the same
		cancel()
		wg.Wait()
		a.Close()
		if err := s.Store.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
}

// Stop drains the service and closes the store. It may be called twice.
func (s *Service) Stop() {
	s.stopped.Store(true)
	s.stop()
}

// Stopped tells whether Stop was called.
func (s *Service) Stopped() bool { return s.stopped.Load() }
