package intercept

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/check"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/metrics"
)

// Config is what a Chain needs. All fields but Metrics and Authenticator are
// required.
type Config struct {
	// Logger gets one line a call.
	Logger *slog.Logger
	// Metrics counts calls; nil counts nothing.
	Metrics *metrics.Metrics
	// Authenticator tells who calls. Nil means that authentication is off and
	// everybody is auth.Local.
	Authenticator *auth.Authenticator
	// Check validates requests.
	Check *check.Validator
	// Clock tells the time, for durations in logs and metrics.
	Clock func() time.Time
	// Random makes request ids. It must be safe for concurrent use.
	Random io.Reader
	// CallTimeout is the longest that a unary call may take.
	CallTimeout time.Duration
	// StreamIdle is the longest that a stream may go without a message.
	StreamIdle time.Duration
}

// Chain is what calls pass. It is safe for concurrent use.
type Chain struct {
	logger  *slog.Logger
	metrics *metrics.Metrics
	authn   *auth.Authenticator
	check   *check.Validator
	clock   func() time.Time
	random  io.Reader
	timeout time.Duration
	idle    time.Duration

	drain    sync.Once
	draining chan struct{} // closed by Drain
	running  sync.WaitGroup
}

// New returns a Chain.
func New(c Config) *Chain {
	return &Chain{
		logger: c.Logger, metrics: c.Metrics, authn: c.Authenticator, check: c.Check,
		clock: c.Clock, random: c.Random, timeout: c.CallTimeout, idle: c.StreamIdle,
		draining: make(chan struct{}),
	}
}

// Drain tells streams to end: what they have taken is answered, nothing more is
// taken. Unary calls are not affected. It returns at once.
func (c *Chain) Drain() { c.drain.Do(func() { close(c.draining) }) }

// Wait waits for the goroutines of streams, which may outlive their stream's
// connection for a moment. It is called when the gRPC server has stopped.
func (c *Chain) Wait() { c.running.Wait() }

// Unary is the interceptor of unary calls.
func (c *Chain) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, k := c.begin(ctx, info.FullMethod)
		defer c.metrics.Enter()()
		resp, err := c.unary(ctx, k, req, handler)
		return resp, c.finish(ctx, k, err)
	}
}

// unary runs the steps between a call's beginning and its account.
func (c *Chain) unary(ctx context.Context, k *call, req any, handler grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, c.panicked(k, p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ctx, _, err = c.admit(ctx, k)
	if err != nil {
		return nil, err
	}
	if m, ok := req.(proto.Message); ok {
		if err := c.check.Request(m); err != nil {
			return nil, err
		}
	}
	return handler(ctx, req)
}

// begin finds the request's id and sends it back.
func (c *Chain) begin(ctx context.Context, method string) (context.Context, *call) {
	k := c.newCall(ctx, method)
	// An error here means that the stream is gone already; the handler will notice.
	_ = grpc.SetHeader(ctx, metadata.Pairs(RequestIDHeader, k.id))
	return context.WithValue(ctx, callKey{}, k), k
}

// admit finds out who calls and whether they may. pass is nil where no token
// was needed.
func (c *Chain) admit(ctx context.Context, k *call) (_ context.Context, pass *auth.Pass, err error) {
	who := auth.Anonymous
	switch {
	case c.authn == nil:
		who = auth.Local
	case auth.PermissionOf(k.method) == auth.Public:
	default:
		p, err := c.authenticate(ctx)
		if err != nil {
			return ctx, nil, err
		}
		pass, who = &p, p.Identity
	}
	k.actor = who.Actor
	if err := auth.Authorize(who, k.method); err != nil {
		return ctx, nil, err
	}
	return auth.NewContext(ctx, who), pass, nil
}

func (c *Chain) authenticate(ctx context.Context) (auth.Pass, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	secret, err := auth.BearerOf(md)
	if err != nil {
		return auth.Pass{}, err
	}
	return c.authn.Authenticate(ctx, secret)
}

// panicked makes an error of a panic. The log has the stack here, since only
// here it is known.
func (c *Chain) panicked(k *call, p any) error {
	c.metrics.Panicked()
	c.logger.Error("panic", "method", k.method, "request_id", k.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return fmt.Errorf("panic: %v", p)
}

// errDraining is what ends a stream when the service shuts down.
func errDraining() error {
	return fault.Unavailable(fault.ReasonShuttingDown, time.Second,
		"the service is shutting down; connect again and send again, with the same request ids, what was not answered")
}
