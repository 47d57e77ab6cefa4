package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/storefile"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/heap"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// storeConfig says which store to serve, and how.
type storeConfig struct {
	name      string
	maxBytes  int64
	workers   int
	scheduler bool
}

func serveCommand(a *cli.App) *cobra.Command {
	config, store := server.Config{}, storeConfig{}
	c := cli.Command(cli.Spec{
		Use: "serve", Short: "Serve the API over gRPC and REST",
		Long: `Serve the API over gRPC and REST until interrupted.

By default both ports listen on this machine only, without TLS and without
tokens. An address that other machines reach needs --tls-cert and --tls-key, and
--auth-required with tokens that plumbline token create makes. TLS files are read
again when they change.

The store must be there: plumbline db init makes one.`,
		Example: "  plumbline db init plumbline.db\n  plumbline serve --store plumbline.db\n  plumbline serve --store /var/lib/plumbline/plumbline.db --grpc-addr :9090 --http-addr :8443 \\\n    --tls-cert tls.crt --tls-key tls.key --auth-required --log-format json",
		Do: func(ctx context.Context, _ []string) error {
			config.LogOutput = a.Err
			return flagWords(serve(ctx, config, store, nil))
		},
	})
	serverFlags(c.Flags(), &config)
	f := c.Flags()
	f.StringVar(&store.name, "store", storefile.Default, storefile.Help)
	f.Int64Var(&store.maxBytes, "max-store-bytes", 0, "how large the store may become; 0 for no limit. Set it below the disk: a full disk cannot be made less full from inside")
	f.IntVar(&store.workers, "workers", 0, "how many systems are assessed at once; 0 for 2")
	f.BoolVar(&store.scheduler, "scheduler", true, "reassess by itself what changes as time goes by")
	return c
}

// serverFlags adds a flag for each setting of a server that can be written down.
// The name is the field's, in kebab case; a test holds both together.
func serverFlags(f *pflag.FlagSet, c *server.Config) {
	f.StringVar(&c.GRPCAddr, "grpc-addr", server.DefaultGRPCAddr, "where gRPC listens, host:port; port 0 for any free one")
	f.StringVar(&c.HTTPAddr, "http-addr", server.DefaultHTTPAddr, "where REST, /healthz, /readyz and /metrics listen, host:port")
	f.StringVar(&c.TLSCert, "tls-cert", "", "PEM file with the certificate and its chain, for both ports")
	f.StringVar(&c.TLSKey, "tls-key", "", "PEM file with the certificate's key")
	f.StringVar(&c.ClientCA, "client-ca", "", "PEM file with authorities; clients must show a certificate of one of them")
	f.BoolVar(&c.AuthRequired, "auth-required", false, "refuse callers without a token; without it everybody is an administrator")
	f.BoolVar(&c.Reflection, "reflection", false, "serve gRPC reflection, for grpcurl and the like")
	f.StringSliceVar(&c.AllowedOrigins, "allowed-origins", nil, "origins whose pages may call REST, such as https://dashboard.example.com")
	f.StringVar(&c.LogFormat, "log-format", "text", "text or json")
	f.StringVar(&c.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.IntVar(&c.MaxMessageBytes, "max-message-bytes", server.DefaultMaxMessageBytes, "the longest message that gRPC takes")
	f.Int64Var(&c.MaxBodyBytes, "max-body-bytes", 0, "the longest body that REST takes; 0 for what --max-message-bytes is")
	f.Uint32Var(&c.MaxConcurrentStreams, "max-concurrent-streams", server.DefaultMaxConcurrentStreams, "how many calls one connection may have under way")
	f.DurationVar(&c.CallTimeout, "call-timeout", server.DefaultCallTimeout, "the longest that one call may take")
	f.DurationVar(&c.StreamIdleTimeout, "stream-idle-timeout", server.DefaultStreamIdleTimeout, "the longest that a stream may be silent")
	f.DurationVar(&c.DrainDelay, "drain-delay", 0, "how long to go on at shutdown after saying so at /readyz, for load balancers to notice")
	f.DurationVar(&c.DrainTimeout, "drain-timeout", server.DefaultDrainTimeout, "how long calls under way may take to end at shutdown")
	f.DurationVar(&c.EventRetention, "event-retention", server.DefaultEventRetention, "how long events are kept, and what webhooks did not take of them")
	f.DurationVar(&c.ExpiryNotice, "expiry-notice", server.DefaultExpiryNotice, "how long before a waiver, an attestation or a claim ends an event tells so")
}

// flagWords names the flags where the server's settings are named.
func flagWords(err error) error {
	var wrong *server.ConfigError
	if !errors.As(err, &wrong) {
		return err
	}
	out := make([]string, len(wrong.Problems))
	for i, p := range wrong.Problems {
		out[i] = fieldFlags.Replace(p)
	}
	return errors.New(strings.Join(out, "\n  "))
}

// fieldFlags replaces the names of the settings that problems mention.
var fieldFlags = strings.NewReplacer("GRPCAddr", "--grpc-addr", "HTTPAddr", "--http-addr", "TLSCert", "--tls-cert", "TLSKey", "--tls-key",
	"ClientCA", "--client-ca", "AuthRequired", "--auth-required", "AllowedOrigins", "--allowed-origins", "LogFormat", "--log-format",
	"LogLevel", "--log-level", "MaxMessageBytes", "--max-message-bytes", "MaxBodyBytes", "--max-body-bytes",
	"CallTimeout", "--call-timeout", "StreamIdleTimeout", "--stream-idle-timeout", "DrainTimeout", "--drain-timeout", "DrainDelay", "--drain-delay",
	"EventRetention", "--event-retention", "ExpiryNotice", "--expiry-notice")

// serve opens the store and serves until ctx ends. started is told the addresses
// once calls are taken; nil for nobody. The store closes last, when nothing runs
// any more that could use it.
func serve(ctx context.Context, config server.Config, store storeConfig, started func(grpcAddr, httpAddr string)) (err error) {
	if err := config.Validate(); err != nil {
		return err
	}
	v := buildVersion()
	config.Build = server.Build{Version: v.GetVersion(), Commit: v.GetCommit(), Date: v.GetBuildDate(), Engine: v.GetEngineVersion()}
	path, err := storefile.Path(store.name)
	if err != nil {
		return err
	}
	db, err := bolt.Open(path, bolt.Options{MaxSize: store.maxBytes, AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		return storefile.Explain(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if os.Getenv("GOGC") == "" {
		heap.Tune()
	}
	l, err := ledger.Open(ctx, db)
	if err != nil {
		return storefile.Explain(path, err)
	}
	s, work, err := server.Assemble(ctx, l, db.Stat, config, store.workers)
	if err != nil {
		return storefile.Explain(path, err)
	}
	running := &running{assessor: work}
	defer running.close()
	if err := s.Listen(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	if store.scheduler {
		running.schedule(ctx)
	}
	running.tasks.Go(func() { s.Runs.Run(ctx) })
	running.tasks.Go(func() { s.Events.Run(ctx) })
	running.tasks.Go(func() { s.Retention.Run(ctx) })
	if started != nil {
		started(s.GRPCAddr().String(), s.HTTPAddr().String())
	}
	return s.Serve(ctx)
}

// running is what works behind the services.
type running struct {
	assessor *assessor.Assessor
	tasks    sync.WaitGroup
}

// schedule reassesses what changes by itself, until ctx ends.
func (r *running) schedule(ctx context.Context) {
	r.tasks.Go(func() { r.assessor.RunScheduler(ctx) })
}

// close waits for the scheduler's last item, lets what was taken become durable,
// and stops the assessor.
func (r *running) close() {
	r.tasks.Wait()
	r.assessor.Close()
}
