package reassess

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/prove"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
)

// calendarCommand is the family for the calendar, of which there is one.
func (a *app) calendarCommand() *cobra.Command {
	return cli.Family("calendar", "Show and set when runs of reassessments, and verifications, start by themselves",
		"  plumbline calendar show --output yaml > calendar.yaml\n  plumbline calendar set -f calendar.yaml",
		a.calendarShow(), a.calendarSet())
}

func (a *app) calendarShow() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show", Short: "Show the calendar, and when each run starts next", Example: "  plumbline calendar show",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			out, err := c.Reassessment().GetCalendar(ctx, &pb.GetCalendarRequest{Name: "calendar"})
			if err != nil {
				return err
			}
			return a.printCalendar(out)
		}),
	})
}

// calendarSet replaces the calendar. The etag in a file that calendar show wrote
// keeps two people from overwriting each other.
func (a *app) calendarSet() *cobra.Command {
	var file string
	var force bool
	c := cli.Command(cli.Spec{
		Use: "set -f FILE", Short: "Replace the calendar by a YAML file's",
		Long: `Replace the calendar by what a YAML file says:

  runs:
  - id: nightly
    cron: "0 2 * * 1-5" # minute hour day month weekday
    time_zone: Europe/Oslo       # UTC where left out
    jitter: 900s                 # starts up to so much later
    request: {full: true, selector: {labels: {tier: "1"}}}
  - id: audit
    cron: "0 4 * * *"
    verify: {sample: 1000}       # verifies a sample instead
  blackouts:                     # no scheduled run starts or goes on
  - {cron: "0 22 31 12 *", time_zone: Europe/Oslo, duration: 36000s}

A file that calendar show wrote carries the calendar's etag, and is refused if
somebody changed the calendar since; --force leaves the etag out.`,
		Example: "  plumbline calendar set -f calendar.yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			cal, err := cli.ReadDocument(a.App, file, func() *pb.Calendar { return &pb.Calendar{} })
			if err != nil {
				return err
			}
			if force {
				cal.Etag = ""
			}
			cal.Name, cal.UpdateTime = "calendar", nil // the server's to say
			for _, r := range cal.Runs {
				r.NextTime, r.LastTime = nil, nil
			}
			out, err := c.Reassessment().UpdateCalendar(ctx, &pb.UpdateCalendarRequest{Calendar: cal})
			if err != nil {
				return err
			}
			return a.printCalendar(out)
		}),
	})
	c.Flags().StringVarP(&file, "file", "f", "", "the YAML file; - is standard input")
	c.Flags().BoolVar(&force, "force", false, "also if somebody changed it since the file was written")
	cli.Require(c, "file")
	return c
}

func (a *app) printCalendar(c *pb.Calendar) error {
	return a.Printer().Emit(c, func(v *render.View) {
		var rows [][]string
		for _, r := range c.GetRuns() {
			next, last := "never", "never"
			if r.GetNextTime() != nil {
				next = v.When(r.GetNextTime())
			}
			if r.GetLastTime() != nil {
				last = v.Age(r.GetLastTime())
			}
			rows = append(rows, []string{r.GetId(), r.GetCron(), cli.Or(r.GetTimeZone(), "UTC"), span(r.GetJitter()), next, last, whatOf(r)})
		}
		v.Table([]string{"RUN", "CRON", "TIME ZONE", "JITTER", "NEXT", "LAST", "WHAT"}, rows, "no scheduled runs")
		if len(c.GetBlackouts()) == 0 {
			return
		}
		v.Title("Blackouts")
		rows = nil
		for _, b := range c.GetBlackouts() {
			rows = append(rows, []string{b.GetCron(), cli.Or(b.GetTimeZone(), "UTC"), span(b.GetDuration())})
		}
		v.Table([]string{"CRON", "TIME ZONE", "FOR"}, rows, "")
	})
}

func whatOf(r *pb.ScheduledRun) string {
	if r.GetVerify() != nil {
		return prove.What(r.GetVerify())
	}
	return what(r.GetRequest())
}

func span(d *durationpb.Duration) string {
	if d == nil {
		return "none"
	}
	return d.AsDuration().String()
}
