package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	spb "google.golang.org/genproto/googleapis/rpc/status"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/rpc"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// shell is a server on loopback with a real ledger, the real AdminService, and
// whatever else a test puts in.
type shell struct {
	server *server.Server
	ledger *ledger.Ledger
	tokens auth.Tokens
	authn  *auth.Authenticator
	log    *logBuffer
	conn   *grpc.ClientConn
	client *http.Client
	url    string
	stop   func() error // ends Serve and returns its error
}

// probe answers some methods of InventoryService the way that a test wants;
// the others are unimplemented, as grpc has it.
type probe struct {
	pb.UnimplementedInventoryServiceServer
	getSystem func(context.Context, *pb.GetSystemRequest) (*pb.SystemRecord, error)
	inventory func(context.Context, *pb.GetInventoryRequest) (*pb.EffectiveInventory, error)
	submit    func(context.Context, *pb.SubmitInventoryRequest) (*pb.Receipt, error)
	batch     func(context.Context, *pb.BatchSubmitRequest) (*pb.BatchSubmitResponse, error)
	list      func(context.Context, *pb.ListSystemsRequest) (*pb.ListSystemsResponse, error)
	stream    func(grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error
}

func (p *probe) GetSystem(ctx context.Context, r *pb.GetSystemRequest) (*pb.SystemRecord, error) {
	if p.getSystem == nil {
		return p.UnimplementedInventoryServiceServer.GetSystem(ctx, r)
	}
	return p.getSystem(ctx, r)
}

func (p *probe) GetInventory(ctx context.Context, r *pb.GetInventoryRequest) (*pb.EffectiveInventory, error) {
	if p.inventory == nil {
		return p.UnimplementedInventoryServiceServer.GetInventory(ctx, r)
	}
	return p.inventory(ctx, r)
}

func (p *probe) SubmitInventory(ctx context.Context, r *pb.SubmitInventoryRequest) (*pb.Receipt, error) {
	if p.submit == nil {
		return p.UnimplementedInventoryServiceServer.SubmitInventory(ctx, r)
	}
	return p.submit(ctx, r)
}

func (p *probe) BatchSubmit(ctx context.Context, r *pb.BatchSubmitRequest) (*pb.BatchSubmitResponse, error) {
	if p.batch == nil {
		return p.UnimplementedInventoryServiceServer.BatchSubmit(ctx, r)
	}
	return p.batch(ctx, r)
}

func (p *probe) ListSystems(ctx context.Context, r *pb.ListSystemsRequest) (*pb.ListSystemsResponse, error) {
	if p.list == nil {
		return p.UnimplementedInventoryServiceServer.ListSystems(ctx, r)
	}
	return p.list(ctx, r)
}

func (p *probe) StreamSubmit(s grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error {
	if p.stream == nil {
		return p.UnimplementedInventoryServiceServer.StreamSubmit(s)
	}
	return p.stream(s)
}

// settings are what a test changes before a shell starts.
type settings struct {
	config    server.Config
	inventory *probe
	ready     func(context.Context) error
	clientTLS *tls.Config // set where the server has TLS
}

// startShell starts a server and stops it with the test. No goroutine may be
// left after that.
func startShell(t testing.TB, change func(*settings)) *shell {
	t.Helper()
	before := goleak.IgnoreCurrent()
	l, err := ledger.Create(t.Context(), memory.New())
	if err != nil {
		t.Fatal(err)
	}
	sh := &shell{ledger: l, tokens: auth.InLedger(l), log: &logBuffer{}}
	set := &settings{inventory: &probe{}, config: server.Config{
		GRPCAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", LogOutput: sh.log, LogFormat: "json",
		DrainTimeout: 5 * time.Second, Build: server.Build{Version: "1.2.3", Commit: "abc", Date: "2026-03-01", Engine: "1"},
	}}
	if change != nil {
		change(set)
	}
	clock := set.config.Clock
	if clock == nil {
		clock = time.Now
	}
	sh.authn = auth.NewAuthenticator(sh.tokens, clock)
	sh.server, err = server.New(set.config, server.Services{
		Inventory: set.inventory, Guidance: pb.UnimplementedGuidanceServiceServer{},
		Assessment: pb.UnimplementedAssessmentServiceServer{}, Statement: pb.UnimplementedStatementServiceServer{},
		History: pb.UnimplementedHistoryServiceServer{}, Reassess: pb.UnimplementedReassessmentServiceServer{}, Operations: longrunningpb.UnimplementedOperationsServer{}, Event: pb.UnimplementedEventServiceServer{},
		Admin: rpc.NewAdmin(rpc.AdminConfig{
			Ledger: l, Tokens: sh.tokens, Authenticator: sh.authn, Pages: page.New(nil),
			Build: &pb.Version{Version: "1.2.3", Commit: "abc", BuildDate: "2026-03-01", EngineVersion: "1"}, Clock: clock, Random: rand.Reader,
		}),
		Authenticator: sh.authn,
	}, set.ready)
	if err != nil {
		t.Fatal(err)
	}
	sh.serve(t, set, before)
	return sh
}

func (sh *shell) serve(t testing.TB, set *settings, before goleak.Option) {
	t.Helper()
	if err := sh.server.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sh.server.Serve(ctx) }()
	sh.stop = sync.OnceValue(func() error { cancel(); return <-done })

	eventually(t, "serving", func() bool { return len(sh.log.lines(`"msg":"serving"`)) == 1 })
	transport := &http.Transport{DisableCompression: true}
	creds, scheme := insecure.NewCredentials(), "http://"
	if set.clientTLS != nil {
		transport.TLSClientConfig = set.clientTLS.Clone()
		transport.ForceAttemptHTTP2 = true
		creds, scheme = credentials.NewTLS(set.clientTLS.Clone()), "https://"
	}
	sh.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	sh.url = scheme + sh.server.HTTPAddr().String()
	var err error
	sh.conn, err = grpc.NewClient(sh.server.GRPCAddr().String(), grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sh.conn.Close()
		if err := sh.stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
		transport.CloseIdleConnections()
		goleak.VerifyNone(t, before)
	})
}

// inventory is a gRPC client.
func (sh *shell) inventory() pb.InventoryServiceClient { return pb.NewInventoryServiceClient(sh.conn) }

func (sh *shell) admin() pb.AdminServiceClient { return pb.NewAdminServiceClient(sh.conn) }

// token makes a token straight in the store and returns its secret.
func (sh *shell) token(t *testing.T, id string, role auth.Role, sources ...string) string {
	t.Helper()
	secret, err := auth.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := auth.HashSecret(secret)
	now := time.Now()
	err = sh.tokens.Create(t.Context(), &storev1.TokenRecord{
		Id: id, SecretHash: h[:], Role: string(role), Sources: sources,
		Created: now.UnixMicro(), Expires: now.Add(time.Hour).UnixMicro(),
	}, auth.Write{Actor: "test", Method: "CreateToken", At: now.UnixMicro()})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// bearer is a context whose calls carry a token.
func bearer(ctx context.Context, secret string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+secret)
}

// reply is an answer over REST, read whole.
type reply struct {
	*http.Response
	body string
}

// rest sends a request; headers are "Name: value".
func (sh *shell) rest(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, sh.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	resp, err := sh.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp, string(b)}
}

// status reads an error's body.
func (r reply) status(t *testing.T) *status.Status {
	t.Helper()
	p := &spb.Status{}
	if err := protojson.Unmarshal([]byte(r.body), p); err != nil {
		t.Fatalf("not a google.rpc.Status: %v: %s", err, r.body)
	}
	return status.FromProto(p)
}

// logBuffer collects a log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// lines are those that contain all of the texts.
func (l *logBuffer) lines(texts ...string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for line := range strings.Lines(l.b.String()) {
		has := true
		for _, text := range texts {
			has = has && strings.Contains(line, text)
		}
		if has {
			out = append(out, line)
		}
	}
	return out
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

var errSecret = errors.New("open /var/secret: permission denied")
