package reassess

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/spf13/cobra"
)

// operationsCommand is the family for runs.
func (a *app) operationsCommand() *cobra.Command {
	return cli.Family("operations", "List, show, wait for, cancel and forget runs of reassessments, and verifications",
		"  plumbline operations list --running\n  plumbline operations show 42\n  plumbline operations wait 42\n  plumbline operations cancel 42",
		a.operationsList(), a.operationsShow(), a.operationsWait(), a.operationsCancel(), a.operationsDelete())
}

func operation(id string) string { return cli.Resource("operations", id) }

func (a *app) operationsList() *cobra.Command {
	var running, done bool
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List runs, the newest first; they are kept for 30 days after their end",
		Example: "  plumbline operations list\n  plumbline operations list --running --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			filter := ""
			switch {
			case running && done:
				return cli.Misuse("plumbline operations list", "leave out --running or --done")
			case running:
				filter = "done = false"
			case done:
				filter = "done = true"
			}
			list, err := cli.Pages(l, func(size int32, token string) ([]*longrunningpb.Operation, string, error) {
				p, err := c.Reassessment().ListOperations(ctx, &longrunningpb.ListOperationsRequest{Filter: filter, PageSize: size, PageToken: token})
				return p.GetOperations(), p.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.printOperations(list)
		}),
	})
	c.Flags().BoolVar(&running, "running", false, "only those that have not ended")
	c.Flags().BoolVar(&done, "done", false, "only those that have ended")
	l.Flag(c, 50)
	return c
}

func (a *app) printOperations(list []*longrunningpb.Operation) error {
	var rows [][]string
	return a.Printer().Emit(&longrunningpb.ListOperationsResponse{Operations: list}, func(v *render.View) {
		for _, op := range list {
			r, err := describe(op)
			if err != nil {
				rows = append(rows, []string{cli.ID(op.GetName()), "", "", "", "", "", "", "", err.Error()})
				continue
			}
			row := append([]string{cli.ID(op.GetName()), v.Word(r.state), v.Age(r.created), r.by, r.progress()}, r.cells...)
			rows = append(rows, append(row, cli.Or(r.problem, r.what)))
		}
		v.Table([]string{"ID", "STATE", "STARTED", "BY", "SYSTEMS", "ASSESSED", "CHANGED", "FAILED", "WHAT"}, rows, "no runs")
	})
}

func (a *app) operationsShow() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show ID", Short: "Show a run as it stands", Args: cobra.ExactArgs(1), Example: "  plumbline operations show 42",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			return a.shown(c.Reassessment().GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation(args[0])}))
		}),
	})
}

func (a *app) operationsWait() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "wait ID", Short: "Wait for a run's end; the exit code is that of reassess --wait, or of verify", Args: cobra.ExactArgs(1),
		Example: "  plumbline operations wait 42",
		Do: a.Streaming(func(ctx context.Context, c *clients.Client, args []string) error {
			w := a.waiter(c)
			defer w.End()
			op, err := c.Reassessment().GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation(args[0])})
			if err != nil {
				return err
			}
			return a.wait(ctx, w, op)
		}),
	})
}

func (a *app) operationsCancel() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "cancel ID", Short: "Have a run end after the systems under way; what it has done stays", Args: cobra.ExactArgs(1),
		Example: "  plumbline operations cancel 42",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			if _, err := c.Reassessment().CancelOperation(ctx, &longrunningpb.CancelOperationRequest{Name: operation(args[0])}); err != nil {
				return err
			}
			return a.shown(c.Reassessment().GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation(args[0])}))
		}),
	})
}

func (a *app) operationsDelete() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "delete ID", Short: "Forget a run that has ended", Args: cobra.ExactArgs(1), Example: "  plumbline operations delete 42",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			if _, err := c.Reassessment().DeleteOperation(ctx, &longrunningpb.DeleteOperationRequest{Name: operation(args[0])}); err != nil {
				return err
			}
			a.Note("%s is forgotten", operation(args[0]))
			return nil
		}),
	})
}
