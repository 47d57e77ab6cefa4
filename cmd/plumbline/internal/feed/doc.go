// Package feed has the commands that submit: submit.go for files of inventory,
// import.go for what other programs write. items.go turns files into the items of
// a stream.
package feed

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/spf13/cobra"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.submitCommand(), a.importCommand()}
}
