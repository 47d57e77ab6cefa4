// Package watch has the commands that follow what changes: watch, which prints
// events as they come, and webhook, which has them sent to an address.
package watch

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/spf13/cobra"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run: those that ask, and
// those that manage.
func Commands(run *cli.App) (ask, manage []*cobra.Command) {
	a := &app{run}
	return []*cobra.Command{a.watchCommand()}, []*cobra.Command{a.webhookCommand()}
}
