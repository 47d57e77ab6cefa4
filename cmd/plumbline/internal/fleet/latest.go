package fleet

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// newCommand lists what began to fail, or to be unknown, lately.
func (a *app) newCommand() *cobra.Command {
	var l cli.Limit
	var of label
	var severity, area, rule string
	var unknown bool
	since := a.Instant()
	c := cli.Command(cli.Spec{
		Use: "new [SERIES]", Short: "List what began to fail lately, in all systems", Args: cobra.MaximumNArgs(1),
		Long: `List the results of all systems that began to fail lately and still do, or with
--unknown those that began to be unknown. The system in which one began last
comes first, and of a system the newest. Accepted failures are left out.

` + seriesHelp,
		Example: "  plumbline fleet new\n  plumbline fleet new --since -7d --severity critical\n  plumbline fleet new --unknown --label tier=prod --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			req := &pb.ListNewResultsRequest{State: "fail"}
			if unknown {
				req.State = "unknown"
			}
			var err error
			if req.Filter, err = of.conditions("severity", severity, "area", area, "rule", rule); err != nil {
				return err
			}
			if req.Since, err = since.Timestamp(); err != nil {
				return err
			}
			if req.Name, err = series(ctx, c, args); err != nil {
				return err
			}
			list, err := cli.Pages(l, func(size int32, token string) ([]*pb.NewResult, string, error) {
				req.PageSize, req.PageToken = size, token
				r, err := c.History().ListNewResults(ctx, req)
				return r.GetResults(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListNewResultsResponse{Results: list}, func(v *render.View) {
				var rows [][]string
				for _, r := range list {
					rows = append(rows, []string{
						v.Age(r.GetSinceTime()), r.GetSystem(), r.GetRule(), v.Word(r.GetSeverity()), r.GetArea(), r.GetSubject(), r.GetTitle(),
					})
				}
				v.Table([]string{"SINCE", "SYSTEM", "RULE", "SEVERITY", "AREA", "SUBJECT", "TITLE"}, rows, "nothing is new")
			})
		}),
	})
	c.Flags().Var(since, "since", "since this instant, a day ago where it is left out "+cli.InstantHelp)
	c.Flags().BoolVar(&unknown, "unknown", false, "what began to be unknown instead")
	c.Flags().StringVar(&severity, "severity", "", "of this severity alone")
	c.Flags().StringVar(&area, "area", "", "of this area alone")
	c.Flags().StringVar(&rule, "rule", "", "of this rule alone")
	of.flag(c)
	l.Flag(c, 50)
	return c
}
