package gateway

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
)

// checkHost refuses, where authentication is off, requests that came by a name
// which is not this machine's. A page whose owner lets its own name point to
// 127.0.0.1 (DNS rebinding) would otherwise be of the same origin as this
// port, and read and write everything.
func (g *Gateway) checkHost(r *http.Request) error {
	if g.Authenticator != nil {
		return nil
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return fault.PermissionDenied(fault.ReasonOrigin,
		"without authentication this service answers on loopback names only, such as http://localhost; turn authentication on to call it as %q", r.Host)
}

// checkRequest refuses what must not reach grpc-gateway.
func (g *Gateway) checkRequest(r *http.Request) error {
	if err := checkPath(r); err != nil {
		return err
	}
	if err := g.checkBody(r); err != nil {
		return err
	}
	if g.Authenticator == nil {
		return nil
	}
	_, err := g.authenticate(r)
	return err
}

// authenticate looks at the token before the body is read, so that whoever has
// none cannot make the service parse. The interceptors look again.
func (g *Gateway) authenticate(r *http.Request) (auth.Pass, error) {
	secret, err := auth.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return auth.Pass{}, err
	}
	return g.Authenticator.Authenticate(r.Context(), secret)
}

// checkPath refuses an encoded slash. The path is unescaped once before it is
// matched (any other way lets one segment of a name become several after
// matching), so "systems/a%2Fseries%2Fb" would be another resource than it says.
func checkPath(r *http.Request) error {
	path := strings.ToLower(r.URL.EscapedPath())
	if strings.Contains(path, "%2f") || strings.Contains(path, "%5c") {
		return fault.InvalidField("", "the path has an encoded slash (%%2F or %%5C); ids hold no slash, so send the segments of the name as segments of the path")
	}
	return nil
}

// checkBody refuses what cannot be read as JSON, and what is too long by its
// own account.
func (g *Gateway) checkBody(r *http.Request) error {
	if kind := r.Header.Get("Content-Type"); kind != "" && r.Method != http.MethodGet && r.Method != http.MethodHead {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
			return &httpError{status: http.StatusUnsupportedMediaType, err: fault.InvalidField("",
				"the body must be JSON; send the header \"Content-Type: application/json\" (curl: -H 'Content-Type: application/json'), not %q", kind)}
		}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return &httpError{status: http.StatusUnsupportedMediaType, err: fault.InvalidField("",
			"the body must not be compressed (Content-Encoding: %s)", coding)}
	}
	if r.ContentLength > g.MaxBodyBytes {
		return tooLarge(g.MaxBodyBytes)
	}
	return nil
}

func tooLarge(limit int64) error {
	return fault.Exhausted(fault.ReasonTooLarge,
		"the body is longer than %d bytes; split it: upsertHosts takes some hosts at a time, a snapshot_id joins several messages, and gRPC streams", limit)
}
