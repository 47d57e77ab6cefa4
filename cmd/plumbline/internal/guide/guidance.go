package guide

import (
	"context"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// guidanceCommand is the family for checklists. What ships with the program needs
// no server; --published asks for what a server has.
func (a *app) guidanceCommand() *cobra.Command {
	return cli.Family("guidance", "List, show, lint, test, compare, preview and publish checklists",
		"  plumbline guidance list\n  plumbline guidance show sharepoint-2007\n  plumbline guidance lint mine.yaml\n  plumbline guidance diff transport-security\n  plumbline guidance preview mine.yaml --summary-only",
		a.guidanceList(), a.guidanceShow(), a.guidanceLint(), a.guidanceTest(), a.guidanceDiff(), a.guidancePreview(),
		a.guidancePublish(), a.guidanceDeprecate(), a.guidanceWithdraw(), a.guidanceSchema())
}

// guidanceList lists checklists, or the versions of one.
func (a *app) guidanceList() *cobra.Command {
	var published bool
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list [ID]", Short: "List the checklists that ship, or those that are published", Args: cobra.MaximumNArgs(1),
		Long: `List the checklists that ship with this program, or with --published the newest
versions that the server has, with their states. With an ID all versions of that
checklist are listed.`,
		Example: "  plumbline guidance list\n  plumbline guidance list --published\n  plumbline guidance list --published transport-security",
		Do: func(ctx context.Context, args []string) error {
			id := strings.Join(args, "")
			if published {
				return a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
					rows, err := publishedVersions(ctx, c, id, l)
					if err != nil {
						return err
					}
					return a.printPublished(rows)
				})(ctx, args)
			}
			rows, err := shippedVersions(id)
			if err != nil {
				return err
			}
			return a.printVersions(rows)
		},
	})
	c.Flags().BoolVar(&published, "published", false, "ask the server for what is published there")
	l.Flag(c, 0)
	return c
}

// publishedVersions asks for the newest versions, or for all of one checklist.
func publishedVersions(ctx context.Context, c *clients.Client, id string, l cli.Limit) ([]*pb.ChecklistVersion, error) {
	return cli.Pages(l, func(size int32, token string) ([]*pb.ChecklistVersion, string, error) {
		if id == "" {
			r, err := c.Guidance().ListChecklists(ctx, &pb.ListChecklistsRequest{PageSize: size, PageToken: token})
			return r.GetChecklists(), r.GetNextPageToken(), err
		}
		r, err := c.Guidance().ListChecklistVersions(ctx, &pb.ListChecklistVersionsRequest{Parent: cli.Resource("checklists", id), PageSize: size, PageToken: token})
		return r.GetVersions(), r.GetNextPageToken(), err
	})
}

// shippedVersions describes the checklists of this build as a server would; all,
// or the versions of one.
func shippedVersions(id string) ([]*pb.ChecklistVersion, error) {
	files, err := guidance.Shipped()
	if err != nil {
		return nil, err
	}
	var out []*pb.ChecklistVersion
	for _, f := range files {
		if id != "" && f.Checklist.GetId() != id {
			continue
		}
		v, err := describe(f.Checklist)
		if err != nil {
			return nil, err
		}
		v.Checklist = nil
		out = append(out, v)
	}
	return out, nil
}

// describe gives a checklist as a version resource, with its content.
func describe(c *pb.Checklist) (*pb.ChecklistVersion, error) {
	k, problems := assess.Compile(c)
	if k == nil {
		return nil, fmt.Errorf("checklist %s: %s: %s", c.GetId(), problems[0].Field, problems[0].Message)
	}
	v := &pb.ChecklistVersion{
		Name: "checklists/" + c.GetId() + "/versions/" + c.GetVersion(), Title: c.GetTitle(), Digest: k.Digest().String(),
		RuleCount: int32(len(k.Rules())), Checklist: c,
	}
	for _, p := range c.GetProfiles() {
		v.Profiles = append(v.Profiles, p.GetId())
	}
	return v, nil
}

// printVersions prints checklist versions, shipped and published ones alike.
func (a *app) printVersions(list []*pb.ChecklistVersion) error {
	return a.Printer().Emit(&pb.ListChecklistsResponse{Checklists: list}, func(v *render.View) {
		var rows [][]string
		for _, x := range list {
			checklist, version := checklistName(x)
			rows = append(rows, []string{checklist, version, cli.Number(x.GetRuleCount()), strings.Join(x.GetProfiles(), ", "), v.Age(x.GetPublishTime()), x.GetTitle()})
		}
		v.Table([]string{"CHECKLIST", "VERSION", "RULES", "PROFILES", "PUBLISHED", "TITLE"}, rows, "no checklists")
	})
}

// printPublished prints published versions with their states; why one is
// deprecated or withdrawn is what a person wants to know first.
func (a *app) printPublished(list []*pb.ChecklistVersion) error {
	return a.Printer().Emit(&pb.ListChecklistsResponse{Checklists: list}, func(v *render.View) {
		var rows [][]string
		for _, x := range list {
			checklist, version := checklistName(x)
			rows = append(rows, []string{checklist, version, v.Word(x.GetState()), cli.Number(x.GetRuleCount()), strings.Join(x.GetProfiles(), ", "), v.Age(x.GetPublishTime()), cli.Or(x.GetStateReason(), x.GetTitle())})
		}
		v.Table([]string{"CHECKLIST", "VERSION", "STATE", "RULES", "PROFILES", "PUBLISHED", "TITLE, OR REASON"}, rows, "no checklists")
	})
}

// checklistName takes a version's resource name apart.
func checklistName(x *pb.ChecklistVersion) (checklist, version string) {
	checklist, version, _ = strings.Cut(strings.TrimPrefix(x.GetName(), "checklists/"), "/versions/")
	return checklist, version
}

// guidanceShow shows a checklist with its rules.
func (a *app) guidanceShow() *cobra.Command {
	var published bool
	c := cli.Command(cli.Spec{
		Use: "show ID[@VERSION]", Short: "Show a checklist with its rules", Args: cobra.ExactArgs(1),
		Long:    "Show a checklist that ships with this program, or one that is published on the\nserver. Without a version the newest one is shown. --output yaml shows all of it.",
		Example: "  plumbline guidance show sharepoint-2007\n  plumbline guidance show sharepoint-2007@1.0.0 --published --output yaml",
		Do: func(ctx context.Context, args []string) error {
			name, version, _ := strings.Cut(args[0], "@")
			if published {
				return a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
					x, err := c.Guidance().GetChecklistVersion(ctx, &pb.GetChecklistVersionRequest{Name: "checklists/" + name + "/versions/" + cli.Or(version, "latest")})
					if err != nil {
						return err
					}
					return a.printChecklist(x)
				})(ctx, args)
			}
			f, err := guidance.Get(name, version)
			if err != nil {
				return err
			}
			x, err := describe(f.Checklist)
			if err != nil {
				return err
			}
			return a.printChecklist(x)
		},
	})
	c.Flags().BoolVar(&published, "published", false, "ask the server")
	return c
}

// printChecklist prints a checklist with its rules in their groups.
func (a *app) printChecklist(x *pb.ChecklistVersion) error {
	return a.Printer().Emit(x, func(v *render.View) {
		checklist, version := checklistName(x)
		v.Fields([2]string{"checklist", checklist + "@" + version}, [2]string{"title", x.GetTitle()}, [2]string{"state", x.GetState()}, [2]string{"because", x.GetStateReason()}, [2]string{"digest", x.GetDigest()}, [2]string{"published", v.When(x.GetPublishTime())})
		if d := strings.TrimSpace(x.GetChecklist().GetDescription()); d != "" {
			v.Title("Description")
			v.Line("%s", d)
		}
		v.Title("Profiles")
		var rows [][]string
		for _, p := range x.GetChecklist().GetProfiles() {
			rows = append(rows, []string{p.GetId(), p.GetTitle()})
		}
		v.Table([]string{"PROFILE", "TITLE"}, rows, "none")
		v.Title("Rules")
		rows = nil
		var walk func(groups []*pb.Group)
		walk = func(groups []*pb.Group) {
			for _, g := range groups {
				for _, r := range g.GetRules() {
					rows = append(rows, []string{g.GetId(), r.GetId(), v.Word(r.GetSeverity()), r.GetScope(), strings.Join(r.GetRequirements(), " "), r.GetTitle()})
				}
				walk(g.GetGroups())
			}
		}
		walk(x.GetChecklist().GetGroups())
		v.Table([]string{"GROUP", "RULE", "SEVERITY", "SCOPE", "COVERS", "TITLE"}, rows, "none")
	})
}

// guidancePublish publishes a version. A file is sent as it was written, so that
// the server's errors have its lines and columns.
func (a *app) guidancePublish() *cobra.Command {
	var dryRun bool
	c := cli.Command(cli.Spec{
		Use: "publish FILE|ID[@VERSION]", Short: "Publish a checklist version for good", Args: cobra.ExactArgs(1),
		Long: `Publish a checklist: a file, or one that ships with this program. A version that
is published never changes; the same content again is no error, other content
under the same version is refused.`,
		Example: "  plumbline guidance publish sharepoint-2007\n  plumbline guidance publish --dry-run mine.yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			req := &pb.PublishChecklistRequest{ValidateOnly: dryRun}
			if cli.IsFile(args[0]) {
				data, _, err := a.ChecklistFile(args[0])
				if err != nil {
					return err
				}
				req.Yaml = string(data)
			} else {
				name, version, _ := strings.Cut(args[0], "@")
				f, err := guidance.Get(name, version)
				if err != nil {
					return err
				}
				req.Checklist = f.Checklist
			}
			x, err := c.Guidance().PublishChecklist(ctx, req)
			if err != nil {
				return err
			}
			return a.printPublished([]*pb.ChecklistVersion{x})
		}),
	})
	c.Flags().BoolVar(&dryRun, "dry-run", false, "check, but publish nothing")
	return c
}

// guidanceSchema prints the schema for editors.
func (a *app) guidanceSchema() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "schema", Short: "Print the JSON Schema of checklist files, for editors",
		Example: "  plumbline guidance schema > checklist.schema.json",
		Do: func(context.Context, []string) error {
			_, err := a.Out.Write(guidance.Schema())
			return err
		},
	})
}
