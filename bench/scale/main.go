package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/plumbline/plumbline/clients/loadgen"
	"github.com/plumbline/plumbline/server/heap"
)

type settings struct {
	hosts   int
	quick   bool
	dir     string
	keep    bool
	rounds  int
	year    int
	profile string
}

func main() {
	var s settings
	flag.IntVar(&s.hosts, "hosts", 1_000_000, "how many hosts the store has")
	flag.BoolVar(&s.quick, "quick", false, "20,000 hosts and a month instead of a year")
	flag.StringVar(&s.dir, "dir", os.TempDir(), "the `folder` in which the store is made; 1,000,000 hosts take some gigabytes")
	flag.IntVar(&s.rounds, "rounds", 3, "how often everything is evaluated by each side")
	flag.IntVar(&s.year, "year-systems", 40, "how many systems live through a year; 0 for none")
	flag.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile of the full re-evaluation to this `file`, and one of the floor to file.floor")
	flag.Parse()
	if s.quick {
		s.hosts = min(s.hosts, 20_000)
	}
	if flag.NArg() > 0 || s.hosts < 1000 || s.rounds < 1 || s.year < 0 {
		fmt.Fprintln(os.Stderr, "scale: no arguments; at least 1,000 hosts and a round")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// run measures, and prints the goals at the end.
func run(ctx context.Context, s settings) (err error) {
	heap.Tune() // as cmd/plumbline does
	begun := time.Now()
	folder, err := os.MkdirTemp(s.dir, "scale-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	fleet, err := loadgen.New(loadgen.Config{Seed: 1, Hosts: s.hosts, Scanned: 0.2})
	if err != nil {
		return err
	}
	fmt.Printf("%s %s/%s, %d processors; store in %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), s.dir)
	fmt.Printf("%d hosts in %d systems, %d rules a host, seed 1\n", fleet.Hosts(), fleet.Systems(), ruleCount)
	var goals goals
	file := filepath.Join(folder, "scale.db")
	if err := withService(ctx, file, true, fleet.At(), func(v *service) error { return measured(ctx, s, v, fleet, &goals) }); err != nil {
		return err
	}
	if err := restarted(ctx, file, fleet, &goals); err != nil {
		return err
	}
	if s.year > 0 {
		if err := year(ctx, s, filepath.Join(folder, "year.db"), &goals); err != nil {
			return fmt.Errorf("year: %w", err)
		}
	}
	fmt.Printf("\n%s; load of the machine at the end: %s\n\n", time.Since(begun).Round(time.Second), loadAverage())
	goals.print()
	return nil
}

// measured is what is measured on the store that is being filled.
func measured(ctx context.Context, s settings, v *service, fleet *loadgen.Fleet, g *goals) error {
	if err := v.assign(ctx); err != nil {
		return err
	}
	few, err := fill(ctx, v, fleet)
	if err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	if err := reassess(ctx, s, v, fleet, g); err != nil {
		return fmt.Errorf("reassess: %w", err)
	}
	many, err := v.reads(ctx, fleet)
	if err != nil {
		return fmt.Errorf("reads: %w", err)
	}
	compareReads(few, many, g)
	return nil
}

// profiled runs a function with a CPU profile, where a name is given.
func profiled(name string, f func() error) error {
	if name == "" {
		return f()
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

// goals are kept for the end.
type goals []string

// atMost keeps a goal.
func (g *goals) atMost(name string, value, bound float64) {
	verdict := "missed"
	if value <= bound {
		verdict = "ok"
	}
	*g = append(*g, fmt.Sprintf("goal %s %.3g <= %v %s", name, value, bound, verdict))
}

// figure keeps a figure that has no bound.
func (g *goals) figure(name string, value float64) {
	*g = append(*g, fmt.Sprintf("figure %s %.4g", name, value))
}

func (g *goals) print() {
	for _, line := range *g {
		fmt.Println(line)
	}
}
