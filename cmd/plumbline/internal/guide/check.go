package guide

import (
	"context"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// guidanceLint checks files. Warnings alone are no failure, so that a build does
// not break over style.
func (a *app) guidanceLint() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "lint FILE|DIR...", Short: "Say what is wrong with checklist files, with line and column", Args: cobra.MinimumNArgs(1),
		Long: `Say what is wrong with checklist files and what to write instead. Errors stand
in the way of publishing; warnings should be looked at. Of a folder all
checklist files below it are checked. No server is needed.`,
		Example: "  plumbline guidance lint mine.yaml\n  plumbline guidance lint guidance/",
		Do: func(_ context.Context, args []string) error {
			names, err := a.checklistFiles(args)
			if err != nil {
				return err
			}
			bad := 0
			for _, name := range names {
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

// tally is what testing several checklists found.
type tally struct{ checklists, rules, examples, failed, lacking int }

func (t *tally) view(v *render.View) {
	v.Line("%s, %s, %s as expected, %d not; %s with too few", cli.Count(t.checklists, "checklist"), cli.Count(t.rules, "rule"),
		cli.Count(t.examples, "example"), t.failed, cli.Count(t.lacking, "rule"))
}

// guidanceTest runs examples. A rule that lacks one of the three kinds fails too:
// an example that is missing shows nothing.
func (a *app) guidanceTest() *cobra.Command {
	least := 3
	c := cli.Command(cli.Spec{
		Use: "test FILE|DIR|ID[@VERSION]...", Short: "Run the examples of checklists", Args: cobra.MinimumNArgs(1),
		Long: `Run the examples of checklists: files, all checklist files below a folder, or
those that ship. Each rule needs one that passes, one that fails and one that is
unknown, and --min-examples in all.`,
		Example: "  plumbline guidance test mine.yaml\n  plumbline guidance test guidance/ --min-examples 4\n  plumbline guidance test sharepoint-2007",
		Do: func(ctx context.Context, args []string) error {
			names, err := a.checklistFiles(args)
			if err != nil {
				return err
			}
			var sum tally
			for _, name := range names {
				if err := ctx.Err(); err != nil {
					return err
				}
				k, err := a.Checklist(name)
				if err != nil {
					return err
				}
				if err := a.printReport(k, least, &sum); err != nil {
					return err
				}
			}
			if sum.checklists > 1 && a.Output == "table" {
				if err := a.Printer().Text(sum.view); err != nil {
					return err
				}
			}
			if sum.failed+sum.lacking > 0 {
				return fmt.Errorf("not all examples are as they should be")
			}
			return nil
		},
	})
	c.Flags().IntVar(&least, "min-examples", least, "how many examples each rule needs at least")
	return c
}

// printReport prints what is wrong with the examples of one checklist; as a
// message it has the form of a lint answer, which programs read already.
func (a *app) printReport(k *assess.Checklist, least int, sum *tally) error {
	r := guidance.Test(k)
	out := &pb.LintChecklistResponse{ExamplesPassed: int32(r.Passed), RuleCount: int32(len(r.Rules)), Digest: k.Digest().String()}
	sum.checklists, sum.rules, sum.examples, sum.failed = sum.checklists+1, sum.rules+len(r.Rules), sum.examples+r.Passed, sum.failed+r.Failed
	var rows [][]string
	for _, rule := range r.Rules {
		say := func(example, message string) {
			out.Errors = append(out.Errors, &pb.Diagnostic{Field: strings.TrimSpace(rule.Rule + " " + example), Message: message})
			rows = append(rows, []string{rule.Rule, example, message})
		}
		switch {
		case len(rule.Missing) > 0:
			sum.lacking++
			say("", "has no example that is "+strings.Join(rule.Missing, ", nor one that is "))
		case len(rule.Examples) < least:
			sum.lacking++
			say("", fmt.Sprintf("has %s; write %d", cli.Count(len(rule.Examples), "example"), least))
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
