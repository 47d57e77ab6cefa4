// Package manage has the commands that run a service: the policy, retention, links, tokens,
// and a store's file. There is a file for each.
package manage

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/spf13/cobra"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{
		a.policyCommand(), a.retentionCommand(), a.linkCommand(), a.tokenCommand(), a.dbCommand(),
	}
}
