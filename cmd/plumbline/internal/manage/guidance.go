package manage

import (
	"context"
	"errors"
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
	return cli.Family("guidance", "List, show, lint, test and publish checklists",
		"  plumbline guidance list\n  plumbline guidance show sharepoint-2007\n  plumbline guidance lint mine.yaml",
		a.guidanceList(), a.guidanceShow(), a.guidanceLint(), a.guidanceTest(), a.guidancePublish(), a.guidanceSchema())
}

// guidanceList lists checklists.
func (a *app) guidanceList() *cobra.Command {
	var published bool
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the checklists that ship, or those that are published", Example: "  plumbline guidance list\n  plumbline guidance list --published",
		Do: func(ctx context.Context, args []string) error {
			if published {
				return a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
					rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.ChecklistVersion, string, error) {
						r, err := c.Guidance().ListChecklists(ctx, &pb.ListChecklistsRequest{PageSize: size, PageToken: token})
						return r.GetChecklists(), r.GetNextPageToken(), err
					})
					if err != nil {
						return err
					}
					return a.printVersions(rows)
				})(ctx, args)
			}
			rows, err := shippedVersions()
			if err != nil {
				return err
			}
			return a.printVersions(rows)
		},
	})
	c.Flags().BoolVar(&published, "published", false, "ask the server for the newest versions that are published there")
	l.Flag(c, 0)
	return c
}

// shippedVersions describes the checklists of this build as a server would.
func shippedVersions() ([]*pb.ChecklistVersion, error) {
	files, err := guidance.Shipped()
	if err != nil {
		return nil, err
	}
	var out []*pb.ChecklistVersion
	for _, f := range files {
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
		v.Fields([2]string{"checklist", checklist + "@" + version}, [2]string{"title", x.GetTitle()}, [2]string{"digest", x.GetDigest()}, [2]string{"published", v.When(x.GetPublishTime())})
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

// guidanceLint checks files. Warnings alone are no failure, so that a build does
// not break over style.
func (a *app) guidanceLint() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "lint FILE...", Short: "Say what is wrong with checklist files, with line and column", Args: cobra.MinimumNArgs(1),
		Long:    "Say what is wrong with checklist files and what to write instead. Errors stand in\nthe way of publishing; warnings should be looked at. No server is needed.",
		Example: "  plumbline guidance lint mine.yaml",
		Do: func(_ context.Context, args []string) error {
			bad := 0
			for _, name := range args {
				out, err := a.lint(name)
				if err != nil {
					return err
				}
				bad += len(out.GetErrors())
			}
			if bad > 0 {
				return fmt.Errorf("%s found", cli.Count(bad, "error"))
			}
			return nil
		},
	})
}

// lint prints what is wrong with one file.
func (a *app) lint(name string) (*pb.LintChecklistResponse, error) {
	data, err := a.Read(name, guidance.MaxBytes)
	if err != nil {
		return nil, err
	}
	_, k, diagnostics := guidance.Load(name, data)
	out := &pb.LintChecklistResponse{}
	for _, d := range diagnostics {
		m := &pb.Diagnostic{Line: int32(d.Line), Column: int32(d.Column), Field: d.Field, Message: d.Message}
		if d.Severity == guidance.Error {
			out.Errors = append(out.Errors, m)
		} else {
			out.Warnings = append(out.Warnings, m)
		}
	}
	if k != nil {
		out.Digest, out.RuleCount = k.Digest().String(), int32(len(k.Rules()))
		out.ExamplesPassed = int32(guidance.Test(k).Passed)
	}
	return out, a.Printer().Emit(out, func(v *render.View) {
		for _, d := range diagnostics {
			v.Line("%s", d)
		}
		if k != nil && !guidance.HasErrors(diagnostics) {
			v.Line("%s: %s, %s pass, digest %s", name, cli.Count(int(out.GetRuleCount()), "rule"), cli.Count(int(out.GetExamplesPassed()), "example"), out.GetDigest())
		}
	})
}

// guidanceTest runs examples. A rule that lacks one of the three kinds fails too:
// an example that is missing shows nothing.
func (a *app) guidanceTest() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "test FILE|ID[@VERSION]...", Short: "Run the examples of checklists", Args: cobra.MinimumNArgs(1),
		Long:    "Run the examples of checklists, files or those that ship. Each rule needs one\nthat passes, one that fails and one that is unknown.",
		Example: "  plumbline guidance test mine.yaml\n  plumbline guidance test sharepoint-2007",
		Do: func(_ context.Context, args []string) error {
			var failed error
			for _, name := range args {
				k, err := a.Checklist(name)
				if err != nil {
					return err
				}
				r := guidance.Test(k)
				if err := a.printReport(r); err != nil {
					return err
				}
				if !r.OK() {
					failed = errors.New("not all examples are as they should be")
				}
			}
			return failed
		},
	})
}

// printReport prints what is wrong with examples; as a message it has the form of
// a lint answer, which programs read already.
func (a *app) printReport(r guidance.Report) error {
	out := &pb.LintChecklistResponse{ExamplesPassed: int32(r.Passed), RuleCount: int32(len(r.Rules))}
	var rows [][]string
	for _, rule := range r.Rules {
		say := func(example, message string) {
			out.Errors = append(out.Errors, &pb.Diagnostic{Field: rule.Rule + " " + example, Message: message})
			rows = append(rows, []string{rule.Rule, example, message})
		}
		if len(rule.Missing) > 0 {
			say("", "has no example that is "+strings.Join(rule.Missing, ", nor one that is "))
		}
		for _, x := range rule.Examples {
			if x.Wrong != "" {
				say(x.Name, x.Wrong)
			}
		}
	}
	return a.Printer().Emit(out, func(v *render.View) {
		if len(rows) > 0 {
			v.Table([]string{"RULE", "EXAMPLE", "WHAT IS WRONG"}, rows, "")
		}
		v.Line("%s: %s of %s as expected, %d not", r.Checklist, cli.Count(r.Passed, "example"), cli.Count(len(r.Rules), "rule"), r.Failed)
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
			return a.printVersions([]*pb.ChecklistVersion{x})
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
