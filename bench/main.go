package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/plumbline/plumbline/bench/peer"
)

// seed is where all that is drawn comes from.
const seed = 1

// names are what -only takes.
func names() []string {
	var out []string
	for _, p := range parts {
		out = append(append(out, p.name), p.goals...)
	}
	return out
}

// settings are the flags.
type settings struct {
	quick   bool
	only    string
	dir     string
	profile string
}

// wants tells whether a part, or one of its goals, is to be run.
func (s settings) wants(part string, goals ...string) bool {
	return s.only == "" || s.only == part || slices.Contains(goals, s.only)
}

func (s settings) rounds(full, quick int) int {
	if s.quick {
		return quick
	}
	return full
}

func (s settings) span(full, quick time.Duration) time.Duration {
	if s.quick {
		return quick
	}
	return full
}

// parts are what a run consists of.
var parts = []struct {
	name  string
	run   func(context.Context, settings, *report) error
	goals []string
}{
	{"evaluation", evaluation, []string{"eval-vs-go", "eval-vs-celgo", "eval-vs-opa", "eval-allocs"}},
	{"serving", serving, []string{"ingest-vs-raw", "unary-vs-put", "rest-vs-opa", "cpu-vs-opa"}},
	{"guidance", guidance, []string{"preview-vs-evaluate", "publish-ms"}},
	{"history", history, []string{"history-unchanged-bytes", "history-changed-bytes", "inventory-version-bytes"}},
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == peer.Argument {
		if err := peer.Serve(context.Background(), os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench peer:", err)
			os.Exit(1)
		}
		return
	}
	var s settings
	flag.BoolVar(&s.quick, "quick", false, "a minute or two instead of ten: enough to see that everything runs")
	flag.StringVar(&s.only, "only", "", "run one part, or what one goal needs: "+strings.Join(names(), ", "))
	flag.StringVar(&s.dir, "dir", os.TempDir(), "the `folder` in which stores are made; the disk below it decides what durable costs")
	flag.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile to this `file`, and that of the server to file.server")
	flag.Parse()
	if s.only != "" && !slices.Contains(names(), s.only) {
		fmt.Fprintf(os.Stderr, "bench: there is no part or goal %q; there are %s\n", s.only, strings.Join(names(), ", "))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if s.profile != "" {
		f, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	r := &report{out: os.Stdout}
	start := time.Now()
	fmt.Printf("%s %s/%s, %d processors; stores in %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), s.dir)
	for _, p := range parts {
		if !s.wants(p.name, p.goals...) {
			continue
		}
		if err := p.run(ctx, s, r); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	fmt.Printf("\n%s\n", time.Since(start).Round(time.Second))
	r.finish()
	return nil
}
