package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
)

// probeTimeout bounds how long /readyz may take.
const probeTimeout = 2 * time.Second

// probe answers /healthz (check is nil: the process answers) and /readyz.
func (g *Gateway) probe(w *response, r *http.Request, check func(context.Context) error) {
	if !g.reads(w, r) {
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if check != nil {
		ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			g.refuse(w, r, fault.Unavailable(fault.ReasonUnavailable, time.Second, "the service is not ready; its log says why").Because(err))
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // into a buffer
}

// metrics answers /metrics. Counters tell an outsider how much goes on here, so
// with authentication they take a token, as Prometheus can send one.
func (g *Gateway) metrics(w *response, r *http.Request) {
	if !g.reads(w, r) {
		return
	}
	if g.Authenticator != nil {
		pass, err := g.authenticate(r)
		if err == nil {
			err = auth.Authorize(pass.Identity, "/metrics")
		}
		if err != nil {
			g.refuse(w, r, err)
			return
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	g.Metrics.ServeHTTP(w, r)
}

// document answers /openapi.json. It describes the API, not the data, so
// everybody may read it.
func (g *Gateway) document(w *response, r *http.Request) {
	if !g.reads(w, r) {
		return
	}
	doc, err := g.openapi()
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.etag = true
	_, _ = w.Write(doc) // into a buffer
}

// reads says whether the request reads, and refuses it where it does not.
func (g *Gateway) reads(w *response, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	g.methodNotAllowed(w, r, http.MethodGet)
	return false
}
