package main

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/server/certs/certstest"
)

// TestServeTLS serves with TLS, tokens and client certificates, and calls it as a
// caller from elsewhere would: every part has to be there.
func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	ca := certstest.NewCA(t)
	ca.WriteCA(t, path("ca.pem"))
	ca.Write(t, path("server.pem"), path("server.key"), 2, time.Hour)
	ca.Write(t, path("client.pem"), path("client.key"), 3, time.Hour)
	plumbline := func(want int, env []string, args ...string) (out, notes string) {
		t.Helper()
		var o, n bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &o, &n, env); code != want {
			t.Fatalf("%v: exit code %d, want %d: %s", args, code, want, n.String())
		}
		return o.String(), n.String()
	}
	plumbline(0, environment(), "db", "init", path("store.db"))
	made, _ := plumbline(0, environment(), "token", "create", "--store", path("store.db"), "--role", "submit", "--source", "cmdb", "sync")
	_, secret, _ := strings.Cut(made, "secret")
	secret = strings.Fields(secret)[0]

	server, err := startServer(program(t), dir, "--store", "store.db", "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0",
		"--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "ca.pem", "--auth-required")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.stop(); err != nil {
			t.Error(err)
		}
	}()
	_, port, err := net.SplitHostPort(server.grpc)
	if err != nil {
		t.Fatal(err)
	}
	// The certificate is for the name and not the address.
	all := []string{
		"PLUMBLINE_SERVER=localhost:" + port, "PLUMBLINE_TOKEN=" + secret, "PLUMBLINE_CA_FILE=" + path("ca.pem"),
		"PLUMBLINE_CERT_FILE=" + path("client.pem"), "PLUMBLINE_KEY_FILE=" + path("client.key"), "PLUMBLINE_TIMEOUT=5s",
	}
	if out, _ := plumbline(0, environment(all...), "systems", "list"); !strings.Contains(out, "no systems") {
		t.Errorf("%s", out)
	}
	for name, words := range map[string]string{
		"PLUMBLINE_TOKEN": "plumbline token create", "PLUMBLINE_CA_FILE": "certificate", "PLUMBLINE_CERT_FILE": "client certificate",
	} {
		var some []string
		for _, e := range all {
			if !strings.HasPrefix(e, name+"=") {
				some = append(some, e)
			}
		}
		if _, notes := plumbline(1, environment(some...), "systems", "list"); !strings.Contains(notes, words) {
			t.Errorf("without %s: %q", name, notes)
		}
	}
	if _, notes := plumbline(1, environment(all...), "audit"); !strings.Contains(notes, "role") {
		t.Errorf("a token that may not: %q", notes)
	}
}
