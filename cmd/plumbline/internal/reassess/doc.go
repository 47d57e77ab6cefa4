// Package reassess has the commands for runs of reassessments and for the
// calendar by which they start.
//
// The tour: run.go starts runs; wait.go waits for their end; describe.go says in words
// what they are and how far; operations.go lists, shows, cancels and forgets them; calendar.go has
// the calendar.
package reassess

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/spf13/cobra"
)

// app is the run of the program, with what these commands do.
type app struct{ *cli.App }

// Commands are the commands of this package.
func Commands(a *cli.App) []*cobra.Command {
	x := &app{a}
	return []*cobra.Command{x.reassessCommand(), x.operationsCommand(), x.calendarCommand()}
}
