package certs_test

import (
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/server/certs"
	"github.com/plumbline/plumbline/server/certs/certstest"
)

// handshake returns the serial number of the certificate that the server shows.
func handshake(t *testing.T, c *tls.Config, client *tls.Config) (string, error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = conn.(*tls.Conn).Handshake()
			defer conn.Close()
		}
		done <- err
	}()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", l.Addr().String(), client)
	if err != nil {
		<-done
		return "", err
	}
	defer conn.Close()
	if err := <-done; err != nil {
		return "", err
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	ca := certstest.NewCA(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ca.Write(t, cert, key, 1, time.Hour)
	var log strings.Builder
	f, err := certs.Load(cert, key, "", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	conf := f.Config("h2")
	client := &tls.Config{RootCAs: ca.Pool, ServerName: "localhost", NextProtos: []string{"h2"}}
	want := func(serial string) {
		t.Helper()
		if got, err := handshake(t, conf, client); err != nil || got != serial {
			t.Fatalf("serial %s, %v; want %s", got, err, serial)
		}
	}
	want("1")
	ca.Write(t, cert, key, 2, 2*time.Hour)
	want("2")
	if left := time.Until(f.Expiry()); left < time.Hour {
		t.Errorf("Expiry is still the old one: %s", left)
	}

	// Between the writing of the certificate and of the key they do not fit.
	ca.Write(t, cert, filepath.Join(dir, "later.pem"), 3, time.Hour)
	want("2")
	if !strings.Contains(log.String(), "cannot be used") {
		t.Errorf("the log does not say so: %s", log.String())
	}
	before := strings.Count(log.String(), "cannot be used")
	want("2")
	if strings.Count(log.String(), "cannot be used") != before {
		t.Error("the same files are complained about at every handshake")
	}
	if err := os.Rename(filepath.Join(dir, "later.pem"), key); err != nil {
		t.Fatal(err)
	}
	want("3")

	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	want("3")
}

func TestClientCertificates(t *testing.T) {
	dir := t.TempDir()
	ca, other := certstest.NewCA(t), certstest.NewCA(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	ca.Write(t, path("cert.pem"), path("key.pem"), 1, time.Hour)
	ca.Write(t, path("client.pem"), path("client.key"), 2, time.Hour)
	other.Write(t, path("foreign.pem"), path("foreign.key"), 3, time.Hour)
	ca.WriteCA(t, path("ca.pem"))
	f, err := certs.Load(path("cert.pem"), path("key.pem"), path("ca.pem"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		ok   bool
	}{{"client", true}, {"foreign", false}, {"", false}} {
		// With TLS 1.2 the client's own handshake fails, not its first read.
		client := &tls.Config{RootCAs: ca.Pool, ServerName: "localhost", MaxVersion: tls.VersionTLS12}
		if c.name != "" {
			pair, err := tls.LoadX509KeyPair(path(c.name+".pem"), path(c.name+".key"))
			if err != nil {
				t.Fatal(err)
			}
			client.Certificates = []tls.Certificate{pair}
		}
		if _, err := handshake(t, f.Config("h2"), client); (err == nil) != c.ok {
			t.Errorf("client %q: %v", c.name, err)
		}
	}
}

func TestOldProtocolsAreRefused(t *testing.T) {
	dir := t.TempDir()
	ca := certstest.NewCA(t)
	cert, key := filepath.Join(dir, "c"), filepath.Join(dir, "k")
	ca.Write(t, cert, key, 1, time.Hour)
	f, err := certs.Load(cert, key, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	client := &tls.Config{RootCAs: ca.Pool, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if _, err := handshake(t, f.Config("h2"), client); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	ca := certstest.NewCA(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	ca.Write(t, path("c1"), path("k1"), 1, time.Hour)
	ca.Write(t, path("c2"), path("k2"), 2, time.Hour)
	if err := os.WriteFile(path("empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ cert, key, ca, text string }{
		{"c1", "nosuch", "", "nosuch"}, {"c1", "k2", "", "does not match"}, {"empty", "k1", "", "empty"},
		{"c1", "k1", "empty", "no PEM certificate"}, {"c1", "k1", "nosuch", "nosuch"},
	} {
		caFile := ""
		if c.ca != "" {
			caFile = path(c.ca)
		}
		_, err := certs.Load(path(c.cert), path(c.key), caFile, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
