package ask

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// systemsCommand is the family for systems, what is assessed as a whole.
func (a *app) systemsCommand() *cobra.Command {
	return cli.Family("systems", "List, show and retire systems", "  plumbline systems list\n  plumbline systems get intranet",
		a.systemsList(), a.systemsGet(), a.systemsRetire())
}

// systemsList lists systems with a line for each series, since a system without its
// scores is not what anybody asks for.
func (a *app) systemsList() *cobra.Command {
	var l cli.Limit
	var retired bool
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the systems with their scores",
		Example: "  plumbline systems list\n  plumbline systems list --show-retired --output json",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.SystemRecord, string, error) {
				r, err := c.Inventory().ListSystems(ctx, &pb.ListSystemsRequest{PageSize: size, PageToken: token, ShowRetired: retired})
				return r.GetSystems(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListSystemsResponse{Systems: rows}, func(v *render.View) {
				v.Table([]string{"SYSTEM", "STATE", "HOSTS", "REVISION", "UPDATED", "SERIES", "SCORE", "COVERAGE", "FAIL", "UNKNOWN"}, systemRows(v, rows), "no systems")
			})
		}),
	})
	l.Flag(c, 0)
	c.Flags().BoolVar(&retired, "show-retired", false, "list retired systems too")
	return c
}

// systemRows gives a row for each series, with the system's own columns on the first.
func systemRows(v *render.View, list []*pb.SystemRecord) [][]string {
	var rows [][]string
	for _, s := range list {
		row := []string{cli.ID(s.GetName()), s.GetState(), cli.Number(s.GetHostCount()), cli.Number(s.GetRevision()), v.Age(s.GetUpdateTime())}
		if len(s.GetAssessments()) == 0 {
			rows = append(rows, append(row, "none", "", "", "", ""))
		}
		for i, as := range s.GetAssessments() {
			if i > 0 {
				row = []string{"", "", "", "", ""}
			}
			rows = append(rows, append(row, summaryCells(as)...))
		}
	}
	return rows
}

// summaryCells are series, score, coverage, failing and unknown.
func summaryCells(as *pb.AssessmentSummary) []string {
	return []string{cli.ID(as.GetSeries()), render.Score(as.Score), render.Percent(as.Coverage), cli.Number(as.GetFail()), cli.Number(as.GetUnknown())}
}

// systemsGet shows one system. When each source spoke last stands beside the
// scores, because a score is worth what its sources are.
func (a *app) systemsGet() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "get SYSTEM", Short: "Show one system: its attributes, sources and scores", Args: cobra.ExactArgs(1),
		Example: "  plumbline systems get intranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			s, err := c.Inventory().GetSystem(ctx, &pb.GetSystemRequest{Name: cli.Resource("systems", args[0])})
			if err != nil {
				return err
			}
			return a.printSystem(s)
		}),
	})
}

// printSystem prints a system record; retire answers with one too.
func (a *app) printSystem(s *pb.SystemRecord) error {
	return a.Printer().Emit(s, func(v *render.View) {
		sys := s.GetSystem()
		v.Fields([2]string{"system", cli.ID(s.GetName())}, [2]string{"name", sys.GetDisplayName()}, [2]string{"state", s.GetState()},
			[2]string{"product", sys.GetProduct()}, [2]string{"environment", sys.GetEnvironment()}, [2]string{"owner", sys.GetOwner()},
			[2]string{"hosts", cli.Number(s.GetHostCount())}, [2]string{"revision", cli.Number(s.GetRevision())},
			[2]string{"created", v.When(s.GetCreateTime())}, [2]string{"updated", v.When(s.GetUpdateTime())})
		v.Title("Sources")
		var rows [][]string
		for _, x := range s.GetSources() {
			rows = append(rows, []string{x.GetSource(), cli.Number(x.GetHostCount()), v.Age(x.GetConfirmedTime()), v.Age(x.GetStaleTime())})
		}
		v.Table([]string{"SOURCE", "HOSTS", "CONFIRMED", "STALE"}, rows, "no source has reported it")
		v.Title("Series")
		rows = nil
		for _, as := range s.GetAssessments() {
			rows = append(rows, summaryCells(as))
		}
		v.Table([]string{"SERIES", "SCORE", "COVERAGE", "FAIL", "UNKNOWN"}, rows, "no assignment selects it")
	})
}

// systemsRetire retires a system. It asks nothing back: the history stays, and the
// etag is there for those who must be sure.
func (a *app) systemsRetire() *cobra.Command {
	var etag string
	c := cli.Command(cli.Spec{
		Use: "retire SYSTEM", Short: "Take a system out of assessment; its history stays", Args: cobra.ExactArgs(1),
		Example: "  plumbline systems retire intranet-2007",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			s, err := c.Inventory().RetireSystem(ctx, &pb.RetireSystemRequest{Name: cli.Resource("systems", args[0]), Etag: etag})
			if err != nil {
				return err
			}
			return a.printSystem(s)
		}),
	})
	c.Flags().StringVar(&etag, "etag", "", "only if the system is as this etag says")
	return c
}
