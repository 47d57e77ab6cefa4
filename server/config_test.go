package server_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/server"
)

func TestConfigValidate(t *testing.T) {
	tls := func(c *server.Config) { c.TLSCert, c.TLSKey = "cert.pem", "key.pem" }
	for _, c := range []struct {
		name   string
		change func(*server.Config)
		want   []string // a text of each problem; none where it is valid
	}{
		{"the zero value", func(*server.Config) {}, nil},
		{"localhost", func(c *server.Config) { c.GRPCAddr = "localhost:1" }, nil},
		{"IPv6 loopback", func(c *server.Config) { c.GRPCAddr = "[::1]:1" }, nil},
		{"another loopback address", func(c *server.Config) { c.GRPCAddr = "127.8.8.8:1" }, nil},
		{"all interfaces", func(c *server.Config) { c.GRPCAddr = ":9090" }, []string{"needs TLS; set TLSCert", "needs authentication; set AuthRequired"}},
		{"all interfaces by address", func(c *server.Config) { c.HTTPAddr = "0.0.0.0:80" }, []string{"HTTPAddr: 0.0.0.0:80 can be reached", "127.0.0.1:80"}},
		{"all of IPv6", func(c *server.Config) { c.HTTPAddr = "[::]:80" }, []string{"needs TLS", "needs authentication"}},
		{"a name", func(c *server.Config) { c.GRPCAddr = "plumb.example.com:1" }, []string{"needs TLS", "needs authentication"}},
		{"a name that begins like loopback", func(c *server.Config) { c.GRPCAddr = "localhost.example.com:1" }, []string{"needs TLS", "needs authentication"}},
		{"TLS alone", func(c *server.Config) { c.GRPCAddr = ":1"; tls(c) }, []string{"needs authentication"}},
		{"authentication alone", func(c *server.Config) { c.GRPCAddr = ":1"; c.AuthRequired = true }, []string{"needs TLS"}},
		{"both", func(c *server.Config) { c.GRPCAddr = ":1"; c.HTTPAddr = ":2"; c.AuthRequired = true; tls(c) }, nil},
		{"half of TLS", func(c *server.Config) { c.TLSCert = "x" }, []string{"TLSCert and TLSKey belong together"}},
		{"client CA without TLS", func(c *server.Config) { c.ClientCA = "x" }, []string{"ClientCA needs TLS"}},
		{"not an address", func(c *server.Config) { c.GRPCAddr = "9090" }, []string{"not host:port"}},
		{"not a port", func(c *server.Config) { c.GRPCAddr = "127.0.0.1:70000" }, []string{"not a port"}},
		{"one port for both", func(c *server.Config) { c.GRPCAddr = server.DefaultHTTPAddr }, []string{"a port each"}},
		{"every origin", func(c *server.Config) { c.AllowedOrigins = []string{"*"} }, []string{"every page"}},
		{"origins that are none", func(c *server.Config) {
			c.AllowedOrigins = []string{"https://ok.example", "dashboard", "https://*.example", "https://a/b", "null"}
		}, []string{`"dashboard" is not`, "a pattern", "more than an origin", "every page"}},
		{"log", func(c *server.Config) { c.LogFormat, c.LogLevel = "xml", "loud" }, []string{"LogFormat", "LogLevel"}},
		{"sizes and times", func(c *server.Config) {
			c.MaxMessageBytes, c.MaxBodyBytes, c.CallTimeout, c.DrainTimeout = 1, 1<<40, -time.Second, -1
		}, []string{"MaxMessageBytes", "MaxBodyBytes", "CallTimeout", "DrainTimeout"}},
		{"all at once", func(c *server.Config) { c.GRPCAddr, c.TLSKey, c.LogLevel = ":1", "k", "x" },
			[]string{"needs TLS", "needs authentication", "belong together", "LogLevel"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var conf server.Config
			c.change(&conf)
			err := conf.Validate()
			if len(c.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var bad *server.ConfigError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v", err)
			}
			if len(c.want) > 1 && len(bad.Problems) < 2 {
				t.Errorf("not all at once: %v", bad.Problems)
			}
			for _, text := range c.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("nothing says %q: %v", text, err)
				}
			}
			// New refuses as well, before it opens anything.
			if _, err := server.New(conf, server.Services{}, nil); !errors.As(err, &bad) {
				t.Errorf("New: %v", err)
			}
		})
	}
}
