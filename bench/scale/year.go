package main

import (
	"context"
	"fmt"
	"time"

	"github.com/plumbline/plumbline/clients/loadgen"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// year plays a year over some systems, and tells what it adds to the file. The
// scheduler's function runs before each day's reports, as it would have.
func year(ctx context.Context, s settings, file string, g *goals) error {
	fleet, err := loadgen.New(loadgen.Config{Seed: 2, Hosts: 1 << 20, LargestSystem: 50, Scanned: 0.2})
	if err != nil {
		return err
	}
	days := 365
	if s.quick {
		days = 30
	}
	systems := min(s.year, fleet.Systems())
	return withService(ctx, file, true, fleet.At(), func(v *service) error {
		if err := v.assign(ctx); err != nil {
			return err
		}
		v.advance(time.Minute)
		if err := fillRange(ctx, v, fleet, 0, systems); err != nil {
			return err
		}
		hosts := 0
		for i := range systems {
			hosts += fleet.Size(i)
		}
		before, err := v.used(ctx)
		if err != nil {
			return err
		}
		events := 0
		t, err := timed(func() error { events, err = v.play(ctx, fleet, days, systems); return err })
		if err != nil {
			return err
		}
		after, err := v.used(ctx)
		if err != nil {
			return err
		}
		perSystem := float64(after-before) / float64(systems) * 365 / float64(days)
		perHost := float64(after-before) / float64(hosts) * 365 / float64(days)
		fmt.Printf("\n%d days of %d systems with %d hosts, reported daily: %d submissions, %v\n", days, systems, hosts, events, t)
		fmt.Printf("  %.0f bytes a system and year, %.0f a host and year, %.1f a submission; %.0f a host before\n",
			perSystem, perHost, float64(after-before)/float64(events), float64(before)/float64(hosts))
		g.figure("year-bytes-a-system", perSystem)
		g.figure("year-bytes-a-host", perHost)
		return nil
	})
}

// play submits what happens, a day's events together.
func (v *service) play(ctx context.Context, fleet *loadgen.Fleet, days, systems int) (events int, err error) {
	var items []*pb.SubmitItem
	day := fleet.At()
	flush := func(at time.Time) error {
		v.clock.Store(max(v.clock.Load()+1, at.UnixMicro()))
		if len(items) > 0 {
			if err := v.submit(ctx, items); err != nil {
				return err
			}
		}
		events += len(items)
		items = nil
		_, err := v.assessor.RunDue(ctx)
		return err
	}
	for e := range fleet.Year(loadgen.YearConfig{Days: days, Sample: systems}) {
		for !e.At.Before(day.Add(24 * time.Hour)) {
			day = day.Add(24 * time.Hour)
			if err := flush(day); err != nil {
				return events, err
			}
		}
		items = append(items, e.Item)
	}
	return events, flush(day.Add(24 * time.Hour))
}
