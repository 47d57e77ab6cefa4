package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/rpc"
)

// held is a method that tells when it is entered and waits to be let go.
type held struct{ entered, release chan struct{} }

func newHeld() held { return held{make(chan struct{}, 10), make(chan struct{})} }

func (h held) getSystem(ctx context.Context, _ *pb.GetSystemRequest) (*pb.SystemRecord, error) {
	h.entered <- struct{}{}
	select {
	case <-h.release:
		return &pb.SystemRecord{Name: "whole"}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestDrainOrder: what is under way ends well over gRPC and REST; meanwhile
// health is NOT_SERVING, watchers hear it, streams end after their answers, and
// Serve returns only when all is over.
func TestDrainOrder(t *testing.T) {
	h := newHeld()
	sh := startShell(t, func(s *settings) { s.inventory.getSystem, s.inventory.stream = h.getSystem, echo })
	watch, err := healthpb.NewHealthClient(sh.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wantHealth(t, watch, healthpb.HealthCheckResponse_SERVING)
	stream := open(t, t.Context(), sh)

	overGRPC, overREST := make(chan error, 1), make(chan reply, 1)
	go func() {
		_, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: system})
		overGRPC <- err
	}()
	go func() { overREST <- sh.rest(t, "GET", "/v1/systems/a", "") }()
	<-h.entered
	<-h.entered
	stopped := make(chan error, 1)
	go func() { stopped <- sh.stop() }()

	wantHealth(t, watch, healthpb.HealthCheckResponse_NOT_SERVING)
	if _, err := watch.Recv(); err == nil {
		t.Error("the watch goes on")
	}
	_, err = stream.Recv()
	if st := status.Convert(err); st.Code() != codes.Unavailable || fault.Reason(st) != fault.ReasonShuttingDown {
		t.Errorf("the stream ended with %v", err)
	}
	select {
	case err := <-stopped:
		t.Fatalf("Serve returned (%v) under a call", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(h.release)
	if err := <-overGRPC; err != nil {
		t.Errorf("the call under way: %v", err)
	}
	if r := <-overREST; r.StatusCode != http.StatusOK || !strings.Contains(r.body, "whole") {
		t.Errorf("the REST call under way: %d %s", r.StatusCode, r.body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for _, addr := range []net.Addr{sh.server.GRPCAddr(), sh.server.HTTPAddr()} {
		if c, err := net.DialTimeout("tcp", addr.String(), time.Second); err == nil {
			c.Close()
			t.Errorf("%s is still open", addr)
		}
	}
}

func wantHealth(t *testing.T, w grpc.ServerStreamingClient[healthpb.HealthCheckResponse], want healthpb.HealthCheckResponse_ServingStatus) {
	t.Helper()
	got, err := w.Recv()
	if err != nil || got.Status != want {
		t.Fatalf("health = %v, %v; want %s", got, err, want)
	}
}

// A handler that does not end is cut at the deadline, and Serve returns.
func TestDrainDeadline(t *testing.T) {
	h := newHeld()
	sh := startShell(t, func(s *settings) {
		s.inventory.getSystem = h.getSystem
		s.config.DrainTimeout = 200 * time.Millisecond
	})
	overGRPC, overREST := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: system})
		overGRPC <- err
	}()
	go func() {
		resp, err := sh.client.Get(sh.url + "/v1/systems/a")
		if err == nil {
			resp.Body.Close()
		}
		overREST <- err
	}()
	<-h.entered
	<-h.entered
	begun := time.Now()
	if err := sh.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took < 200*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if err := <-overGRPC; err == nil {
		t.Error("the call that was cut succeeded")
	}
	<-overREST // an answer that says so or a broken connection, but an end
	if len(sh.log.lines("were cut")) == 0 {
		t.Error("the log does not say that calls were cut")
	}
}

// What a stream has taken is answered before it ends.
func TestDrainAnswersWhatWasTaken(t *testing.T) {
	taken, release := make(chan struct{}), make(chan struct{})
	sh := startShell(t, func(s *settings) {
		s.inventory.stream = func(s grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error {
			if _, err := s.Recv(); err != nil {
				return err
			}
			taken <- struct{}{}
			<-release // the commit takes its time
			if err := s.Send(&pb.Receipt{Outcome: "inserted"}); err != nil {
				return err
			}
			_, err := s.Recv()
			return err
		}
	})
	s, err := sh.inventory().StreamSubmit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(submitItem("a")); err != nil {
		t.Fatal(err)
	}
	<-taken
	stopped := make(chan error, 1)
	go func() { stopped <- sh.stop() }()
	eventually(t, "draining", func() bool { return len(sh.log.lines(`"msg":"draining"`)) == 1 })
	close(release)
	if r, err := s.Recv(); err != nil || r.Outcome != "inserted" {
		t.Errorf("the receipt: %v, %v", r, err)
	}
	if _, err := s.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the end: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// Between saying that it is not ready and closing its ports the service goes
// on serving, since load balancers take a while to notice.
func TestDrainDelay(t *testing.T) {
	sh := startShell(t, func(s *settings) { s.config.DrainDelay = 500 * time.Millisecond })
	go sh.stop() //nolint:errcheck // the cleanup looks at it
	eventually(t, "/readyz fails", func() bool {
		return sh.rest(t, "GET", "/readyz", "").StatusCode == http.StatusServiceUnavailable
	})
	if r := sh.rest(t, "GET", "/v1/version", ""); r.StatusCode != http.StatusOK {
		t.Errorf("a call during the delay: %d", r.StatusCode)
	}
	if r := sh.rest(t, "GET", "/healthz", ""); r.StatusCode != http.StatusOK {
		t.Errorf("/healthz during the delay: %d", r.StatusCode)
	}
	got, err := healthpb.NewHealthClient(sh.conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil || got.Status != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health during the delay: %v, %v", got, err)
	}
}

func TestServeErrors(t *testing.T) {
	sh := startShell(t, nil)
	services := server.Services{
		Inventory: pb.UnimplementedInventoryServiceServer{}, Guidance: pb.UnimplementedGuidanceServiceServer{},
		Assessment: pb.UnimplementedAssessmentServiceServer{}, Statement: pb.UnimplementedStatementServiceServer{},
		History: pb.UnimplementedHistoryServiceServer{}, Reassess: pb.UnimplementedReassessmentServiceServer{}, Event: pb.UnimplementedEventServiceServer{}, Admin: pb.UnimplementedAdminServiceServer{},
	}
	for name, conf := range map[string]server.Config{
		"gRPC port": {GRPCAddr: sh.server.GRPCAddr().String(), HTTPAddr: "127.0.0.1:0", LogOutput: io.Discard},
		"HTTP port": {GRPCAddr: "127.0.0.1:0", HTTPAddr: sh.server.HTTPAddr().String(), LogOutput: io.Discard},
	} {
		s, err := server.New(conf, services, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("a port that is taken: %v", err)
		}
		if err := s.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "once") {
			t.Errorf("a second Serve: %v", err)
		}
	}
	if _, err := server.New(server.Config{}, server.Services{}, nil); err == nil {
		t.Error("New without services")
	}
	if _, err := server.New(server.Config{AuthRequired: true}, services, nil); err == nil || !strings.Contains(err.Error(), "Authenticator") {
		t.Errorf("AuthRequired without an Authenticator: %v", err)
	}
	if _, err := server.New(server.Config{TLSCert: "nosuch.pem", TLSKey: "nosuch.key"}, services, nil); err == nil || !strings.Contains(err.Error(), "nosuch") {
		t.Errorf("TLS files that are not there: %v", err)
	}
}

func TestCloseWithoutServe(t *testing.T) {
	s, err := server.New(server.Config{GRPCAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", LogOutput: io.Discard}, server.Services{
		Inventory: pb.UnimplementedInventoryServiceServer{}, Guidance: pb.UnimplementedGuidanceServiceServer{},
		Assessment: pb.UnimplementedAssessmentServiceServer{}, Statement: pb.UnimplementedStatementServiceServer{},
		History: pb.UnimplementedHistoryServiceServer{}, Reassess: pb.UnimplementedReassessmentServiceServer{}, Event: pb.UnimplementedEventServiceServer{},
		Admin: rpc.NewAdmin(rpc.AdminConfig{Pages: page.New(nil)}),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.GRPCAddr() != nil {
		t.Error("an address before Listen")
	}
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	addr := s.GRPCAddr().String()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if l, err := net.Listen("tcp", addr); err != nil {
		t.Errorf("the port is still taken: %v", err)
	} else {
		l.Close()
	}
}

func TestHealth(t *testing.T) {
	sh := startShell(t, func(s *settings) { s.config.AuthRequired = true })
	c := healthpb.NewHealthClient(sh.conn)
	for _, service := range []string{"", "plumbline.v1.InventoryService"} {
		got, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", service, got, err)
		}
	}
	if _, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown service: %v", err)
	}
}
