package peer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/open-policy-agent/opa/v1/runtime"

	"github.com/plumbline/plumbline/bench/rego"
)

// serveOPA serves the sixty rules in Rego through the package that `opa run
// --server` is made of, with the log at errors alone.
func serveOPA(ctx context.Context) (*served, error) {
	folder, err := os.MkdirTemp("", "bench-opa-")
	if err != nil {
		return nil, err
	}
	policy := filepath.Join(folder, "rules.rego")
	if err := os.WriteFile(policy, []byte(rego.Source), 0o600); err != nil {
		return nil, err
	}
	params := runtime.NewParams()
	params.Addrs = &[]string{"127.0.0.1:0"}
	params.Paths = []string{policy}
	params.Logging = runtime.LoggingConfig{Level: "error", Format: "json"}
	params.EnableVersionCheck = false
	rt, err := runtime.NewRuntime(ctx, params)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- rt.Serve(ctx) }()
	for len(rt.Addrs()) == 0 {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("OPA: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return &served{grpc: "-", http: rt.Addrs()[0], wait: func() error {
		<-ended // it ends with the context, which is no failure
		return os.RemoveAll(folder)
	}}, nil
}
