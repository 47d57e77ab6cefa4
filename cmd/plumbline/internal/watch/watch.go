package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// oldest is the word for a cursor before the oldest event that is kept.
const oldest = "oldest"

// cursorHeader is where a server says from where a stream begins.
const cursorHeader = "plumbline-cursor"

// Waits before a broken stream is opened again.
const (
	firstWait = time.Second
	mostWait  = 30 * time.Second
)

// follower prints events until there are enough.
type follower struct {
	*app
	client *clients.Client
	filter string
	cursor string // behind which to go on
	left   int    // how many more; 0 for any number
	shown  int
}

var errEnough = errors.New("enough")

// watchCommand prints events as they come.
func (a *app) watchCommand() *cobra.Command {
	f := &follower{app: a}
	follow := true
	c := cli.Command(cli.Spec{
		Use: "watch", Short: "Print what changes, as it changes",
		Long: `Print what changes, as it changes: results that newly fail, recover or become
unknown, scores that fall below 90, 80, 70, 60 or 50, waivers, attestations and
claims that expire soon or have expired, guidance that comes into force, and
sources that fell silent.

It begins with what comes from now on; --after begins behind an event's id, or
with the oldest that is kept. A connection that breaks is made again, and nothing
is lost or printed twice. With --output json each event is a line.

A filter is a condition in CEL over event, whose fields are those of the JSON in
snake_case.`,
		Example: `  plumbline watch
  plumbline watch --filter 'event.type == "result.failing" && event.results.exists(r, r.severity == "critical")'
  plumbline watch --after oldest --follow=false --output json`,
		Do: a.Streaming(func(ctx context.Context, c *clients.Client, _ []string) error {
			f.client = c
			err := f.run(ctx, follow)
			if errors.Is(err, errEnough) || ctx.Err() != nil {
				return nil // it was told to end
			}
			return err
		}),
	})
	c.Flags().StringVar(&f.filter, "filter", "", "only events for which this condition in CEL holds")
	c.Flags().StringVar(&f.cursor, "after", "", `begin behind the event with this id, or "oldest"`)
	c.Flags().IntVar(&f.left, "limit", 0, "end after so many events; 0 for no end")
	c.Flags().BoolVar(&follow, "follow", true, "wait for what comes; false prints what is there, all of it without --after, and ends")
	return c
}

func (f *follower) run(ctx context.Context, follow bool) error {
	if f.cursor != "" || !follow {
		f.cursor = strings.TrimPrefix(f.cursor, oldest)
		if err := f.stored(ctx); err != nil || !follow {
			return err
		}
	}
	for wait := firstWait; ; {
		shown := f.shown
		err := f.stream(ctx)
		if status.Code(err) != codes.Unavailable && !errors.Is(err, io.EOF) {
			return err
		}
		if f.shown > shown {
			wait = firstWait
		}
		f.Note("the stream broke off: %s; trying again in %s", cli.Words(err), wait)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		wait = min(2*wait, mostWait)
	}
}

// stored prints what is there.
func (f *follower) stored(ctx context.Context) error {
	for {
		ctx, cancel := f.Within(ctx)
		p, err := f.client.Event().ListEvents(ctx, &pb.ListEventsRequest{After: f.cursor, Filter: f.filter, PageSize: 1000})
		cancel()
		if err != nil {
			return err
		}
		for _, e := range p.Events {
			if err := f.show(e); err != nil {
				return err
			}
		}
		if f.cursor = p.Cursor; !p.More {
			return nil
		}
	}
}

// stream prints what comes, until the stream ends.
func (f *follower) stream(ctx context.Context) error {
	s, err := f.client.Event().WatchEvents(ctx, &pb.WatchEventsRequest{After: f.cursor, Filter: f.filter})
	if err != nil {
		return err
	}
	if md, err := s.Header(); err == nil && f.cursor == "" {
		for _, c := range md.Get(cursorHeader) {
			f.cursor = c
		}
	}
	for {
		e, err := s.Recv()
		if err != nil {
			return err
		}
		if err := f.show(e); err != nil {
			return err
		}
	}
}

// show prints an event; errEnough after the last.
func (f *follower) show(e *pb.Event) error {
	if err := f.Printer().Stream(e, func(v *render.View) { v.Line("%s", line(e)) }); err != nil {
		return err
	}
	f.cursor = e.GetId()
	if f.shown++; f.shown == f.left {
		return errEnough
	}
	return nil
}

// line is an event for people: when it took effect, what it is, and some of what
// it is about.
func line(e *pb.Event) string {
	out := fmt.Sprintf("%s  %-21s  %s", render.Instant(e.GetEffectiveTime()), e.GetType(), e.GetMessage())
	var about []string
	for i, r := range e.GetResults() {
		if i == mostResults {
			about = append(about, fmt.Sprintf("%d more", int(e.GetResultCount())-mostResults))
			break
		}
		about = append(about, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.GetSeverity(), r.GetRule(), r.GetSubject())))
	}
	if len(about) > 0 {
		out += ": " + strings.Join(about, ", ")
	}
	return out
}

// mostResults is how many results a line names.
const mostResults = 3
