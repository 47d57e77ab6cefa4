// Package ask has the commands that only ask a server: how systems stand, since
// when and why, and what is known of them. There is a file for each.
package ask

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
		a.historyCommand(), a.findingsCommand(), a.fixCommand(), a.explainCommand(), a.inventoryCommand(),
		a.disagreementsCommand(), a.systemsCommand(), a.hostsCommand(), a.auditCommand(),
	}
}
