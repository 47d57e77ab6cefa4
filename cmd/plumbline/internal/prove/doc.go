// Package prove has the command that recomputes recorded assessments from their
// inputs: verify. It asks a server, or reads a store that no server has open, and
// starts neither scheduler nor service over it. report.go shows what was found.
package prove

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/spf13/cobra"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.verifyCommand()}
}
