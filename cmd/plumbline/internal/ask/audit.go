package ask

import (
	"context"
	"strconv"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// auditCommand lists the audit log.
func (a *app) auditCommand() *cobra.Command {
	var l cli.Limit
	from, to := a.Instant(), a.Instant()
	c := cli.Command(cli.Spec{
		Use: "audit", Short: "List who wrote what and when, newest first",
		Example: "  plumbline audit --limit 20\n  plumbline audit --from -24h --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			ts, err := cli.Timestamps(from, to)
			if err != nil {
				return err
			}
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.AuditEntry, string, error) {
				r, err := c.Admin().ListAuditEntries(ctx, &pb.ListAuditEntriesRequest{From: ts[0], To: ts[1], PageSize: size, PageToken: token})
				return r.GetAuditEntries(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListAuditEntriesResponse{AuditEntries: rows}, func(v *render.View) {
				var cells [][]string
				for _, e := range rows {
					cells = append(cells, []string{
						strconv.FormatInt(e.GetSequence(), 10), render.Exact(e.GetRecordedTime()), e.GetActor(), e.GetMethod(), e.GetResource(), e.GetSource(), e.GetOutcome(), e.GetRequestId(),
					})
				}
				v.Table([]string{"NO.", "RECORDED", "WHO", "METHOD", "RESOURCE", "SOURCE", "OUTCOME", "REQUEST"}, cells, "nothing was written")
			})
		}),
	})
	l.Flag(c, 50)
	c.Flags().Var(from, "from", "only those at or after this instant "+cli.InstantHelp)
	c.Flags().Var(to, "to", "only those before this instant "+cli.InstantHelp)
	return c
}
