package guide

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
)

// guidancePreview asks what a version would change for the systems that are
// stored. Nothing is stored by it.
func (a *app) guidancePreview() *cobra.Command {
	req := &pb.PreviewChecklistRequest{Selector: &pb.Selector{}}
	var tailoring string
	most := -1
	c := cli.Command(cli.Spec{
		Use: "preview FILE|ID[@VERSION]", Short: "Say what a checklist version, or a draft, would change", Args: cobra.ExactArgs(1),
		Long: `Say what would change if the systems that are assessed under a checklist were
assessed under another version of it, or under a draft: which results flip, the
scores before and after, the facts newly needed, and the statements of people
that must be renewed. Nothing is stored.

The version is a file, one that is published, or where the server has none of
that name one that ships. With --profile the selected systems are previewed
under that profile whether or not they are assigned to the checklist.`,
		Example: "  plumbline guidance preview mine.yaml\n  plumbline guidance preview transport-security@2026.1.0 --product sharepoint-2007 --changed-only\n" +
			"  plumbline guidance preview mine.yaml --summary-only --fail-newly-failing 0\n  plumbline guidance preview mine.yaml --output json",
		Do: a.Streaming(func(ctx context.Context, c *clients.Client, args []string) error {
			if tailoring != "" {
				req.Tailoring = tailoringName(tailoring)
			}
			if err := a.previewOf(ctx, c, args[0], req); err != nil {
				return err
			}
			sum, err := a.preview(ctx, c, req)
			if err != nil {
				return err
			}
			return newlyFailing(sum, most)
		}),
	})
	f := c.Flags()
	f.StringSliceVar(&req.Selector.Systems, "system", nil, "only these systems; may be repeated")
	f.StringVar(&req.Selector.Product, "product", "", "only systems that run this product")
	f.StringVar(&req.Selector.Environment, "environment", "", "only systems in this environment")
	f.StringToStringVar(&req.Selector.Labels, "label", nil, "only systems with this label, KEY=VALUE; may be repeated")
	f.StringVar(&req.Profile, "profile", "", "preview the selected systems under this profile, assigned or not")
	f.StringVar(&tailoring, "tailoring", "", "under this published tailoring, ID or ID@N; that of the assignment where empty")
	f.BoolVar(&req.ChangedOnly, "changed-only", false, "leave out series in which nothing flips")
	f.BoolVar(&req.SummaryOnly, "summary-only", false, "only the summary")
	f.Int32Var(&req.FlipsPerSeries, "flips", 0, "list at most so many flips a series; 0 for 20")
	f.IntVar(&most, "fail-newly-failing", -1, "exit with 2 if more results than this would fail that do not now; -1 for never")
	return c
}

// previewOf says in the request what is previewed. A draft goes as it was
// written, so that errors have its lines.
func (a *app) previewOf(ctx context.Context, c *clients.Client, name string, req *pb.PreviewChecklistRequest) error {
	if cli.IsFile(name) {
		data, _, err := a.ChecklistFile(name)
		req.Yaml = string(data)
		return err
	}
	x, err := c.Guidance().GetChecklistVersion(ctx, &pb.GetChecklistVersionRequest{Name: cli.Version("checklists", name, guidance.Latest)})
	if err == nil {
		req.ChecklistVersion = x.GetName()
		return nil
	}
	p := clients.AsProblem(err)
	if p == nil || p.Code != codes.NotFound {
		return err
	}
	id, version, _ := strings.Cut(name, "@")
	f, missing := guidance.Get(id, version)
	if missing != nil {
		return err
	}
	a.Note("%s is not published; what ships with this program is previewed", name)
	req.Checklist = f.Checklist
	return nil
}

// preview prints a preview as it comes.
func (a *app) preview(ctx context.Context, c *clients.Client, req *pb.PreviewChecklistRequest) (*pb.PreviewSummary, error) {
	stream, err := c.Guidance().PreviewChecklist(ctx, req)
	if err != nil {
		return nil, err
	}
	console := a.NewConsole()
	defer console.End()
	p := &previewPrinter{printer: a.Printer()}
	var sum *pb.PreviewSummary
	for {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && sum == nil:
			return nil, errors.New("the preview ended without a summary; try it again")
		case errors.Is(err, io.EOF):
			return sum, nil
		case err != nil:
			return nil, err
		}
		if g := m.GetProgress(); g != nil {
			console.Status("%d of %s looked at, %d series, %s", g.GetSystemsDone(), cli.Count(int(g.GetSystemsTotal()), "system"), g.GetSeries(), cli.Count(int(g.GetHosts()), "host"))
			continue
		}
		console.End()
		if s := m.GetSummary(); s != nil {
			sum = s
		}
		if err := p.print(m); err != nil {
			return nil, err
		}
	}
}

// newlyFailing holds a preview against --fail-newly-failing; a negative bound is
// none.
func newlyFailing(sum *pb.PreviewSummary, most int) error {
	n := 0
	for _, c := range sum.GetChanges() {
		if c.GetAfter() == "fail" && c.GetBefore() != "fail" {
			n += int(c.GetCount())
		}
	}
	if most < 0 || n <= most {
		return nil
	}
	return &cli.BelowError{Reasons: []string{fmt.Sprintf("%s would newly fail; at most %d may", cli.Count(n, "result"), most)}}
}
