package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/reflect/protoreflect"

	api "github.com/plumbline/plumbline/proto"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/certs"
	"github.com/plumbline/plumbline/server/check"
	"github.com/plumbline/plumbline/server/codec"
	"github.com/plumbline/plumbline/server/events/eventapi"
	"github.com/plumbline/plumbline/server/gateway"
	"github.com/plumbline/plumbline/server/intercept"
	"github.com/plumbline/plumbline/server/metrics"
	"github.com/plumbline/plumbline/server/operations"
	"github.com/plumbline/plumbline/server/retention"
)

// Services are what a Server serves. All but the last two are required.
type Services struct {
	Inventory  pb.InventoryServiceServer
	Guidance   pb.GuidanceServiceServer
	Assessment pb.AssessmentServiceServer
	Statement  pb.StatementServiceServer
	History    pb.HistoryServiceServer
	Reassess   pb.ReassessmentServiceServer
	Operations longrunningpb.OperationsServer // not served where nil
	Event      pb.EventServiceServer
	Admin      pb.AdminServiceServer

	// Authenticator tells who calls. It is required with Config.AuthRequired,
	// and the Admin service must revoke through the same one.
	Authenticator *auth.Authenticator
	// Metrics count calls, and answer /metrics; new ones where nil.
	Metrics *metrics.Metrics
}

// Bounds that nobody has to set.
const (
	maxHeaderBytes   = 16 << 10         // gRPC's default is 16 MiB a call
	handshakeTimeout = 10 * time.Second // of a new connection
	headerTimeout    = 5 * time.Second  // until an HTTP request's headers are there
	bodyTimeout      = time.Minute      // until its body is there too
	idleTimeout      = 2 * time.Minute  // of an HTTP connection between requests
	pipeBytes        = 1 << 20          // buffered between the gateway and the gRPC server
)

// Server is the service. See the package's documentation for its life.
type Server struct {
	// Runs carries runs of reassessments out while its Run runs, which is the
	// caller's to call. Nil where New made the Server.
	Runs *operations.Keeper
	// Events tells what falls due, delivers to webhooks, and sweeps old events,
	// while its Run runs, which is the caller's to call. Nil as Runs is.
	Events *eventapi.Service
	// Retention thins history while its Run runs, which is the caller's to call.
	// Nil as Runs is.
	Retention *retention.Keeper

	config Config
	log    *slog.Logger
	ready  func(context.Context) error

	files  *certs.Files // nil without TLS
	chain  *intercept.Chain
	grpc   *grpc.Server
	health *health.Server
	pipe   *bufconn.Listener
	conn   *grpc.ClientConn
	http   *http.Server

	listening  sync.Mutex // guards the listeners
	grpcListen net.Listener
	httpListen net.Listener
	served     atomic.Bool
	draining   atomic.Bool
	requests   sync.WaitGroup // HTTP requests under way
}

// New builds a Server. It reads the TLS files, but opens no port. ready says
// why the service cannot serve now, for /readyz; nil says that it always can.
func New(c Config, s Services, ready func(context.Context) error) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := s.validate(c); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	srv := &Server{config: c, log: c.Logger, ready: ready, health: health.NewServer(), pipe: bufconn.Listen(pipeBytes)}
	if s.Metrics == nil {
		s.Metrics = metrics.New(metrics.Build{Version: c.Build.Version, Commit: c.Build.Commit, Engine: c.Build.Engine})
	}
	if !c.AuthRequired {
		s.Authenticator = nil
	}
	var err error
	if c.TLSCert != "" {
		if srv.files, err = certs.Load(c.TLSCert, c.TLSKey, c.ClientCA, c.Logger); err != nil {
			return nil, err
		}
	}
	if err := srv.buildGRPC(s); err != nil {
		return nil, err
	}
	return srv, srv.buildHTTP(s)
}

func (s Services) validate(c Config) error {
	switch {
	case s.Inventory == nil || s.Guidance == nil || s.Assessment == nil || s.Statement == nil || s.Admin == nil,
		s.History == nil || s.Reassess == nil || s.Event == nil:
		return errors.New("server: Services lacks a service")
	case c.AuthRequired && s.Authenticator == nil:
		return errors.New("server: AuthRequired needs Services.Authenticator")
	}
	return nil
}

// buildGRPC builds the gRPC server with all its services.
func (s *Server) buildGRPC(services Services) error {
	c := s.config
	validator, err := NewValidator()
	if err != nil {
		return err
	}
	s.chain = intercept.New(intercept.Config{
		Logger: s.log, Metrics: services.Metrics, Authenticator: services.Authenticator, Check: validator,
		Clock: c.Clock, Random: c.Random, CallTimeout: c.CallTimeout, StreamIdle: c.StreamIdleTimeout,
	})
	s.grpc = grpc.NewServer(
		grpc.UnaryInterceptor(s.chain.Unary()),
		grpc.StreamInterceptor(s.chain.Stream()),
		grpc.ForceServerCodecV2(codec.New()),
		grpc.MaxRecvMsgSize(c.MaxMessageBytes),
		grpc.MaxConcurrentStreams(c.MaxConcurrentStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 20 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 2 * time.Minute, Timeout: 20 * time.Second}),
		grpc.WaitForHandlers(true), // whoever closes the store after Serve must not race a handler
	)
	pb.RegisterInventoryServiceServer(s.grpc, services.Inventory)
	pb.RegisterGuidanceServiceServer(s.grpc, services.Guidance)
	pb.RegisterAssessmentServiceServer(s.grpc, services.Assessment)
	pb.RegisterStatementServiceServer(s.grpc, services.Statement)
	pb.RegisterHistoryServiceServer(s.grpc, services.History)
	pb.RegisterReassessmentServiceServer(s.grpc, services.Reassess)
	if services.Operations != nil {
		longrunningpb.RegisterOperationsServer(s.grpc, services.Operations)
	}
	pb.RegisterEventServiceServer(s.grpc, services.Event)
	pb.RegisterAdminServiceServer(s.grpc, services.Admin)
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	if c.Reflection {
		reflection.Register(s.grpc)
	}
	s.setHealth(grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	return checkPermissions(s.grpc)
}

// checkPermissions says which registered methods have no permission. They
// would be denied to everybody, which is safe but not meant.
func checkPermissions(g *grpc.Server) error {
	var missing []string
	for service, info := range g.GetServiceInfo() {
		for _, m := range info.Methods {
			if name := "/" + service + "/" + m.Name; auth.PermissionOf(name) == auth.Denied {
				missing = append(missing, name)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("server: methods without a permission: %s", strings.Join(missing, ", "))
}

// buildHTTP builds the gateway and the HTTP server before it.
func (s *Server) buildHTTP(services Services) error {
	c := s.config
	var err error
	// "passthrough" keeps the resolver from looking anything up.
	s.conn, err = grpc.NewClient("passthrough:///bufconn",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.pipe.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(codec.New())),
		grpc.WithMaxHeaderListSize(1<<20),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry())
	if err != nil {
		return fmt.Errorf("server: connection within the process: %w", err)
	}
	handler, err := gateway.New(gateway.Config{
		Conn: s.conn, Logger: s.log, Authenticator: services.Authenticator, Random: c.Random,
		Ready: s.isReady, Metrics: services.Metrics.Handler(s.log),
		OpenAPI: api.OpenAPI, Version: c.Build.Version,
		AllowedOrigins: c.AllowedOrigins, MaxBodyBytes: c.MaxBodyBytes,
	})
	if err != nil {
		return errors.Join(err, s.conn.Close())
	}
	s.http = &http.Server{
		Handler:           s.counted(handler),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      bodyTimeout + c.CallTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: int(c.MaxConcurrentStreams)},
	}
	if s.files != nil {
		s.http.TLSConfig = s.files.Config("h2", "http/1.1")
	}
	return nil
}

// counted notes the requests under way, since closing an HTTP server does not
// wait for their handlers.
func (s *Server) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		defer s.requests.Done()
		h.ServeHTTP(w, r)
	})
}

// NewValidator returns the validator of the API's requests. Handlers of streams
// use it for the items that the interceptors leave to them. The rules are
// compiled once in a process.
func NewValidator() (*check.Validator, error) { return compiled() }

var compiled = sync.OnceValues(func() (*check.Validator, error) {
	var types []protoreflect.MessageDescriptor
	for _, service := range api.Services() {
		for i := range service.Methods().Len() {
			types = append(types, service.Methods().Get(i).Input())
		}
	}
	return check.New(types...)
})
