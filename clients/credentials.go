package clients

import (
	"context"
	"net"
	"strings"
)

// bearer sends a token with each call.
type bearer struct {
	token  string
	secure bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

// RequireTransportSecurity makes gRPC itself refuse to send the token in the
// clear, unless the caller asked for that and it stays on this machine.
func (b bearer) RequireTransportSecurity() bool { return b.secure }

// IsLoopback says whether an address, "host:port" or a gRPC target, stays on
// this machine: a loopback address, the name localhost, or a unix socket.
func IsLoopback(address string) bool {
	if strings.HasPrefix(address, "unix:") || strings.HasPrefix(address, "unix-abstract:") {
		return true
	}
	for _, scheme := range []string{"dns:", "passthrough:", "ipv4:", "ipv6:"} {
		if rest, ok := strings.CutPrefix(address, scheme); ok {
			// "dns://authority/host": an authority is a name server, so what the
			// name means is its word.
			if authority, path, ok := strings.Cut(strings.TrimPrefix(rest, "//"), "/"); ok && strings.HasPrefix(rest, "//") {
				if authority != "" {
					return false
				}
				rest = path
			}
			address = rest
			break
		}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
