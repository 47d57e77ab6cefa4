package load

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plumbline/plumbline/bench/rules"
	"github.com/plumbline/plumbline/clients"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// GRPC are connections to one server. Each takes at most a hundred calls at
// once, so that many callers need several.
type GRPC struct{ clients []*clients.Client }

// Dial opens n connections.
func Dial(ctx context.Context, address string, n int) (*GRPC, error) {
	g := &GRPC{}
	for range n {
		c, err := clients.Dial(ctx, clients.Config{Address: address, Insecure: true})
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
		g.clients = append(g.clients, c)
	}
	return g, nil
}

// Close closes the connections.
func (g *GRPC) Close() error {
	var err error
	for _, c := range g.clients {
		err = errors.Join(err, c.Close())
	}
	return err
}

// Stream submits work over n streams, each with a connection and a Submitter of
// its own, as a sync job does. It works until the time is up, or, where span is
// 0, until count submissions are answered.
func (g *GRPC) Stream(ctx context.Context, w *Work, n int, span time.Duration, count int) (Done, error) {
	start := time.Now()
	answered := make([]int, n)
	group, ctx := errgroup.WithContext(ctx)
	for i := range n {
		items := func(yield func(*pb.SubmitItem, error) bool) {
			for k := 0; span > 0 && time.Since(start) < span || span == 0 && k < (count+n-1-i)/n; k++ {
				system, change := w.Take()
				if !yield(w.Estate.Item(system, change, time.Time{}), nil) {
					return
				}
			}
		}
		group.Go(func() (err error) {
			answered[i], err = submit(ctx, g.clients[i%len(g.clients)], items)
			return err
		})
	}
	err := group.Wait()
	d := Done{Took: time.Since(start)}
	for _, k := range answered {
		d.Count += k
	}
	return d, err
}

func submit(ctx context.Context, c *clients.Client, items iter.Seq2[*pb.SubmitItem, error]) (int, error) {
	s := clients.NewSubmitter(c.Inventory(), clients.SubmitterConfig{Window: streamWindow})
	p, err := s.Submit(ctx, items, func(a clients.Answer) error {
		// What changes nothing would be measured as work that was done.
		if o := a.Receipt.Outcome; o != "inserted" && o != "updated" {
			return fmt.Errorf("%s was answered %q: %v", a.Receipt.System, o, a.Receipt.Error)
		}
		return nil
	})
	return p.Answered, err
}

// streamWindow is how much of one stream may be unanswered. Four of them fill a
// commit of the server while it writes the one before.
const streamWindow = 512

// Unary submits work, one call a submission, by n callers.
func (g *GRPC) Unary(ctx context.Context, w *Work, n int, span time.Duration) (Done, error) {
	return callers(ctx, n, span, func(ctx context.Context, caller int) error {
		system, change := w.Take()
		r, err := g.clients[caller%len(g.clients)].Inventory().SubmitInventory(ctx, w.Estate.Submission(system, change, time.Time{}))
		if err == nil && r.Outcome != "updated" {
			return fmt.Errorf("%s was answered %q", r.System, r.Outcome)
		}
		return err
	})
}

// Assess has hosts assessed without storing anything, by n callers.
func (g *GRPC) Assess(ctx context.Context, w *Work, n int, span time.Duration) (Done, error) {
	k, err := rules.Load()
	if err != nil {
		return Done{}, err
	}
	version := fmt.Sprintf("checklists/%s/versions/%s", k.ID(), k.Version())
	return callers(ctx, n, span, func(ctx context.Context, caller int) error {
		system, change := w.Take()
		r, err := g.clients[caller%len(g.clients)].Assessment().AssessInventory(ctx, &pb.AssessInventoryRequest{
			ChecklistVersion: version, Inventory: w.Estate.Submission(system, change, time.Time{}).Inventory,
		})
		if err == nil && len(r.GetAssessment().GetRules()) != rules.Count {
			return fmt.Errorf("%d rules were assessed", len(r.GetAssessment().GetRules()))
		}
		return err
	})
}
