// Package guide has the commands for guidance: checklists, tailorings, and
// assignments, which say what systems are scored against.
//
// The tour: guidance.go lists, shows and publishes checklists, check.go lints
// them and runs their examples, and lifecycle.go advises against versions and
// takes them out of use. diff.go says what differs between two versions and
// diff_view.go prints it; preview.go asks what a version would change and
// preview_view.go prints that as it comes. tailoring.go and assign.go have a
// family each, and activate.go changes what an assignment follows.
package guide

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/spf13/cobra"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.guidanceCommand(), a.tailoringCommand(), a.assignCommand()}
}
