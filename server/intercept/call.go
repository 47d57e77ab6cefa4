package intercept

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/plumbline/plumbline/server/fault"
)

// RequestIDHeader is the metadata key, and the HTTP header, of a request's id.
const RequestIDHeader = "x-request-id"

// Transports as logs and metrics name them.
const (
	transportGRPC = "grpc"
	transportREST = "rest"
)

// call is what is known of a call. Only actor changes, before the handler runs.
type call struct {
	id        string
	method    string
	transport string
	peer      string
	actor     string
	start     time.Time
}

type callKey struct{}

// RequestID is the id of the request that ctx belongs to; empty outside of one.
func RequestID(ctx context.Context) string {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c.id
	}
	return ""
}

// newCall reads the metadata of a call.
func (c *Chain) newCall(ctx context.Context, method string) *call {
	md, _ := metadata.FromIncomingContext(ctx)
	out := &call{method: method, transport: transportGRPC, start: c.clock()}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		out.peer = p.Addr.String()
		if p.Addr.Network() == "bufconn" {
			out.transport = transportREST
			out.peer = lastHop(md.Get("x-forwarded-for"))
		}
	}
	if ids := md.Get(RequestIDHeader); len(ids) == 1 && WellFormedID(ids[0]) {
		out.id = ids[0]
	} else {
		out.id = NewID(c.random)
	}
	return out
}

// lastHop is the address that the gateway itself saw: it appends that to what
// the caller may have sent.
func lastHop(forwarded []string) string {
	if len(forwarded) == 0 {
		return ""
	}
	hops := strings.Split(forwarded[len(forwarded)-1], ",")
	return strings.TrimSpace(hops[len(hops)-1])
}

// WellFormedID says whether a caller's request id is taken over: 1 to 64 of
// letters, digits, ".", "_" and "-", so that it can be searched for in logs.
func WellFormedID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// NewID makes a request id of 16 random bytes. Where random fails, the id is
// one that says so: a call must not fail for its name.
func NewID(random io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "no-randomness"
	}
	return hex.EncodeToString(b[:])
}

// finish accounts for a call that ended with err, and returns what the caller
// gets.
func (c *Chain) finish(ctx context.Context, k *call, err error) error {
	took := c.clock().Sub(k.start)
	st := fault.Status(err, k.id)
	code := codes.OK
	if st != nil {
		code = st.Code()
	}
	c.metrics.Call(k.method, k.transport, code.String(), took)
	c.log(ctx, k, st, err, took)
	if st == nil {
		return nil
	}
	return st.Err()
}

// log writes the call's line: at error level what the operator has to look at,
// at info level all else.
func (c *Chain) log(ctx context.Context, k *call, st *status.Status, err error, took time.Duration) {
	level, code := slog.LevelInfo, codes.OK
	if st != nil {
		code = st.Code()
		if fault.Internal(err) {
			level = slog.LevelError
		}
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("method", k.method), slog.String("request_id", k.id), slog.String("code", code.String()),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("transport", k.transport), slog.String("peer", k.peer), slog.String("actor", k.actor))
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.logger.LogAttrs(ctx, level, "call", attrs...)
}
