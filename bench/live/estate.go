package live

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/past"
)

// assignment is the one that all systems are assessed under.
const assignment = "all"

// Assign publishes the sixty rules and assigns that version to every system.
func (s *Service) Assign(ctx context.Context) error {
	k, err := rules.Load()
	if err != nil {
		return err
	}
	if _, _, err := s.Publish(ctx, &pb.PublishChecklistRequest{Checklist: k.Source()}); err != nil {
		return err
	}
	s.tick()
	_, err = s.assessor.Assign(ctx, assignment, &pb.Assignment{Selector: &pb.Selector{}, Checklist: k.ID(), Version: k.Version()}, "bench")
	return err
}

// Limits of filling.
const (
	batch   = 1000 // submissions handed over at once
	callers = 2    // who do so
)

// Fill submits n one-host systems.
func (s *Service) Fill(ctx context.Context, n int) error {
	e := estate.New(estate.Hosts(1, 512))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(callers)
	for from := 0; from < n; from += batch {
		g.Go(func() error {
			var items []*pb.SubmitItem
			for i := from; i < min(from+batch, n); i++ {
				// What is submitted is the assessor's: hosts that share lists would not do.
				items = append(items, proto.CloneOf(e.Item(i, estate.Change{}, s.now())))
			}
			receipts, err := s.assessor.Submit(inner, items, "bench")
			if err != nil {
				return err
			}
			for _, r := range receipts {
				if r.Outcome != "inserted" {
					return fmt.Errorf("%s was answered %q: %v", r.System, r.Outcome, r.Error)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	s.Systems = n
	// What the assignment made due before there were systems is done with.
	s.tick()
	_, err := s.assessor.RunDue(ctx)
	return err
}

// looked is how many systems Look reads in one View, as a preview does.
const looked = 16

// Look reads and merges every system and evaluates it under the plan that it is
// assigned to: the part of a re-evaluation and of a preview that neither can be
// without. It compares nothing and stores nothing.
func (s *Service) Look(ctx context.Context) (Took, error) {
	return timed(func() error { return s.look(ctx) })
}

func (s *Service) look(ctx context.Context) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(s.workers)
	counts := make([]int, (s.Systems+looked-1)/looked)
	for part := range counts {
		g.Go(func() error {
			var ids []string
			for i := part * looked; i < min((part+1)*looked, s.Systems); i++ {
				ids = append(ids, systemID(i))
			}
			return s.assessor.LookAt(inner, ids, func(l *past.Look) error {
				for _, as := range l.Assignments() {
					if ev := l.Evaluate(as.Plan); len(ev.Results) > 0 {
						counts[part]++
					}
				}
				return nil
			})
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	if total != s.Systems {
		return fmt.Errorf("%d of %d systems were evaluated", total, s.Systems)
	}
	return nil
}
