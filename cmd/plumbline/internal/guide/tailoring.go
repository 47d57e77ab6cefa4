package guide

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// tailoringCommand is the family for tailorings.
func (a *app) tailoringCommand() *cobra.Command {
	return cli.Family("tailoring", "Publish, list and show tailorings: named changes to a checklist's profiles",
		"  plumbline tailoring publish legacy.yaml --over transport-security\n  plumbline tailoring list",
		a.tailoringPublish(), a.tailoringList(), a.tailoringShow(), a.tailoringVersions())
}

// tailoringPublish publishes the next version of a tailoring.
func (a *app) tailoringPublish() *cobra.Command {
	req := &pb.PublishTailoringRequest{}
	var over string
	c := cli.Command(cli.Spec{
		Use: "publish FILE --over ID[@VERSION]", Short: "Publish the next version of a tailoring for good", Args: cobra.ExactArgs(1),
		Long: `Publish a tailoring: which rules and groups are left out or put back, and which
parameters, severities, weights and roles differ. It is checked against the
published checklist version over which it is made. Content that is the newest
version's already makes no new one.

  id: legacy
  deselect: [hsts]
  parameters: {renewal_window: 10d}
  refinements:
    - {rule: tls-protocols, severity: medium}`,
		Example: "  plumbline tailoring publish legacy.yaml --over transport-security --description 'the old estate'\n  plumbline tailoring publish legacy.yaml --over transport-security@2026.1.0 --dry-run",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			k, err := c.Guidance().GetChecklistVersion(ctx, &pb.GetChecklistVersionRequest{Name: cli.Version("checklists", over, "latest")})
			if err != nil {
				return err
			}
			req.ChecklistVersion = k.GetName()
			if req.Tailoring, err = a.readTailoring(args[0], k.GetChecklist()); err != nil {
				return err
			}
			x, err := c.Guidance().PublishTailoring(ctx, req)
			if err != nil {
				return err
			}
			return a.printTailorings([]*pb.TailoringVersion{x})
		}),
	})
	f := c.Flags()
	f.StringVar(&over, "over", "", "the published checklist, ID or ID@VERSION, over which it is made")
	f.StringVar(&req.Description, "description", "", "what it is for")
	f.BoolVar(&req.ValidateOnly, "dry-run", false, "check, but publish nothing")
	cli.Require(c, "over")
	return c
}

// readTailoring reads a file. The checklist says the types of the parameters, so
// that their values can be written plainly.
func (a *app) readTailoring(name string, k *pb.Checklist) (*pb.Tailoring, error) {
	data, err := a.Read(name, 4<<20)
	if err != nil {
		return nil, err
	}
	docs, problems := protoyaml.ParseYAML(data, 4<<20)
	if len(problems) == 0 && len(docs) != 1 {
		return nil, fmt.Errorf("%s has %s; write one tailoring", name, cli.Count(len(docs), "document"))
	}
	t := &pb.Tailoring{}
	for _, d := range docs {
		problems = append(problems, d.Decode(t, protoyaml.Options{Places: true, Custom: map[protoreflect.FullName]protoyaml.CustomFunc{"plumbline.v1.Value": parameterValue(k)}})...)
		if len(problems) > 0 {
			break
		}
		for _, p := range inventoryfile.Violations(t) {
			p.Line, p.Column = d.Place(p.Field)
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return nil, a.Unreadable(name, problems)
	}
	return t, nil
}

// tailoringList lists tailorings.
func (a *app) tailoringList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the newest versions of the tailorings", Example: "  plumbline tailoring list",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.TailoringVersion, string, error) {
				r, err := c.Guidance().ListTailorings(ctx, &pb.ListTailoringsRequest{PageSize: size, PageToken: token})
				return r.GetTailorings(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.printTailorings(rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// tailoringVersions lists one tailoring's versions.
func (a *app) tailoringVersions() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "versions ID", Short: "List a tailoring's versions, newest first", Args: cobra.ExactArgs(1), Example: "  plumbline tailoring versions legacy",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.TailoringVersion, string, error) {
				r, err := c.Guidance().ListTailoringVersions(ctx, &pb.ListTailoringVersionsRequest{Parent: cli.Resource("tailorings", args[0]), PageSize: size, PageToken: token})
				return r.GetVersions(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.printTailorings(rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// tailoringShow shows one version with its content.
func (a *app) tailoringShow() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show ID[@N]", Short: "Show a tailoring with what it changes", Args: cobra.ExactArgs(1),
		Example: "  plumbline tailoring show legacy\n  plumbline tailoring show legacy@2 --output yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			x, err := c.Guidance().GetTailoringVersion(ctx, &pb.GetTailoringVersionRequest{Name: cli.Version("tailorings", args[0], "latest")})
			if err != nil {
				return err
			}
			return a.Printer().Emit(x, func(v *render.View) { showTailoring(v, x) })
		}),
	})
}

// showTailoring lays a tailoring out.
func showTailoring(v *render.View, x *pb.TailoringVersion) {
	t := x.GetTailoring()
	v.Fields([2]string{"tailoring", shortVersion(x.GetName())}, [2]string{"over", shortVersion(x.GetChecklistVersion())}, [2]string{"for", x.GetDescription()},
		[2]string{"published", v.When(x.GetPublishTime())}, [2]string{"by", x.GetPublisher()}, [2]string{"digest", x.GetDigest()},
		[2]string{"leaves out", strings.Join(t.GetDeselect(), ", ")}, [2]string{"puts back", strings.Join(t.GetSelect(), ", ")})
	v.Title("Parameters")
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(t.GetParameters())) {
		rows = append(rows, []string{name, valueWords(t.GetParameters()[name])})
	}
	v.Table([]string{"PARAMETER", "VALUE"}, rows, "as the profile has them")
	v.Title("Rules")
	rows = nil
	for _, r := range t.GetRefinements() {
		weight := ""
		if r.Weight != nil {
			weight = fmt.Sprint(r.GetWeight())
		}
		rows = append(rows, []string{r.GetRule(), r.GetSeverity(), weight, r.GetRole()})
	}
	v.Table([]string{"RULE", "SEVERITY", "WEIGHT", "ROLE"}, rows, "as the profile has them")
}

// printTailorings prints versions of tailorings.
func (a *app) printTailorings(list []*pb.TailoringVersion) error {
	return a.Printer().Emit(&pb.ListTailoringsResponse{Tailorings: list}, func(v *render.View) {
		var rows [][]string
		for _, x := range list {
			id, version, _ := strings.Cut(shortVersion(x.GetName()), "@")
			rows = append(rows, []string{id, version, shortVersion(x.GetChecklistVersion()), v.Age(x.GetPublishTime()), x.GetPublisher(), x.GetDescription()})
		}
		v.Table([]string{"TAILORING", "VERSION", "OVER", "PUBLISHED", "BY", "FOR"}, rows, "no tailorings")
	})
}

// shortVersion writes a version's name as commands take it: ID@VERSION.
func shortVersion(name string) string {
	_, rest, _ := strings.Cut(name, "/")
	return strings.Replace(rest, "/versions/", "@", 1)
}

// tailoringName is the name of a tailoring in an assignment: of one version, or
// of the newest.
func tailoringName(s string) string {
	id, version, fixed := strings.Cut(s, "@")
	name := cli.Resource("tailorings", id)
	if fixed {
		name += "/versions/" + version
	}
	return name
}
