// Package eventapi is EventService over packages events and webhooks, and what
// runs behind it: telling what falls due, delivering, and sweeping away what is
// old.
package eventapi

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/events/webhooks"
	"github.com/plumbline/plumbline/server/page"
)

// Config is what a Service needs. All fields are required.
type Config struct {
	Log      *events.Log
	Webhooks *webhooks.Keeper
	Pages    *page.Codec
	Clock    func() time.Time
	Logger   *slog.Logger
	// Notices runs until its context ends, and makes the events of what falls due.
	Notices func(context.Context)
}

// Service serves EventService.
type Service struct {
	pb.UnimplementedEventServiceServer
	cfg Config
}

// New is a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Webhooks are the webhooks behind the service.
func (s *Service) Webhooks() *webhooks.Keeper { return s.cfg.Webhooks }

// sweepEvery is how often what is old is looked for.
const sweepEvery = time.Hour

// Run tells what falls due, delivers, and sweeps, until ctx ends. It returns when
// nothing of it runs any more.
func (s *Service) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { s.cfg.Notices(ctx) })
	running.Go(func() { s.cfg.Webhooks.Run(ctx) })
	timer := time.NewTicker(sweepEvery)
	defer timer.Stop()
	for ctx.Err() == nil {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Logger.Error("sweeping events", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	running.Wait()
}

// Sweep deletes events and dead letters that are older than they are kept.
func (s *Service) Sweep(ctx context.Context) error {
	if _, err := s.cfg.Log.Sweep(ctx); err != nil {
		return err
	}
	return s.cfg.Webhooks.Sweep(ctx)
}

// ListEvents implements EventService.
func (s *Service) ListEvents(ctx context.Context, req *pb.ListEventsRequest) (*pb.ListEventsResponse, error) {
	f, err := events.CompileFilter("filter", req.Filter)
	if err != nil {
		return nil, err
	}
	size := min(int(req.PageSize), page.MaxSize)
	if size == 0 {
		size = page.DefaultSize
	}
	p, err := s.cfg.Log.List(ctx, req.After, f, size)
	if err != nil {
		return nil, err
	}
	return &pb.ListEventsResponse{Events: p.Events, Cursor: p.Cursor, More: p.More}, nil
}

// WatchEvents implements EventService.
func (s *Service) WatchEvents(req *pb.WatchEventsRequest, stream grpc.ServerStreamingServer[pb.Event]) error {
	f, err := events.CompileFilter("filter", req.Filter)
	if err != nil {
		return err
	}
	begun := func(cursor string) error { return stream.SendHeader(metadata.Pairs(events.CursorHeader, cursor)) }
	return s.cfg.Log.Watch(stream.Context(), req.After, f, begun, stream.Send)
}

// CreateWebhook implements EventService.
func (s *Service) CreateWebhook(ctx context.Context, req *pb.CreateWebhookRequest) (*pb.Webhook, error) {
	return s.cfg.Webhooks.Create(ctx, req.WebhookId, req.Webhook, auth.FromContext(ctx).Actor)
}

// idOf is the id in a name, which was validated before.
func idOf(name string) string { return strings.TrimPrefix(name, "webhooks/") }

// GetWebhook implements EventService.
func (s *Service) GetWebhook(ctx context.Context, req *pb.GetWebhookRequest) (*pb.Webhook, error) {
	return s.cfg.Webhooks.Get(ctx, idOf(req.Name))
}

// ListWebhooks implements EventService.
func (s *Service) ListWebhooks(ctx context.Context, req *pb.ListWebhooksRequest) (*pb.ListWebhooksResponse, error) {
	cur, err := s.cfg.Pages.Parse(req, s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.cfg.Webhooks.List(ctx, string(cur.After), cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := page.Cut(s.cfg.Pages, cur, rows, func(w *pb.Webhook) []byte { return []byte(idOf(w.Name)) })
	return &pb.ListWebhooksResponse{Webhooks: rows, NextPageToken: next}, nil
}

// DeleteWebhook implements EventService.
func (s *Service) DeleteWebhook(ctx context.Context, req *pb.DeleteWebhookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.cfg.Webhooks.Delete(ctx, idOf(req.Name), auth.FromContext(ctx).Actor)
}

// TestWebhook implements EventService.
func (s *Service) TestWebhook(ctx context.Context, req *pb.TestWebhookRequest) (*pb.TestWebhookResponse, error) {
	return s.cfg.Webhooks.Test(ctx, idOf(req.Name))
}

// ListDeadLetters implements EventService.
func (s *Service) ListDeadLetters(ctx context.Context, req *pb.ListDeadLettersRequest) (*pb.ListDeadLettersResponse, error) {
	cur, err := s.cfg.Pages.Parse(req, s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.cfg.Webhooks.Letters(ctx, idOf(req.Parent), string(cur.After), cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := page.Cut(s.cfg.Pages, cur, rows, func(l *pb.DeadLetter) []byte { return []byte(l.Event.Id) })
	return &pb.ListDeadLettersResponse{DeadLetters: rows, NextPageToken: next}, nil
}

// ReplayDeadLetters implements EventService.
func (s *Service) ReplayDeadLetters(ctx context.Context, req *pb.ReplayDeadLettersRequest) (*pb.ReplayDeadLettersResponse, error) {
	return s.cfg.Webhooks.Replay(ctx, idOf(req.Parent), req.Events, auth.FromContext(ctx).Actor)
}
