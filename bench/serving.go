package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/floor"
	"github.com/plumbline/plumbline/bench/load"
	"github.com/plumbline/plumbline/bench/measure"
	"github.com/plumbline/plumbline/bench/peer"
)

// How many callers and streams there are.
const (
	streams       = 4
	unaryCallers  = 200
	restCallers   = 16
	assessCallers = 16
	commitSize    = 1000 // records of one transaction of the floor
)

// stand is what stands while the servers are measured.
type stand struct {
	settings
	systems   int
	plumbline *peer.Process
	opa       *peer.Process
	grpc      *load.GRPC
	rest      *load.HTTP
	raw       *floor.Bolt
	estate    *estate.Estate
	work      *load.Work
	posts     *load.Submissions
	questions *load.Questions
	folder    string
}

// set starts the servers and fills both stores with as many records.
func set(ctx context.Context, s settings) (st *stand, err error) {
	st = &stand{settings: s, systems: 20_000}
	if s.quick {
		st.systems = 4_000
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.clear())
		}
	}()
	if st.folder, err = os.MkdirTemp(s.dir, "bench-"); err != nil {
		return st, err
	}
	drawn := estate.Hosts(seed, 512)
	st.estate = estate.New(drawn)
	st.work = &load.Work{Estate: st.estate, Systems: st.systems}
	if st.posts, err = load.NewSubmissions(drawn[:64]); err != nil {
		return st, err
	}
	if st.questions, err = load.NewQuestions(drawn[:64]); err != nil {
		return st, err
	}
	if st.plumbline, err = peer.Start(ctx, "plumbline", filepath.Join(st.folder, "plumbline.db")); err != nil {
		return st, err
	}
	if st.opa, err = peer.Start(ctx, "opa"); err != nil {
		return st, err
	}
	if st.grpc, err = load.Dial(ctx, st.plumbline.GRPC, streams); err != nil {
		return st, err
	}
	st.rest = load.NewHTTP(restCallers)
	if st.raw, err = floor.Open(filepath.Join(st.folder, "raw.db"), drawn); err != nil {
		return st, err
	}
	return st, st.fill(ctx)
}

// fill submits every system once, and appends as many records to the floor.
func (st *stand) fill(ctx context.Context) error {
	if _, err := st.grpc.Stream(ctx, st.work, streams, 0, st.systems); err != nil {
		return err
	}
	for range st.systems / commitSize {
		if err := st.raw.Append(commitSize); err != nil {
			return err
		}
	}
	return nil
}

func (st *stand) clear() error {
	var err error
	if st.grpc != nil {
		err = st.grpc.Close()
	}
	if st.rest != nil {
		st.rest.Close()
	}
	for _, p := range []*peer.Process{st.plumbline, st.opa} {
		if p != nil {
			err = errors.Join(err, p.Stop())
		}
	}
	if st.raw != nil {
		err = errors.Join(err, st.raw.Close())
	}
	return errors.Join(err, os.RemoveAll(st.folder))
}

// contender is one way of asking a server, or a floor.
type contender struct {
	name   string
	server *peer.Process // nil for a floor, which is in this process
	run    func(context.Context, time.Duration) (perSecond float64, err error)

	rates  []float64
	cpu    []float64 // seconds of the server's processor, an operation
	client []float64 // seconds of this process's, an operation
}

func (c *contender) round(ctx context.Context, span time.Duration) error {
	// The garbage of the round before is not this one's.
	runtime.GC()
	if c.server != nil {
		if err := c.server.Collect(); err != nil {
			return err
		}
	}
	before, err := c.serverCPU()
	if err != nil {
		return err
	}
	start, own := time.Now(), measure.CPUTime()
	perSecond, err := c.run(ctx, span)
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	count := perSecond * time.Since(start).Seconds()
	c.rates, c.client = append(c.rates, perSecond), append(c.client, (measure.CPUTime()-own).Seconds()/count)
	after, err := c.serverCPU()
	if c.server != nil {
		c.cpu = append(c.cpu, (after-before).Seconds()/count)
	}
	return err
}

func (c *contender) serverCPU() (time.Duration, error) {
	if c.server == nil {
		return 0, nil
	}
	return c.server.CPU()
}

// turns runs contenders by turns.
func turns(ctx context.Context, rounds int, span time.Duration, cs ...*contender) error {
	for range rounds {
		for _, c := range cs {
			if err := c.round(ctx, span); err != nil {
				return err
			}
		}
	}
	return nil
}

func rated(f func(context.Context, time.Duration) (load.Done, error)) func(context.Context, time.Duration) (float64, error) {
	return func(ctx context.Context, span time.Duration) (float64, error) {
		d, err := f(ctx, span)
		return d.PerSecond(), err
	}
}

func (r *report) contenders(cs ...*contender) {
	r.row("", "a second", "spread", "server CPU µs", "client CPU µs")
	for _, c := range cs {
		server, client := "", micro(measure.Median(c.client))
		if c.server != nil {
			server = micro(measure.Median(c.cpu))
		} else {
			server, client = client, "" // a floor has no client
		}
		r.row(c.name, rate(measure.Median(c.rates)), percent(measure.Spread(c.rates)), server, client)
	}
}

// field is all contenders of the servers' part.
type field struct {
	stream, shuffled, flipping, appends, unary, puts, rest, opa, assess *contender
}

func (st *stand) field() *field {
	stream := func(name string, w *load.Work) *contender {
		return &contender{name: name, server: st.plumbline, run: rated(func(ctx context.Context, span time.Duration) (load.Done, error) {
			return st.grpc.Stream(ctx, w, streams, span, 0)
		})}
	}
	return &field{
		stream:   stream(fmt.Sprintf("Plumbline, %d streams", streams), st.work),
		shuffled: stream("  the systems in random order", &load.Work{Estate: st.estate, Systems: st.systems, Shuffle: true, From: 1_000_000}),
		flipping: stream("  each changes a result", &load.Work{Estate: st.estate, Systems: st.systems, Flip: true, From: 2_000_000}),
		appends: &contender{name: fmt.Sprintf("bbolt, appending %d at a time", commitSize), run: func(ctx context.Context, span time.Duration) (float64, error) {
			return st.raw.For(ctx, commitSize, span/3) // it is so quick that it would outgrow the other store
		}},
		unary: &contender{name: fmt.Sprintf("Plumbline, %d callers of gRPC", unaryCallers), server: st.plumbline, run: rated(func(ctx context.Context, span time.Duration) (load.Done, error) {
			return st.grpc.Unary(ctx, st.work, unaryCallers, span)
		})},
		puts: &contender{name: "bbolt, single puts", run: func(ctx context.Context, span time.Duration) (float64, error) {
			return st.raw.For(ctx, 1, span)
		}},
		rest: &contender{name: fmt.Sprintf("Plumbline, %d callers of REST", restCallers), server: st.plumbline, run: rated(func(ctx context.Context, span time.Duration) (load.Done, error) {
			return st.rest.Submit(ctx, st.plumbline.HTTP, st.posts, st.systems, span)
		})},
		opa: &contender{name: fmt.Sprintf("OPA, %d callers of REST", restCallers), server: st.opa, run: rated(func(ctx context.Context, span time.Duration) (load.Done, error) {
			return st.rest.Decide(ctx, st.opa.HTTP, st.questions, span)
		})},
		assess: &contender{name: fmt.Sprintf("Plumbline, %d callers, nothing stored", assessCallers), server: st.plumbline, run: rated(func(ctx context.Context, span time.Duration) (load.Done, error) {
			return st.grpc.Assess(ctx, st.work, assessCallers, span)
		})},
	}
}

// serving measures the servers.
func serving(ctx context.Context, s settings, r *report) (err error) {
	st, err := set(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.clear()) }()
	size, free, err := st.plumbline.Size()
	if err != nil {
		return err
	}
	r.section("servers: %d one-host systems are stored (%d MB, of which %d MB are in use); the floor has as many records (%d MB)",
		st.systems, size>>20, (size-free)>>20, st.raw.Size()>>20)
	f := st.field()
	var all []*contender
	for _, c := range []struct {
		goal string
		who  []*contender
	}{
		{"ingest-vs-raw", []*contender{f.stream, f.appends}},
		{"unary-vs-put", []*contender{f.unary, f.puts}},
		{"rest-vs-opa", []*contender{f.rest, f.opa}},
		{"cpu-vs-opa", []*contender{f.opa, f.assess}},
	} {
		for _, x := range c.who {
			if s.wants("serving", c.goal) && !slices.Contains(all, x) {
				all = append(all, x)
			}
		}
	}
	if s.profile != "" {
		if err := st.plumbline.Profile(s.profile + ".server"); err != nil {
			return err
		}
	}
	span := s.span(3*time.Second, time.Second)
	if err := turns(ctx, s.rounds(7, 2), span, all...); err != nil {
		return err
	}
	if !s.quick && s.wants("serving", "ingest-vs-raw") {
		// What the goal is not about, but whoever reads it will ask.
		if err := turns(ctx, 3, span, f.shuffled, f.flipping); err != nil {
			return err
		}
		all = append(all, f.shuffled, f.flipping)
	}
	r.contenders(all...)
	if size, free, err = st.plumbline.Size(); err != nil {
		return err
	}
	r.note("at the end: %d MB, of which %d MB are in use; the floor %d MB", size>>20, (size-free)>>20, st.raw.Size()>>20)
	r.goal("ingest-vs-raw", measure.Ratio(f.stream.rates, f.appends.rates), atLeast, 0.5)
	r.goal("unary-vs-put", measure.Ratio(f.unary.rates, f.puts.rates), atLeast, 2.5)
	r.goal("rest-vs-opa", measure.Ratio(f.rest.rates, f.opa.rates), atLeast, 3)
	r.goal("cpu-vs-opa", measure.Ratio(f.opa.cpu, f.assess.cpu), atLeast, 25)
	return nil
}
