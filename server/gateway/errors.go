package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/intercept"
	"github.com/plumbline/plumbline/server/jsonwire"
)

// httpError is an error with an HTTP status that its gRPC code would not give.
type httpError struct {
	status int
	err    error
}

func (e *httpError) Error() string { return e.err.Error() }
func (e *httpError) Unwrap() error { return e.err }

// refuse answers a request that never became a call, and logs it, since no
// interceptor does.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	st := fault.Status(err, r.Header.Get(intercept.RequestIDHeader))
	code := fault.HTTPStatus(st)
	var special *httpError
	if errors.As(err, &special) {
		code = special.status
	}
	level := slog.LevelInfo
	if fault.Internal(err) {
		level = slog.LevelError
	}
	g.Logger.LogAttrs(r.Context(), level, "refused", slog.String("http", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", code), slog.String("request_id", r.Header.Get(intercept.RequestIDHeader)),
		slog.String("peer", r.RemoteAddr), slog.String("error", err.Error()))
	writeStatus(w, st, code)
}

// callError answers a call that failed, or whose request could not be
// translated.
func (g *Gateway) callError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	if why := faultOf(r); why != nil {
		g.refuse(w, r, why)
		return
	}
	st, ok := status.FromError(err)
	if ok && fault.Reason(st) != "" { // made by this service's interceptors, and logged there
		writeStatus(w, st, fault.HTTPStatus(st))
		return
	}
	if ok && st.Code() == codes.Unavailable { // the connection within the process is closed
		err = fault.Unavailable(fault.ReasonShuttingDown, time.Second, "the service is shutting down; send the request again").Because(err)
	}
	g.refuse(w, r, err)
}

// routingError answers a request that no route is for.
func (g *Gateway) routingError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	if code == http.StatusMethodNotAllowed {
		g.methodNotAllowed(w, r, g.routes.methods(r.URL.Path)...)
		return
	}
	g.refuse(w, r, &fault.Error{
		Code: codes.NotFound, Reason: fault.ReasonNotFound,
		Message: fmt.Sprintf("there is no path %s; /openapi.json lists those that there are", r.URL.Path),
	})
}

func (g *Gateway) methodNotAllowed(w http.ResponseWriter, r *http.Request, allowed ...string) {
	list := strings.Join(allowed, ", ")
	w.Header().Set("Allow", list)
	g.refuse(w, r, &httpError{status: http.StatusMethodNotAllowed, err: fault.Unimplemented(
		"%s is not a method of %s; it has %s", r.Method, r.URL.Path, list)})
}

// recover answers a request whose handling panicked here; panics of calls are
// recovered by the interceptors.
func (g *Gateway) recover(w *response, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	g.Logger.Error("panic", "path", r.URL.Path, "request_id", r.Header.Get(intercept.RequestIDHeader),
		"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	w.reset()
	g.refuse(w, r, fmt.Errorf("panic: %v", p))
	w.send()
}

// writeStatus writes a status as JSON.
func writeStatus(w http.ResponseWriter, st *status.Status, code int) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if code == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="plumbline"`)
	}
	for _, d := range st.Details() {
		if retry, ok := d.(*errdetails.RetryInfo); ok {
			seconds := int(retry.GetRetryDelay().AsDuration().Seconds() + 0.999)
			h.Set("Retry-After", strconv.Itoa(seconds))
		}
	}
	b, err := jsonwire.Marshal(st.Proto())
	if err != nil { // a detail of an unknown type; the rest still helps
		b = fmt.Appendf(nil, `{"code":%d,"message":%q}`, st.Code(), st.Message())
	}
	w.WriteHeader(code)
	_, _ = w.Write(append(b, '\n')) // a caller that has gone needs no answer
}
