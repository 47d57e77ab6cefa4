package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plumbline/plumbline/clients/loadgen"
	"github.com/plumbline/plumbline/store/ledger"
)

// step is by how much the clock moves between two full re-evaluations, so that
// each finds results that have changed.
const step = 6 * time.Hour

// reassess evaluates everything, by turns with the floor, then nothing, then a
// hundredth.
func reassess(ctx context.Context, s settings, v *service, fleet *loadgen.Fleet, g *goals) error {
	fmt.Printf("\nfull re-evaluation of %d hosts, changes committed\n", fleet.Hosts())
	var ratios, cpu []float64
	var full took
	for round := range s.rounds {
		name := ""
		if round == s.rounds-1 {
			name = s.profile
		}
		v.advance(step)
		floorName := name
		if name != "" {
			floorName += ".floor"
		}
		var changed int
		var floor took
		err := profiled(floorName, func() (err error) {
			floor, err = timed(func() (err error) { changed, err = v.floor(ctx, fleet); return err })
			return err
		})
		if err != nil {
			return fmt.Errorf("by hand: %w", err)
		}
		err = profiled(name, func() (err error) {
			full, err = timed(func() error { return v.full(ctx) })
			return err
		})
		if err != nil {
			return err
		}
		ratio := full.cpu.Seconds() / floor.cpu.Seconds()
		fmt.Printf("  the engine: %v\n  by hand:    %v; %.2f; %d systems changed\n", full, floor, ratio, changed)
		ratios, cpu = append(ratios, ratio), append(cpu, full.cpu.Seconds())
	}
	if err := v.agree(ctx, fleet); err != nil {
		return err
	}
	slices.Sort(ratios)
	slices.Sort(cpu)
	perMillion := cpu[len(cpu)/2] * 1e6 / float64(fleet.Hosts())
	fmt.Printf("  %.2f µs of processor a host, by hand %.2f\n", perMillion, perMillion/ratios[len(ratios)/2])
	g.atMost("reassess-vs-floor", ratios[len(ratios)/2], 1.4)
	g.atMost("reassess-cpu-s", perMillion, 20)
	if fleet.Hosts() != 1_000_000 {
		g.figure("reassess-cpu-s-measured", cpu[len(cpu)/2])
	}
	if err := v.idle(ctx, g); err != nil {
		return err
	}
	return v.hundredth(ctx, fleet, cpu[len(cpu)/2], g)
}

// full has every system evaluated: the policy is set again as it is, which is
// a new epoch of what systems are evaluated under.
func (v *service) full(ctx context.Context) error {
	p := v.assessor.Policy()
	p.Etag = ""
	v.advance(time.Millisecond)
	if _, err := v.assessor.SetPolicy(ctx, p, "bench"); err != nil {
		return err
	}
	_, err := v.assessor.RunDue(ctx)
	return err
}

// idle looks for what is due where nothing is.
func (v *service) idle(ctx context.Context, g *goals) error {
	if _, err := v.assessor.RunDue(ctx); err != nil {
		return err
	}
	var all []float64
	for range 21 {
		t, err := timed(func() error { _, err := v.assessor.RunDue(ctx); return err })
		if err != nil {
			return err
		}
		all = append(all, t.wall.Seconds()*1e3)
	}
	slices.Sort(all)
	fmt.Printf("\nnothing is due: %.3f ms by the clock, %.3f at most\n", all[len(all)/2], all[len(all)-1])
	g.atMost("reassess-idle-ms", all[len(all)/2], 10)
	return nil
}

// hundredth moves the clock to when a hundredth of the hosts is due. Large
// systems are due sooner than small ones, so hosts count.
func (v *service) hundredth(ctx context.Context, fleet *loadgen.Fleet, full float64, g *goals) error {
	var at int64
	systems, hosts := 0, 0
	numbers := map[string]int{}
	for i := range fleet.Systems() {
		numbers[fleet.SystemID(i)] = i
	}
	err := v.ledger.View(ctx, func(tx *ledger.Tx) error {
		systems, hosts = 0, 0
		for due, n := range tx.Due(ledger.MaxInstant) {
			if due > at && hosts*100 >= fleet.Hosts() {
				return nil
			}
			id, ok := tx.Name('s', n)
			i, known := numbers[id]
			if !ok || !known {
				return fmt.Errorf("system %d is due and has no name", n)
			}
			at = due
			systems++
			hosts += fleet.Size(i)
		}
		return errors.New("nothing is ever due")
	})
	if err != nil {
		return err
	}
	numbers = nil
	v.clock.Store(at)
	t, err := timed(func() error { _, err := v.assessor.RunDue(ctx); return err })
	if err != nil {
		return err
	}
	share := t.cpu.Seconds() / full
	fmt.Printf("%d systems with %d hosts (%.2f %%) are due: %v, %.2f %% of the full re-evaluation\n",
		systems, hosts, 100*float64(hosts)/float64(fleet.Hosts()), t, 100*share)
	g.atMost("reassess-due-share", share, 0.03)
	return nil
}
