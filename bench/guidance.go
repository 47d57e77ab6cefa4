package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/plumbline/plumbline/bench/draft"
	"github.com/plumbline/plumbline/bench/live"
	"github.com/plumbline/plumbline/bench/measure"
	"github.com/plumbline/plumbline/bench/peer"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// guidance measures what another version of guidance costs: to preview it, to
// evaluate everything anew, and to publish it.
func guidance(ctx context.Context, s settings, r *report) error {
	// The service is in this process, which therefore collects as serving does.
	defer debug.SetGCPercent(debug.SetGCPercent(peer.GCPercent))
	if s.wants("guidance", "preview-vs-evaluate") {
		if err := onService(ctx, s, func(l *live.Service) error { return previewing(ctx, s, r, l) }); err != nil {
			return err
		}
	}
	if s.wants("guidance", "publish-ms") {
		return onService(ctx, s, func(l *live.Service) error { return publishing(ctx, s, r, l) })
	}
	return nil
}

// onService runs a function with a service over a new store, in which the sixty
// rules are assigned to every system.
func onService(ctx context.Context, s settings, f func(*live.Service) error) (err error) {
	folder, err := os.MkdirTemp(s.dir, "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	l, err := live.Open(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.Assign(ctx); err != nil {
		return err
	}
	return f(l)
}

// taken is what the rounds of one thing took.
type taken struct{ wall, cpu []float64 }

func (t *taken) add(x live.Took) {
	t.wall, t.cpu = append(t.wall, x.Wall.Seconds()), append(t.cpu, x.CPU.Seconds())
}

// turn is something that takes its turn in each round.
type turn struct {
	name string
	taken
	run func() (live.Took, error)
}

// byTurns runs turns by turns.
func byTurns(rounds int, turns ...*turn) error {
	for range rounds {
		for _, t := range turns {
			took, err := t.run()
			if err != nil {
				return err
			}
			t.add(took)
		}
	}
	return nil
}

// previewing measures a preview beside the re-evaluation of the same hosts.
func previewing(ctx context.Context, s settings, r *report, l *live.Service) error {
	base, err := rules.Load()
	if err != nil {
		return err
	}
	next, err := draft.Change(base.Source())
	if err != nil {
		return err
	}
	if err := l.Fill(ctx, s.rounds(100_000, 10_000)); err != nil {
		return err
	}
	var sum *pb.PreviewSummary
	preview := &turn{name: "a preview, a row of each series", run: func() (took live.Took, err error) {
		took, sum, err = l.Preview(ctx, next, true)
		return took, err
	}}
	summary := &turn{name: "  its summary alone", run: func() (live.Took, error) {
		took, _, err := l.Preview(ctx, next, false)
		return took, err
	}}
	unchanged := &turn{name: "a re-evaluation that changes no result", run: func() (live.Took, error) { return l.Reassess(ctx) }}
	look := &turn{name: "  reading and evaluating alone", run: func() (live.Took, error) { return l.Look(ctx) }}
	if err := byTurns(3, preview, unchanged, summary, look); err != nil {
		return err
	}
	written := &turn{name: "  one that gives each a new state"}
	if err := activating(ctx, l, written, next, base.Source()); err != nil {
		return err
	}
	r.section("guidance: %d hosts, each a system, are stored; the draft adds 3 rules to sixty, removes 3 and changes 6: %d results of %d series flip",
		l.Systems, flipped(sum), sum.SeriesChanged)
	r.row("", "seconds", "CPU seconds", "CPU µs a host", "÷ re-evaluation", "spread")
	for _, x := range []*turn{preview, summary, unchanged, written, look} {
		cpu := measure.Median(x.cpu)
		r.row(x.name, one(measure.Median(x.wall)), one(cpu), one(cpu/float64(l.Systems)*1e6),
			ratio(measure.Ratio(x.wall, unchanged.wall)), percent(measure.Spread(x.wall)))
	}
	r.note("by processor time a preview is %.2f of a re-evaluation, and %.2f of reading and evaluating alone",
		measure.Ratio(preview.cpu, unchanged.cpu), measure.Ratio(preview.cpu, look.cpu))
	r.goal("preview-vs-evaluate", measure.Ratio(preview.wall, unchanged.wall), atMost, 1.3)
	return nil
}

// activating measures the re-evaluation that writes a state of each series: the
// draft is published and activated, and the version before it again.
func activating(ctx context.Context, l *live.Service, t *turn, next, base *pb.Checklist) error {
	if _, _, err := l.Publish(ctx, &pb.PublishChecklistRequest{Checklist: next}); err != nil {
		return err
	}
	for _, version := range []string{next.Version, base.Version} {
		took, err := l.Activate(ctx, version)
		if err != nil {
			return err
		}
		t.add(took)
	}
	return nil
}

func flipped(sum *pb.PreviewSummary) (n int32) {
	for _, x := range sum.GetChanges() {
		n += x.Count
	}
	return n
}

// publishing measures what publishing costs, and its parts. Each turn publishes
// a version that was not there.
func publishing(ctx context.Context, s settings, r *report, l *live.Service) error {
	var parts []live.Parts
	build := 0
	next := func(publish func(yaml string) (live.Took, error)) func() (live.Took, error) {
		return func() (live.Took, error) {
			build++
			yaml, err := draft.Hundred(build)
			if err != nil {
				return live.Took{}, err
			}
			return publish(yaml)
		}
	}
	text := &turn{name: "PublishChecklist, a file's text", run: next(func(yaml string) (live.Took, error) {
		took, _, err := l.Publish(ctx, &pb.PublishChecklistRequest{Yaml: yaml})
		return took, err
	})}
	message := &turn{name: "PublishChecklist, a message", run: next(func(yaml string) (live.Took, error) {
		c, err := live.Message(yaml)
		if err != nil {
			return live.Took{}, err
		}
		took, _, err := l.Publish(ctx, &pb.PublishChecklistRequest{Checklist: c})
		return took, err
	})}
	apart := &turn{run: next(func(yaml string) (live.Took, error) {
		p, err := l.Parts(ctx, yaml)
		parts = append(parts, p)
		return live.Took{}, err
	})}
	if err := byTurns(s.rounds(60, 15), message, text, apart); err != nil {
		return err
	}
	r.section("publishing: a hundred rules with three examples each, %d versions one after the other", build)
	r.published([]*turn{message, text}, parts)
	// The text is parsed on top of what the goal is about.
	r.goal("publish-ms", measure.Median(message.wall)*1e3, atMost, 50)
	return nil
}

// published prints what publishing took: in the median, and at the beginning
// and the end, between which there are more and more versions.
func (r *report) published(turns []*turn, parts []live.Parts) {
	r.row("", "ms", "CPU ms", "spread", "the first ms", "the last ms")
	row := func(name string, wall, cpu []float64) {
		used, some := "", max(1, len(wall)/6)
		if cpu != nil {
			used = milli(measure.Median(cpu))
		}
		r.row(name, milli(measure.Median(wall)), used, percent(measure.Spread(wall)),
			milli(measure.Median(wall[:some])), milli(measure.Median(wall[len(wall)-some:])))
	}
	for _, t := range turns {
		row(t.name, t.wall, t.cpu)
	}
	for _, x := range []struct {
		name string
		part func(live.Parts) time.Duration
	}{
		{"  parsing the text", func(p live.Parts) time.Duration { return p.Parse }},
		{"  lint", func(p live.Parts) time.Duration { return p.Lint }},
		{"    of that compiling", func(p live.Parts) time.Duration { return p.Compile }},
		{"  examples", func(p live.Parts) time.Duration { return p.Examples }},
		{"  storing", func(p live.Parts) time.Duration { return p.Store }},
		{"    of that a commit", func(p live.Parts) time.Duration { return p.Commit }},
	} {
		var took []float64
		for _, p := range parts {
			took = append(took, x.part(p).Seconds())
		}
		row(x.name, took, nil)
	}
}

func milli(seconds float64) string { return fmt.Sprintf("%.1f", seconds*1e3) }
