package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files are the files of a listener's TLS, loaded. They are safe for concurrent
// use.
type Files struct {
	names [3]string // certificate, key, client CA (may be empty)
	log   *slog.Logger

	mu     sync.Mutex
	stamps [3]stamp // of what was read last, usable or not
	cert   *tls.Certificate
	pool   *x509.CertPool // nil where clients need no certificate
}

// stamp tells whether a file is the one that was read.
type stamp struct {
	modified time.Time
	size     int64
}

// Load reads the files: PEM, the certificate with its chain. clientCA may be
// empty; else clients must show a certificate that it signed. Failed reloads
// are told to log.
func Load(cert, key, clientCA string, log *slog.Logger) (*Files, error) {
	f := &Files{names: [3]string{cert, key, clientCA}, log: log}
	stamps, err := f.look()
	if err != nil {
		return nil, err
	}
	if err := f.read(stamps); err != nil {
		return nil, err
	}
	return f, nil
}

// Config returns the TLS configuration of a listener that speaks the protocols
// given, such as "h2", in order of preference.
func (f *Files) Config(protocols ...string) *tls.Config {
	base := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols}
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		cert, pool := f.current()
		c := &tls.Config{
			MinVersion: tls.VersionTLS12, NextProtos: protocols,
			Certificates: []tls.Certificate{*cert},
		}
		if pool != nil {
			c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, pool
		}
		return c, nil
	}
	// Go asks for a certificate even where GetConfigForClient gives one.
	base.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, _ := f.current()
		return cert, nil
	}
	return base
}

// Expiry is the instant from which the certificate in force is not valid.
func (f *Files) Expiry() time.Time {
	cert, _ := f.current()
	return cert.Leaf.NotAfter
}

// current returns what is in force, after a look at the files.
func (f *Files) current() (*tls.Certificate, *x509.CertPool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamps, err := f.look()
	if err != nil {
		// A file that is being replaced may be away for a moment.
		return f.cert, f.pool
	}
	if stamps != f.stamps {
		if err := f.read(stamps); err != nil {
			f.stamps = stamps // look again only when they change again
			f.log.Warn("TLS files changed, but cannot be used; those before stay in force", "error", err)
		} else {
			f.log.Info("TLS files reloaded", "certificate", f.names[0], "expires", f.cert.Leaf.NotAfter)
		}
	}
	return f.cert, f.pool
}

func (f *Files) look() (out [3]stamp, err error) {
	for i, name := range f.names {
		if name == "" {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return out, fmt.Errorf("TLS file: %w", err)
		}
		out[i] = stamp{info.ModTime(), info.Size()}
	}
	return out, nil
}

// read reads the files and puts them in force, all or none.
func (f *Files) read(stamps [3]stamp) error {
	cert, err := tls.LoadX509KeyPair(f.names[0], f.names[1])
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w", f.names[0], f.names[1], err)
	}
	var pool *x509.CertPool
	if f.names[2] != "" {
		pem, err := os.ReadFile(f.names[2])
		if err != nil {
			return fmt.Errorf("client CA: %w", err)
		}
		pool = x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return fmt.Errorf("client CA %s: no PEM certificate in it", f.names[2])
		}
	}
	f.stamps, f.cert, f.pool = stamps, &cert, pool
	return nil
}
