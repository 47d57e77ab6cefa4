package server_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/certs/certstest"
)

// withTLS gives a shell a certificate; it returns what renews it.
func withTLS(t *testing.T) (change func(*settings), renew func(serial int64), client *tls.Config) {
	t.Helper()
	dir := t.TempDir()
	ca := certstest.NewCA(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	renew = func(serial int64) { ca.Write(t, cert, key, serial, time.Hour) }
	renew(1)
	client = &tls.Config{RootCAs: ca.Pool, ServerName: "localhost"}
	return func(s *settings) {
		s.config.TLSCert, s.config.TLSKey, s.clientTLS = cert, key, client
		// All interfaces, which TLS and authentication allow.
		s.config.GRPCAddr, s.config.HTTPAddr, s.config.AuthRequired = ":0", ":0", true
	}, renew, client
}

// serials dials both ports anew and returns the certificates' serial numbers.
func serials(t *testing.T, sh *shell, client *tls.Config, secret string) (overGRPC, overHTTP string) {
	t.Helper()
	conn, err := grpc.NewClient(sh.server.GRPCAddr().String(), grpc.WithTransportCredentials(credentials.NewTLS(client.Clone())))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var p peer.Peer
	if _, err := pb.NewAdminServiceClient(conn).GetVersion(bearer(t.Context(), secret), &pb.GetVersionRequest{}, grpc.Peer(&p)); err != nil {
		t.Fatal(err)
	}
	overGRPC = p.AuthInfo.(credentials.TLSInfo).State.PeerCertificates[0].SerialNumber.String()
	sh.client.CloseIdleConnections()
	r := sh.rest(t, "GET", "/v1/version", "", "Authorization: Bearer "+secret)
	if r.StatusCode != http.StatusOK || r.TLS == nil {
		t.Fatalf("REST: %d %s", r.StatusCode, r.body)
	}
	if r.ProtoMajor != 2 {
		t.Errorf("REST over TLS speaks %s", r.Proto)
	}
	return overGRPC, r.TLS.PeerCertificates[0].SerialNumber.String()
}

func TestTLSReload(t *testing.T) {
	change, renew, client := withTLS(t)
	sh := startShell(t, change)
	secret := sh.token(t, "r", auth.RoleRead)
	if g, h := serials(t, sh, client, secret); g != "1" || h != "1" {
		t.Errorf("serials %s, %s", g, h)
	}
	renew(2)
	if g, h := serials(t, sh, client, secret); g != "2" || h != "2" {
		t.Errorf("after the renewal: serials %s, %s", g, h)
	}
	// The connection of before goes on.
	if _, err := sh.admin().GetVersion(bearer(t.Context(), secret), &pb.GetVersionRequest{}); err != nil {
		t.Error(err)
	}
}

func TestPlainTextIsRefusedWithTLS(t *testing.T) {
	change, _, _ := withTLS(t)
	sh := startShell(t, change)
	conn, err := grpc.NewClient(sh.server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := pb.NewAdminServiceClient(conn).GetVersion(ctx, &pb.GetVersionRequest{}); err == nil {
		t.Error("gRPC without TLS was answered")
	}
	resp, err := http.Get("http://" + sh.server.HTTPAddr().String() + "/v1/version")
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest { // net/http's own answer to plain text
			t.Errorf("REST without TLS was answered: %d", resp.StatusCode)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
