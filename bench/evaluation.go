package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/bench/agree"
	"github.com/plumbline/plumbline/bench/byhand"
	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/measure"
	"github.com/plumbline/plumbline/bench/rules"
)

// evaluationHosts are how many hosts the evaluators go round: few enough to be
// in the processor's cache, as a host is that has just been decoded.
const evaluationHosts = 64

// evaluation times the sixty rules on one host, by everybody who can.
func evaluation(ctx context.Context, s settings, r *report) error {
	p, err := agree.New(ctx, estate.Hosts(seed, evaluationHosts))
	if err != nil {
		return err
	}
	found, err := p.Differences(ctx)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		for _, d := range found[:min(len(found), 20)] {
			r.note("%s", d)
		}
		return fmt.Errorf("the evaluators differ in %d results: their times would compare nothing", len(found))
	}
	// One processor, so that the collector does not use what is idle: evaluators
	// that make garbage would pay for neighbours that do not work.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	cases := evaluators(ctx, p)
	if !s.wants("evaluation", "eval-vs-opa") {
		cases = cases[:byOPA]
	}
	if !s.wants("evaluation", "eval-vs-celgo", "eval-vs-opa") {
		cases = cases[:byCelgo]
	}
	rounds, slice := s.rounds(21, 5), s.span(200*time.Millisecond, 60*time.Millisecond)
	samples, err := measure.Rounds(rounds, slice, cases...)
	if err != nil {
		return err
	}
	samples = append(samples, make([]measure.Samples, byOPA+1-len(samples))...)
	r.section("evaluation: %d rules on one host of about 3.3 KB, fully reported; %d rounds", rules.Count, rounds)
	r.row("", "µs of CPU a host", "× Go by hand", "allocations", "spread")
	hand := samples[byHand]
	for i, c := range cases {
		r.row(c.Name, micro(measure.Median(samples[i].CPU)), ratio(measure.Ratio(samples[i].CPU, hand.CPU)),
			fmt.Sprintf("%.1f", measure.Median(samples[i].Allocs)), percent(measure.Spread(samples[i].CPU)))
	}
	r.goal("eval-vs-go", measure.Ratio(samples[engine].CPU, hand.CPU), atMost, 1.8)
	r.goal("eval-vs-celgo", measure.Ratio(samples[byCelgo].CPU, samples[engine].CPU), atLeast, 10)
	r.goal("eval-vs-opa", measure.Ratio(samples[byOPA].CPU, samples[engine].CPU), atLeast, 70)
	r.goal("eval-allocs", measure.Median(samples[engine].Allocs), atMost, 1)
	return nil
}

// The evaluators, in the order in which they take turns.
const (
	engine = iota
	byHand
	byPlain
	wholePlan
	alonePlan
	byCelgo
	byOPA
)

func evaluators(ctx context.Context, p *agree.Panel) []measure.Case {
	one := 0
	next := func() int { one = (one + 1) % len(p.Hosts); return one }
	machine, hand := p.Programs.NewMachine(p.Inventories[0], p.At), &byhand.Machine{}
	rows, states := make([]rules.Row, 0, rules.Count), make([]score.State, 0, rules.Count)
	estateOf := rules.Merged(rules.Inventory(p.Hosts...), p.At)
	var alone []assess.Input
	for _, inv := range p.Inventories {
		alone = append(alone, assess.Input{Merged: rules.Merged(inv, p.At), At: p.At})
	}
	return []measure.Case{
		engine: {Name: "Plumbline, the rules", Run: func(n int) error {
			for range n {
				rows = p.Programs.Run(machine, p.Inventories[next()], p.At, rows[:0])
			}
			return nil
		}},
		byHand: {Name: "Go by hand, the same work", Run: func(n int) error {
			for range n {
				rows = hand.Run(p.Hosts[next()], p.At, rows[:0])
			}
			return nil
		}},
		byPlain: {Name: "Go, two-valued", Run: func(n int) error {
			for range n {
				states = byhand.Plain(p.Hosts[next()], p.At, states[:0])
			}
			return nil
		}},
		wholePlan: {Name: fmt.Sprintf("Plumbline, Plan.Evaluate, %d hosts", len(p.Hosts)), Run: func(n int) error {
			for i := 0; i < n; i += len(p.Hosts) { // n is thousands
				p.Plan.Evaluate(assess.Input{Merged: estateOf, At: p.At})
			}
			return nil
		}},
		alonePlan: {Name: "Plumbline, Plan.Evaluate, 1 host", Run: func(n int) error {
			for range n {
				p.Plan.Evaluate(alone[next()])
			}
			return nil
		}},
		byCelgo: {Name: "cel-go over protobuf", Run: func(n int) error {
			for range n {
				states = p.Cel.Run(p.Hosts[next()], p.At, states[:0])
			}
			return nil
		}},
		byOPA: {Name: "OPA, prepared query", Run: func(n int) (err error) {
			for range n {
				if states, err = p.Rego.Run(ctx, p.Inputs[next()], states[:0]); err != nil {
					return err
				}
			}
			return nil
		}},
	}
}
