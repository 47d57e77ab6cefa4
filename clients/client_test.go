package clients

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8443": true, "127.9.9.9:1": true, "[::1]:8443": true, "localhost:8443": true, "localhost": true,
		"unix:///run/p.sock": true, "dns:///localhost:1": true, "dns:127.0.0.1:1": true, "passthrough:///127.0.0.1:1": true,
		"0.0.0.0:8443": false, "10.0.0.1:1": false, "plumbline.example:443": false, "localhost.example:1": false,
		"dns://192.0.2.1/localhost:1": false, "dns:///plumbline.example": false, "": false, "xds:///127.0.0.1:1": false,
	} {
		if got := IsLoopback(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func TestDialRefusals(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for words, c := range map[string]Config{
		"no server address":       {},
		"is not on this machine":  {Address: "plumbline.example:443", Insecure: true},
		"both TLS and no TLS":     {Address: "localhost:1", Insecure: true, CAFile: empty},
		"holds no PEM":            {Address: "localhost:1", CAFile: empty},
		"no such file":            {Address: "localhost:1", CAFile: filepath.Join(dir, "none.pem")},
		"client certificate":      {Address: "localhost:1", CertFile: empty, KeyFile: empty},
		"9 attempts: give 1 to 5": {Address: "localhost:1", Attempts: 9},
	} {
		if _, err := Dial(t.Context(), c); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%+v: %v, want %q", c, err, words)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, Config{Address: "localhost:1"}); err != context.Canceled {
		t.Error(err)
	}
}

// TestRetries counts how often a call arrives at a server that is unavailable.
func TestRetries(t *testing.T) {
	r := startReceiver(t, func() fault { return storeDown })
	c := r.client(t, "")
	for _, call := range []struct {
		name string
		want int
		do   func(context.Context) error
	}{
		{"a read", 4, func(ctx context.Context) error {
			_, err := c.Admin().GetVersion(ctx, &pb.GetVersionRequest{})
			return err
		}},
		{"a submission with a request id", 4, func(ctx context.Context) error {
			_, err := c.Inventory().SubmitInventory(ctx, &pb.SubmitInventoryRequest{RequestId: "r"})
			return err
		}},
		{"a submission without one", 1, func(ctx context.Context) error {
			_, err := c.Inventory().SubmitInventory(ctx, &pb.SubmitInventoryRequest{})
			return err
		}},
		{"a write", 1, func(ctx context.Context) error {
			_, err := c.Admin().CreateToken(ctx, &pb.CreateTokenRequest{})
			return err
		}},
	} {
		r.calls = 0
		if err := call.do(t.Context()); status.Code(err) != codes.Unavailable || r.calls != call.want {
			t.Errorf("%s: %d calls, %v", call.name, r.calls, err)
		}
	}
}

// TestEveryMethodIsSorted says of each method whether it is tried again, so that
// a new one is looked at.
func TestEveryMethodIsSorted(t *testing.T) {
	writes := map[string]bool{}
	for _, m := range strings.Fields(`SubmitInventory UpsertHosts BatchSubmit RetireSystem RetireHost CreateHostLink DeleteHostLink
		UpdatePolicy PublishChecklist CreateAssignment DeleteAssignment CreateClaim RevokeClaim CreateToken RevokeToken
		DeprecateChecklistVersion WithdrawChecklistVersion PublishTailoring ActivateAssignment CreateWaiver ApproveWaiver RevokeWaiver
		CreateAttestation RenewAttestation RevokeAttestation FileAnswers ReassessSystems VerifyAssessments CancelOperation
		DeleteOperation UpdateCalendar UpdateFleetLabels CreateWebhook DeleteWebhook TestWebhook ReplayDeadLetters
		UpdateRetention RunRetention CreateHold DeleteHold`) {
		writes[m] = true
	}
	for _, s := range services {
		for _, m := range s.Methods {
			if readOnly(m.MethodName) == writes[m.MethodName] {
				t.Errorf("%s is taken for a read: %v", m.MethodName, readOnly(m.MethodName))
			}
			delete(writes, m.MethodName)
		}
	}
	if len(writes) > 0 {
		t.Errorf("no service has %v", writes)
	}
}

// TestTLS calls a server over TLS with the token, once trusting its authority
// and once not.
func TestTLS(t *testing.T) {
	cert, authority := certificate(t)
	r := &receiver{}
	s := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	pb.RegisterAdminServiceServer(s, r)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	defer func() { s.Stop(); <-done }()
	call := func(c Config) error {
		c.Address, c.Token, c.Attempts = l.Addr().String(), "secret", 1
		client, err := Dial(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		_, err = client.Admin().GetVersion(t.Context(), &pb.GetVersionRequest{})
		return err
	}
	if err := call(Config{CAFile: authority}); err != nil || len(r.token) != 1 || r.token[0] != "Bearer secret" {
		t.Errorf("%v, token %q", err, r.token)
	}
	r.token = nil
	if err := call(Config{}); status.Code(err) != codes.Unavailable || r.token != nil {
		t.Errorf("an authority that nobody knows: %v, token %q", err, r.token)
	}
	if err := call(Config{Insecure: true}); err == nil {
		t.Error("called without TLS")
	}
}

// certificate makes one for 127.0.0.1, and a file with its authority: itself.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestProblem(t *testing.T) {
	s, err := status.New(codes.InvalidArgument, "the request is not valid").WithDetails(
		&errdetails.ErrorInfo{Reason: "INVALID_FIELD", Domain: "plumbline"},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "hosts[0].id", Description: "must match"}}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)},
		&errdetails.RequestInfo{RequestId: "r-1"},
	)
	if err != nil {
		t.Fatal(err)
	}
	p := AsProblem(s.Err())
	if p.Error() != "the request is not valid; hosts[0].id: must match" || p.Reason != "INVALID_FIELD" ||
		p.RetryAfter != 3*time.Second || p.RequestID != "r-1" || p.Code != codes.InvalidArgument {
		t.Errorf("%+v", p)
	}
	if AsProblem(nil) != nil || AsProblem(os.ErrNotExist) != nil || ReceiptProblem(nil) != nil {
		t.Error("a problem where there is none")
	}
}

func TestBackoff(t *testing.T) {
	for try := 1; try < 200; try++ {
		if d := backoff(try, firstWait, longestWait); d < firstWait/2 || d > longestWait {
			t.Errorf("attempt %d waits %v", try, d)
		}
	}
}
