package ask

import (
	"context"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// findingsCommand lists results as flat rows. The filter is the server's: what it
// cannot serve by an index it refuses, and says so.
func (a *app) findingsCommand() *cobra.Command {
	var l cli.Limit
	var filter string
	var at cli.AsOf
	c := cli.Command(cli.Spec{
		Use: "findings SYSTEM", Short: "List a system's results as rows", Args: cobra.ExactArgs(1),
		Long: `List a system's results, one row for each rule and subject.

The filter follows AIP-160 over checklist, series, rule, area, severity, state
and subject.`,
		Example: "  plumbline findings intranet --filter 'state = \"fail\" AND severity = \"high\"'\n  plumbline findings intranet --as-of 2026-03-01 --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
			if err != nil {
				return err
			}
			req := &pb.ListFindingsRequest{Parent: cli.Resource("systems", args[0]), Filter: filter, AsOf: ts[0], KnownAt: ts[1]}
			rows, thinned, err := listFindings(ctx, c, req, l)
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListFindingsResponse{Findings: rows, ThinnedBefore: thinned}, func(v *render.View) {
				v.Table([]string{"RULE", "SEVERITY", "STATE", "SUBJECT", "SINCE", "HOLDS UNTIL", "MESSAGE"}, findingRows(v, rows), "no results")
				glance.Thinned(v, thinned)
			})
		}),
	})
	l.Flag(c, 0)
	at = a.AsOf(c)
	c.Flags().StringVar(&filter, "filter", "", "which results, such as: state = \"fail\"")
	return c
}

// listFindings gets all pages of a query, and where history is thinned, if they
// reach there.
func listFindings(ctx context.Context, c *clients.Client, req *pb.ListFindingsRequest, l cli.Limit) ([]*pb.Finding, *timestamppb.Timestamp, error) {
	var thinned *timestamppb.Timestamp
	rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.Finding, string, error) {
		req.PageSize, req.PageToken = size, token
		r, err := c.Assessment().ListFindings(ctx, req)
		thinned = r.GetThinnedBefore()
		return r.GetFindings(), r.GetNextPageToken(), err
	})
	return rows, thinned, err
}

// findingRows lays findings out. Instants are shown, not ages: these rows are
// copied into tickets.
func findingRows(v *render.View, list []*pb.Finding) [][]string {
	var rows [][]string
	for _, f := range list {
		rows = append(rows, []string{
			f.GetRule(), v.Word(f.GetSeverity()), glance.StateWord(v, f), f.GetSubject(),
			render.Instant(f.GetSinceTime()), render.Instant(f.GetValidUntil()), glance.FindingText(f),
		})
	}
	return rows
}

// fixCommand shows what to mend first.
func (a *app) fixCommand() *cobra.Command {
	var l cli.Limit
	var series string
	var at cli.AsOf
	c := cli.Command(cli.Spec{
		Use: "fix SYSTEM", Short: "Show what to fix first", Args: cobra.ExactArgs(1),
		Long:    "Show the failing rules, the most urgent first: by severity, then by what mending\nthem adds to the score.",
		Example: "  plumbline fix intranet\n  plumbline fix intranet --limit 3",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name, err := cli.PickSeries(ctx, c, args[0], series)
			if err != nil {
				return err
			}
			ts, err := cli.Timestamps(at.AsOf, at.KnownAt)
			if err != nil {
				return err
			}
			req := &pb.ListFixesRequest{Parent: name, AsOf: ts[0], KnownAt: ts[1]}
			var thinned *timestamppb.Timestamp
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.Fix, string, error) {
				req.PageSize, req.PageToken = size, token
				r, err := c.Assessment().ListFixes(ctx, req)
				thinned = r.GetThinnedBefore()
				return r.GetFixes(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListFixesResponse{Fixes: rows, ThinnedBefore: thinned}, func(v *render.View) {
				fixTable(v, rows)
				glance.Thinned(v, thinned)
			})
		}),
	})
	l.Flag(c, 0)
	at = a.AsOf(c)
	c.Flags().StringVar(&series, "series", "", "the series' id, or its checklist; needed where a system has several")
	return c
}

// fixTable lays fixes out; where no host is at fault, the subjects stand instead.
func fixTable(v *render.View, list []*pb.Fix) {
	var rows [][]string
	for _, f := range list {
		on := f.GetHosts()
		if len(on) == 0 {
			on = f.GetSubjects()
		}
		rows = append(rows, []string{
			f.GetRule(), v.Word(f.GetSeverity()), cli.Number(f.GetFailing()), fmt.Sprintf("+%.1f", f.GetScoreGain()),
			render.List(on, 4), strings.TrimSpace(f.GetRemediation()),
		})
	}
	v.Table([]string{"RULE", "SEVERITY", "FAILING", "SCORE", "ON", "WHAT TO DO"}, rows, "nothing fails")
}
