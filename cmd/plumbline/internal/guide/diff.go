package guide

import (
	"context"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/diff"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// guidanceDiff compares two versions. What ships and files need no server.
func (a *app) guidanceDiff() *cobra.Command {
	var published bool
	c := cli.Command(cli.Spec{
		Use: "diff BASE [NEXT]", Short: "Say what differs between two versions of a checklist", Args: cobra.RangeArgs(1, 2),
		Long: `Say what differs between two versions of a checklist: rules added, removed and
changed, with what changed of them; other parts; and the facts that are newly
needed. A version is ID@VERSION or a file; those that ship are meant, or with
--published those that the server has.

With one argument the newest version of that ID, or the one named, is compared
with the one before it.`,
		Example: "  plumbline guidance diff transport-security\n  plumbline guidance diff transport-security@2007.1.0 transport-security@2026.1.0\n" +
			"  plumbline guidance diff transport-security@2026.1.0 mine.yaml --output json\n  plumbline guidance diff --published transport-security mine.yaml",
		Do: func(ctx context.Context, args []string) error {
			if !published {
				d, err := a.localDiff(args)
				if err != nil {
					return err
				}
				return a.printDiff(d)
			}
			return a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
				d, err := a.publishedDiff(ctx, c, args)
				if err != nil {
					return err
				}
				return a.printDiff(d)
			})(ctx, args)
		},
	})
	c.Flags().BoolVar(&published, "published", false, "ask the server for versions that are no files")
	return c
}

func (a *app) printDiff(d *pb.ChecklistDiff) error {
	return a.Printer().Emit(d, func(v *render.View) { diffView(v, d) })
}

// localDiff compares files and what ships.
func (a *app) localDiff(args []string) (*pb.ChecklistDiff, error) {
	if len(args) == 1 {
		if cli.IsFile(args[0]) {
			return nil, cli.Misuse("plumbline guidance diff", "with what is %s compared? Name the other version too, the older one first", args[0])
		}
		pair, err := shippedPair(args[0])
		if err != nil {
			return nil, err
		}
		args = pair
	}
	base, err := a.Checklist(args[0])
	if err != nil {
		return nil, err
	}
	next, err := a.Checklist(args[1])
	if err != nil {
		return nil, err
	}
	return a.compare(base, next), nil
}

// compare says so where somebody compares different checklists: all rules may be
// added and removed then.
func (a *app) compare(base, next *assess.Checklist) *pb.ChecklistDiff {
	if base.ID() != next.ID() {
		a.Note("these are different checklists: %s and %s", base.ID(), next.ID())
	}
	return diff.Checklists(base, next)
}

// shippedPair names a shipped version and the one before it.
func shippedPair(name string) ([]string, error) {
	id, version, _ := strings.Cut(name, "@")
	f, err := guidance.Get(id, version)
	if err != nil {
		return nil, err
	}
	files, err := guidance.Shipped()
	if err != nil {
		return nil, err
	}
	before := ""
	for _, x := range files { // by id and then by version, oldest first
		if x.Checklist.GetId() != id {
			continue
		}
		if x.Checklist.GetVersion() == f.Checklist.GetVersion() {
			break
		}
		before = x.Checklist.GetVersion()
	}
	if before == "" {
		return nil, fmt.Errorf("no version of %s before %s ships; name what to compare it with", id, f.Checklist.GetVersion())
	}
	return []string{id + "@" + before, id + "@" + f.Checklist.GetVersion()}, nil
}

// publishedDiff has the server compare two of its versions; where a file is
// among them it is compared here.
func (a *app) publishedDiff(ctx context.Context, c *clients.Client, args []string) (*pb.ChecklistDiff, error) {
	next := args[len(args)-1]
	base := ""
	if len(args) == 2 {
		base = args[0]
	}
	id, version, _ := strings.Cut(next, "@")
	baseID, baseVersion, _ := strings.Cut(base, "@")
	if cli.IsFile(next) || base != "" && (cli.IsFile(base) || baseID != id) {
		if base == "" {
			return nil, cli.Misuse("plumbline guidance diff", "with what is %s compared? Name the other version too, the older one first", next)
		}
		b, err := a.published(ctx, c, base)
		if err != nil {
			return nil, err
		}
		n, err := a.published(ctx, c, next)
		if err != nil {
			return nil, err
		}
		return a.compare(b, n), nil
	}
	var err error
	if version, err = exactVersion(ctx, c, id, version); err != nil {
		return nil, err
	}
	if base != "" {
		if baseVersion, err = exactVersion(ctx, c, id, baseVersion); err != nil {
			return nil, err
		}
	}
	return c.Guidance().DiffChecklistVersions(ctx, &pb.DiffChecklistVersionsRequest{Name: "checklists/" + id + "/versions/" + version, Base: baseVersion})
}

// exactVersion is the version that is meant: the newest where none is named.
func exactVersion(ctx context.Context, c *clients.Client, id, version string) (string, error) {
	if version != "" && version != guidance.Latest {
		return version, nil
	}
	x, err := c.Guidance().GetChecklistVersion(ctx, &pb.GetChecklistVersionRequest{Name: "checklists/" + id + "/versions/" + guidance.Latest})
	return cli.ID(x.GetName()), err
}

// published compiles what a server has, or a file.
func (a *app) published(ctx context.Context, c *clients.Client, name string) (*assess.Checklist, error) {
	if cli.IsFile(name) {
		return a.Checklist(name)
	}
	x, err := c.Guidance().GetChecklistVersion(ctx, &pb.GetChecklistVersionRequest{Name: cli.Version("checklists", name, guidance.Latest)})
	if err != nil {
		return nil, err
	}
	k, problems := assess.Compile(x.GetChecklist())
	if k == nil {
		return nil, fmt.Errorf("%s, which the server has, cannot be read by this program: %s: %s", name, problems[0].Field, problems[0].Message)
	}
	return k, nil
}
