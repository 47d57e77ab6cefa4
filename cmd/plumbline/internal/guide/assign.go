package guide

import (
	"context"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// assignCommand is the family for assignments: without one nothing is scored.
func (a *app) assignCommand() *cobra.Command {
	return cli.Family("assign", "Say which systems are scored against what", "  plumbline assign create intranet --product sharepoint-2007 --checklist sharepoint-2007 --profile internal-team\n  plumbline assign activate intranet --version 1.1.0 --at 2027-01-01\n  plumbline assign list",
		a.assignCreate(), a.assignActivate(), a.assignCancel(), a.assignList(), a.assignDelete())
}

// assignCreate makes an assignment of flags.
func (a *app) assignCreate() *cobra.Command {
	as := &pb.Assignment{Selector: &pb.Selector{}}
	var tailoring string
	start := a.Instant()
	c := cli.Command(cli.Spec{
		Use: "create ID", Short: "Score systems against a checklist", Args: cobra.ExactArgs(1),
		Long: `Score the systems that all given conditions select against a checklist. Without
a condition all systems are selected.`,
		Example: "  plumbline assign create farms --checklist sharepoint-2007 --product sharepoint-2007\n  plumbline assign create one --checklist sharepoint-2007 --version 1.0.0 --system intranet --tailoring legacy --start 2027-01-01",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) (err error) {
			if tailoring != "" {
				as.Tailoring = tailoringName(tailoring)
			}
			if as.StartTime, err = start.Timestamp(); err != nil {
				return err
			}
			made, err := c.Guidance().CreateAssignment(ctx, &pb.CreateAssignmentRequest{AssignmentId: args[0], Assignment: as})
			if err != nil {
				return err
			}
			return a.printAssignments(made, []*pb.Assignment{made})
		}),
	})
	f := c.Flags()
	f.StringVar(&as.Checklist, "checklist", "", "the checklist's id")
	f.StringVar(&as.Version, "version", "latest", "its version; latest follows the newest one published")
	f.StringVar(&as.Profile, "profile", "", "the profile; the checklist's first where empty")
	f.StringVar(&tailoring, "tailoring", "", "a published tailoring; ID follows its newest version, ID@N holds one")
	f.Var(start, "start", "from when on; now where empty (2027-01-01, 2027-01-01T09:30:00Z, +7d)")
	f.StringSliceVar(&as.Selector.Systems, "system", nil, "only these systems; may be repeated")
	f.StringVar(&as.Selector.Product, "product", "", "only systems that run this product")
	f.StringVar(&as.Selector.Environment, "environment", "", "only systems in this environment")
	f.StringToStringVar(&as.Selector.Labels, "label", nil, "only systems with this label, KEY=VALUE; may be repeated")
	cli.Require(c, "checklist")
	return c
}

// printAssignments prints assignments with what their selectors select. What is
// in force stands beside what the assignment says where that follows the newest.
func (a *app) printAssignments(m proto.Message, list []*pb.Assignment) error {
	return a.Printer().Emit(m, func(v *render.View) {
		var rows [][]string
		for _, as := range list {
			rows = append(rows, []string{cli.ID(as.GetName()), as.GetChecklist() + "@" + as.GetVersion(), inForce(as), cli.Or(as.GetProfile(), "the first"),
				tailoringWord(as.GetTailoring()), v.Age(cli.Since(as.GetStartTime(), as.GetCreateTime())), pending(v, as), selection(as.GetSelector()), as.GetProblem()})
		}
		v.Table([]string{"ID", "CHECKLIST", "IN FORCE", "PROFILE", "TAILORING", "SINCE", "PENDING", "SYSTEMS", "PROBLEM"}, rows, "no assignments: nothing is scored")
	})
}

// inForce is the version that systems are scored against now.
func inForce(as *pb.Assignment) string {
	if as.GetVersion() == "latest" {
		return cli.Or(as.GetCurrentVersion(), "none")
	}
	return as.GetVersion()
}

// tailoringWord writes a tailoring as commands take it.
func tailoringWord(name string) string {
	if name == "" {
		return noTailoring
	}
	return shortVersion(name)
}

// pending says what is to be activated, and when.
func pending(v *render.View, as *pb.Assignment) string {
	p := as.GetPending()
	if p == nil {
		return ""
	}
	s := p.GetVersion()
	if p.GetTailoring() != as.GetTailoring() {
		s += " with tailoring " + tailoringWord(p.GetTailoring())
	}
	return s + " from " + v.When(p.GetStartTime())
}

// selection says which systems a selector names.
func selection(s *pb.Selector) string {
	var parts []string
	if len(s.GetSystems()) > 0 {
		parts = append(parts, render.List(s.GetSystems(), 6))
	}
	if s.GetProduct() != "" {
		parts = append(parts, "product "+s.GetProduct())
	}
	if s.GetEnvironment() != "" {
		parts = append(parts, "environment "+s.GetEnvironment())
	}
	var labels []string
	for k, v := range s.GetLabels() {
		labels = append(labels, k+"="+v)
	}
	slices.Sort(labels)
	parts = append(parts, labels...)
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, " and ")
}

// assignList lists the assignments.
func (a *app) assignList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the assignments", Example: "  plumbline assign list",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.Assignment, string, error) {
				r, err := c.Guidance().ListAssignments(ctx, &pb.ListAssignmentsRequest{PageSize: size, PageToken: token})
				return r.GetAssignments(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.printAssignments(&pb.ListAssignmentsResponse{Assignments: rows}, rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// assignDelete ends an assignment.
func (a *app) assignDelete() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "delete ID", Short: "End an assignment; the history of its series stays", Args: cobra.ExactArgs(1),
		Example: "  plumbline assign delete farms",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name := cli.Resource("assignments", args[0])
			if _, err := c.Guidance().DeleteAssignment(ctx, &pb.DeleteAssignmentRequest{Name: name}); err != nil {
				return err
			}
			a.Note("deleted %s", name)
			return nil
		}),
	})
}
