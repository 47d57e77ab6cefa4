package intercept

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
)

// handlerGrace is how long a handler may go on after its stream was told to
// end, before the stream is cut: a caller that does not read its answers keeps
// a handler waiting for ever.
const handlerGrace = 5 * time.Second

// watchGrace is how long the handler of a one-way stream gets to send what is
// to be sent last before its stream is ended, such as NOT_SERVING to a watcher of
// health.
const watchGrace = 250 * time.Millisecond

// Stream is the interceptor of streams.
func (c *Chain) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, k := c.begin(ss.Context(), info.FullMethod)
		defer c.metrics.Enter()()
		return c.finish(ctx, k, c.stream(ctx, k, srv, ss, handler, !info.IsClientStream))
	}
}

// stream is a stream as its handler sees it.
type stream struct {
	grpc.ServerStream
	ctx            context.Context
	chain          *Chain
	pass           *auth.Pass
	pump           *pump
	oneWay         bool // after one request only the service speaks
	begun          time.Time
	active         atomic.Int64 // when the last message went, in nanoseconds since begun
	received, sent func()
}

// stream runs the steps of a stream, and its handler in a goroutine of its
// own, so that the stream can be cut under a handler that hangs on its caller.
func (c *Chain) stream(ctx context.Context, k *call, srv any, ss grpc.ServerStream, handler grpc.StreamHandler, oneWay bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, pass, err := c.admit(ctx, k)
	if err != nil {
		return err
	}
	s := &stream{ServerStream: ss, ctx: ctx, chain: c, pass: pass, pump: newPump(), oneWay: oneWay, begun: time.Now()}
	s.received, s.sent = c.metrics.Streamed(k.method)
	done := make(chan error, 1)
	c.running.Go(func() { s.pump.run(ss) })
	c.running.Go(func() {
		defer close(s.pump.stop)
		done <- c.run(k, srv, s, handler)
	})
	return c.attend(k, s, cancel, done)
}

// run runs the handler; its panic is recovered here, in its own goroutine.
func (c *Chain) run(k *call, srv any, s *stream, handler grpc.StreamHandler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked(k, p)
		}
	}()
	return handler(srv, s)
}

// attend waits for the handler and ends the stream where it is idle, or where
// the service shuts down. A one-way stream is never idle: who watches waits for
// what may not come for long.
func (c *Chain) attend(k *call, s *stream, cancel context.CancelCauseFunc, done <-chan error) error {
	draining := c.draining
	timer := time.NewTimer(c.idle)
	defer timer.Stop()
	if s.oneWay {
		timer.Stop()
	}
	var ended error
	var cut <-chan time.Time
	for {
		select {
		case err := <-done:
			if err != nil && ended != nil {
				return ended
			}
			return err
		case <-draining:
			draining = nil
			s.pump.giveUp(errDraining())
			if s.oneWay {
				ended = errDraining()
				time.AfterFunc(watchGrace, func() { cancel(errDraining()) })
			}
		case <-timer.C:
			if left := c.idle - s.silence(); left > 0 {
				timer.Reset(left)
				continue
			}
			s.pump.giveUp(c.errIdle())
			cut = time.After(min(handlerGrace, c.idle))
		case <-cut:
			cancel(c.errIdle())
			return c.errIdle()
		}
	}
}

func (c *Chain) errIdle() error {
	return &fault.Error{Code: codes.DeadlineExceeded, Reason: fault.ReasonDeadline,
		Message: "no message went over this stream for " + c.idle.String() + "; connect again and send again what was not answered"}
}

// Context implements grpc.ServerStream.
func (s *stream) Context() context.Context { return s.ctx }

// RecvMsg implements grpc.ServerStream. What came in after the token was
// revoked or had expired is not handed on. The request of a one-way stream is
// checked by the rules in the .proto like any other; items of a stream of
// requests are their handler's to check, which answers each.
func (s *stream) RecvMsg(m any) error {
	if err := s.pump.receive(m); err != nil {
		return err
	}
	s.touch()
	s.received()
	if s.pass != nil {
		if err := s.chain.authn.Recheck(s.ctx, s.pass); err != nil {
			return err
		}
	}
	if msg, ok := m.(proto.Message); ok && s.oneWay {
		return s.chain.check.Request(msg)
	}
	return nil
}

// SendMsg implements grpc.ServerStream. A one-way stream ends with its token:
// it has no other occasion to notice.
func (s *stream) SendMsg(m any) error {
	if s.oneWay && s.pass != nil {
		if err := s.chain.authn.Recheck(s.ctx, s.pass); err != nil {
			return err
		}
	}
	err := s.ServerStream.SendMsg(m)
	if err == nil {
		s.touch()
		s.sent()
	}
	return err
}

// touch notes that a message went. The measure is the process's monotonic
// clock: an idle stream is a matter of this machine, not of the calendar.
func (s *stream) touch() { s.active.Store(int64(time.Since(s.begun))) }

func (s *stream) silence() time.Duration {
	return time.Since(s.begun) - time.Duration(s.active.Load())
}
