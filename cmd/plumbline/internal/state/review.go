package state

import (
	"context"
	"strings"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
)

// waiverReview lists waivers that want a second look. With --fail it is a check
// for a build: waivers rot where nobody looks at them.
func (a *app) waiverReview() *cobra.Command {
	var l cli.Limit
	within := cli.Span{Duration: 30 * 24 * time.Hour}
	var broad int32
	var fail bool
	c := cli.Command(cli.Spec{
		Use: "review [SYSTEM]", Short: "Say which waivers want a second look", Args: cobra.MaximumNArgs(1),
		Long: `Say which waivers want a second look, of one system or of all: those that are
unused, too broad, about to expire, expired, still drafts, outdated since their
rule asks something else by now, or that cover what passes anyway.`,
		Example: "  plumbline waiver review\n  plumbline waiver review intranet --expiring-within 14d --broad-over 20\n  plumbline waiver review --fail",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			req := &pb.ReviewWaiversRequest{Parent: "systems/-", ExpiringWithin: durationpb.New(within.Duration), BroadOver: broad}
			if len(args) == 1 {
				req.Parent = cli.Resource("systems", args[0])
			}
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.WaiverReview, string, error) {
				req.PageSize, req.PageToken = size, token
				r, err := c.Statement().ReviewWaivers(ctx, req)
				return r.GetReviews(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			if err := a.printReviews(rows); err != nil {
				return err
			}
			if fail && len(rows) > 0 {
				return &cli.BelowError{Reasons: []string{cli.Count(len(rows), "waiver") + " to look at"}}
			}
			return nil
		}),
	})
	l.Flag(c, 0)
	f := c.Flags()
	f.Var(&within, "expiring-within", "a waiver that ends within this time is about to expire (30d, 36h)")
	f.Int32Var(&broad, "broad-over", 50, "a waiver that accepts more failures than this is too broad")
	f.BoolVar(&fail, "fail", false, "exit with 2 if there is any")
	return c
}

// printReviews prints each waiver with what is wrong with it and what to do.
func (a *app) printReviews(list []*pb.WaiverReview) error {
	return a.Printer().Emit(&pb.ReviewWaiversResponse{Reviews: list}, func(v *render.View) {
		var rows [][]string
		for _, r := range list {
			w := r.GetWaiver()
			system, _, _ := strings.Cut(strings.TrimPrefix(w.GetName(), "systems/"), "/")
			rows = append(rows, []string{system, cli.ID(w.GetName()), waives(w), strings.Join(r.GetFindings(), ", "),
				cli.Number(r.GetFailures()), cli.Number(r.GetPasses()), render.Instant(w.GetExpireTime()), strings.Join(r.GetRemedies(), "\n")})
		}
		v.Table([]string{"SYSTEM", "ID", "WAIVES", "LOOK AT IT, IT IS", "FAILURES", "PASSES", "EXPIRES", "WHAT TO DO"}, rows, "all is well with the waivers")
	})
}
