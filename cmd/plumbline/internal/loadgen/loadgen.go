// Package loadgen has the command that makes up fleets, to load a server with or
// to look at: package clients/loadgen draws them.
package loadgen

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/clients/loadgen"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command { return []*cobra.Command{command(run)} }

// flags are what the command takes.
type flags struct {
	fleet  loadgen.Config
	faults []string
	at     *cli.Instant
	year   bool
	play   loadgen.YearConfig
	file   string
	window int
}

func command(a *cli.App) *cobra.Command {
	s := &flags{at: a.Instant()}
	c := cli.Command(cli.Spec{
		Use: "loadgen", Short: "Make up a fleet of servers, and submit it",
		Long: `Make up a fleet of servers with realistic faults, and submit it, or write it to a
file that "plumbline submit" reads. The same seed and flags make the same bytes.

Systems have 1 to 500 hosts, most have few. The source "cmdb" says whole systems;
--scanned has "scanner" report the listeners of a share of them. --fault sets how
often something is wrong, as a share from 0 to 1:

  ` + strings.Join(wrapped(faultNames()), "\n  ") + `

--year also plays what follows: daily reports that confirm or change, hosts that
come and go, patches, certificates that are renewed or forgotten, late reports,
sources that fall silent. It is sent as fast as the server takes it, with the
times at which it was observed; what would lie in the future is left out.`,
		Example: `  plumbline loadgen --hosts 1000
  plumbline loadgen --hosts 50 --seed 7 --file fleet.jsonl
  plumbline loadgen --hosts 200 --at -365d --year --every 168h
  plumbline loadgen --hosts 500 --fault expired-certificate=0.2 --fault weak-tls=0`,
		Do: func(ctx context.Context, _ []string) error { return s.run(ctx, a) },
	})
	f := c.Flags()
	f.Uint64Var(&s.fleet.Seed, "seed", 1, "what everything follows from")
	f.IntVar(&s.fleet.Hosts, "hosts", 1000, "how many hosts")
	f.IntVar(&s.fleet.LargestSystem, "largest-system", 500, "how many hosts a system has at most")
	f.Float64Var(&s.fleet.Skew, "skew", 1.5, "how rare large systems are: the exponent of their law")
	f.Float64Var(&s.fleet.Scanned, "scanned", 0.2, "the share of systems whose listeners a scanner reports")
	f.StringVar(&s.fleet.Prefix, "prefix", "", "what ids begin with, so that several fleets fit into one store")
	f.StringArrayVar(&s.faults, "fault", nil, "`NAME=RATE` of a fault; may be given again")
	f.Var(s.at, "at", "the instant at which the fleet stands, "+loadgen.DefaultAt.Format(time.RFC3339)+" where it is not given "+cli.InstantHelp)
	f.BoolVar(&s.year, "year", false, "play a year after that instant too")
	f.IntVar(&s.play.Days, "days", 365, "how many days --year plays")
	f.DurationVar(&s.play.Every, "every", 24*time.Hour, "how often each system is reported in the year")
	f.StringVar(&s.file, "file", "", "write JSON Lines to this `file` (- for standard output) instead of submitting")
	f.IntVar(&s.window, "window", 256, "how many items may be unanswered at once")
	return c
}

func faultNames() []string {
	rates := loadgen.DefaultFaults()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(rates.Rates())) {
		out = append(out, fmt.Sprintf("%s=%v", name, *rates.Rates()[name]))
	}
	return out
}

// wrapped puts words into lines of at most 78 characters.
func wrapped(words []string) (lines []string) {
	line := ""
	for _, w := range words {
		if line != "" && len(line)+1+len(w) > 78 {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + w)
	}
	return append(lines, line)
}

// config is what the flags ask for.
func (s *flags) config() (loadgen.Config, error) {
	c := s.fleet
	at, err := s.at.Timestamp()
	if err != nil {
		return c, err
	}
	if at != nil {
		c.At = at.AsTime()
	}
	faults := loadgen.DefaultFaults()
	for _, text := range s.faults {
		name, value, _ := strings.Cut(text, "=")
		rate, known := faults.Rates()[name]
		if !known {
			return c, fmt.Errorf("fault %q: there are %s", name, strings.Join(slices.Sorted(maps.Keys(faults.Rates())), ", "))
		}
		if *rate, err = strconv.ParseFloat(value, 64); err != nil {
			return c, fmt.Errorf("fault %q: write NAME=RATE with a rate from 0 to 1", text)
		}
	}
	c.Faults = &faults
	switch {
	case s.fleet.Hosts < 1:
		return c, fmt.Errorf("hosts: 1 at least, not %d", s.fleet.Hosts)
	case s.play.Days < 1 || s.play.Days > 3660:
		return c, fmt.Errorf("days: 1 to 3660, not %d", s.play.Days)
	case s.play.Every < time.Hour:
		return c, fmt.Errorf("every: an hour at least, not %v", s.play.Every)
	}
	return c, nil
}

// items are the fleet, and its year where it is asked for, up to an instant.
func (s *flags) items(f *loadgen.Fleet, until time.Time) iter.Seq[*pb.SubmitItem] {
	return func(yield func(*pb.SubmitItem) bool) {
		for item := range f.Items() {
			if !yield(item) {
				return
			}
		}
		if !s.year {
			return
		}
		for e := range f.Year(s.play) {
			if !until.IsZero() && e.At.After(until) || !yield(e.Item) {
				return
			}
		}
	}
}

func (s *flags) run(ctx context.Context, a *cli.App) error {
	c, err := s.config()
	if err != nil {
		return err
	}
	f, err := loadgen.New(c)
	if err != nil {
		return err
	}
	if s.file != "" {
		n, err := s.write(ctx, a, f)
		if err == nil {
			a.Note("%s: %s of %s", s.file, cli.Count(n, "submission"), describe(f))
		}
		return err
	}
	return s.submit(ctx, a, f)
}

func describe(f *loadgen.Fleet) string {
	return cli.Count(f.Hosts(), "host") + " in " + cli.Count(f.Systems(), "system")
}

// write writes the items to a file.
func (s *flags) write(ctx context.Context, a *cli.App, f *loadgen.Fleet) (n int, err error) {
	out := a.Out
	if s.file != "-" {
		file, err := os.Create(s.file)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	n, err = loadgen.WriteLines(out, func(yield func(*pb.SubmitItem) bool) {
		for item := range s.items(f, time.Time{}) {
			if ctx.Err() != nil || !yield(item) {
				return
			}
		}
	})
	return n, errors.Join(err, ctx.Err())
}

// submit streams the items to the server.
func (s *flags) submit(ctx context.Context, a *cli.App, f *loadgen.Fleet) error {
	c, err := a.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	console := a.NewConsole()
	defer console.End()
	var rejected *clients.Problem
	start := a.Now()
	submitter := clients.NewSubmitter(c.Inventory(), clients.SubmitterConfig{Window: s.window, Progress: func(p clients.Progress) {
		console.Status("%d sent, %d answered, %d rejected", p.Taken, p.Answered, p.Rejected)
	}})
	done, err := submitter.Submit(ctx, func(yield func(*pb.SubmitItem, error) bool) {
		for item := range s.items(f, start) {
			if !yield(item, nil) {
				return
			}
		}
	}, func(answer clients.Answer) error {
		if rejected == nil {
			rejected = clients.ReceiptProblem(answer.Receipt.GetError())
		}
		return nil
	})
	console.End()
	if err != nil {
		return err
	}
	if err := s.print(a, f, done, a.Now().Sub(start)); err != nil {
		return err
	}
	if done.Rejected > 0 {
		return fmt.Errorf("%s not taken; the first: %w", cli.Count(done.Rejected, "submission"), rejected)
	}
	return nil
}

// print says what was submitted.
func (s *flags) print(a *cli.App, f *loadgen.Fleet, done clients.Progress, took time.Duration) error {
	m, err := structpb.NewStruct(map[string]any{
		"seed": s.fleet.Seed, "systems": f.Systems(), "hosts": f.Hosts(), "submitted": done.Answered, "inserted": done.Inserted,
		"updated": done.Updated, "unchanged": done.Unchanged, "rejected": done.Rejected, "seconds": took.Seconds(),
	})
	if err != nil {
		return err
	}
	return a.Printer().Emit(m, func(v *render.View) {
		v.Line("%s from seed %d", describe(f), s.fleet.Seed)
		v.Line("%s in %s: %d inserted, %d updated, %d unchanged, %d rejected",
			cli.Count(done.Answered, "submission"), took.Round(100*time.Millisecond), done.Inserted, done.Updated, done.Unchanged, done.Rejected)
	})
}
