package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/intercept"
)

// Config is what a Gateway needs.
type Config struct {
	// Conn is the connection to the gRPC server of this process.
	Conn grpc.ClientConnInterface
	// Logger gets what is refused here; calls are logged by the gRPC server.
	Logger *slog.Logger
	// Authenticator tells who calls; nil means that authentication is off.
	Authenticator *auth.Authenticator
	// Random makes request ids. It must be safe for concurrent use.
	Random io.Reader
	// Ready says why the service cannot serve now; nil says that it can.
	Ready func(context.Context) error
	// Metrics answers /metrics.
	Metrics http.Handler
	// OpenAPI is the document that /openapi.json serves, in YAML.
	OpenAPI []byte
	// Version stands in the OpenAPI document.
	Version string
	// AllowedOrigins are the origins whose pages may call, such as
	// "https://dashboard.example.com".
	AllowedOrigins []string
	// MaxBodyBytes is the longest body of a request.
	MaxBodyBytes int64
}

// Gateway is the handler of the HTTP port. It is safe for concurrent use.
type Gateway struct {
	Config
	api     *runtime.ServeMux
	routes  *routes
	origins *http.CrossOriginProtection
	allowed map[string]bool
	openapi func() ([]byte, error) // converts once, when somebody asks
}

// New builds the handler.
func New(c Config) (*Gateway, error) {
	g := &Gateway{Config: c, routes: newRoutes(), origins: http.NewCrossOriginProtection(), allowed: map[string]bool{}}
	for _, o := range c.AllowedOrigins {
		o = strings.ToLower(strings.TrimSuffix(o, "/"))
		if err := g.origins.AddTrustedOrigin(o); err != nil {
			return nil, fmt.Errorf("allowed origin %q: %w", o, err)
		}
		g.allowed[o] = true
	}
	g.openapi = sync.OnceValues(func() ([]byte, error) { return convertOpenAPI(c.OpenAPI, c.Version) })
	g.api = runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler{}),
		runtime.WithIncomingHeaderMatcher(incoming),
		runtime.WithOutgoingHeaderMatcher(none),
		runtime.WithOutgoingTrailerMatcher(none),
		runtime.WithForwardResponseOption(begin),
		runtime.WithErrorHandler(g.callError),
		runtime.WithRoutingErrorHandler(g.routingError),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithUnescapingMode(runtime.UnescapingModeLegacy),
		runtime.WithMiddlewares(g.strictQuery),
	)
	return g, g.register()
}

func (g *Gateway) register() error {
	// The generated functions take a context and, given a client, use none.
	ctx := context.Background()
	// The messages of this process need no second limit: requests were limited
	// on their way in, and an answer that was made can be sent.
	conn := limited{g.Conn, grpc.MaxCallRecvMsgSize(math.MaxInt32)}
	for _, err := range []error{
		pb.RegisterInventoryServiceHandlerClient(ctx, g.api, pb.NewInventoryServiceClient(conn)),
		pb.RegisterGuidanceServiceHandlerClient(ctx, g.api, pb.NewGuidanceServiceClient(conn)),
		pb.RegisterAssessmentServiceHandlerClient(ctx, g.api, pb.NewAssessmentServiceClient(conn)),
		pb.RegisterStatementServiceHandlerClient(ctx, g.api, pb.NewStatementServiceClient(conn)),
		pb.RegisterHistoryServiceHandlerClient(ctx, g.api, pb.NewHistoryServiceClient(conn)),
		pb.RegisterReassessmentServiceHandlerClient(ctx, g.api, pb.NewReassessmentServiceClient(conn)),
		pb.RegisterEventServiceHandlerClient(ctx, g.api, pb.NewEventServiceClient(conn)),
		pb.RegisterAdminServiceHandlerClient(ctx, g.api, pb.NewAdminServiceClient(conn)),
	} {
		if err != nil {
			return fmt.Errorf("registering REST handlers: %w", err)
		}
	}
	return nil
}

// limited is a connection whose unary calls have an option more.
type limited struct {
	grpc.ClientConnInterface
	option grpc.CallOption
}

// Invoke implements grpc.ClientConnInterface.
func (l limited) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return l.ClientConnInterface.Invoke(ctx, method, args, reply, append(opts, l.option)...)
}

// incoming names the headers that become metadata. Authorization does by
// itself; nothing else does, "Grpc-Metadata-" headers least of all: by those a
// caller could speak with the gateway's voice.
func incoming(key string) (string, bool) {
	if strings.EqualFold(key, intercept.RequestIDHeader) {
		return intercept.RequestIDHeader, true
	}
	return "", false
}

func none(string) (string, bool) { return "", false }

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(intercept.RequestIDHeader)
	if !intercept.WellFormedID(id) {
		id = intercept.NewID(g.Random)
		r.Header.Set(intercept.RequestIDHeader, id)
	}
	w.Header().Set(intercept.RequestIDHeader, id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	out := &response{ResponseWriter: w, request: r}
	defer g.recover(out, r)
	g.serve(out, r)
	out.send()
}

// serve guards, then routes.
func (g *Gateway) serve(w *response, r *http.Request) {
	if err := g.checkHost(r); err != nil {
		g.refuse(w, r, err)
		return
	}
	if done := g.cors(w, r); done {
		return
	}
	if err := g.origins.Check(r); err != nil {
		g.refuse(w, r, errOrigin(r))
		return
	}
	switch r.URL.Path {
	case "/healthz":
		g.probe(w, r, nil)
	case "/readyz":
		g.probe(w, r, g.Ready)
	case "/metrics":
		g.metrics(w, r)
	case "/openapi.json":
		g.document(w, r)
	default:
		g.call(w, r)
	}
}

// call answers a REST request.
func (g *Gateway) call(w *response, r *http.Request) {
	if err := g.checkRequest(r); err != nil {
		g.refuse(w, r, err)
		return
	}
	if r.Method == http.MethodHead {
		// HEAD is GET without its body, which net/http leaves out by itself.
		r = r.WithContext(r.Context())
		r.Method = http.MethodGet
	}
	// Trailers would need a response that is not whole before it is sent.
	r.Header.Del("Te")
	r.Body = &body{ReadCloser: http.MaxBytesReader(w.ResponseWriter, r.Body, g.MaxBodyBytes), limit: g.MaxBodyBytes}
	w.etag = r.Method == http.MethodGet
	g.api.ServeHTTP(w, r)
}
