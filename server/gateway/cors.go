package gateway

import (
	"net/http"
	"strings"

	"github.com/plumbline/plumbline/server/fault"
)

// What pages of allowed origins may send and read. Cookies are not among it:
// nothing here uses them.
const (
	corsMethods = "GET, POST, PUT, DELETE"
	corsSend    = "Authorization, Content-Type, If-None-Match, X-Request-Id"
	corsRead    = "ETag, Retry-After, X-Request-Id"
	corsMaxAge  = "600" // seconds that a browser may remember a preflight
)

// cors answers preflights, and marks responses that a page of an allowed
// origin may read. done says that the request is answered.
func (g *Gateway) cors(w *response, r *http.Request) (done bool) {
	origin := r.Header.Get("Origin")
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	if len(g.allowed) > 0 {
		w.Header().Add("Vary", "Origin")
	}
	if origin == "" {
		return false
	}
	if !g.allowed[strings.ToLower(origin)] {
		if preflight {
			g.refuse(w, r, errOrigin(r))
		}
		return preflight
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Expose-Headers", corsRead)
	if preflight {
		w.Header().Set("Access-Control-Allow-Methods", corsMethods)
		w.Header().Set("Access-Control-Allow-Headers", corsSend)
		w.Header().Set("Access-Control-Max-Age", corsMaxAge)
		w.WriteHeader(http.StatusNoContent)
	}
	return preflight
}

func errOrigin(r *http.Request) error {
	return fault.PermissionDenied(fault.ReasonOrigin,
		"pages of the origin %q may not call this service; its operator can allow the origin", r.Header.Get("Origin"))
}
