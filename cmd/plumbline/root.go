package main

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/ask"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/complete"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/feed"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/fleet"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/guide"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/loadgen"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/manage"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/offline"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/past"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/prove"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/reassess"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/state"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/watch"
	"github.com/spf13/cobra"
)

// newRoot builds all commands.
func newRoot(a *cli.App) *cobra.Command {
	root := &cobra.Command{
		Use:   "plumbline",
		Short: "Score inventory against hardening guidance, and keep the history",
		Long: `Plumbline takes inventory from any number of sources, scores it against
versioned guidance checklists, and keeps the history of every assessment.

Each flag can also be given by an environment variable (--server by
PLUMBLINE_SERVER) or in the settings file that --config names.

Exit codes: 0 success, 1 error, 2 below --fail-under or --fail-under-coverage, or
what --fail and --fail-newly-failing look for.`,
		Example: `  plumbline demo
  plumbline assess --checklist sharepoint-2007 --profile intranet farm.yaml
  plumbline serve --store plumbline.db`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.Prepare(cmd) },
	}
	a.Flags(root.PersistentFlags())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return cli.Usage(c.CommandPath(), err) })
	for _, g := range []struct{ id, title string }{
		{"start", "Start:"}, {"submit", "Submit and assess:"}, {"ask", "Ask:"}, {"state", "State what no source reports, and accept failures:"},
		{"guide", "Guidance, and who is scored against what:"}, {"manage", "Manage:"},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
	}
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	follow, hooks := watch.Commands(a)
	add("start", demoCommand(a), serveCommand(a), versionCommand(a))
	add("submit", append(feed.Commands(a), offline.Commands(a)...)...)
	add("ask", append(ask.Commands(a), past.Commands(a)...)...)
	add("ask", fleet.Commands(a)...)
	add("ask", follow...)
	add("state", state.Commands(a)...)
	add("guide", guide.Commands(a)...)
	add("manage", append(manage.Commands(a), loadgen.Commands(a)...)...)
	add("manage", append(reassess.Commands(a), prove.Commands(a)...)...)
	add("manage", hooks...)
	complete.Install(root, a)
	return root
}
