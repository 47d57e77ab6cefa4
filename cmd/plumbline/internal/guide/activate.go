package guide

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// noTailoring is how a command line takes a tailoring away.
const noTailoring = "none"

// assignActivate changes what an assignment follows, now or later.
func (a *app) assignActivate() *cobra.Command {
	req := &pb.ActivateAssignmentRequest{}
	var tailoring string
	at := a.Instant()
	c := cli.Command(cli.Spec{
		Use: "activate ID [--version V] [--tailoring T]", Short: "Have an assignment follow another version or tailoring, now or later", Args: cobra.ExactArgs(1),
		Long: `Have an assignment follow another checklist version or tailoring from an instant
on. The series go on: the change is a breakpoint of them. What was to be
activated later is replaced.`,
		Example: "  plumbline assign activate farms --version 2026.1.0 --at 2027-01-01\n  plumbline assign activate farms --version latest\n  plumbline assign activate farms --tailoring legacy@2\n  plumbline assign activate farms --tailoring none",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) (err error) {
			if req.Version == "" && tailoring == "" {
				return cli.Misuse("plumbline assign activate", "what is activated? Give --version, --tailoring or both")
			}
			if req.StartTime, err = at.Timestamp(); err != nil {
				return err
			}
			if tailoring != "" {
				name := ""
				if tailoring != noTailoring {
					name = tailoringName(tailoring)
				}
				req.Tailoring = &name
			}
			req.Name = cli.Resource("assignments", args[0])
			as, err := c.Guidance().ActivateAssignment(ctx, req)
			if err != nil {
				return err
			}
			return a.printAssignments(as, []*pb.Assignment{as})
		}),
	})
	f := c.Flags()
	f.StringVar(&req.Version, "version", "", "the checklist's version, or latest; what is in force stays where empty")
	f.StringVar(&tailoring, "tailoring", "", "a published tailoring, ID or ID@N, or none; what is in force stays where empty")
	f.Var(at, "at", "from when on; now where empty (2027-01-01, 2027-01-01T09:30:00Z, +7d)")
	return c
}

// assignCancel takes back what was to be activated later.
func (a *app) assignCancel() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "cancel ID", Short: "Take back what an assignment was to follow later", Args: cobra.ExactArgs(1),
		Example: "  plumbline assign cancel farms",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			as, err := c.Guidance().ActivateAssignment(ctx, &pb.ActivateAssignmentRequest{Name: cli.Resource("assignments", args[0]), CancelPending: true})
			if err != nil {
				return err
			}
			return a.printAssignments(as, []*pb.Assignment{as})
		}),
	})
}
