package complete

import (
	"context"
	"strings"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// moment is how long the server may take.
const moment = time.Second

// query is one press of the tab key.
type query struct {
	client *clients.Client
	cmd    *cobra.Command
	args   []string // those before the word
	typed  string   // what stands of the word
}

// lister lists ids, each followed by a tab and what it is, if that helps.
type lister func(ctx context.Context, q *query) ([]string, error)

// families say what ID is below a command that holds others.
var families = map[string]lister{
	"claim": claims, "waiver": waivers, "attest": attestations, "assign": assignments, "guidance": checklists,
	"tailoring": tailorings, "operations": operations, "webhook": webhooks, "token": tokens,
}

// words say what other words of a usage are.
var words = map[string]lister{
	"SYSTEM": systems, "HOST": hosts, "SERIES": series,
	"ID@VERSION": versions, "ID[@VERSION]": versions, "FILE|ID[@VERSION]": versions,
}

// flags say what values of flags are.
var flags = map[string]lister{
	"system": systems, "checklist": checklists, "version": numbers, "for": versions, "over": versions, "series": series, "tailoring": tailorings,
}

// Install gives a command, and all below it, completion.
func Install(root *cobra.Command, a *cli.App) {
	for _, c := range root.Commands() {
		Install(c, a)
	}
	if list := arguments(root); len(list) > 0 && root.ValidArgsFunction == nil {
		root.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) >= len(list) {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return list[len(args)].complete(a, cmd, args, typed)
		}
	}
	root.Flags().VisitAll(func(f *pflag.Flag) {
		if ids, ok := flags[f.Name]; ok {
			// An error says that the flag is completed already.
			_ = root.RegisterFlagCompletionFunc(f.Name, func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
				return argument{ids: ids, file: f.Name == "checklist" && cmd.Name() == "assess"}.complete(a, cmd, args, typed)
			})
		}
	})
	if root.PersistentFlags().Lookup("output") != nil {
		_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(render.Formats, cobra.ShellCompDirectiveNoFileComp))
	}
}

// argument is what stands at a place of a usage.
type argument struct {
	ids  lister // nil where nobody can say
	file bool   // a file may stand there too
}

// arguments are what a command's usage says of its arguments.
func arguments(c *cobra.Command) (out []argument) {
	known := false
	for _, word := range strings.Fields(c.Use)[1:] {
		if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "[-") || strings.HasPrefix(word, "(") {
			break // flags, which stand where they like
		}
		plain := strings.TrimSuffix(strings.TrimSuffix(word, "..."), "…")
		if strings.HasPrefix(plain, "[") {
			plain = strings.TrimSuffix(plain[1:], "]")
		}
		x := argument{ids: words[plain], file: strings.Contains(plain, "FILE") || plain == "TO"}
		switch family := c.Parent(); { // what an ID is of
		case plain == "ID" && c.Name() != "create" && family != nil:
			x.ids = families[family.Name()]
		case plain == "ID[@N]":
			x.ids = tailorings
		}
		known = known || x.ids != nil
		out = append(out, x)
	}
	if !known {
		return nil // the shell completes files, as it does by itself
	}
	return out
}

// complete asks the server what begins as what was typed.
func (x argument) complete(a *cli.App, cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp
	if x.file {
		directive = cobra.ShellCompDirectiveDefault
	}
	parent := cmd.Context()
	if x.ids == nil || parent == nil || a.Prepare(cmd) != nil {
		return nil, directive
	}
	ctx, cancel := context.WithTimeout(parent, moment)
	defer cancel()
	c, err := a.Dial(ctx)
	if err != nil {
		return nil, directive
	}
	defer c.Close()
	all, err := x.ids(ctx, &query{client: c, cmd: cmd, args: args, typed: typed})
	if err != nil && ctx.Err() == nil {
		return nil, directive
	}
	var out []string // what was found in time
	for _, id := range all {
		if strings.HasPrefix(id, typed) {
			out = append(out, id)
		}
	}
	return out, directive
}
