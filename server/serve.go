package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/plumbline/plumbline/server/fault"
)

// Listen opens both ports, so that their addresses are known before Serve. It
// is optional: Serve opens what is not open.
func (s *Server) Listen(ctx context.Context) error {
	s.listening.Lock()
	defer s.listening.Unlock()
	if s.grpcListen != nil {
		return nil
	}
	var lc net.ListenConfig
	g, err := lc.Listen(ctx, "tcp", s.config.GRPCAddr)
	if err != nil {
		return fmt.Errorf("gRPC port: %w; choose another with GRPCAddr, or stop who has it", err)
	}
	h, err := lc.Listen(ctx, "tcp", s.config.HTTPAddr)
	if err != nil {
		return errors.Join(fmt.Errorf("HTTP port: %w; choose another with HTTPAddr, or stop who has it", err), g.Close())
	}
	if s.files != nil {
		// TLS wraps the listener and not the server: the gateway's connection
		// within the process has none.
		g = tls.NewListener(g, s.files.Config("h2"))
	}
	s.grpcListen, s.httpListen = g, h
	return nil
}

// GRPCAddr is where gRPC listens; nil before Listen.
func (s *Server) GRPCAddr() net.Addr { return s.addr(&s.grpcListen) }

// HTTPAddr is where HTTP listens; nil before Listen.
func (s *Server) HTTPAddr() net.Addr { return s.addr(&s.httpListen) }

func (s *Server) addr(l *net.Listener) net.Addr {
	s.listening.Lock()
	defer s.listening.Unlock()
	if *l == nil {
		return nil
	}
	return (*l).Addr()
}

// Serve serves until ctx ends, then drains, and returns when nothing of the
// server runs any more. It returns nil where ctx ended it, and the reason where
// a listener failed. A Server serves once.
//
// What has not ended by the drain's deadline has its context canceled and its
// connection cut. Serve still waits for such handlers to return, since the
// caller closes the store next: a handler that ignores its context holds it up.
func (s *Server) Serve(ctx context.Context) error {
	if s.served.Swap(true) {
		return errors.New("server: serves once; make another with New")
	}
	if err := s.Listen(ctx); err != nil {
		return errors.Join(err, s.conn.Close())
	}
	// Requests outlive ctx, since draining begins when it ends.
	s.http.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	failed := make(chan error, 3)
	var running sync.WaitGroup
	for _, serve := range []func() error{
		func() error { return s.grpc.Serve(s.pipe) },
		func() error { return s.grpc.Serve(s.grpcListen) },
		s.serveHTTP,
	} {
		running.Go(func() { failed <- serve() })
	}
	s.setHealth(grpc_health_v1.HealthCheckResponse_SERVING)
	s.log.Info("serving", "grpc", s.GRPCAddr().String(), "http", s.HTTPAddr().String(),
		"tls", s.files != nil, "authentication", s.config.AuthRequired, "version", s.config.Build.Version)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("server: a listener failed: %w", err)
	}
	s.shutdown(ctx)
	running.Wait()
	s.log.Info("stopped")
	return err
}

// Close releases what New and Listen opened, for a Server that will not serve.
// After Serve it does nothing.
func (s *Server) Close() error {
	if s.served.Swap(true) {
		return nil
	}
	s.listening.Lock()
	defer s.listening.Unlock()
	err := s.conn.Close()
	for _, l := range []net.Listener{s.grpcListen, s.httpListen} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

func (s *Server) serveHTTP() error {
	if s.files != nil {
		return s.http.ServeTLS(s.httpListen, "", "")
	}
	return s.http.Serve(s.httpListen)
}

// shutdown drains in order, each step under the same deadline, and cuts what is
// left at the deadline.
func (s *Server) shutdown(ctx context.Context) {
	begun := time.Now()
	s.log.Info("draining", "delay", s.config.DrainDelay, "timeout", s.config.DrainTimeout)

	// Load balancers hear it first, and get their time to act on it.
	s.draining.Store(true)
	s.health.Shutdown()
	time.Sleep(s.config.DrainDelay)

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.DrainTimeout)
	defer cancel()
	s.chain.Drain()

	// REST next: its requests are calls to the gRPC server, which still serves.
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("REST requests were cut", "error", err)
		_ = s.http.Close() // errors of connections that are going anyway
	}
	_ = s.conn.Close() // whatever request still uses it was cut
	s.drainGRPC(ctx)
	s.requests.Wait()
	s.chain.Wait()
	s.log.Info("drained", "took", time.Since(begun).Round(time.Millisecond))
}

// drainGRPC waits for calls under way, and cuts them at the deadline.
func (s *Server) drainGRPC(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		s.log.Warn("gRPC calls were cut")
		s.grpc.Stop() // GracefulStop returns too
		<-done
	}
}

// setHealth sets what the health service says of the whole and of each service.
func (s *Server) setHealth(status grpc_health_v1.HealthCheckResponse_ServingStatus) {
	s.health.SetServingStatus("", status)
	for name := range s.grpc.GetServiceInfo() {
		s.health.SetServingStatus(name, status)
	}
}

// isReady is what /readyz asks.
func (s *Server) isReady(ctx context.Context) error {
	if s.draining.Load() {
		return fault.Unavailable(fault.ReasonShuttingDown, time.Second, "the service is shutting down")
	}
	if s.ready == nil {
		return nil
	}
	return s.ready(ctx)
}
