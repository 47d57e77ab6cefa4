package server

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ConfigError tells all that is wrong with a Config.
type ConfigError struct{ Problems []string }

// Error lists the problems, one a line.
func (e *ConfigError) Error() string {
	return "configuration:\n  - " + strings.Join(e.Problems, "\n  - ")
}

// Validate says what is wrong with the settings, all of it at once, and what
// to set instead. It opens nothing: whether files can be read shows in New.
func (c Config) Validate() error {
	c = c.withDefaults()
	var p problems
	p.address("GRPCAddr", c.GRPCAddr, c)
	p.address("HTTPAddr", c.HTTPAddr, c)
	if c.GRPCAddr == c.HTTPAddr && !strings.HasSuffix(c.GRPCAddr, ":0") {
		p.add("GRPCAddr and HTTPAddr are both %s; gRPC and HTTP need a port each", c.GRPCAddr)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		p.add("TLSCert and TLSKey belong together; set both or none")
	}
	if c.ClientCA != "" && c.TLSCert == "" {
		p.add("ClientCA needs TLS; set TLSCert and TLSKey too")
	}
	for _, o := range c.AllowedOrigins {
		p.origin(o)
	}
	p.oneOf("LogFormat", c.LogFormat, "text", "json")
	p.oneOf("LogLevel", c.LogLevel, "debug", "info", "warn", "error")
	p.sizes(c)
	if len(p) > 0 {
		return &ConfigError{Problems: p}
	}
	return nil
}

type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// address checks where to listen. An address that other machines reach needs
// TLS, since tokens and inventories go over it, and authentication, since
// without it everybody is an admin.
func (p *problems) address(field, addr string, c Config) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		p.add("%s: %q is not host:port, such as 127.0.0.1:9090", field, addr)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		p.add("%s: %q is not a port; it is a number from 0 to 65535", field, port)
	}
	if isLoopback(host) {
		return
	}
	if c.TLSCert == "" || c.TLSKey == "" {
		p.add("%s: %s can be reached from other machines, which needs TLS; set TLSCert and TLSKey, or listen on 127.0.0.1:%s", field, addr, port)
	}
	if !c.AuthRequired {
		p.add("%s: %s can be reached from other machines, which needs authentication; set AuthRequired and make tokens (plumbline token create), or listen on 127.0.0.1:%s", field, addr, port)
	}
}

// isLoopback says whether a host to listen on is this machine alone. Names are
// not looked up: who answers may change after the check.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (p *problems) origin(o string) {
	u, err := url.Parse(o)
	switch {
	case o == "*" || strings.EqualFold(o, "null"):
		p.add("AllowedOrigins: %q would let every page call; name each origin", o)
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.add("AllowedOrigins: %q is not an origin, such as https://dashboard.example.com", o)
	case strings.Contains(o, "*"):
		p.add("AllowedOrigins: %q has a pattern; name each origin", o)
	case strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		p.add("AllowedOrigins: %q is more than an origin; write %s://%s", o, u.Scheme, u.Host)
	}
}

func (p *problems) oneOf(field, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	p.add("%s: %q is none of %s", field, value, strings.Join(allowed, ", "))
}

// Bounds of sizes. The least message holds a small inventory; the largest is
// what the store takes as one value.
const (
	leastMessage   = 64 << 10
	largestMessage = 64 << 20
)

func (p *problems) sizes(c Config) {
	for _, s := range []struct {
		field string
		value int64
	}{{"MaxMessageBytes", int64(c.MaxMessageBytes)}, {"MaxBodyBytes", c.MaxBodyBytes}} {
		if s.value < leastMessage || s.value > largestMessage {
			p.add("%s: %d is not from %d to %d", s.field, s.value, leastMessage, largestMessage)
		}
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"CallTimeout", c.CallTimeout}, {"StreamIdleTimeout", c.StreamIdleTimeout}, {"DrainDelay", c.DrainDelay}, {"DrainTimeout", c.DrainTimeout},
		{"EventRetention", c.EventRetention}, {"ExpiryNotice", c.ExpiryNotice}} {
		if d.value < 0 {
			p.add("%s: %s is negative", d.field, d.value)
		}
	}
}
