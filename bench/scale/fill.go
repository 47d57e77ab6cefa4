package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plumbline/plumbline/clients/loadgen"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Limits of filling.
const (
	fillHosts   = 2000 // hosts handed over at once
	fillCallers = 2
	fewShare    = 100 // the reads are timed first when one system of so many is there
)

// fill submits the fleet, and times the reads when a hundredth is there.
func fill(ctx context.Context, v *service, fleet *loadgen.Fleet) (few readTimes, err error) {
	v.advance(time.Minute)
	first := fewSystems(fleet)
	t, err := timed(func() error { return fillRange(ctx, v, fleet, 0, first) })
	if err != nil {
		return nil, err
	}
	// What the assignment made due before there were systems is done with.
	if _, err := v.assessor.RunDue(ctx); err != nil {
		return nil, err
	}
	if few, err = v.reads(ctx, fleet); err != nil {
		return nil, err
	}
	rest, err := timed(func() error { return fillRange(ctx, v, fleet, first, fleet.Systems()) })
	if err != nil {
		return nil, err
	}
	used, err := v.used(ctx)
	if err != nil {
		return nil, err
	}
	seconds := (t.wall + rest.wall).Seconds()
	fmt.Printf("\nfilled in %.0f s: %.0f hosts a second; %.0f bytes a host on disk\n", seconds, float64(fleet.Hosts())/seconds, float64(used)/float64(fleet.Hosts()))
	_, err = v.assessor.RunDue(ctx)
	return few, err
}

// fewSystems is how many systems are there when the reads are timed first.
func fewSystems(fleet *loadgen.Fleet) int {
	return min(fleet.Systems(), max(100, fleet.Systems()/fewShare))
}

// fillRange submits some of the fleet's systems.
func fillRange(ctx context.Context, v *service, fleet *loadgen.Fleet, from, to int) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(fillCallers)
	for from < to && inner.Err() == nil {
		end, hosts := from, 0
		for end < to && hosts < fillHosts {
			hosts += fleet.Size(end)
			end++
		}
		first := from
		from = end
		g.Go(func() error {
			var items []*pb.SubmitItem
			for i := first; i < end; i++ {
				items = append(items, &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: fleet.Submission(i, fleet.At())}})
				if u := fleet.Scan(i, fleet.At()); u != nil {
					items = append(items, &pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: u}})
				}
			}
			return v.submit(inner, items)
		})
	}
	return g.Wait()
}

// submit hands items over; none may be rejected.
func (v *service) submit(ctx context.Context, items []*pb.SubmitItem) error {
	receipts, err := v.assessor.Submit(ctx, items, "bench")
	if err != nil {
		return err
	}
	for _, r := range receipts {
		if r.Outcome == "rejected" {
			return fmt.Errorf("%s was rejected: %v", r.System, r.Error)
		}
	}
	return nil
}
