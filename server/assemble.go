package server

import (
	"context"

	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/metrics"
	"github.com/plumbline/plumbline/server/operations"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/server/rpc"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

// Assemble builds the whole service over a ledger: the assessor, the
// services over it, and the Server before them. stat tells the store's size
// for the metrics; workers is how many plans are made at once, 0 for the
// assessor's default. The caller serves, runs the assessor's scheduler and the
// Server's Runs, Events and Retention, and afterwards closes the assessor and then the store.
func Assemble(ctx context.Context, l *ledger.Ledger, stat func(context.Context) (store.Stat, error), c Config, workers int) (*Server, *assessor.Assessor, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	c = c.withDefaults()
	// Without a key page tokens survive a restart; they choose nothing but
	// where in the caller's own list to go on.
	pages := page.New(nil)
	m := metrics.New(metrics.Build{Version: c.Build.Version, Commit: c.Build.Commit, Engine: c.Build.Engine})
	a, err := assessor.New(ctx, l, assessor.Config{Clock: c.Clock, Log: c.Logger, Metrics: m, Workers: workers, ExpiryNotice: c.ExpiryNotice, Engine: c.Build.Engine})
	if err != nil {
		return nil, nil, err
	}
	keeper, err := operations.Open(ctx, operations.Config{
		Ledger: l, Assessor: a, Now: func() int64 { return c.Clock().UnixMicro() }, Log: c.Logger,
	})
	if err != nil {
		a.Close()
		return nil, nil, err
	}
	kept := retention.New(retention.Config{
		Ledger: l, Wall: a.Wall, Now: func() int64 { return c.Clock().UnixMicro() }, Log: c.Logger,
		Settled: a.EvaluatedUntil, Busy: func() bool { return a.QueueDepth() > 0 }, Metrics: m,
	})
	runs := rpc.NewReassess(keeper, pages, c.Clock)
	tokens := auth.InLedger(l)
	authn := auth.NewAuthenticator(tokens, c.Clock)
	watch(m, a, stat)
	told := newEvents(l, a, pages, c)
	s, err := New(c, Services{
		Inventory:  rpc.NewInventory(a, pages, c.Clock),
		Guidance:   rpc.NewGuidance(a, pages, c.Clock),
		Assessment: rpc.NewAssessment(a, pages, c.Clock),
		Statement:  rpc.NewStatement(a, pages, c.Clock),
		History:    rpc.NewHistory(a, pages, c.Clock),
		Reassess:   runs,
		Operations: runs,
		Event:      told,
		Admin: rpc.NewAdmin(rpc.AdminConfig{
			Ledger: l, Retention: kept, Tokens: tokens, Authenticator: authn, Pages: pages, Build: c.Build.message(), Clock: c.Clock, Random: c.Random,
		}),
		Authenticator: authn, Metrics: m,
	}, a.Ready)
	if err != nil {
		a.Close()
		return nil, nil, err
	}
	s.Runs, s.Events, s.Retention = keeper, told, kept
	return s, a, nil
}

// watch has the store's size and the queue's depth asked at every scrape.
func watch(m *metrics.Metrics, a *assessor.Assessor, stat func(context.Context) (store.Stat, error)) {
	m.Queue("submissions", func() float64 { return float64(a.QueueDepth()) })
	m.Lagging(func() float64 { return float64(a.Lagging()) })
	size := func(field func(store.Stat) int64) func() float64 {
		return func() float64 {
			st, err := stat(context.Background()) // a scrape has no call's context
			if err != nil {
				return 0
			}
			return float64(field(st))
		}
	}
	m.Store(size(func(s store.Stat) int64 { return s.SizeBytes }), size(func(s store.Stat) int64 { return s.FreeBytes }))
}
