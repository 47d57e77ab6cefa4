package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/intercept"
	"github.com/plumbline/plumbline/store"
)

const system = "systems/a"

func answering(f func(context.Context, *pb.GetSystemRequest) (*pb.SystemRecord, error)) func(*settings) {
	return func(s *settings) { s.inventory.getSystem = f }
}

func TestRequestID(t *testing.T) {
	sh := startShell(t, answering(func(ctx context.Context, _ *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		return &pb.SystemRecord{Name: intercept.RequestID(ctx)}, nil
	}))
	for _, c := range []struct {
		sent string
		kept bool
	}{{"my-id.1_A", true}, {"", false}, {"with space", false}, {"a\"b", false}, {strings.Repeat("x", 65), false}} {
		ctx := t.Context()
		if c.sent != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", c.sent)
		}
		var header metadata.MD
		got, err := sh.inventory().GetSystem(ctx, &pb.GetSystemRequest{Name: system}, grpc.Header(&header))
		if err != nil {
			t.Fatal(err)
		}
		back := header.Get("x-request-id")
		if len(back) != 1 || back[0] != got.Name || len(back[0]) == 0 || (back[0] == c.sent) != c.kept {
			t.Errorf("sent %q, got back %q, the handler saw %q", c.sent, back, got.Name)
		}
		r := sh.rest(t, "GET", "/v1/systems/a", "", "X-Request-Id: "+c.sent)
		id := r.Header.Get("X-Request-Id")
		if !strings.Contains(r.body, `"name":"`+id+`"`) || (id == c.sent) != c.kept {
			t.Errorf("REST: sent %q, got back %q, body %s", c.sent, id, r.body)
		}
	}
	if len(sh.log.lines(`"request_id":"my-id.1_A"`, `"transport":"grpc"`)) != 1 || len(sh.log.lines(`"request_id":"my-id.1_A"`, `"transport":"rest"`)) != 1 {
		t.Errorf("the log does not have the id once a call: %v", sh.log.lines("my-id.1_A"))
	}
}

// The log's line is JSON with what an operator searches for.
func TestLogLine(t *testing.T) {
	sh := startShell(t, nil)
	sh.rest(t, "GET", "/v1/systems/a", "", "X-Request-Id: one", "X-Forwarded-For: 6.6.6.6")
	lines := sh.log.lines(`"request_id":"one"`)
	if len(lines) != 1 {
		t.Fatalf("%d lines", len(lines))
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"msg": "call", "method": "/plumbline.v1.InventoryService/GetSystem", "code": "Unimplemented",
		"transport": "rest", "actor": "local", "level": "INFO",
		"peer": "127.0.0.1", // what the gateway saw, not what the caller says
	} {
		if line[key] != want {
			t.Errorf("%s = %v, want %v", key, line[key], want)
		}
	}
	if _, ok := line["ms"].(float64); !ok {
		t.Errorf("ms = %v", line["ms"])
	}
}

func TestPanicInUnaryCall(t *testing.T) {
	sh := startShell(t, answering(func(_ context.Context, r *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		if r.Name == "systems/bad" {
			panic("secret " + r.Name)
		}
		return &pb.SystemRecord{Name: r.Name}, nil
	}))
	_, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: "systems/bad"})
	internal(t, sh, err, "panic")
	if got := sh.log.lines(`"msg":"panic"`, "calls_test.go"); len(got) != 1 {
		t.Errorf("the log has no stack: %v", sh.log.lines("panic"))
	}
	r := sh.rest(t, "GET", "/v1/systems/bad", "")
	if r.StatusCode != http.StatusInternalServerError || strings.Contains(r.body, "secret") {
		t.Errorf("REST: %d %s", r.StatusCode, r.body)
	}
	if _, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: "systems/good"}); err != nil {
		t.Errorf("the service does not go on: %v", err)
	}
	if r := sh.rest(t, "GET", "/metrics", ""); !strings.Contains(r.body, "plumbline_panics_total 2") || !strings.Contains(r.body, "plumbline_calls_in_flight 0") {
		t.Error("metrics do not count the panics, or count them as in flight")
	}
}

// internal checks an INTERNAL error that tells nothing but its request id,
// under which the log has the cause.
func internal(t *testing.T, sh *shell, err error, cause string) {
	t.Helper()
	st := status.Convert(err)
	var id string
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			id = info.Metadata["request_id"]
		}
	}
	if st.Code() != codes.Internal || id == "" || !strings.Contains(st.Message(), id) || strings.Contains(st.String(), "secret") {
		t.Errorf("%v", err)
	}
	if len(sh.log.lines(`"level":"ERROR"`, `"msg":"call"`, id, cause)) != 1 {
		t.Errorf("the log does not have the cause under %s: %v", id, sh.log.lines(id))
	}
}

func TestUnknownErrorIsHidden(t *testing.T) {
	sh := startShell(t, answering(func(context.Context, *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		return nil, fmt.Errorf("reading: %w", errSecret)
	}))
	_, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: system})
	internal(t, sh, err, "permission denied")
}

func TestStoreErrors(t *testing.T) {
	var give error
	sh := startShell(t, answering(func(context.Context, *pb.GetSystemRequest) (*pb.SystemRecord, error) { return nil, give }))
	for _, c := range []struct {
		err   error
		code  codes.Code
		http  int
		retry string
	}{
		{store.ErrFull, codes.ResourceExhausted, 507, ""},
		{store.ErrOutcomeUnknown, codes.Unavailable, 503, "30"},
		{store.ErrCorrupt, codes.DataLoss, 500, ""},
	} {
		give = c.err
		if _, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: system}); status.Code(err) != c.code {
			t.Errorf("%v: %v", c.err, err)
		}
		if r := sh.rest(t, "GET", "/v1/systems/a", ""); r.StatusCode != c.http || r.Header.Get("Retry-After") != c.retry {
			t.Errorf("%v over REST: %d, Retry-After %q", c.err, r.StatusCode, r.Header.Get("Retry-After"))
		}
	}
}

func TestValidation(t *testing.T) {
	called := false
	sh := startShell(t, func(s *settings) {
		s.inventory.submit = func(context.Context, *pb.SubmitInventoryRequest) (*pb.Receipt, error) {
			called = true
			return &pb.Receipt{}, nil
		}
	})
	_, err := sh.inventory().SubmitInventory(t.Context(), &pb.SubmitInventoryRequest{System: "a", Source: "cmdb"})
	var fields []string
	for _, d := range status.Convert(err).Details() {
		if br, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range br.FieldViolations {
				fields = append(fields, v.Field)
			}
		}
	}
	if status.Code(err) != codes.InvalidArgument || strings.Join(fields, " ") != "inventory system" || called {
		t.Errorf("%v, violations in %v, handler called %v", err, fields, called)
	}
}

// raw sends bytes as a message.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (raw) Unmarshal(b []byte, v any) error { *v.(*[]byte) = b; return nil }
func (raw) Name() string                    { return "proto" }
func sendRaw(ctx context.Context, c *grpc.ClientConn, method string, b []byte) error {
	var out []byte
	return c.Invoke(ctx, method, b, &out, grpc.ForceCodec(raw{}))
}

func TestInvalidUTF8OverGRPC(t *testing.T) {
	sh := startShell(t, nil)
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "systems/\xff")
	err := sendRaw(t.Context(), sh.conn, "/plumbline.v1.InventoryService/GetSystem", b)
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("%v", err)
	}
	err = sendRaw(t.Context(), sh.conn, "/plumbline.v1.InventoryService/GetSystem", []byte{0xff, 0xff})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("not protobuf: %v", err)
	}
}

func TestMessageLimitOverGRPC(t *testing.T) {
	sh := startShell(t, nil)
	req := &pb.LintChecklistRequest{Yaml: strings.Repeat("x", 5<<20)}
	_, err := pb.NewGuidanceServiceClient(sh.conn).LintChecklist(t.Context(), req)
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("%v", err)
	}
	if _, err := sh.admin().GetVersion(t.Context(), &pb.GetVersionRequest{}); err != nil {
		t.Errorf("the service does not go on: %v", err)
	}
}

func TestHeaderLimitOverGRPC(t *testing.T) {
	sh := startShell(t, nil)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-junk", strings.Repeat("y", 20<<10))
	if _, err := sh.admin().GetVersion(ctx, &pb.GetVersionRequest{}); err == nil {
		t.Error("20 KiB of headers were accepted")
	}
	if _, err := sh.admin().GetVersion(t.Context(), &pb.GetVersionRequest{}); err != nil {
		t.Errorf("the service does not go on: %v", err)
	}
}

func TestEveryCallHasADeadline(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		s.config.CallTimeout = 50 * time.Millisecond
		s.inventory.getSystem = func(ctx context.Context, _ *pb.GetSystemRequest) (*pb.SystemRecord, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	_, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: system})
	if st := status.Convert(err); st.Code() != codes.DeadlineExceeded || fault.Reason(st) != fault.ReasonDeadline {
		t.Errorf("%v", err)
	}
	if r := sh.rest(t, "GET", "/v1/systems/a", ""); r.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("REST: %d %s", r.StatusCode, r.body)
	}
}

// echo answers every item with a receipt.
func echo(s grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error {
	for i := int32(0); ; i++ {
		item, err := s.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if item.GetSubmit().GetSource() == "panic" {
			panic("secret")
		}
		if err := s.Send(&pb.Receipt{Index: i, System: intercept.RequestID(s.Context())}); err != nil {
			return err
		}
	}
}

func submitItem(source string) *pb.SubmitItem {
	return &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{System: system, Source: source}}}
}

// open opens a stream and sees that it works.
func open(t *testing.T, ctx context.Context, sh *shell) grpc.BidiStreamingClient[pb.SubmitItem, pb.Receipt] {
	t.Helper()
	s, err := sh.inventory().StreamSubmit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, s)
	return s
}

func exchange(t *testing.T, s grpc.BidiStreamingClient[pb.SubmitItem, pb.Receipt]) {
	t.Helper()
	if err := s.Send(submitItem("cmdb")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil {
		t.Fatal(err)
	}
}

func TestStream(t *testing.T) {
	sh := startShell(t, func(s *settings) { s.inventory.stream = echo })
	s := open(t, t.Context(), sh)
	header, err := s.Header()
	if err != nil || len(header.Get("x-request-id")) != 1 {
		t.Errorf("header = %v, %v", header, err)
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
	r := sh.rest(t, "GET", "/metrics", "")
	for _, want := range []string{
		`plumbline_stream_messages_total{direction="received",method="/plumbline.v1.InventoryService/StreamSubmit"} 1`,
		`plumbline_call_seconds_count{code="OK",method="/plumbline.v1.InventoryService/StreamSubmit",transport="grpc"} 1`,
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestPanicInStream(t *testing.T) {
	sh := startShell(t, func(s *settings) { s.inventory.stream = echo })
	s := open(t, t.Context(), sh)
	if err := s.Send(submitItem("panic")); err != nil {
		t.Fatal(err)
	}
	_, err := s.Recv()
	internal(t, sh, err, "panic")
	open(t, t.Context(), sh) // the service goes on
}

func TestRevokedTokenEndsStream(t *testing.T) {
	sh := startShell(t, func(s *settings) { authOn(s); s.inventory.stream = echo })
	s := open(t, bearer(t.Context(), sh.token(t, "cmdb", auth.RoleSubmit)), sh)
	admin := bearer(t.Context(), sh.token(t, "root", auth.RoleAdmin))
	if _, err := sh.admin().RevokeToken(admin, &pb.RevokeTokenRequest{Name: "tokens/cmdb"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(submitItem("cmdb")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v", err)
	}
}

func TestIdleStreamEnds(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		s.config.StreamIdleTimeout = 150 * time.Millisecond
		s.inventory.stream = echo
	})
	s := open(t, t.Context(), sh)
	for range 6 { // longer than the bound, but never silent for as long
		time.Sleep(40 * time.Millisecond)
		exchange(t, s)
	}
	begun := time.Now()
	if _, err := s.Recv(); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A caller that sends and never reads its receipts must not keep a handler for
// ever: flow control blocks the handler's Send, and nothing else ends it.
func TestStreamThatDoesNotReadIsCut(t *testing.T) {
	ended := make(chan error, 1)
	sh := startShell(t, func(s *settings) {
		s.config.StreamIdleTimeout = 100 * time.Millisecond
		s.inventory.stream = func(s grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error {
			big := &pb.Receipt{System: strings.Repeat("x", 1<<20)}
			for {
				if err := s.Send(big); err != nil {
					ended <- err
					return err
				}
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := sh.inventory().StreamSubmit(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the handler still hangs")
	}
}

// Many calls that are canceled at once leave nothing behind (startShell looks
// for goroutines), and the service goes on.
func TestCancelFlood(t *testing.T) {
	sh := startShell(t, answering(func(ctx context.Context, _ *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				if _, err := sh.inventory().GetSystem(ctx, &pb.GetSystemRequest{Name: system}); err == nil {
					t.Error("a call that was given up succeeded")
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if _, err := sh.admin().GetVersion(t.Context(), &pb.GetVersionRequest{}); err != nil {
		t.Errorf("the service does not go on: %v", err)
	}
}
