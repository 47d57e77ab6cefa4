package server

import (
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/events/eventapi"
	"github.com/plumbline/plumbline/server/events/webhooks"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/store/ledger"
)

// newEvents is EventService over a ledger and what the assessor tells in it.
func newEvents(l *ledger.Ledger, a *assessor.Assessor, pages *page.Codec, c Config) *eventapi.Service {
	now := func() int64 { return c.Clock().UnixMicro() }
	log := events.New(events.Config{Ledger: l, Now: now, Random: c.Random, Told: a.Told, Retention: c.EventRetention})
	return eventapi.New(eventapi.Config{
		Log: log, Pages: pages, Clock: c.Clock, Logger: c.Logger, Notices: a.Notifier.Run,
		Webhooks: webhooks.New(webhooks.Config{
			Ledger: l, Log: log, Now: now, Random: c.Random, Logger: c.Logger, Retention: c.EventRetention,
		}),
	})
}
